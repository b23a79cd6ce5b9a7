"""QueuerFlow on a real server: cancellation in real seconds, and runs that continue as new."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from temporalio import activity
from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowExecutionStatus, WorkflowFailureError, WorkflowHandle
from temporalio.exceptions import CancelledError

from queuer.models.messages import Tally
from temporaletl.contract import Activities
from temporaletl.errors import QueryError
from tests.workflow.conftest import SaveHistory
from tests.workflow.parts import DOCUMENTS, JobParts, RunParts
from tests.workflow.stage import Stage, until

HONOURED_WITHIN_S = 5


async def forever(_: str, __: int) -> None:
    """Never answer, however long a test waits."""
    await activity.wait_for_worker_shutdown()


async def test_an_ordinary_run_does_its_jobs(dev_stage: Stage, save_history: SaveHistory) -> None:
    jobs = dev_stage.job_parts(batches=1)
    runs = dev_stage.run_parts(pages=[dev_stage.page(1, 2, without_id=1), dev_stage.page(3)], max_children=2)
    async with dev_stage.serve(jobs, runs):
        handle = await dev_stage.start_run()
        result = await handle.result()
        await save_history(handle, "run_completed")

    assert result.tally.succeeded == 3


async def test_failed_and_skipped_jobs_are_left_for_the_next_run(
    dev_stage: Stage, save_history: SaveHistory
) -> None:
    jobs = dev_stage.job_parts()
    runs = dev_stage.run_parts(pages=[dev_stage.page(1, 2, 3)])
    go_on = asyncio.Event()

    async def hold_or_fail(job_id: str, _: int) -> None:
        if job_id == dev_stage.job(1).job_id:
            await go_on.wait()
        if job_id == dev_stage.job(2).job_id:
            raise QueryError("Trino refused the query: check TRINO_CATALOG")

    jobs.hooks[Activities.GET_METADATA] = hold_or_fail
    async with dev_stage.serve(jobs, runs):
        other = await dev_stage.start_job(1)
        await until(lambda: bool(jobs.asked))
        handle = await dev_stage.start_run()
        tally = (await handle.result()).tally
        await save_history(handle, "run_failed_child")
        go_on.set()
        await other.result()

    assert (tally.succeeded, tally.failed, tally.skipped) == (1, 1, 1)
    assert {note.job.job_id: note.counts_as_attempt for note in runs.notes} == {
        dev_stage.job(1).job_id: False,
        dev_stage.job(2).job_id: True,
    }


async def test_every_activity_and_every_job_of_a_run_waits_its_turn_by_its_source(dev_stage: Stage) -> None:
    jobs = dev_stage.job_parts(batches=1)
    runs = dev_stage.run_parts(pages=[dev_stage.page(1, 2)])

    async def fail_one(job_id: str, _: int) -> None:
        if job_id == dev_stage.job(1).job_id:
            raise QueryError("Trino refused the query: check TRINO_CATALOG")

    jobs.hooks[Activities.EXTRACT_DATA] = fail_one
    async with dev_stage.serve(jobs, runs):
        run = await dev_stage.start_run()
        await run.result()

    keys: dict[str, str] = {}
    for handle in (run, dev_stage.client.get_workflow_handle(dev_stage.job(2).job_id)):
        async for event in handle.fetch_history_events():
            if event.HasField("activity_task_scheduled_event_attributes"):
                scheduled = event.activity_task_scheduled_event_attributes
                keys[scheduled.activity_type.name] = scheduled.priority.fairness_key
            if event.HasField("start_child_workflow_execution_initiated_event_attributes"):
                child = event.start_child_workflow_execution_initiated_event_attributes
                keys[child.workflow_id] = child.priority.fairness_key
    names = {value for name, value in vars(Activities).items() if name.isupper()}
    # What only other runs ask for.
    names -= {Activities.REFUSE_RUN, Activities.NOTE_WALK}
    assert keys.keys() == names | {dev_stage.job(1).job_id, dev_stage.job(2).job_id}
    assert set(keys.values()) == {dev_stage.source}


@pytest.mark.parametrize("end", [WorkflowHandle.terminate, WorkflowHandle.cancel])
async def test_a_job_that_an_operator_ended_is_noted_with_its_run(
    dev_stage: Stage, end: Callable[[WorkflowHandle[Any, Any]], Awaitable[None]]
) -> None:
    jobs = dev_stage.job_parts(batches=1)
    runs = dev_stage.run_parts(pages=[dev_stage.page(1, 2)])

    async def hold_the_first(job_id: str, batch: int) -> None:
        if job_id == dev_stage.job(1).job_id:
            await forever(job_id, batch)

    jobs.hooks[Activities.EXTRACT_DATA] = hold_the_first
    async with dev_stage.serve(jobs, runs):
        handle = await dev_stage.start_run()
        await until(lambda: len(jobs.cursors) == 2)
        child = dev_stage.client.get_workflow_handle(dev_stage.job(1).job_id)
        run_id = (await child.describe()).run_id
        await end(child)
        tally = (await handle.result()).tally

    assert tally.failed == 1
    assert [(note.counts_as_attempt, note.ended_run) for note in runs.notes] == [(True, run_id)]


async def cancel_while(
    stage: Stage, jobs: JobParts, runs: RunParts, waiting_jobs: int, backlog_failed: asyncio.Event | None
) -> float:
    """Cancel a run while some jobs wait; the seconds until it and every job was cancelled."""
    async with stage.serve(jobs, runs):
        handle = await stage.start_run()
        await until(
            lambda: [name for name, _, _ in jobs.asked].count(Activities.EXTRACT_DATA) == waiting_jobs
        )
        if backlog_failed is not None:
            await backlog_failed.wait()
        started = time.monotonic()
        await handle.cancel()
        with pytest.raises(WorkflowFailureError) as ended:
            await handle.result()
        assert isinstance(ended.value.cause, CancelledError)
        for number in range(1, waiting_jobs + 1):
            child = stage.client.get_workflow_handle(stage.job(number).job_id)
            with pytest.raises(WorkflowFailureError) as ended:
                await child.result()
            assert isinstance(ended.value.cause, CancelledError)
        return time.monotonic() - started


async def test_a_cancelled_run_cancels_its_jobs_and_closes_as_cancelled(
    dev_stage: Stage, save_history: SaveHistory
) -> None:
    jobs = dev_stage.job_parts(batches=1, hooks={Activities.EXTRACT_DATA: forever})
    runs = dev_stage.run_parts(pages=[dev_stage.page(1, 2, 3, 4)], max_children=3)

    took_s = await cancel_while(dev_stage, jobs, runs, 3, None)

    assert took_s < HONOURED_WITHIN_S
    [closed] = runs.closed
    assert (closed.status, closed.covered_until) == ("cancelled", None)
    assert (closed.counts["queued"], closed.counts["succeeded"], closed.counts["failed"]) == (3, 0, 0)
    assert runs.notes == []
    assert sorted(record.status for record in jobs.summaries) == ["cancelled"] * 3
    handle = dev_stage.client.get_workflow_handle(f"{dev_stage.source}-queuer")
    await save_history(handle, "run_cancelled")


async def test_a_run_cancelled_while_a_page_of_its_backlog_is_read_cancels_its_jobs(dev_stage: Stage) -> None:
    jobs = dev_stage.job_parts(batches=1, hooks={Activities.EXTRACT_DATA: forever})
    runs = dev_stage.run_parts(pages=[dev_stage.page(1, 2), dev_stage.page(3)])

    async def hold_the_second(job_id: str, page: int) -> None:
        if page == 1:
            await forever(job_id, page)

    runs.hooks[Activities.EXTRACT_PARAMETERS] = hold_the_second
    took_s = await cancel_while(dev_stage, jobs, runs, 2, None)

    assert took_s < HONOURED_WITHIN_S
    assert [closed.status for closed in runs.closed] == ["cancelled"]


async def test_a_run_that_waits_for_its_jobs_after_a_failed_page_can_be_cancelled(dev_stage: Stage) -> None:
    jobs = dev_stage.job_parts(batches=1, hooks={Activities.EXTRACT_DATA: forever})
    runs = dev_stage.run_parts(pages=[dev_stage.page(1, 2), dev_stage.page(3)])
    backlog_failed = asyncio.Event()

    async def fail_the_second(_: str, page: int) -> None:
        if page == 1:
            backlog_failed.set()
            raise QueryError("Trino refused the backlog: check TRINO_CATALOG")

    runs.hooks[Activities.EXTRACT_PARAMETERS] = fail_the_second
    took_s = await cancel_while(dev_stage, jobs, runs, 2, backlog_failed)

    assert took_s < HONOURED_WITHIN_S
    assert [closed.status for closed in runs.closed] == ["cancelled"]


async def test_the_jobs_of_a_terminated_run_go_on(dev_stage: Stage) -> None:
    jobs = dev_stage.job_parts(batches=1)
    runs = dev_stage.run_parts(pages=[dev_stage.page(1)])
    go_on = asyncio.Event()

    async def hold(_: str, __: int) -> None:
        await go_on.wait()

    jobs.hooks[Activities.EXTRACT_DATA] = hold
    async with dev_stage.serve(jobs, runs):
        handle = await dev_stage.start_run()
        await until(lambda: bool(jobs.cursors))
        await handle.terminate()
        go_on.set()
        await dev_stage.client.get_workflow_handle(dev_stage.job(1).job_id).result()

    assert [record.status for record in jobs.summaries] == ["completed"]


async def test_a_long_run_continues_as_new_with_its_tally_and_nothing_in_flight(
    dev_stage: Stage, save_history: SaveHistory
) -> None:
    jobs = dev_stage.job_parts(batches=1)
    leftover = [dev_stage.page(*range(first, first + 6)) for first in range(0, 36, 6)]
    pages = [dev_stage.page(*range(first, first + 8), without_id=1) for first in range(0, 40, 8)]
    runs = dev_stage.run_parts(pages=pages, leftover=leftover, max_children=4)

    async def fail(job_id: str, _: int) -> None:
        if job_id == dev_stage.job(5).job_id:
            raise QueryError("Trino refused the query: check TRINO_CATALOG")

    jobs.hooks[Activities.GET_METADATA] = fail
    async with dev_stage.serve(jobs, runs):
        handle = await dev_stage.start_run()
        tally = (await handle.result()).tally
        progress = await handle.query("progress", result_type=Tally)
        first = dev_stage.client.get_workflow_handle(handle.id, run_id=handle.first_execution_run_id)
        kinds = [event.event_type for event in (await first.fetch_history()).events]
        await save_history(first, "run_continued_from")
        await save_history(dev_stage.client.get_workflow_handle(handle.id), "run_continued_to")

    assert (tally.queued, tally.succeeded, tally.failed, tally.skipped) == (40, 39, 1, 0)
    assert tally.events.documents == 39 * DOCUMENTS
    assert tally.failed_names == (dev_stage.job(5).job_id,)
    assert tally.notes == {"without_id": 5}
    assert progress == tally
    assert [question.cursor for question in runs.questions] == [None, 1, 2, 3, 4]
    assert [request.cursor for request in runs.opened] == [None, 1, 2, 3, 4, 5]
    assert {request.workflow_run_id for request in runs.opened} == {handle.first_execution_run_id}
    assert len(runs.closed) == 1
    assert kinds[-1] == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW
    ends = kinds.count(EventType.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_COMPLETED) + kinds.count(
        EventType.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_FAILED
    )
    assert kinds.count(EventType.EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_INITIATED) == ends


async def test_a_run_that_cannot_be_recorded_does_not_pass_for_completed(dev_stage: Stage) -> None:
    runs = dev_stage.run_parts()

    async def refuse(_: str, __: int) -> None:
        raise QueryError("the run log is gone")

    runs.hooks[Activities.CLOSE_RUN] = refuse
    async with dev_stage.serve(dev_stage.job_parts(), runs):
        handle = await dev_stage.start_run()
        with pytest.raises(WorkflowFailureError):
            await handle.result()

    assert (await handle.describe()).status is WorkflowExecutionStatus.FAILED
