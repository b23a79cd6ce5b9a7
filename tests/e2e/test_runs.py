"""What is left of a run that went wrong? Nothing: the next one makes up for it, and counts stay true."""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import EventType
from temporalio.api.workflowservice.v1 import ResetWorkflowExecutionRequest
from temporalio.client import WorkflowFailureError

from scripts.sandbox.exchange import Request
from scripts.sandbox.faults import Fault
from scripts.sandbox.rows import bad_part_id
from scripts.sandbox.stack import Sandbox
from scripts.sandbox.world import World
from tests.e2e.deployment import Deployment, poll
from tests.e2e.plans import asks_for_issues

NOW = datetime.now(UTC)
TODAY = NOW.date()
LONG_AGO = TODAY - timedelta(days=90)
REFUSED = Fault(status=403)
CANCEL_WITHIN_S = 5


async def test_a_job_that_failed_is_asked_for_again_by_the_next_run(deployment: Deployment) -> None:
    await deployment.reset(World(20, anchor=TODAY - timedelta(days=30), detail=0.3))
    deployment.trino.faults.plan(REFUSED, 1, asks_for_issues)
    first = await deployment.run(date_start=LONG_AGO)
    assert first.tally.failed == 1
    [left] = deployment.rows("etl_unfinished")
    assert (left["job_id"], left["attempts"]) == (first.tally.failed_names[0], 1)
    assert "refused our credentials" in left["error"]
    before = count_documents(deployment)

    second = await deployment.run()

    assert second.window.date_start > TODAY - timedelta(days=10)
    assert second.tally.failed == 0
    assert deployment.rows("etl_unfinished") == []
    assert before < count_documents(deployment) == 18


async def test_a_job_that_failed_in_this_window_too_is_done_once_by_the_next_run(
    deployment: Deployment,
) -> None:
    deployment.trino.faults.plan(REFUSED, 2, asks_for_issues)
    first = await deployment.run()
    assert first.tally.failed == 2
    second = await deployment.run()
    # One more reads the damaged issues, which were rejected whole, by their ids.
    assert (second.tally.queued, second.tally.succeeded) == (first.tally.queued + 1, first.tally.queued + 1)
    assert (second.tally.failed, second.tally.skipped) == (0, 0)
    assert deployment.rows("etl_unfinished") == []


def asks_long_ago(request: Request) -> bool:
    """Whether a job of a window from LONG_AGO on asks for issues."""
    return asks_for_issues(request) and LONG_AGO.isoformat() in request.text


async def test_a_job_that_failed_five_times_is_only_reported(deployment: Deployment) -> None:
    world = World(4, anchor=TODAY - timedelta(days=30), detail=0.3)
    await deployment.reset(world)
    world.add_issue(NOW)
    deployment.trino.faults.plan(REFUSED, None, asks_long_ago)
    # Another job goes well in each of these runs: the fault is this one's own.
    await deployment.run_in_vain(date_start=LONG_AGO)
    for attempt in range(1, 6):
        result = await deployment.run()
        assert (result.tally.queued, result.tally.failed, result.exhausted) == (2, 1, 0)
        assert [row["attempts"] for row in deployment.rows("etl_unfinished")] == [attempt]
    deployment.trino.faults.clear()

    result = await deployment.run()
    assert (result.tally.queued, result.exhausted) == (1, 1)
    assert count_documents(deployment) == 1

    await deployment.run(date_start=LONG_AGO)
    assert deployment.rows("etl_unfinished") == []
    assert count_documents(deployment) == 5


async def test_a_run_all_of_whose_jobs_failed_covers_nothing_and_exhausts_no_job(
    deployment: Deployment,
) -> None:
    deployment.trino.faults.plan(REFUSED, None, asks_for_issues)
    for _ in range(6):
        result = await deployment.run_in_vain()
        assert (result.status, result.exhausted) == ("failed", 0)
    assert {row["attempts"] for row in deployment.rows("etl_unfinished")} == {0}
    assert deployment.rows("etl_watermarks") == []
    runs = deployment.ask("SELECT status, error FROM etl_runs WHERE kind = 'QueuerFlow'")
    assert {run["status"] for run in runs} == {"failed"}
    assert f"{result.tally.failed} of {result.tally.queued} jobs failed: " in runs[-1]["error"]
    assert "refused our credentials" in runs[-1]["error"]
    deployment.trino.faults.clear()

    result = await deployment.run()

    assert (result.status, deployment.rows("etl_unfinished")) == ("completed", [])
    assert len(deployment.rows("etl_watermarks")) == 1


async def test_a_run_after_three_weeks_without_one_leaves_no_gap(deployment: Deployment) -> None:
    world = World(40, anchor=TODAY - timedelta(days=10), detail=0.3)
    await deployment.reset(world)
    assert (await deployment.run()).window.date_start == TODAY - timedelta(days=8)
    readable = sum(world.damage(issue_id) in (None, "bad parts") for issue_id in world.issue_ids)
    assert count_documents(deployment) < readable
    last = NOW - timedelta(weeks=3)
    deployment.ask("UPDATE etl_watermarks SET covered_until = %s", last)

    result = await deployment.run()

    assert result.window.date_start == last.date() - timedelta(days=8)
    assert result.window.date_end == TODAY + timedelta(days=1)
    assert count_documents(deployment) == readable
    [watermark] = deployment.rows("etl_watermarks")
    [run] = deployment.ask("SELECT started FROM etl_runs WHERE id = %s", result.run)
    assert abs(watermark["covered_until"] - run["started"]) < timedelta(seconds=1)


async def test_a_back_fill_moves_no_watermark(deployment: Deployment) -> None:
    await deployment.run()
    before = deployment.rows("etl_watermarks")
    assert len(before) == 1
    await deployment.run(date_start=LONG_AGO)
    await deployment.run(date_start=LONG_AGO, date_end=TODAY + timedelta(days=2))
    assert deployment.rows("etl_watermarks") == before
    deployment.ask("DELETE FROM etl_watermarks")
    await deployment.run(date_end=TODAY + timedelta(days=1))
    assert deployment.rows("etl_watermarks") == []


@pytest.fixture(scope="module")
async def roomy_deployment(servers: Sandbox, logs_folder: Path) -> AsyncIterator[Deployment]:
    """Jobs of three batches each."""
    roomy = {"JOB_SIZE": "210", "BATCH_DOCUMENTS": "100"}
    async with Deployment(servers, logs_folder, World(1), roomy) as deployment:
        yield deployment


@pytest.mark.parametrize("deed", ["empty staging", "end sessions"])
async def test_neither_a_lost_staging_nor_lost_sessions_change_rows_or_counts(
    roomy_deployment: Deployment, deed: str
) -> None:
    deployment = roomy_deployment
    await deployment.reset(World(630, detail=0.2))
    quiet = await deployment.run()
    expected = read_rows(deployment)
    deployment.empty_warehouse()
    hits, disturb = 0, {"empty staging": empty_staging, "end sessions": end_sessions}[deed]

    async def disturb_again_and_again() -> None:
        nonlocal hits
        # Not before the jobs: whoever opens the run would be hit every time, and wait longer every time.
        await poll(lambda: len(deployment.rows("etl_runs")) > 1, "jobs run")
        while hits < 4:
            hit = disturb(deployment) > 0
            hits += hit
            # A hit is looked for all the time; after one the product has a moment to go on.
            await asyncio.sleep(0.1 if hit else 0.005)

    disturbing = asyncio.create_task(disturb_again_and_again())
    try:
        result = await deployment.run()
    finally:
        disturbing.cancel()

    assert hits > 1
    assert result.tally == quiet.tally
    assert read_rows(deployment) == expected
    runs = deployment.ask("SELECT status, count(*) AS runs FROM etl_runs GROUP BY status")
    assert runs == [{"status": "completed", "runs": quiet.tally.queued + 1}]


async def test_a_cancelled_run_leaves_no_document_staged(deployment: Deployment) -> None:
    await deployment.run()
    deployment.empty_warehouse()
    with psycopg.connect(deployment.dsn) as blocker:
        blocker.execute("LOCK TABLE jira_events IN ACCESS EXCLUSIVE MODE")
        run = await deployment.start()
        await poll(lambda: len(deployment.rows("etl_staging")) > 2, "batches wait for their load")
        began = time.monotonic()
        await run.cancel()
        with pytest.raises(WorkflowFailureError):
            await deployment.finish(run)
        await deployment.settle()
        # Loads that somebody's lock holds up are ended, and hold nothing up themselves.
        assert time.monotonic() - began < CANCEL_WITHIN_S
    await poll(lambda: deployment.rows("etl_staging") == [], "nothing is staged", within_s=10)
    ended = {row["status"] for row in deployment.rows("etl_runs")}
    assert ended == {"cancelled"}
    result = await deployment.run()
    assert (result.tally.failed, count_documents(deployment)) == (0, 21)


async def test_jobs_that_an_operator_terminates_leave_no_document_staged(deployment: Deployment) -> None:
    with psycopg.connect(deployment.dsn) as blocker:
        blocker.execute("LOCK TABLE jira_events IN ACCESS EXCLUSIVE MODE")
        run = await deployment.start()
        await poll(lambda: len(deployment.rows("etl_staging")) > 2, "batches wait for their load")
        staged = deployment.ask("SELECT DISTINCT job_id FROM etl_staging JOIN etl_runs ON id = run LIMIT 2")
        for row in staged:
            await deployment.client.get_workflow_handle(row["job_id"]).terminate()
    result = await deployment.finish(run)

    assert result.tally.failed == len(staged)
    assert deployment.rows("etl_staging") == []
    ended = {row["status"] for row in deployment.rows("etl_runs")}
    assert ended == {"terminated", "completed", "completed_with_failures"}
    assert {row["job_id"] for row in deployment.rows("etl_unfinished")} == {row["job_id"] for row in staged}
    await deployment.run()
    assert (deployment.rows("etl_unfinished"), count_documents(deployment)) == ([], 21)


async def test_a_job_that_was_reset_after_its_end_goes_on_in_a_row_of_its_own(deployment: Deployment) -> None:
    await deployment.run()
    [job, *_] = deployment.ask("SELECT job_id, counts FROM etl_runs WHERE kind = 'ETLFlow' ORDER BY id")
    deployment.empty_warehouse(keep=("etl_identities", "etl_runs"))
    handle = deployment.client.get_workflow_handle(job["job_id"])
    kinds = [event.event_type async for event in handle.fetch_history_events()]
    # The task that follows get_metadata, and asks for the first batch.
    opened = kinds.index(EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED)
    task = kinds.index(EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED, opened)
    await deployment.client.workflow_service.reset_workflow_execution(
        ResetWorkflowExecutionRequest(
            namespace=deployment.client.namespace,
            workflow_execution=WorkflowExecution(workflow_id=job["job_id"]),
            workflow_task_finish_event_id=task + 1,
            request_id=uuid.uuid4().hex,
        )
    )
    await deployment.settle()

    rows = deployment.ask("SELECT status, counts FROM etl_runs WHERE job_id = %s ORDER BY id", job["job_id"])
    assert [row["status"] for row in rows] == ["completed", "completed"]
    assert rows[0]["counts"] == job["counts"]
    assert rows[1]["counts"]["items_inserted"] == len(deployment.rows("jira_events")) > 0
    assert deployment.rows("etl_staging") == []


async def test_of_an_issue_with_bad_parts_the_rest_is_loaded_and_each_is_rejected_once(
    deployment: Deployment,
) -> None:
    world = World(6, detail=0.5)
    await deployment.reset(world)
    whole = await deployment.run()
    assert whole.tally.events.rejected == 0
    spoilt = world.issue_ids[2]
    rest = deployment.ask("SELECT event_id FROM jira_events WHERE document_id <> %s", f"issues:{spoilt}")
    world.spoil(spoilt, "bad parts")
    world.edit_summary(spoilt, datetime.now(UTC))
    for _ in range(3):
        result = await deployment.run()
        assert result.tally.failed == 0

    rejects = deployment.rows("etl_rejects", "event_id")
    assert {row["document_id"] for row in rejects} == {f"issues:{spoilt}"}
    assert {row["event_id"]: row["times_seen"] for row in rejects}.items() >= {
        (f"c-{bad_part_id(spoilt, 2)}-c", 3),
        (f"c-{bad_part_id(spoilt, 3)}-c", 3),
    }
    events = {row["event_id"] for row in deployment.rows("jira_events")}
    assert f"c-{bad_part_id(spoilt, 1)}-c" in events
    assert events > {row["event_id"] for row in rest}
    assert not events & {row["event_id"] for row in rejects}


async def test_rows_without_an_id_are_counted(deployment: Deployment) -> None:
    world = deployment.world
    for issue_id in world.issue_ids[:3]:
        world.spoil(issue_id, "id NULL")
    result = await deployment.run()
    lost = sum(row.id is None for row in world.rows())
    assert result.tally.notes == {"rows without id": lost}
    assert lost > 3
    [run] = deployment.ask("SELECT counts FROM etl_runs WHERE id = %s", result.run)
    assert run["counts"]["rows without id"] == lost


def count_documents(deployment: Deployment) -> int:
    """How many documents the ledger has."""
    return len(deployment.rows("etl_documents"))


def read_rows(deployment: Deployment) -> list[dict[str, Any]]:
    """Every event, without what tells of its load."""
    load = ("id", "run_id", "loaded_at", "updated_at")
    return [
        {name: value for name, value in row.items() if name not in load}
        for row in deployment.rows("jira_events", "event_id")
    ]


def empty_staging(deployment: Deployment) -> int:
    """How many blocks were lost."""
    return len(deployment.ask("DELETE FROM etl_staging RETURNING 1"))


def end_sessions(deployment: Deployment) -> int:
    """How many sessions of the product in the middle of something were ended: one at most."""
    return len(
        deployment.ask(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle'"
            " ORDER BY random() LIMIT 1"
        )
    )
