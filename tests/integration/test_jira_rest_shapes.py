"""Issues shaped as real sites shape them: read, or rejected with a reason."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import JsonValue

from scripts.sandbox.faults import Fault
from scripts.sandbox.jira.server import JiraServer
from scripts.sandbox.world import World
from temporaletl.connections import Connections
from tests.integration.jira_over_rest import ANCHOR, connect, ids_of, is_search, pages_of, query

JSON = (("Content-Type", "application/json"),)


@pytest.fixture(scope="module")
def cloud() -> Iterator[JiraServer]:
    with JiraServer(World(1, anchor=ANCHOR, detail=0)) as server:
        yield server


@pytest.fixture
def connections(cloud: JiraServer) -> Iterator[Connections]:
    with connect(cloud) as opened:
        yield opened


COMPLETE = {"updated": "2026-03-05T10:00:00.000+0000"}
# What real sites send that a seeded world does not.
ODD = {
    "null lists": {**COMPLETE, "comment": None, "worklog": None, "assignee": None},
    "missing lists": COMPLETE,
    "entities and emoji": {**COMPLETE, "summary": "a &amp; b\r\n\U0001f600"},
    "a long description": {**COMPLETE, "description": "x" * 65_536},
    "year 1": {**COMPLETE, "created": "0001-01-01T00:00:00.000+0000"},
    "a far future": {**COMPLETE, "updated": "9999-12-31T23:59:59.999+0000"},
    "no time": {"summary": "never updated"},
}


@pytest.mark.parametrize("fields", ODD.values(), ids=ODD.keys())
def test_an_odd_issue_is_read(cloud: JiraServer, connections: Connections, fields: dict[str, Any]) -> None:
    assert read_odd(cloud, connections, {"id": "1", "fields": fields, "changelog": EMPTY}) == (["1"], [])


EMPTY: dict[str, JsonValue] = {"histories": [], "total": 0}


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
