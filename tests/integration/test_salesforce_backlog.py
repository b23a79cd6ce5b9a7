"""The backlog of cases: everything that changed is in exactly one slice, however ids are sorted."""

import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from pydantic import JsonValue

from queuer.models.params import BacklogRequest
from queuer.sources.salesforce.params import find_changed_cases
from scripts.sandbox.cases import Cases
from scripts.sandbox.exchange import Request
from scripts.sandbox.faults import Fault, hanging, server_error, too_many_requests, truncated
from scripts.sandbox.salesforce import SalesforceServer
from scripts.sandbox.soql import IdOrder, binary_order, small_letters_first
from scripts.sandbox.world import World
from temporaletl.connections import Connections
from temporaletl.contract import Window
from temporaletl.errors import QueryError, TransientError
from temporaletl.salesforce import connect_salesforce
from tests.integration.cases import (
    ANCHOR,
    EVER,
    NOON,
    TODAY,
    WEEK,
    changed_in,
    connect,
    find_jobs,
    find_pages,
    ids_of,
    read_job,
)


@pytest.fixture
def cases() -> Cases:
    return Cases(World(60, anchor=ANCHOR, detail=0), number=70)


@pytest.fixture(params=[binary_order, small_letters_first], ids=["capitals first", "small letters first"])
def server(request: pytest.FixtureRequest, cases: Cases) -> Iterator[SalesforceServer]:
    order: IdOrder = request.param
    with SalesforceServer(World(60, anchor=ANCHOR, detail=0), cases, page_rows=30, id_order=order) as running:
        yield running


@pytest.fixture
def connections(server: SalesforceServer) -> Iterator[Connections]:
    with connect(server) as opened:
        yield opened


def read_all(connections: Connections, window: Window, **sizes: int) -> list[str]:
    jobs = find_jobs(connections, window, **sizes)
    return sorted(found for job in jobs for found in ids_of(read_job(connections, job)))


@pytest.mark.parametrize(
    ("window", "sizes"),
    [
        (EVER, {"job_size": 10, "max_params": 4}),
        (EVER, {"job_size": 5, "max_params": 2}),
        (WEEK, {"job_size": 4, "max_params": 2}),
    ],
)
def test_every_changed_case_is_read_exactly_once(
    cases: Cases, connections: Connections, window: Window, sizes: dict[str, int]
) -> None:
    read = read_all(connections, window, **sizes)
    assert len(read) > 10
    assert read == changed_in(cases, window)


def test_consecutive_windows_read_what_one_window_reads(cases: Cases, connections: Connections) -> None:
    days = [WEEK.date_start + timedelta(days=at) for at in range(8)]
    read = {
        found
        for start, end in pairwise(days)
        for found in read_all(connections, Window(date_start=start, date_end=end))
    }
    assert sorted(read) == changed_in(cases, WEEK)


@pytest.mark.parametrize("max_params", [50, 3])
def test_slices_hold_about_as_many_cases_as_asked(
    cases: Cases, connections: Connections, max_params: int
) -> None:
    jobs = find_jobs(connections, EVER, job_size=10, max_params=max_params)
    sizes = [len(ids_of(read_job(connections, job))) for job in jobs]
    assert sum(sizes) == len(changed_in(cases, EVER))
    assert max(sizes) <= 15
    assert all(set(job.args) == {*jobs[0].args} and "ids" not in job.args for job in jobs)


def test_the_same_range_is_the_same_job(connections: Connections) -> None:
    first = [job.job_id for job in find_jobs(connections)]
    assert first == [job.job_id for job in find_jobs(connections)]
    assert len(set(first)) == len(first)


def test_an_incremental_backlog_is_what_changed(cases: Cases, connections: Connections) -> None:
    assert read_all(connections, TODAY) == changed_in(cases, TODAY)
    before = set(changed_in(cases, TODAY))
    cases.change_some(24, random.Random(3), NOON)
    changed = {f"cases:{case}" for case in cases.changed_ids}
    assert len(changed) == 24
    assert set(read_all(connections, TODAY, job_size=4)) == before | changed


type Act = Callable[[Cases, str], object]


@pytest.mark.parametrize(
    "act",
    [
        lambda cases, case: cases.add_comment(case, NOON),
        lambda cases, case: cases.delete_comment(case, NOON),
        lambda cases, case: cases.change_owner(case, NOON),
        lambda cases, case: cases.delete_case(case, NOON),
    ],
    ids=["comment", "deleted comment", "owner", "deleted"],
)
def test_a_change_of_any_part_selects_the_case(cases: Cases, connections: Connections, act: Act) -> None:
    case = next(case for case in cases.case_ids if f"cases:{case}" not in changed_in(cases, TODAY))
    act(cases, case)
    assert f"cases:{case}" in read_all(connections, TODAY)


def test_a_deleted_case_is_read_though_no_other_has_a_greater_id(
    cases: Cases, connections: Connections
) -> None:
    [found] = connect_salesforce(connections).ask("SELECT Id FROM Case ORDER BY Id DESC LIMIT 1")
    last = str(found["Id"])
    cases.delete_case(last, NOON)
    assert f"cases:{last}" in read_all(connections, TODAY)


def test_a_window_ends_before_its_end(cases: Cases, connections: Connections) -> None:
    case, days = cases.case_ids[0], [TODAY.date_end + timedelta(days=at) for at in range(3)]
    cases.change_status(case, datetime(2026, 3, 12, tzinfo=UTC))
    assert days[1] == datetime(2026, 3, 12, tzinfo=UTC).date()
    assert find_jobs(connections, Window(date_start=days[0], date_end=days[1])) == []
    assert read_all(connections, Window(date_start=days[1], date_end=days[2])) == [f"cases:{case}"]


def test_a_case_with_more_comments_than_a_page_has_rows_holds_nothing_up(
    cases: Cases, connections: Connections
) -> None:
    for at in range(9):
        cases.add_comment(cases.case_ids[4], NOON + timedelta(minutes=at))
    assert read_all(connections, TODAY, job_size=2, max_params=2) == changed_in(cases, TODAY)


def test_where_nothing_changed_there_is_no_job(server: SalesforceServer, connections: Connections) -> None:
    future = Window(date_start=ANCHOR + timedelta(days=900), date_end=ANCHOR + timedelta(days=901))
    server.log.clear()
    assert list(find_pages(connections, future)) == [[]]
    assert server.log.count("/services/data/") == 4


def test_without_any_case_there_is_no_job() -> None:
    world = World(5, anchor=ANCHOR, detail=0)
    with SalesforceServer(world, Cases(world, number=1)) as server, connect(server) as connections:
        assert server.cases is not None
        server.cases.hide_case(server.cases.case_ids[0])
        assert list(find_pages(connections, EVER)) == [[]]


def test_large_pages_take_few_questions(server: SalesforceServer, connections: Connections) -> None:
    server.log.clear()
    [page] = find_pages(connections, EVER, job_size=200, max_params=200)
    assert len(page) == 1
    # The last id, and three answers of at most 700 rows in pages of 30.
    assert server.log.count("/services/data/") < 50


@pytest.mark.parametrize(
    "fault", [server_error(500), server_error(503), too_many_requests(3), truncated(), hanging()]
)
def test_an_outage_of_the_backlog_may_pass(server: SalesforceServer, fault: Fault) -> None:
    def is_query(request: Request) -> bool:
        return "/query" in request.path

    server.faults.plan(fault, matching=is_query)
    with connect(server, read_timeout_s=1.5) as connections:
        request = BacklogRequest("salesforce", WEEK, 10, 10, connections)
        with pytest.raises(TransientError):
            find_changed_cases(request, None)


@pytest.mark.parametrize("cursor", [5, ["500"], {"id": "1"}])
def test_a_cursor_of_another_kind_is_refused(connections: Connections, cursor: JsonValue) -> None:
    with pytest.raises(QueryError):
        find_changed_cases(BacklogRequest("salesforce", WEEK, 10, 10, connections), cursor)
