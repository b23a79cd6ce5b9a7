"""The Jira backlog and its jobs on the lake: every changed issue in one slice, every slice read whole."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import override

import pytest
from pydantic import JsonValue

from queuer.models.params import BacklogRequest, Params
from queuer.sources.jira.inputs import make_slice_jobs
from queuer.sources.jira.params import find_changed_slices
from scripts.sandbox.faults import server_error
from scripts.sandbox.rows import Row
from scripts.sandbox.trino import CATALOG, TrinoServer
from scripts.sandbox.world import World
from temporaletl.connections import Connections
from temporaletl.contract import DocumentReject, Page, Window
from temporaletl.errors import QueryError, TransientError
from temporaletl.settings import TrinoSettings
from worker.sources.jira.document import read_row
from worker.sources.jira.extract.issues import extract_issues
from worker.sources.jira.query import JiraQuery

ANCHOR = date(2026, 3, 10)
WEEK = Window(date_start=date(2026, 3, 3), date_end=date(2026, 3, 11))
NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def world() -> World:
    return World(350, anchor=ANCHOR, detail=0.2)


@pytest.fixture(scope="module")
def running(world: World) -> Iterator[TrinoServer]:
    with TrinoServer(world, page_rows=40) as server:
        yield server


@pytest.fixture
def server(running: TrinoServer) -> Iterator[TrinoServer]:
    yield running
    running.faults.clear()


@pytest.fixture
def connections(server: TrinoServer) -> Iterator[Connections]:
    settings = TrinoSettings(
        _env_file=None, host=server.host, port=server.port, http_scheme="http", auth="none", catalog=CATALOG
    )
    with Connections([settings]) as opened:
        yield opened


def find_all(
    connections: Connections, window: Window = WEEK, *, job_size: int = 20, max_params: int = 4
) -> tuple[list[Params], dict[str, int]]:
    """All slices of the backlog, page by page, and the notes."""
    request = BacklogRequest("jira", window, job_size, max_params, connections)
    params: list[Params] = []
    notes: dict[str, int] = {}
    cursor: JsonValue = None
    while True:
        page = find_changed_slices(request, cursor)
        assert len(page.params) <= max_params
        params += page.params
        notes |= page.notes
        if page.cursor is None:
            return params, notes
        cursor = page.cursor


def read_all(connections: Connections, params: list[Params]) -> list[str]:
    """The ids of all documents and rejects that the jobs of *params* read."""
    jobs = [job for slice_ in params for job in make_slice_jobs(slice_)]
    return [
        document_id
        for job in jobs
        for page in extract_issues(JiraQuery.model_validate(job.args).bind(connections), None)
        for document_id in ids_of(page)
    ]


def ids_of(page: Page) -> list[str]:
    ids = [document.id for document in page.documents]
    return sorted(ids + [str(reject.document_id) for reject in page.rejects])


def expected(world: World, window: Window = WEEK) -> list[str]:
    """The documents of *window*, found without any SQL."""
    found: list[str] = []
    for row in world.rows():
        if row.id is None:
            continue
        moment = _updated(row)
        document = read_row(*_columns(row))
        last = moment if isinstance(document, DocumentReject) else document.updated
        if moment is None or (last is not None and window.start <= last < window.end):
            found.append(f"issues:{row.id}")
    return sorted(found)


def _columns(row: Row) -> tuple[object, ...]:
    return (row.id, row.key, row.self, row.fields, row.changelog)


def _updated(row: Row) -> datetime | None:
    try:
        text = str(json.loads(row.fields or "")["updated"])
        return datetime.fromisoformat(text.replace(" UTC", "+00:00"))
    except (ValueError, LookupError, TypeError):
        return None


def test_the_slices_cover_what_changed_in_the_window_once(world: World, connections: Connections) -> None:
    params, _ = find_all(connections)
    assert sorted(read_all(connections, params)) == expected(world)
    assert len(expected(world)) > 300


def test_consecutive_windows_read_every_document_once(world: World, connections: Connections) -> None:
    early = Window(date_start=date(2020, 1, 1), date_end=date(2026, 3, 7))
    late = Window(date_start=date(2026, 3, 7), date_end=date(2026, 3, 12))
    whole = Window(date_start=date(2020, 1, 1), date_end=date(2026, 3, 12))
    read = {window: set(read_all(connections, find_all(connections, window)[0])) for window in (early, late)}
    unreadable = read[early] & read[late]
    assert unreadable == set(expected(world, Window(**_far_future())))
    assert read[early] | read[late] == set(expected(world, whole))


def _far_future() -> dict[str, date]:
    return {"date_start": date(2999, 1, 1), "date_end": date(2999, 1, 2)}


def test_rows_whose_change_cannot_be_read_belong_to_every_window(
    world: World, connections: Connections
) -> None:
    nobodys = Window(**_far_future())
    read = read_all(connections, find_all(connections, nobodys)[0])
    assert read == expected(world, nobodys)
    assert read


def test_rows_without_id_are_counted_on_the_first_page(world: World, connections: Connections) -> None:
    _, notes = find_all(connections)
    assert notes == {"rows without id": sum(row.id is None for row in world.rows())}


def test_slices_follow_each_other_without_a_gap(connections: Connections) -> None:
    params, _ = find_all(connections)
    assert params[0]["after"] is None
    assert [slice_["after"] for slice_ in params[1:]] == [slice_["upto"] for slice_ in params[:-1]]
    assert {slice_["count"] for slice_ in params[:-1]} == {20}


def test_a_backlog_page_is_one_scan(server: TrinoServer, connections: Connections) -> None:
    request = BacklogRequest("jira", WEEK, 20, 4, connections)
    first = find_changed_slices(request, None)
    server.log.clear()
    find_changed_slices(request, first.cursor)
    assert server.log.count(method="POST") == 1


def test_a_backlog_of_exactly_one_page_ends(world: World, connections: Connections) -> None:
    documents = len(expected(world))
    params, _ = find_all(connections, job_size=documents, max_params=1)
    assert [slice_["count"] for slice_ in params] == [documents]


def test_after_the_last_changed_issue_there_is_no_job(connections: Connections) -> None:
    request = BacklogRequest("jira", Window(**_far_future()), 20, 4, connections)
    page = find_changed_slices(request, "99999999")
    assert (list(page.params), page.cursor) == ([], None)


def test_the_same_slice_is_the_same_job_however_many_issues_it_spans() -> None:
    slice_ = {
        "source_kind_id": "jira",
        "date_start": "2026-03-03",
        "date_end": "2026-03-11",
        "after": None,
        "upto": "10019",
    }
    [one], [other] = (list(make_slice_jobs({**slice_, "count": count})) for count in (20, 19))
    assert one == other
    assert one.job_id.startswith("jira-issues-2026-03-03-2026-03-11-")


def test_an_issue_that_a_migration_changed_is_found_by_its_history(
    world: World, connections: Connections
) -> None:
    later = Window(date_start=date(2026, 5, 1), date_end=date(2026, 5, 2))
    moved = next(issue_id for issue_id in world.issue_ids if world.damage(issue_id) is None)
    assert f"issues:{moved}" not in read_all(connections, find_all(connections, later)[0])
    world.migrate(moved, datetime(2026, 5, 1, 9, tzinfo=UTC))
    assert f"issues:{moved}" in read_all(connections, find_all(connections, later)[0])
    assert f"issues:{moved}" not in read_all(connections, find_all(connections)[0])


class Turned(World):
    """A world whose histories lie in the other order: both orders occur in lakes."""

    @override
    def row(self, number: int) -> Row:
        row = super().row(number)
        try:
            changelog = json.loads(row.changelog or "")
        except ValueError:
            return row
        changelog["histories"].reverse()
        return replace(row, changelog=json.dumps(changelog))


def test_the_order_of_the_histories_does_not_matter() -> None:
    found: list[set[str]] = []
    later = Window(date_start=date(2026, 5, 1), date_end=date(2026, 5, 2))
    for kind in (World, Turned):
        small = kind(60, anchor=ANCHOR, detail=0.5)
        moved = next(issue_id for issue_id in small.issue_ids if small.damage(issue_id) is None)
        small.migrate(moved, datetime(2026, 5, 1, 9, tzinfo=UTC))
        with TrinoServer(small) as server:
            settings = TrinoSettings(
                _env_file=None, host=server.host, port=server.port, http_scheme="http", catalog=CATALOG
            )
            with Connections([settings]) as connections:
                slices, _ = find_all(connections, later)
                read = read_all(connections, slices)
            assert len(read) == sum(int(str(slice_["count"])) for slice_ in slices)
            found.append(set(read))
        assert f"issues:{moved}" in found[-1]
    assert found[0] == found[1]


def query(connections: Connections, **args: object) -> JiraQuery:
    common = {"source_kind_id": "jira", "event_type": "issues"}
    window = {"date_start": WEEK.date_start, "date_end": WEEK.date_end}
    return JiraQuery.model_validate({**common, **window, **args}).bind(connections)


def test_extraction_resumes_after_a_cursor(world: World, connections: Connections) -> None:
    pages = list(extract_issues(query(connections), None))
    rest = list(extract_issues(query(connections), pages[0].cursor))
    assert len(pages) > 2
    assert [ids_of(page) for page in rest] == [ids_of(page) for page in pages[1:]]


def test_a_page_asks_one_question_and_a_slice_no_further_one(
    server: TrinoServer, connections: Connections
) -> None:
    slices, _ = find_all(connections, job_size=100, max_params=2)
    server.log.clear()
    [job] = make_slice_jobs(slices[0])
    assert len(list(extract_issues(JiraQuery.model_validate(job.args).bind(connections), None))) == 1
    assert server.log.count(method="POST") == 1


def test_issues_are_read_by_id_whatever_their_window(world: World, connections: Connections) -> None:
    wanted = [issue_id for issue_id in world.issue_ids if world.damage(issue_id) is None][:150]
    past = {"date_start": date(2001, 1, 1), "date_end": date(2001, 1, 2)}
    pages = list(extract_issues(query(connections, ids=wanted, **past), None))
    read = [document_id for page in pages for document_id in ids_of(page)]
    assert read == sorted(f"issues:{issue_id}" for issue_id in wanted)


def test_a_named_issue_that_is_not_there_is_a_reject(world: World, connections: Connections) -> None:
    there = next(issue_id for issue_id in world.issue_ids if world.damage(issue_id) is None)
    pages = list(extract_issues(query(connections, ids=["0", there, "x'y"]), None))
    assert [document.id for page in pages for document in page.documents] == [f"issues:{there}"]
    assert [(reject.document_id, reject.reason) for page in pages for reject in page.rejects] == [
        ("issues:0", "not found in jira.issues"),
        ("issues:x'y", "not found in jira.issues"),
    ]


def test_a_broken_row_is_a_reject_and_its_neighbours_are_read(world: World, connections: Connections) -> None:
    spoilt = {issue_id for issue_id in world.issue_ids if world.damage(issue_id) is not None}
    pages = list(extract_issues(query(connections), None))
    rejected = {str(reject.document_id) for page in pages for reject in page.rejects}
    assert rejected
    assert rejected <= {f"issues:{issue_id}" for issue_id in spoilt}


def test_documents_are_whole(world: World, connections: Connections) -> None:
    there = next(issue_id for issue_id in world.issue_ids if world.damage(issue_id) is None)
    world.add_comment(there, NOON + timedelta(hours=1))
    [page] = extract_issues(query(connections, ids=[there]), None)
    [document] = page.documents
    row = next(row for row in world.rows() if row.id == there)
    assert isinstance(document.body, dict)
    assert document.body["fields"] == json.loads(row.fields or "")
    assert document.body["changelog"] == json.loads(row.changelog or "")


def test_an_extraction_that_is_dropped_leaves_no_query_behind(
    server: TrinoServer, connections: Connections
) -> None:
    pages = extract_issues(query(connections), None)
    next(pages)
    pages.close()  # type: ignore[attr-defined]
    assert server.running == 0


def test_an_outage_in_the_middle_is_told_and_the_cursor_goes_on(
    server: TrinoServer, connections: Connections
) -> None:
    whole = [ids_of(page) for page in extract_issues(query(connections), None)]
    pages = extract_issues(query(connections), None)
    first = next(pages)
    server.faults.plan(server_error(503))
    with pytest.raises(TransientError):
        next(pages)
    rest = [ids_of(page) for page in extract_issues(query(connections), first.cursor)]
    assert [ids_of(first), *rest] == whole


@pytest.mark.parametrize("cursor", [5, ["10001"], {"id": "1"}])
def test_a_cursor_of_another_kind_is_refused(connections: Connections, cursor: JsonValue) -> None:
    with pytest.raises(QueryError):
        next(extract_issues(query(connections), cursor))
    with pytest.raises(QueryError):
        find_changed_slices(BacklogRequest("jira", WEEK, 20, 4, connections), cursor)
