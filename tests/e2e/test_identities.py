"""Who people are, from one run to the next: they become known, stay known, and are never made unknown."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from temporalio.client import WorkflowHandle

from scripts.sandbox.faults import Fault, server_error
from scripts.sandbox.people import Person
from scripts.sandbox.stack import ANONYMISATION_KEY
from scripts.sandbox.world import World
from tests.e2e.deployment import Deployment, poll
from tests.e2e.leaks import find_addresses
from tests.e2e.plans import asks_for_issues
from worker.models.identity import Pseudonyms

TODAY = datetime.now(UTC).date()
PSEUDONYMS = Pseudonyms(ANONYMISATION_KEY.encode())


async def test_documents_of_a_joiner_are_read_again_though_they_lie_outside_the_window(
    deployment: Deployment,
) -> None:
    world = World(40, anchor=TODAY - timedelta(days=30), detail=0.5)
    await deployment.reset(world)
    await deployment.run(date_start=TODAY - timedelta(days=60))
    joiner = world.add_joiner()
    pseudonym = PSEUDONYMS.of_account("jira", joiner.account_id)
    before = find_events(deployment, pseudonym)
    assert before

    result = await deployment.run()

    assert result.window.date_start >= TODAY - timedelta(days=9)
    assert find_events(deployment, pseudonym) == []
    assert find_events(deployment, joiner.employee_id or "") == before
    for name in (pseudonym, PSEUDONYMS.of_address(joiner.jira_email or "")):
        assert not deployment.ask("SELECT 1 FROM jira_events e WHERE strpos(e::text, %s) > 0", name)
        assert not deployment.ask("SELECT 1 FROM etl_documents WHERE %s = ANY (unknown)", name)
    again = await deployment.run()
    assert again.tally.events.items_updated == 0


async def test_someone_known_who_leaves_the_directory_stays_known(deployment: Deployment) -> None:
    world = deployment.world
    await deployment.run()
    [leaver] = [person for person in world.people if person.number == 6]
    before = find_events(deployment, leaver.employee_id or "")
    assert before
    dismiss(world, lambda person: person is leaver)
    for row in deployment.ask(
        "SELECT DISTINCT document_id FROM jira_events WHERE employee_id = %s", leaver.employee_id
    ):
        world.edit_summary(row["document_id"].removeprefix("issues:"), datetime.now(UTC))

    result = await deployment.run()

    assert result.tally.events.items_inserted
    assert set(before) <= set(find_events(deployment, leaver.employee_id or ""))
    assert find_events(deployment, PSEUDONYMS.of_account("jira", leaver.account_id)) == []


@pytest.mark.parametrize("trouble", ["empty", "shrunk", "unreadable"])
async def test_a_directory_that_fails_us_makes_the_run_wait_and_nobody_unknown(
    deployment: Deployment, trouble: str
) -> None:
    world, present = deployment.world, list(deployment.world.people)
    await deployment.run()
    before = deployment.rows("jira_events", "event_id")
    match trouble:
        case "empty":
            dismiss(world, lambda person: True)
            said = "addresses went from 36 to 0"
        case "shrunk":
            dismiss(world, lambda person: person.number <= 12)
            said = "addresses went from 36 to 25"
        case _:
            deployment.salesforce.faults.plan(server_error(503), times=None)
            said = "Salesforce"
    for issue_id in world.issue_ids[:20]:
        world.edit_summary(issue_id, datetime.now(UTC))

    handle = await deployment.start()
    await poll(lambda: tells(handle, said), f"the run says that {said}")
    assert deployment.rows("jira_events", "event_id") == before

    world.people[:] = present
    deployment.salesforce.faults.clear()
    result = await deployment.finish(handle)
    assert result.tally.events.items_inserted
    kept = {row["event_id"]: row["employee_id"] for row in deployment.rows("jira_events")}
    assert kept.items() >= {(row["event_id"], row["employee_id"]) for row in before}


async def test_a_first_run_with_an_empty_directory_writes_no_row(deployment: Deployment) -> None:
    dismiss(deployment.world, lambda person: True)
    handle = await deployment.start()
    await poll(lambda: tells(handle, "addresses went from 0 to 0"), "the run says why it waits")
    assert deployment.rows("jira_events") == deployment.rows("etl_identities") == []


async def test_no_address_of_the_world_is_in_any_table_after_runs(deployment: Deployment) -> None:
    world = World(60, detail=1)
    await deployment.reset(world)
    address = sorted(world.emails)[0]
    quoting = {"message": f"Cannot cast '{address}' to bigint", "errorCode": 9, "errorType": "USER_ERROR"}
    quoting |= {"errorName": "INVALID_CAST_ARGUMENT"}
    refusal = orjson.dumps({"id": "q", "infoUri": "", "stats": {"state": "FAILED"}, "error": quoting})
    deployment.trino.faults.plan(Fault(status=200, body=refusal), 1, asks_for_issues)
    deployment.trino.faults.plan(Fault(status=403, body=address.encode()), 1, asks_for_issues)
    first = await deployment.run()
    assert first.tally.failed == 2
    assert not list(find_addresses(deployment, world))
    world.add_joiner()
    for issue_id in world.issue_ids[::3]:
        world.delete_comment(issue_id, datetime.now(UTC))
    last = await deployment.run()

    assert last.tally.failed == 0
    lake = "".join(f"{row.fields}{row.changelog}" for row in world.rows()).lower()
    assert sum(email.lower() in lake for email in world.emails) > 20
    assert deployment.rows("etl_staging") == []
    assert deployment.rows("etl_rejects")
    assert not list(find_addresses(deployment, world))


def find_events(deployment: Deployment, employee_id: str) -> list[str]:
    """The ids of somebody's events."""
    rows = deployment.ask("SELECT event_id FROM jira_events WHERE employee_id = %s ORDER BY 1", employee_id)
    return [row["event_id"] for row in rows]


def dismiss(world: World, goes: Callable[[Person], bool]) -> None:
    """Take people out of the directory."""
    for at, person in enumerate(world.people):
        if goes(person):
            world.people[at] = replace(person, employee_id=None, directory_email=None)


async def tells(handle: WorkflowHandle[Any, Any], said: str) -> bool:
    """Whether an activity of the workflow waits for its next attempt, and its last failure says so."""
    pending = (await handle.describe()).raw_description.pending_activities
    return any(said in activity.last_failure.message for activity in pending)
