"""Issues shaped as real sites shape them: read, or rejected with a reason."""

import json
from typing import Any

import pytest
from pydantic import JsonValue

from scripts.sandbox.faults import Fault
from scripts.sandbox.jira.server import JiraServer
from scripts.sandbox.world import World
from temporaletl.connections import Connections
from tests.integration.jira_over_rest import ANCHOR, ends_with, ids_of, is_search, pages_of, query

JSON = (("Content-Type", "application/json"),)


@pytest.fixture(scope="module")
def world() -> World:
    return World(1, anchor=ANCHOR, detail=0)


LISTLESS: dict[str, Any] = {"updated": "2026-03-05T10:00:00.000+0000"}
COMPLETE: dict[str, Any] = {
    **LISTLESS,
    "comment": {"comments": [], "total": 0},
    "worklog": {"worklogs": [], "total": 0},
}
# What real sites send that a seeded world does not.
ODD = {
    "nobody": {**COMPLETE, "assignee": None},
    "entities and emoji": {**COMPLETE, "summary": "a &amp; b\r\n\U0001f600"},
    "a long description": {**COMPLETE, "description": "x" * 65_536},
    "year 1": {**COMPLETE, "created": "0001-01-01T00:00:00.000+0000"},
    "a far future": {**COMPLETE, "updated": "9999-12-31T23:59:59.999+0000"},
    "no time": {**COMPLETE, "updated": None},
}


@pytest.mark.parametrize("fields", ODD.values(), ids=ODD.keys())
def test_an_odd_issue_is_read(cloud: JiraServer, connections: Connections, fields: dict[str, Any]) -> None:
    assert read_odd(cloud, connections, {"id": "1", "fields": fields, "changelog": EMPTY}) == (["1"], [])
    assert not [entry for entry in cloud.log.entries if "/issue/" in entry.path]


EMPTY: dict[str, JsonValue] = {"histories": [], "total": 0}


@pytest.mark.parametrize(
    "fields",
    [LISTLESS, {**LISTLESS, "comment": None, "worklog": None}, {**COMPLETE, "comment": {}, "worklog": {}}],
    ids=["absent", "null", "without entries"],
)
def test_a_list_that_is_not_shown_is_empty_only_if_one_request_proves_it(
    world: World, cloud: JiraServer, connections: Connections, fields: dict[str, Any]
) -> None:
    [name] = world.issue_ids
    odd = {"id": name, "fields": fields, "changelog": EMPTY}
    assert read_odd(cloud, connections, odd) == ([name], [])
    for path in ("comment", "worklog"):
        assert len([entry for entry in cloud.log.entries if entry.path.endswith(f"{name}/{path}")]) == 1


@pytest.mark.parametrize("status", [403, 404])
@pytest.mark.parametrize("path", ["comment", "worklog"])
def test_an_issue_whose_list_is_neither_shown_nor_told_is_no_document(
    world: World, cloud: JiraServer, connections: Connections, path: str, status: int
) -> None:
    [name] = world.issue_ids
    cloud.faults.plan(Fault(status=status, body=b"{}", headers=JSON), matching=ends_with(f"{name}/{path}"))
    assert read_odd(cloud, connections, {"id": name, "fields": LISTLESS, "changelog": EMPTY}) == ([], [])
    assert not cloud.faults.pending


def test_an_unknown_total_proves_nothing(world: World, cloud: JiraServer, connections: Connections) -> None:
    [name] = world.issue_ids
    cloud.faults.plan(
        Fault(status=200, body=b'{"comments": []}', headers=JSON), matching=ends_with(f"{name}/comment")
    )
    odd = {"id": name, "fields": LISTLESS, "changelog": EMPTY}
    assert read_odd(cloud, connections, odd) == ([], ["comments incomplete"])


def test_a_site_that_tracks_no_time_has_no_worklogs(cloud: JiraServer, connections: Connections) -> None:
    cloud.track_no_time()
    [page] = pages_of(query(connections))
    assert len(page.documents) == 1
    assert page.skipped == {}
    assert not [entry for entry in cloud.log.entries if entry.path.endswith("/worklog")]


@pytest.mark.parametrize(
    ("issue", "reason"),
    [
        ({"fields": {}, "changelog": EMPTY}, "no id"),
        ({"id": "1", "changelog": EMPTY}, "fields missing"),
        ({"id": "1", "fields": [], "changelog": EMPTY}, "fields not an object"),
    ],
)
def test_an_issue_that_is_none_is_rejected(
    cloud: JiraServer, connections: Connections, issue: dict[str, JsonValue], reason: str
) -> None:
    assert read_odd(cloud, connections, issue) == ([], [reason])


def read_odd(
    cloud: JiraServer, connections: Connections, issue: dict[str, Any]
) -> tuple[list[str], list[str]]:
    """The ids and the reasons of what comes of one issue."""
    body = json.dumps({"issues": [issue], "isLast": True}).encode()
    cloud.faults.plan(Fault(status=200, body=body, headers=JSON), matching=is_search)
    pages = pages_of(query(connections))
    return ids_of(pages), [reject.reason for page in pages for reject in page.rejects]
