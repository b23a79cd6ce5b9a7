"""A Jira job over REST: issues whole and proven complete, page by page, resumable at every place."""

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest
from pydantic import JsonValue

from scripts.sandbox.jira.big_issue import add_big_issue
from scripts.sandbox.jira.server import Deployment, JiraServer
from scripts.sandbox.world import World
from temporaletl.connections import Connections
from temporaletl.contract import Document
from tests.integration.jira_over_rest import (
    ANCHOR,
    GONE,
    at,
    connect,
    documents_of,
    ends_with,
    events_of,
    ids_of,
    pages_of,
    part,
    query,
    updated_ms,
)
from worker.sources.jira.extract.issues import extract_issues

PAST = {"date_start": date(2001, 1, 1), "date_end": date(2001, 1, 2)}


@pytest.fixture(scope="module", autouse=True)
def big(world: World) -> str:
    return add_big_issue(world, at(9))


def lengths(document: Any) -> tuple[int, int, int]:
    return (
        len(part(document, "changelog", "histories")),
        len(part(document, "fields", "comment", "comments")),
        len(part(document, "fields", "worklog", "worklogs")),
    )


def comments_of(world: World, issue_id: str) -> set[str]:
    holder: Any = world.issue(issue_id).fields["comment"]
    return {entry["id"] for entry in holder["comments"]}


def has_every_list(world: World, issue_id: str) -> bool:
    issue = world.issue(issue_id)
    worklog: Any = issue.fields["worklog"]
    return bool(issue.histories and worklog["worklogs"] and comments_of(world, issue_id))


def outline(document: Document) -> list[tuple[object, ...]]:
    """What does not depend on how texts are written."""
    return [
        (event.event_id, event.event_type, event.employee_id, event.event_time_utc, event.timezone)
        for event in events_of(document).values()
    ]


def test_a_window_is_read_page_by_page_in_the_order_of_updates(
    world: World, connections: Connections
) -> None:
    pages = pages_of(query(connections))
    assert len(pages) > 5
    ids = ids_of(pages)
    assert ids == sorted(world.issue_ids, key=lambda name: updated_ms(world, name))


@pytest.mark.parametrize("place", ["cloud", "data_center"])
def test_extraction_resumes_after_every_cursor(place: str, request: pytest.FixtureRequest) -> None:
    server: JiraServer = request.getfixturevalue(place)
    with connect(server) as connections:
        pages = pages_of(query(connections))
        for number, page in enumerate(pages):
            assert len(json.dumps(page.cursor)) < 200
            assert ids_of(pages_of(query(connections), page.cursor)) == ids_of(pages[number + 1 :])


@pytest.mark.parametrize("place", ["cloud", "data_center"])
def test_a_job_whose_issues_share_one_moment_comes_to_its_end_batch_by_batch(place: str) -> None:
    same = World(34, anchor=ANCHOR, detail=0)
    for issue_id in same.issue_ids:
        same.edit_summary(issue_id, datetime(2026, 3, 10, 15, tzinfo=UTC))
    deployment: Any = "Cloud" if place == "cloud" else "Server"
    with JiraServer(same, deployment=deployment) as server, connect(server) as connections:
        read: list[str] = []
        cursor: JsonValue = None
        while (page := next(extract_issues(query(connections), cursor), None)) is not None:
            read += ids_of([page])
            cursor = page.cursor
        assert sorted(read) == sorted(same.issue_ids)
        assert len(read) == len(set(read))


@pytest.mark.parametrize("deployment", ["Cloud", "Server"])
def test_an_index_that_lags_behind_leads_no_cursor_astray(deployment: Deployment) -> None:
    lagging = World(34, anchor=ANCHOR, detail=0)
    order = sorted(lagging.issue_ids, key=lambda name: updated_ms(lagging, name))
    with JiraServer(lagging, deployment=deployment) as server, connect(server) as connections:
        server.hold_index()
        # The last ones of the first two pages tell another time than the one they are found by.
        for issue_id in (order[9], order[19]):
            lagging.edit_summary(issue_id, datetime.now(UTC))
        read: list[str] = []
        cursor: JsonValue = None
        asked = query(connections, updated_from=0)
        while (page := next(extract_issues(asked, cursor), None)) is not None:
            read += ids_of([page])
            cursor = page.cursor
    assert set(read) == set(order)


def test_an_issue_of_many_parts_arrives_complete(big: str, connections: Connections) -> None:
    document = documents_of(pages_of(query(connections)))[big]
    assert lengths(document) == (250, 130, 60)


def test_an_issue_of_many_parts_arrives_complete_by_name(big: str, connections: Connections) -> None:
    [page] = pages_of(query(connections, ids=[big], **PAST))
    assert lengths(page.documents[0]) == (250, 130, 60)


def test_an_issue_of_many_parts_arrives_complete_from_a_data_center(
    big: str, on_premise: Connections
) -> None:
    document = documents_of(pages_of(query(on_premise)))[big]
    assert lengths(document) == (250, 130, 60)


def test_without_bulk_end_points_it_arrives_complete_too(
    big: str, cloud: JiraServer, connections: Connections
) -> None:
    cloud.withdraw_bulk()
    assert lengths(documents_of(pages_of(query(connections)))[big]) == (250, 130, 60)
    assert lengths(documents_of(pages_of(query(connections, ids=[big])))[big]) == (250, 130, 60)
    assert cloud.log.count(f"/rest/api/3/issue/{big}/changelog") > 0


def test_the_truncated_changelogs_of_a_page_are_fetched_at_once(
    cloud: JiraServer, connections: Connections
) -> None:
    pages_of(query(connections))
    assert cloud.log.count("/rest/api/3/changelog/bulkfetch") > 0
    assert not [entry for entry in cloud.log.entries if entry.path.endswith("/changelog")]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("comments", "comments incomplete"),
        ("worklogs", "worklogs incomplete"),
        ("histories", "histories incomplete"),
    ],
)
@pytest.mark.parametrize("place", ["cloud", "data_center"])
def test_an_issue_whose_list_stays_short_is_a_reject_and_its_neighbours_are_read(
    world: World, place: str, name: Any, reason: str, request: pytest.FixtureRequest
) -> None:
    server: JiraServer = request.getfixturevalue(place)
    short = next(issue_id for issue_id in world.issue_ids if has_every_list(world, issue_id))
    server.shorten(short, name)
    with connect(server) as connections:
        pages = pages_of(query(connections))
    rejects = [(reject.document_id, reject.reason) for page in pages for reject in page.rejects]
    assert rejects == [(f"issues:{short}", reason)]
    assert len(ids_of(pages)) == len(world.issue_ids) - 1


def test_a_list_that_grows_while_it_is_read_is_read_to_its_end(
    world: World, big: str, cloud: JiraServer, connections: Connections
) -> None:
    cloud.after(lambda: world.add_comment(big, at(9, 13)), matching=ends_with(f"/issue/{big}/comment"))
    [page] = pages_of(query(connections, ids=[big]))
    read = {entry["id"] for entry in part(page.documents[0], "fields", "comment", "comments")}
    assert read == comments_of(world, big)
    world.delete_comment(big, at(9, 14))


def test_a_list_that_shrinks_while_it_is_read_is_read_whole_the_next_time(
    world: World, big: str, cloud: JiraServer, connections: Connections
) -> None:
    cloud.after(lambda: world.delete_comment(big, at(9, 15)), matching=ends_with(f"/issue/{big}/comment"))
    [page] = pages_of(query(connections, ids=[big]))
    # As many as Jira told at first are nowhere: that looks like a list that was cut off.
    assert [reject.reason for reject in page.rejects] == ["comments incomplete"]
    [page] = pages_of(query(connections, ids=[big]))
    read = {entry["id"] for entry in part(page.documents[0], "fields", "comment", "comments")}
    assert read == comments_of(world, big)
    world.add_comment(big, at(9, 16))


def test_an_issue_that_goes_while_its_parts_are_read_is_counted(
    big: str, cloud: JiraServer, connections: Connections
) -> None:
    cloud.delete(big, listed=True)
    pages = pages_of(query(connections))
    assert big not in ids_of(pages)
    assert sum(page.skipped.get(GONE, 0) for page in pages) == 1


def test_what_was_found_is_kept_whole_though_it_changed_out_of_its_slice(
    world: World, cloud: JiraServer, connections: Connections
) -> None:
    changed = min(world.issue_ids, key=lambda name: updated_ms(world, name))
    moment_ms = updated_ms(world, changed)
    cloud.hold_index()
    world.add_comment(changed, at(10, 20))
    [page] = pages_of(query(connections, updated_from=moment_ms - 1000, updated_to=moment_ms + 1000))
    [document] = page.documents
    assert document.id == f"issues:{changed}"
    assert document.updated == at(10, 20)
    assert part(document, "fields", "comment", "total") == len(comments_of(world, changed))


def test_text_of_version_2_is_read_with_the_same_ids_people_and_times(
    world: World, cloud: JiraServer
) -> None:
    with connect(cloud, api_version="2") as text, connect(cloud) as rich:
        one, other = (documents_of(pages_of(query(entry))) for entry in (text, rich))
    assert one.keys() == other.keys()
    for issue_id, document in one.items():
        assert outline(document) == outline(other[issue_id])


def test_a_data_center_tells_the_same_events_at_the_same_times(
    connections: Connections, on_premise: Connections
) -> None:
    cloud, own = (documents_of(pages_of(query(entry))) for entry in (connections, on_premise))
    assert cloud.keys() == own.keys()
    for issue_id, document in own.items():
        mine, theirs = (
            {event_id: event.event_time_utc for event_id, event in events_of(entry).items()}
            for entry in (document, cloud[issue_id])
        )
        # An app is told from a person only where there are accounts.
        assert theirs.items() <= mine.items()
