"""Runs that end badly are not forgotten: the next one goes on with what they left, and closes their rows."""

import asyncio
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from temporalio.client import WorkflowFailureError, WorkflowHandle

from scripts.sandbox.faults import Fault, hanging
from scripts.sandbox.world import World
from temporaletl.contract import QUEUER_FLOW, QUEUER_QUEUE, QueuerInput
from tests.e2e.content import compare, read_content
from tests.e2e.deployment import Deployment, poll
from tests.e2e.endings import (
    ask_for_what_waits,
    assert_nothing_is_left,
    make_read_only,
    terminate,
)
from tests.e2e.plans import asks_for_backlog, asks_for_issues

TODAY = datetime.now(UTC).date()
LONG_AGO = TODAY - timedelta(days=900)
ISSUES = 60


@pytest.fixture
async def backlog(deployment: Deployment) -> Deployment:
    """A world of which an ordinary run sees little: what is old is for a back-fill."""
    await deployment.reset(World(ISSUES, anchor=TODAY - timedelta(days=30), detail=0.3))
    return deployment


async def end(deployment: Deployment, handle: WorkflowHandle[Any, Any]) -> None:
    """Wait until a run and its jobs have ended in whatever way."""
    with pytest.raises(WorkflowFailureError):
        await deployment.finish(handle)
    await deployment.settle()


async def start_jobs(deployment: Deployment) -> WorkflowHandle[Any, Any]:
    """Start a back-fill, and wait until some of its jobs run."""
    handle = await deployment.start(date_start=LONG_AGO)
    await poll(lambda: len(deployment.rows("etl_runs")) > 3, "jobs run")
    return handle


async def assert_whole(deployment: Deployment) -> None:
    """Nothing waits, and a full load from scratch would give what is there."""
    assert_nothing_is_left(deployment)
    found = read_content(deployment, "jira")
    deployment.empty_warehouse()
    await deployment.run(date_start=LONG_AGO)
    full = read_content(deployment, "jira")
    assert len(full.ledger) > ISSUES / 2
    compare(found, full, {}, set())


async def test_a_back_fill_through_a_fail_over_is_whole_after_the_next_run(backlog: Deployment) -> None:
    going = asyncio.create_task(backlog.run(date_start=LONG_AGO))
    await poll(lambda: len(backlog.rows("etl_runs")) > 3, "jobs run")
    await make_read_only(backlog)
    await asyncio.wait([going])
    await backlog.settle()

    await backlog.run()

    await assert_whole(backlog)


async def test_what_a_run_left_that_failed_for_good_without_a_word_is_done_by_the_next(
    backlog: Deployment,
) -> None:
    handle = await start_jobs(backlog)
    for table in ("etl_runs", "etl_unfinished", "etl_documents"):
        backlog.ask(f"ALTER TABLE {table} RENAME TO {table}_away")
    await end(backlog, handle)
    for table in ("etl_runs", "etl_unfinished", "etl_documents"):
        backlog.ask(f"ALTER TABLE {table}_away RENAME TO {table}")
    [run] = backlog.ask("SELECT id, status FROM etl_runs WHERE kind = 'QueuerFlow'")
    assert run["status"] == "running"

    following = await backlog.run()

    assert following.tally.failed == 0
    [row] = backlog.ask("SELECT status, error FROM etl_runs WHERE id = %s", run["id"])
    assert row["status"] == "failed"
    assert "lacks a table, column, index or function" in row["error"]
    await assert_whole(backlog)


async def test_a_back_fill_whose_backlog_was_refused_goes_on_where_it_stopped(backlog: Deployment) -> None:
    backlog.trino.faults.plan(Fault(status=403), 1, asks_for_backlog)
    await end(backlog, await backlog.start(date_start=LONG_AGO))
    [walk] = backlog.rows("etl_walks")
    assert (walk["date_start"], walk["named_dates"], walk["held"]) == (LONG_AGO, True, False)

    await backlog.run()

    await assert_whole(backlog)


async def test_a_back_fill_that_timed_out_is_gone_on_with(backlog: Deployment) -> None:
    backlog.trino.faults.plan(hanging(), None, asks_for_issues)
    handle = await backlog.client.start_workflow(
        QUEUER_FLOW,
        QueuerInput(source_kind_id="jira", date_start=LONG_AGO),
        id=f"jira-queuer-{uuid.uuid4().hex}",
        task_queue=QUEUER_QUEUE,
        execution_timeout=timedelta(seconds=4),
    )
    with pytest.raises(WorkflowFailureError):
        await backlog.finish(handle)
    await backlog.terminate_all()
    backlog.trino.faults.clear()

    await backlog.run()

    [run, *_] = backlog.ask("SELECT status, error FROM etl_runs WHERE kind = 'QueuerFlow' ORDER BY id")
    assert (run["status"], run["error"]) == ("failed", "its workflow timed out")
    await assert_whole(backlog)


async def test_a_back_fill_that_somebody_terminated_goes_on_when_somebody_asks(backlog: Deployment) -> None:
    backlog.trino.faults.plan(hanging(), None, asks_for_issues)
    handle = await start_jobs(backlog)
    await terminate(backlog, QUEUER_FLOW)
    with pytest.raises(WorkflowFailureError):
        await backlog.finish(handle)
    await backlog.terminate_all()
    backlog.trino.faults.clear()

    await backlog.run()

    [run, *_] = backlog.ask("SELECT id, status, error FROM etl_runs WHERE kind = 'QueuerFlow' ORDER BY id")
    assert (run["status"], run["error"]) == ("terminated", "its workflow was terminated")
    [walk] = backlog.rows("etl_walks")
    assert (walk["made_for"], walk["held"]) == (run["id"], True)
    before = len(backlog.rows("etl_documents"))
    assert ask_for_what_waits(backlog) == 1
    await backlog.run()
    assert len(backlog.rows("etl_documents")) > before
    await assert_whole(backlog)


async def test_a_refused_run_is_in_the_run_log_with_its_reason(deployment: Deployment) -> None:
    for source, dates in (
        ("gitlab", {}),
        ("jira", {"date_start": TODAY, "date_end": TODAY}),
        ("jira", {"date_start": TODAY + timedelta(days=9)}),
    ):
        await end(deployment, await deployment.start(source, **dates))

    runs = deployment.ask("SELECT source_kind_id, status, error FROM etl_runs ORDER BY id")
    assert [(run["source_kind_id"], run["status"]) for run in runs] == [
        ("gitlab", "failed"),
        ("jira", "failed"),
        ("jira", "failed"),
    ]
    assert "there is no source 'gitlab'; known: " in runs[0]["error"]
    assert "is not after its start" in runs[1]["error"]
    assert "which is in the future" in runs[2]["error"]
