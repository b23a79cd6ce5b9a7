"""The warehouse converges: any runs, with whatever happens between and in them, end as one full load does."""

import asyncio
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, Phase, example, given, note, settings
from temporalio.client import WorkflowFailureError

from scripts.sandbox.world import World
from tests.e2e.content import Content, Rows, compare, read_content
from tests.e2e.deployment import Deployment, poll
from tests.e2e.endings import ask_for_what_waits, assert_nothing_is_left, end_badly
from tests.e2e.plans import HARD, Changer, Plan, Step, plan_trouble, plans
from tests.e2e.redelivery import JOBS_AGAIN, deliver_again

LONG_AGO = date(2020, 1, 1)
UNREADABLE = {"fields not JSON", "fields NULL", "id NULL", "changelog not JSON"}
"""Damage for which an issue cannot be had whole: what the warehouse holds of it stays."""


@pytest.mark.slow
@pytest.mark.timeout(600)
@settings(
    max_examples=3,
    deadline=None,
    # An example takes seconds: it is shown as it was found.
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    print_blob=True,
)
@given(plan=plans())
@example(plan=HARD)
async def test_runs_between_changes_end_as_one_full_load_does(
    shared_deployment: Deployment, plan: Plan
) -> None:
    # Half of the issues were last changed before the window of an ordinary run: the first run is a back-fill.
    deployment, anchor = shared_deployment, datetime.now(UTC).date() - timedelta(days=5)
    world = World(plan.issues, plan.seed, anchor, detail=0.5)
    await deployment.reset(world)
    changer, kept = Changer(world, plan.seed), dict[str, Rows]()
    for number, step in enumerate(plan.steps):
        moment = deployment.ask("SELECT clock_timestamp() AS now")[0]["now"]
        await take_step(deployment, step, moment, LONG_AGO if number == 0 else None)
        if step is plan.steps[-1]:
            await deliver_late(deployment, moment)
        before, damaged = read_content(deployment, "jira"), find_unreadable(world)
        for change in step.changes:
            changer.change(change)
        note_damage(kept, before, damaged, find_unreadable(world))
    # Late answers tell of issues before the last damage: more of those, or other people, may be known then.
    late = find_unreadable(world) - damaged
    result = await deployment.run()
    deployment.trino.release()
    await deployment.settle()
    assert (result.tally.failed, result.tally.skipped) == (0, 0)
    assert_nothing_is_left(deployment)
    found = read_content(deployment, "jira")

    deployment.empty_warehouse(keep=["etl_identities"])
    await deployment.run(date_start=LONG_AGO)
    full = read_content(deployment, "jira")

    assert len(full.rows) > plan.issues
    compare(found, full, kept, late)


async def take_step(deployment: Deployment, step: Step, moment: datetime, date_start: date | None) -> None:
    """One run from *moment* on, or two, with what the step has in store; it may fail, but it ends."""
    plan_trouble(deployment.trino, step.trouble)
    runs = [deployment.run(date_start=date_start) for _ in range(2 if step.delivery == "overlapping" else 1)]
    going = asyncio.gather(*runs, return_exceptions=True)

    async def has_delivered_again() -> bool:
        return going.done() or await deliver_again(deployment, moment) > 0

    await end_badly(deployment, step.trouble, moment, going)
    if step.delivery == "twice":
        await poll(has_delivered_again, "jobs show")
    for answer in await going:
        if isinstance(answer, BaseException) and not isinstance(answer, WorkflowFailureError):
            raise answer
        note(f"{step.trouble}, {step.delivery}: {answer!r}")
    await deployment.settle()
    deployment.trino.faults.clear()
    # What somebody ended who had named its dates goes on only where somebody asks.
    ask_for_what_waits(deployment)


async def deliver_late(deployment: Deployment, moment: datetime) -> None:
    """Start jobs again that ask now, and get their answers when they are released."""
    deployment.trino.hold(JOBS_AGAIN)
    again = await deliver_again(deployment, moment)
    await poll(lambda: deployment.trino.held >= again, "jobs wait for their answers")
    deployment.trino.hold_no_more()


def find_unreadable(world: World) -> set[str]:
    """The documents that cannot be had whole now."""
    return {f"issues:{issue_id}" for issue_id in world.issue_ids if world.damage(issue_id) in UNREADABLE}


def note_damage(kept: dict[str, Rows], content: Content, before: set[str], now: set[str]) -> None:
    """Keep the rows of documents that became unreadable, forget those of documents that did no more."""
    for document_id in before - now:
        kept.pop(document_id, None)
    for document_id in now - before:
        kept[document_id] = content.of(document_id)
