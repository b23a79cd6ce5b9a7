"""Answers that disagree about one list: it is whole when it has as many as were ever told and shown."""

import json
from collections.abc import Sequence
from typing import Any

import pytest

from scripts.sandbox.faults import Fault
from scripts.sandbox.jira.server import JiraServer
from scripts.sandbox.world import World
from temporaletl.connections import Connections
from tests.integration.jira_over_rest import ANCHOR, ends_with, is_search, pages_of, part, query

JSON = (("Content-Type", "application/json"),)
MOMENT = "2026-03-05T10:00:00.000+0000"
LISTS = {
    "comments": ("fields", "comment", "comment", "comments"),
    "worklogs": ("fields", "worklog", "worklog", "worklogs"),
    "histories": ("", "changelog", "changelog", "values"),
}
"""The list: where it lies in an issue, its end point, and what that calls its entries."""


@pytest.fixture(scope="module")
def world() -> World:
    return World(1, anchor=ANCHOR, detail=0)


type Page = tuple[Sequence[int], int | None]
"""The entries that an answer shows, by number, and the total that it tells."""

WHOLE = [
    pytest.param(([2, 3], 3), [([1, 2, 3], 3)], 3, id="the list is whole"),
    pytest.param(([2, 3], 3), [([1, 2, 3], None), ([], None)], 3, id="the list tells no total"),
    pytest.param(([2, 3], 3), [([1, 2], 2), ([3], 3)], 3, id="it tells less at first"),
    pytest.param(([2, 3], 3), [([1, 2, 3, 4], 4)], 4, id="it grew meanwhile"),
    pytest.param(([2, 3], 3), [([1, 2], 3), ([2, 3], 3)], 3, id="pages overlap"),
]
SHORT = [
    pytest.param(([2, 3], 3), [([], 0)], id="the list is empty"),
    pytest.param(([2, 3], 3), [([1], 1)], id="it has one of one"),
    pytest.param(([2, 3], 3), [([2, 3], 2)], id="it has what was shown"),
    pytest.param(([2, 3], 3), [([1, 2], 3)], id="it has two of three"),
    pytest.param(([2, 3], 3), [([4, 5, 6], 3)], id="it lacks what was shown"),
    pytest.param(([2, 3], 3), [([1, 2], 3), ([2], 3)], id="one comes twice"),
    pytest.param(([2, 3], 3), [([1, 2], 4), ([3], 3)], id="it told more before"),
    pytest.param(([], 1), [([], 0)], id="nothing was shown"),
    pytest.param(([2, 2, 3], 3), [([], 0)], id="one was shown twice"),
]


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize(("embedded", "pages", "count"), WHOLE)
def test_a_list_is_taken_that_has_all_that_was_told_and_shown(
    cloud: JiraServer, connections: Connections, name: str, embedded: Page, pages: list[Page], count: int
) -> None:
    [page] = read(cloud, connections, name, embedded, pages)
    holder, field = LISTS[name][:2]
    path = [step for step in (holder, field, name) if step]
    assert [entry["id"] for entry in part(page.documents[0], *path)] == [
        str(number) for number in range(1, count + 1)
    ]


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize(("embedded", "pages"), SHORT)
def test_an_issue_is_rejected_whose_list_has_less_than_was_told_or_shown(
    cloud: JiraServer, connections: Connections, name: str, embedded: Page, pages: list[Page]
) -> None:
    [page] = read(cloud, connections, name, embedded, pages)
    assert page.documents == ()
    assert [reject.reason for reject in page.rejects] == [f"{name} incomplete"]


@pytest.mark.parametrize(
    ("bulk", "listed", "count"),
    [([1, 2, 3], ([], 0), 3), ([1, 2, 3, 4], ([], 0), 4), ([1, 2], ([1, 2, 3], 3), 3), ([1], ([1], 1), None)],
)
def test_histories_of_many_issues_are_held_against_what_each_told(
    cloud: JiraServer, connections: Connections, bulk: list[int], listed: Page, count: int | None
) -> None:
    [page] = read(cloud, connections, "histories", ([2, 3], 3), [listed], bulk=bulk)
    histories = [len(part(document, "changelog", "histories")) for document in page.documents]
    assert histories == ([] if count is None else [count])
    assert [reject.reason for reject in page.rejects] == (["histories incomplete"] if count is None else [])


def test_one_answer_that_is_short_is_asked_for_but_once(cloud: JiraServer, connections: Connections) -> None:
    read(cloud, connections, "comments", ([2, 3], 3), [([1], 1)])
    # Its one page, and that none follows.
    assert len([entry for entry in cloud.log.entries if entry.path.endswith("/comment")]) == 2


def read(
    cloud: JiraServer,
    connections: Connections,
    name: str,
    embedded: Page,
    pages: Sequence[Page],
    bulk: Sequence[int] = (),
) -> list[Any]:
    """What comes of an issue whose search shows *embedded* and whose list's end point answers *pages*."""
    holder, field, path, entries = LISTS[name]
    whole = {"comments": [], "worklogs": [], "histories": [], "total": 0}
    fields: dict[str, Any] = {"updated": MOMENT, "created": MOMENT, "comment": whole, "worklog": whole}
    issue: dict[str, Any] = {"id": "10001", "key": "P-1", "self": "x", "fields": fields, "changelog": whole}
    (issue[holder] if holder else issue)[field] = spell(name, *embedded)
    plan(cloud, {"issues": [issue], "isLast": True}, is_search)
    logs = [{"issueId": "10001", "changeHistories": spell(name, bulk, None)[name]}] if bulk else []
    plan(cloud, {"issueChangeLogs": logs}, ends_with("changelog/bulkfetch"))
    for page in pages:
        plan(cloud, spell(entries, *page), ends_with(f"/10001/{path}"))
    plan(cloud, spell(entries, [], pages[-1][1]), ends_with(f"/10001/{path}"), times=None)
    return pages_of(query(connections))


def spell(name: str, numbers: Sequence[int], total: int | None) -> dict[str, Any]:
    """A list as Jira spells it."""
    shown = [
        {"id": str(number), "created": MOMENT, "author": {"accountId": "ana"}, "items": []}
        for number in numbers
    ]
    return {name: shown, "startAt": 0, **({} if total is None else {"total": total})}


def plan(cloud: JiraServer, body: dict[str, Any], matching: Any, times: int | None = 1) -> None:
    cloud.faults.plan(
        Fault(status=200, body=json.dumps(body).encode(), headers=JSON), times=times, matching=matching
    )
