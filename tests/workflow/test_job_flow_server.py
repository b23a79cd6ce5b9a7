"""ETLFlow on a real server: cancellation in real seconds, and runs that continue as new."""

import asyncio
import time
from typing import Any

import pytest
from temporalio import activity
from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowExecutionStatus, WorkflowFailureError, WorkflowHandle
from temporalio.exceptions import CancelledError

from temporaletl.contract import Activities, Counts, ETLSummary
from temporaletl.errors import QueryError
from tests.workflow.conftest import SaveHistory
from tests.workflow.parts import DOCUMENTS, JobParts
from tests.workflow.stage import Stage, until

HONOURED_WITHIN_S = 5


async def forever(_: str, __: int) -> None:
    """Never answer, however long a test waits."""
    await activity.wait_for_worker_shutdown()


async def until_loaded(handle: WorkflowHandle[Any, Any], documents: int) -> None:
    """Wait until a job has counted so many documents."""
    async with asyncio.timeout(20):
        while (await handle.query("progress", result_type=Counts)).documents < documents:
            pass


async def until_noticed(handle: WorkflowHandle[Any, Any]) -> None:
    """Wait until a workflow's code has seen its cancel: a task was completed after it."""
    async with asyncio.timeout(20):
        while True:
            kinds = [event.event_type async for event in handle.fetch_history_events()]
            asked = EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CANCEL_REQUESTED
            if asked in kinds and EventType.EVENT_TYPE_TIMER_STARTED in kinds[kinds.index(asked) :]:
                return


async def start_and_cancel_during(
    name: str, stage: Stage, jobs: JobParts
) -> WorkflowHandle[object, ETLSummary]:
    """Start a job, and let its activity *name* answer once the flow has noticed a cancel."""
    cancelled = asyncio.Event()

    async def wait_for_the_cancel(_: str, __: int) -> None:
        await cancelled.wait()

    jobs.hooks[name] = wait_for_the_cancel
    handle = await stage.start_job()
    await until(lambda: (name, stage.job().job_id, 0) in jobs.asked)
    await handle.cancel()
    await until_noticed(handle)
    cancelled.set()
    return handle


async def end_cancelled[T](handle: WorkflowHandle[object, T]) -> float:
    """Cancel a workflow; the seconds until it was, as cancelled."""
    started = time.monotonic()
    await handle.cancel()
    with pytest.raises(WorkflowFailureError) as ended:
        await handle.result()
    assert isinstance(ended.value.cause, CancelledError)
    return time.monotonic() - started


@pytest.mark.parametrize("where", [Activities.EXTRACT_DATA, Activities.TRANSFORM_DATA, Activities.LOAD_DATA])
async def test_a_cancelled_job_ends_within_seconds_and_writes_what_it_had_loaded(
    dev_stage: Stage, save_history: SaveHistory, where: str
) -> None:
    jobs = dev_stage.job_parts(batches=5)

    async def hold_the_second(job_id: str, batch: int) -> None:
        if batch == 1:
            await forever(job_id, batch)

    jobs.hooks[where] = hold_the_second
    async with dev_stage.serve(jobs):
        handle = await dev_stage.start_job()
        await until(lambda: (where, dev_stage.job().job_id, 1) in jobs.asked)
        await until_loaded(handle, DOCUMENTS)
        took_s = await end_cancelled(handle)
        if where == Activities.LOAD_DATA:
            await save_history(handle, "job_cancelled")

    assert took_s < HONOURED_WITHIN_S
    [record] = jobs.summaries
    assert (record.status, record.error) == ("cancelled", None)
    assert record.summary.documents == DOCUMENTS


async def test_a_cancelled_job_leaves_though_its_summary_cannot_be_written(dev_stage: Stage) -> None:
    jobs = dev_stage.job_parts(batches=2)

    async def refuse(_: str, __: int) -> None:
        raise QueryError("the run log is gone")

    jobs.hooks = {Activities.EXTRACT_DATA: forever, Activities.WRITE_SUMMARY: refuse}
    async with dev_stage.serve(jobs):
        handle = await dev_stage.start_job()
        await until(lambda: (Activities.EXTRACT_DATA, dev_stage.job().job_id, 0) in jobs.asked)

        assert await end_cancelled(handle) < HONOURED_WITHIN_S


async def test_a_job_cancelled_over_its_last_words_says_that_it_completed(dev_stage: Stage) -> None:
    jobs = dev_stage.job_parts(batches=1)
    async with dev_stage.serve(jobs):
        handle = await start_and_cancel_during(Activities.WRITE_SUMMARY, dev_stage, jobs)

        summary = await handle.result()

    assert summary.documents == DOCUMENTS
    assert [record.status for record in jobs.summaries] == ["completed"]


async def test_a_job_cancelled_while_its_run_is_opened_closes_it(dev_stage: Stage) -> None:
    jobs = dev_stage.job_parts(batches=1)
    async with dev_stage.serve(jobs):
        handle = await start_and_cancel_during(Activities.GET_METADATA, dev_stage, jobs)
        with pytest.raises(WorkflowFailureError):
            await handle.result()

    assert [record.status for record in jobs.summaries] == ["cancelled"]
    assert jobs.cursors == []


async def test_a_job_whose_last_words_cannot_be_written_can_be_cancelled(dev_stage: Stage) -> None:
    jobs = dev_stage.job_parts(batches=1)
    jobs.hooks[Activities.WRITE_SUMMARY] = forever
    async with dev_stage.serve(jobs):
        handle = await dev_stage.start_job()
        await until(lambda: (Activities.WRITE_SUMMARY, dev_stage.job().job_id, 0) in jobs.asked)

        assert await end_cancelled(handle) < HONOURED_WITHIN_S


async def test_a_job_that_waits_after_a_failure_can_be_cancelled(dev_stage: Stage) -> None:
    jobs = dev_stage.job_parts(batches=3)

    async def fail(_: str, batch: int) -> None:
        if batch == 1:
            await until(lambda: (Activities.LOAD_DATA, dev_stage.job().job_id, 0) in jobs.asked)
            raise QueryError("this batch cannot be shaped")

    jobs.hooks = {Activities.TRANSFORM_DATA: fail, Activities.LOAD_DATA: forever}
    async with dev_stage.serve(jobs):
        handle = await dev_stage.start_job()
        await until(lambda: (Activities.LOAD_DATA, dev_stage.job().job_id, 0) in jobs.asked)
        took_s = await end_cancelled(handle)

    assert took_s < HONOURED_WITHIN_S
    assert [record.status for record in jobs.summaries] == ["cancelled"]


async def test_a_long_job_continues_as_new_with_its_counts_and_nothing_in_flight(
    dev_stage: Stage, save_history: SaveHistory
) -> None:
    jobs = dev_stage.job_parts(batches=20)
    async with dev_stage.serve(jobs):
        handle = await dev_stage.start_job()
        summary = await handle.result()
        first = dev_stage.client.get_workflow_handle(handle.id, run_id=handle.first_execution_run_id)
        history = await first.fetch_history()
        await save_history(first, "job_continued_from")
        await save_history(dev_stage.client.get_workflow_handle(handle.id), "job_continued_to")

    assert (summary.chunks_processed, summary.documents) == (20, 20 * DOCUMENTS)
    assert jobs.cursors == [None, *range(1, 20)]
    assert jobs.batches_of(Activities.LOAD_DATA) == list(range(20))
    assert len(jobs.summaries) == 1
    assert [name for name, _, _ in jobs.asked].count(Activities.GET_METADATA) == 1
    kinds = [event.event_type for event in history.events]
    assert kinds[-1] == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW
    scheduled = kinds.count(EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED)
    assert kinds.count(EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED) == scheduled


async def test_a_long_job_that_finds_nothing_goes_on_where_it_was(dev_stage: Stage) -> None:
    batches = 40
    jobs = dev_stage.job_parts(batches=batches, empty=frozenset(range(batches)))
    async with dev_stage.serve(jobs):
        summary = await (await dev_stage.start_job()).result()

    assert jobs.cursors == [None, *range(1, batches)]
    assert summary.chunks_processed == 0


async def test_the_histories_of_ordinary_jobs_are_saved(dev_stage: Stage, save_history: SaveHistory) -> None:
    jobs = dev_stage.job_parts(batches=2, empty=frozenset({1}))
    async with dev_stage.serve(jobs):
        handle = await dev_stage.start_job()
        await handle.result()
        await save_history(handle, "job_completed")

    assert (await handle.describe()).status is WorkflowExecutionStatus.COMPLETED
