"""The warehouse converges: any runs, with whatever happens between and in them, end as one full load does."""

import asyncio
import uuid
from collections.abc import Container, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, note, settings
from temporalio.client import WorkflowFailureError

from scripts.sandbox.world import World
from temporaletl.contract import ETL_FLOW, WORKER_QUEUE
from tests.e2e.deployment import Deployment, poll
from tests.e2e.plans import Changer, Plan, Step, plan_trouble, plans

LONG_AGO = date(2020, 1, 1)
JOBS_AGAIN = 4
NOT_COMPARED = {"id", "run_id", "loaded_at", "updated_at"}
UNREADABLE = {"fields not JSON", "fields NULL", "id NULL", "changelog not JSON"}
"""Damage for which an issue cannot be had whole: what the warehouse holds of it stays."""

type Rows = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Content:
    """What a warehouse says: rows by event id, the ledger by document, rejected event ids by document."""

    rows: Rows
    ledger: dict[str, dict[str, Any]]
    rejects: dict[str, set[tuple[str, str, str]]]

    def of(self, document_id: str) -> Rows:
        """The rows of one document."""
        return {name: row for name, row in self.rows.items() if row["document_id"] == document_id}


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
        before, damaged = read_content(deployment), find_unreadable(world)
        for change in step.changes:
            changer.change(change)
        note_damage(kept, before, damaged, find_unreadable(world))
    # Late answers tell of issues before the last damage: more of those, or other people, may be known then.
    late = find_unreadable(world) - damaged
    result = await deployment.run()
    deployment.trino.release()
    await deployment.settle()
    assert (result.tally.failed, result.tally.skipped) == (0, 0)
    assert deployment.rows("etl_unfinished") == []
    found = read_content(deployment)

    deployment.empty_warehouse(keep=["etl_identities"])
    await deployment.run(date_start=LONG_AGO)
    full = read_content(deployment)

    assert len(full.rows) > plan.issues
    compare(found, full, kept, late)


async def take_step(deployment: Deployment, step: Step, moment: datetime, date_start: date | None) -> None:
    """One run from *moment* on, or two, with what the step has in store; it may fail, but it ends."""
    # A back-fill that fails as a whole has to be asked for again, by whoever asked.
    if date_start is None or step.trouble != "run refused":
        plan_trouble(deployment.trino, step.trouble)
    runs = [deployment.run(date_start=date_start) for _ in range(2 if step.delivery == "overlapping" else 1)]
    going = asyncio.gather(*runs, return_exceptions=True)

    async def has_delivered_again() -> bool:
        return going.done() or await deliver_again(deployment, moment) > 0

    if step.delivery == "twice":
        await poll(has_delivered_again, "jobs show")
    for answer in await going:
        if isinstance(answer, BaseException) and not isinstance(answer, WorkflowFailureError):
            raise answer
        note(f"{step.trouble}, {step.delivery}: {answer!r}")
    await deployment.settle()
    deployment.trino.faults.clear()


async def deliver_late(deployment: Deployment, moment: datetime) -> None:
    """Start jobs again that ask now, and get their answers when they are released."""
    deployment.trino.hold(JOBS_AGAIN)
    again = await deliver_again(deployment, moment)
    await poll(lambda: deployment.trino.held >= again, "jobs wait for their answers")


async def deliver_again(deployment: Deployment, moment: datetime) -> int:
    """Start some of the jobs that began since *moment* a second time, under another id; how many."""
    jobs = deployment.ask(
        "SELECT job_id, query_type, args FROM etl_runs WHERE kind = 'ETLFlow' AND started >= %s"
        " ORDER BY md5(job_id) LIMIT %s",
        moment,
        JOBS_AGAIN,
    )
    for job in jobs:
        again = f"again-{uuid.uuid4().hex}"
        await deployment.client.start_workflow(ETL_FLOW, job, id=again, task_queue=WORKER_QUEUE)
    return len(jobs)


def find_unreadable(world: World) -> set[str]:
    """The documents that cannot be had whole now."""
    return {f"issues:{issue_id}" for issue_id in world.issue_ids if world.damage(issue_id) in UNREADABLE}


def note_damage(kept: dict[str, Rows], content: Content, before: set[str], now: set[str]) -> None:
    """Keep the rows of documents that became unreadable, forget those of documents that did no more."""
    for document_id in before - now:
        kept.pop(document_id, None)
    for document_id in now - before:
        kept[document_id] = content.of(document_id)


def read_content(deployment: Deployment) -> Content:
    """Everything that has to converge, all columns but NOT_COMPARED."""
    rows = {
        row["event_id"]: {name: value for name, value in row.items() if name not in NOT_COMPARED}
        for row in deployment.rows("jira_events")
    }
    ledger = {
        row["document_id"]: row
        for row in deployment.ask(
            "SELECT document_id, upstream_updated, hash, event_count, version, specific_version, deleted_at,"
            " ARRAY(SELECT unnest(unknown) ORDER BY 1) AS unknown FROM etl_documents"
        )
    }
    rejects: dict[str, set[tuple[str, str, str]]] = {}
    for row in deployment.rows("etl_rejects"):
        said = row["event_id"], row["stage"], row["reason"]
        rejects.setdefault(row["document_id"], set()).add(said)
    return Content(rows, ledger, rejects)


def compare(found: Content, full: Content, kept: Mapping[str, Rows], late: Container[str]) -> None:
    """Document by document; LOAD.md's one exception is the former rows of what is rejected now."""
    named = {row["document_id"] for row in (*found.rows.values(), *full.rows.values())}
    for document_id in sorted(named | set(full.ledger)):
        here, there = found.of(document_id), full.of(document_id)
        if document_id not in full.ledger:
            untouched = here == kept.get(document_id, {})
            assert untouched or document_id in late, f"{document_id} cannot be read, but was touched"
            continue
        rejected = {event_id for event_id, _, _ in full.rejects.get(document_id, ())}
        former = here.keys() - there.keys()
        assert {name: here[name] for name in here.keys() - former} == there, f"{document_id} differs"
        assert "" in rejected or former <= rejected, f"{document_id} holds rows that are gone upstream"
        assert found.ledger[document_id] == full.ledger[document_id], f"the ledger of {document_id} differs"
    for document_id, rejects in full.rejects.items():
        assert rejects <= found.rejects.get(document_id, set()), f"rejects of {document_id} are missing"
