"""A Jira job on the lake: issues whole, page by page, resumable, and broken rows told."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest
from pydantic import JsonValue

from queuer.sources.jira.inputs import make_slice_jobs
from scripts.sandbox.faults import server_error
from scripts.sandbox.trino import TrinoServer
from scripts.sandbox.world import World
from temporaletl.connections import Connections
from temporaletl.errors import QueryError, TransientError
from tests.integration.lake import (
    ANCHOR,
    NEVER,
    WEEK,
    connect,
    expected,
    find_all,
    ids_of,
    query,
)
from worker.sources.jira.extract.issues import extract_issues
from worker.sources.jira.query import JiraQuery


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
    with connect(server) as opened:
        yield opened


def read_ids(asked: JiraQuery) -> list[str]:
    return [document.id for page in extract_issues(asked, None) for document in page.documents]


def unreadable(world: World) -> set[str]:
    """The issues whose last change cannot be read: they are part of every slice."""
    return set(expected(world, NEVER))


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


def test_a_named_issue_that_is_not_there_is_skipped_and_counted(
    world: World, connections: Connections
) -> None:
    there = next(issue_id for issue_id in world.issue_ids if world.damage(issue_id) is None)
    pages = list(extract_issues(query(connections, ids=["0", there, "x'y"]), None))
    assert [document.id for page in pages for document in page.documents] == [f"issues:{there}"]
    assert [dict(page.skipped) for page in pages] == [{"issues gone or out of our sight": 2}]
    assert [page.rejects for page in pages] == [()]


def test_a_slice_that_was_cut_over_rest_is_read_by_time(world: World, connections: Connections) -> None:
    noon = datetime(2026, 3, 7, 12, tzinfo=UTC)
    cut_ms = int(noon.timestamp() * 1000)
    start_ms = int(WEEK.start.timestamp() * 1000)
    halves = [{"updated_from": start_ms, "updated_to": cut_ms}, {"updated_from": cut_ms, "updated_to": None}]
    read = [
        {
            document.id
            for page in extract_issues(query(connections, **half), None)
            for document in page.documents
        }
        for half in halves
    ]
    whole = {document.id for page in extract_issues(query(connections), None) for document in page.documents}
    assert read[0] | read[1] >= whole
    assert all(read)
    assert not {entry for entry in read[0] & read[1] if entry in whole} - unreadable(world)


def test_a_broken_row_is_a_reject_and_its_neighbours_are_read(world: World, connections: Connections) -> None:
    spoilt = {issue_id for issue_id in world.issue_ids if world.damage(issue_id) is not None}
    pages = list(extract_issues(query(connections), None))
    rejected = {str(reject.document_id) for page in pages for reject in page.rejects}
    assert rejected
    assert rejected <= {f"issues:{issue_id}" for issue_id in spoilt}


def test_documents_are_whole(world: World, connections: Connections) -> None:
    there = next(issue_id for issue_id in world.issue_ids if world.damage(issue_id) is None)
    world.add_comment(there, datetime(2026, 3, 10, 13, tzinfo=UTC))
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


def test_a_row_that_is_too_large_is_a_reject_and_is_not_parsed(connections: Connections) -> None:
    whole = {one.id: one.body for page in extract_issues(query(connections), None) for one in page.documents}
    sizes = {name: len(json.dumps(body)) for name, body in whole.items()}
    limit = max(sizes.values()) // 2

    pages = list(extract_issues(query(connections).bind(connections, limit), None))

    rejected = {reject.document_id: reject.reason for page in pages for reject in page.rejects}
    too_large = {name for name, reason in rejected.items() if reason == "larger than MAX_DOCUMENT_BYTES"}
    assert max(sizes, key=lambda name: sizes[name]) in too_large
    assert set(whole) - too_large == {one.id for page in pages for one in page.documents}
    assert len(too_large) < len(whole) / 2


def test_large_issues_come_in_smaller_pages(connections: Connections) -> None:
    whole = [one for page in extract_issues(query(connections), None) for one in page.documents]
    limit = 2 * max(len(json.dumps(one.body)) for one in whole)

    pages = list(extract_issues(query(connections).bind(connections, limit), None))

    assert [one.id for page in pages for one in page.documents] == [one.id for one in whole]
    assert len(pages) > 10
    assert all(sum(len(json.dumps(one.body)) for one in page.documents) < 3 * limit for page in pages)
    [rest] = list(extract_issues(query(connections).bind(connections, limit), pages[-2].cursor))
    assert rest == pages[-1]


def test_what_is_not_in_the_lake_is_counted_once_however_pages_are_cut(connections: Connections) -> None:
    ids = sorted(name.partition(":")[2] for name in read_ids(query(connections)))
    named = query(connections, ids=[*ids[:30], "0", f"{ids[9]}x", "zzz"])

    pages = list(extract_issues(named.bind(connections, 10_000), None))

    assert len(pages) > 2
    assert sum(sum(page.skipped.values()) for page in pages) == 3
    assert sum(len(ids_of(page)) for page in pages) == 30
