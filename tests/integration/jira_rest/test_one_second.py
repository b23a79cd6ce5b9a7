"""Very many issues updated in one second: few requests, a small cursor, and none is lost."""

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import pytest
from pydantic import JsonValue

from scripts.sandbox.faults import Fault
from scripts.sandbox.jira.limits import Limits
from scripts.sandbox.jira.server import Deployment, JiraServer
from scripts.sandbox.world import World
from temporaletl.connections import Connections
from temporaletl.errors import TransientError
from tests.integration.jira_over_rest import ANCHOR, connect, find_all, ids_of, is_search, pages_of, query
from worker.sources.jira.extract.issues import extract_issues

COUNT = 240
PAGES_OF_20 = Limits(issues=20)
SAME_SECOND = datetime(2026, 3, 10, 15, tzinfo=UTC)
JSON = (("Content-Type", "application/json"),)


@pytest.fixture
def world() -> World:
    """So many issues that a place cannot name them."""
    world = World(COUNT, anchor=ANCHOR, detail=0)
    for issue_id in world.issue_ids:
        world.edit_summary(issue_id, SAME_SECOND)
    return world


def read_page_by_page(
    connections: Connections, between: Callable[[int], object] = lambda _number: None
) -> tuple[list[str], int]:
    """The ids that batches of one page read, and the bytes of the largest cursor."""
    read: list[str] = []
    cursor: JsonValue = None
    number = largest = 0
    while (page := next(extract_issues(query(connections, updated_from=0), cursor), None)) is not None:
        read += ids_of([page])
        cursor = page.cursor
        largest = max(largest, len(json.dumps(cursor)))
        number += 1
        assert number < COUNT, "the job comes to no end"
        between(number)
    return read, largest


@pytest.mark.parametrize(("deployment", "fresh_a_request"), [("Cloud", 20), ("Server", 15)])
def test_a_job_asks_for_each_issue_about_once(
    world: World, deployment: Deployment, fresh_a_request: int
) -> None:
    with (
        JiraServer(world, deployment=deployment, limits=PAGES_OF_20) as server,
        connect(server) as connections,
    ):
        read, largest = read_page_by_page(connections)
        requests = len([entry for entry in server.log.entries if "/search" in entry.path])

    assert sorted(read) == sorted(world.issue_ids)
    assert largest < 1_000
    # Where ids still fit into a place, the few issues before it are passed over.
    assert requests < COUNT / fresh_a_request + 10


@pytest.mark.parametrize("deployment", ["Cloud", "Server"])
def test_a_backlog_asks_for_each_issue_about_once(world: World, deployment: Deployment) -> None:
    with (
        JiraServer(world, deployment=deployment, limits=PAGES_OF_20) as server,
        connect(server) as connections,
    ):
        params = find_all(connections, job_size=20)
        requests = len([entry for entry in server.log.entries if "/search" in entry.path])

    assert [slice_["count"] for slice_ in params] == [COUNT]
    assert requests < COUNT / 15 + 5


@pytest.mark.parametrize("deployment", ["Cloud", "Server"])
def test_a_place_is_found_though_its_token_has_expired(world: World, deployment: Deployment) -> None:
    with (
        JiraServer(world, deployment=deployment, limits=PAGES_OF_20) as server,
        connect(server) as connections,
    ):
        read, _ = read_page_by_page(connections, lambda _number: server.expire_page_tokens())

    assert sorted(read) == sorted(world.issue_ids)


@pytest.mark.parametrize("deployment", ["Cloud", "Server"])
@pytest.mark.parametrize("expire", [False, True])
@pytest.mark.parametrize(("leave", "since"), [(3, 0), (9, 0), (60, 50), (90, 0), (15, 80)])
def test_issues_that_leave_the_second_between_batches_cost_no_other_issue(
    world: World, deployment: Deployment, expire: bool, leave: int, since: int
) -> None:
    ids = sorted(world.issue_ids, key=int)

    with (
        JiraServer(world, deployment=deployment, limits=PAGES_OF_20) as server,
        connect(server) as connections,
    ):

        def change(number: int) -> None:
            if number == 6:
                for issue_id in ids[since : since + leave]:
                    world.edit_summary(issue_id, datetime.now(UTC))
                if expire:
                    server.expire_page_tokens()

        read, _ = read_page_by_page(connections, change)

    assert set(read) == set(ids)


@pytest.mark.parametrize("deployment", ["Cloud", "Server"])
@pytest.mark.parametrize("edited", [30, 100, 200])
def test_issues_that_were_read_and_leave_the_second_within_a_batch_stop_no_walk(
    world: World, deployment: Deployment, edited: int
) -> None:
    with (
        JiraServer(world, deployment=deployment, limits=PAGES_OF_20) as server,
        connect(server) as connections,
    ):
        pages = extract_issues(query(connections, updated_from=0), None)
        read: list[str] = []
        while len(read) < 200:
            read += ids_of([next(pages)])
        for issue_id in read[:edited]:
            world.edit_summary(issue_id, datetime.now(UTC))
        again = ids_of(list(pages))

    # What was edited is met again where it went.
    assert sorted({*read, *again}) == sorted(world.issue_ids)
    assert set(read[:edited]) <= set(again)


@pytest.mark.parametrize("deployment", ["Cloud", "Server"])
@pytest.mark.parametrize("edited", [(19,), (39, 59), range(100, 104), (119, 120, 121)])
def test_an_index_that_lags_behind_costs_no_issue_of_the_second(
    world: World, deployment: Deployment, edited: Sequence[int]
) -> None:
    ids = sorted(world.issue_ids, key=int)

    with (
        JiraServer(world, deployment=deployment, limits=PAGES_OF_20) as server,
        connect(server) as connections,
    ):
        server.hold_index()
        for at in edited:
            world.edit_summary(ids[at], datetime.now(UTC))
        read, largest = read_page_by_page(connections, lambda number: server.hold_index(number < 9))

    assert set(read) == set(ids)
    assert len(read) <= COUNT + 2 * len(edited)
    assert largest < 1_000


@pytest.mark.parametrize("total", [0, 300])
def test_a_search_that_shows_fewer_issues_than_it_counted_is_asked_again(world: World, total: int) -> None:
    with JiraServer(world, deployment="Server", limits=PAGES_OF_20) as server, connect(server) as connections:
        pages = extract_issues(query(connections), None)
        first = next(pages)
        body = json.dumps({"issues": [], "total": total}).encode()
        server.faults.plan(Fault(status=200, body=body, headers=JSON), matching=is_search)
        with pytest.raises(TransientError, match="counts more"):
            list(pages)
        rest = pages_of(query(connections), first.cursor)

    assert sorted(ids_of([first, *rest])) == sorted(world.issue_ids)
