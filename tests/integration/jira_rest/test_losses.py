"""Nothing is lost without a word: issues that move under a walk, lists and pages that are not there."""

from datetime import UTC, datetime
from typing import Any

import pytest

from scripts.sandbox.faults import Fault
from scripts.sandbox.jira.server import Deployment, JiraServer
from scripts.sandbox.world import World
from temporaletl.errors import TransientError
from tests.integration.jira_over_rest import (
    ANCHOR,
    connect,
    documents_of,
    events_of,
    ids_of,
    is_search,
    pages_of,
    query,
)

SAME_SECOND = datetime(2026, 3, 10, 15, tzinfo=UTC)


@pytest.mark.parametrize("deployment", ["Server", "Cloud"])
@pytest.mark.parametrize("leave", [3, 6, 9, 40, 56])
def test_issues_of_one_second_are_all_read_though_others_leave_it_meanwhile(
    deployment: Deployment, leave: int
) -> None:
    world = World(60, anchor=ANCHOR, detail=0)
    for issue_id in world.issue_ids:
        world.edit_summary(issue_id, SAME_SECOND)
    ids = sorted(world.issue_ids, key=int)

    def edit() -> None:
        for issue_id in ids[:leave]:
            world.edit_summary(issue_id, datetime.now(UTC))

    with JiraServer(world, deployment=deployment) as server, connect(server) as connections:
        server.after(lambda: server.after(edit))
        read = ids_of(pages_of(query(connections)))

    # Those that left before they were read belong to a later slice.
    assert set(ids[leave:]) - set(read) == set()


@pytest.mark.parametrize("missing", ["absent", "null"])
@pytest.mark.parametrize("name", ["comment", "worklog"])
def test_a_list_that_an_issue_does_not_show_is_asked_for_itself(name: Any, missing: str) -> None:
    world = World(20, anchor=ANCHOR, detail=1)
    with JiraServer(world) as server, connect(server) as connections:
        whole = documents_of(pages_of(query(connections)))
        issue_id = next(key for key, one in whole.items() if one.body["fields"][name]["total"])  # type: ignore[call-overload,index]
        server.hide(issue_id, name, null=missing == "null")
        server.log.clear()
        read = documents_of(pages_of(query(connections)))
        asked = server.log.count(f"/rest/api/3/issue/{issue_id}/{name}")

    assert asked == 1
    assert events_of(read[issue_id]).keys() == events_of(whole[issue_id]).keys()


def test_a_page_that_is_not_the_last_and_leads_nowhere_is_asked_for_again() -> None:
    body = b'{"issues": [], "isLast": false}'
    with JiraServer(World(5, anchor=ANCHOR, detail=0)) as server, connect(server) as connections:
        server.faults.plan(
            Fault(status=200, headers=(("Content-Type", "application/json"),), body=body), 1, is_search
        )
        with pytest.raises(TransientError):
            pages_of(query(connections))


@pytest.mark.parametrize("deployment", ["Server", "Cloud"])
def test_an_issue_is_gathered_no_further_than_it_may_grow(deployment: Deployment) -> None:
    world = World(20, anchor=ANCHOR, detail=1)
    issue_id = world.issue_ids[3]
    for minute in range(40):
        world.add_comment(issue_id, datetime(2026, 3, 10, 16, minute, tzinfo=UTC))
    with JiraServer(world, deployment=deployment) as server, connect(server) as connections:
        whole = documents_of(pages_of(query(connections)))
        server.hide(issue_id, "comment")
        pages = pages_of(query(connections).bind(connections, 2_000))
        server.behave()

    assert [
        (reject.document_id, reject.reason)
        for page in pages
        for reject in page.rejects
        if str(reject.document_id).endswith(f":{issue_id}")
    ] == [(f"issues:{issue_id}", "larger than MAX_DOCUMENT_BYTES")]
    assert set(whole) - set(ids_of(pages)) >= {issue_id}
