"""ETLFlow: does a job keep its order and its counts, whatever happens to its batches?"""

import asyncio

import pytest
from temporalio.client import WorkflowFailureError
from temporalio.exceptions import ActivityError, ApplicationError

from temporaletl.contract import Activities, Counts
from temporaletl.errors import BlockLostError, QueryError, TransientError
from tests.workflow.parts import DOCUMENTS, EVENTS
from tests.workflow.stage import Stage, until
from worker.models.flow import MAX_LOST_BLOCKS, ETLFlow


def innermost(error: WorkflowFailureError) -> ApplicationError:
    """What of ours made a job fail."""
    assert isinstance(error.cause, ActivityError)
    assert isinstance(error.cause.cause, ApplicationError)
    return error.cause.cause


async def test_a_job_answers_what_its_batches_did_and_writes_it_to_the_run_log(stage: Stage) -> None:
    jobs = stage.job_parts(batches=4)
    async with stage.serve(jobs):
        summary = await (await stage.start_job()).result()

    assert summary.job_id == stage.job().job_id
    assert summary.chunks_processed == 4
    assert (summary.documents, summary.items_inserted) == (4 * DOCUMENTS, 4 * EVENTS)
    assert (summary.version, summary.specific_version, summary.batch_size) == ("1", "1.2", DOCUMENTS)
    assert [(record.status, record.summary, record.error) for record in jobs.summaries] == [
        ("completed", summary, None)
    ]


async def test_a_job_without_documents_completes_with_nothing(stage: Stage) -> None:
    jobs = stage.job_parts(batches=0)
    async with stage.serve(jobs):
        summary = await (await stage.start_job()).result()

    assert Counts.model_validate(summary.model_dump(include=set(Counts.model_fields))) == Counts()
    assert summary.chunks_processed == 0
    assert jobs.batches_of(Activities.LOAD_DATA) == []
    assert [record.status for record in jobs.summaries] == ["completed"]


async def test_batches_load_in_order_though_later_ones_are_ready_first(stage: Stage) -> None:
    jobs = stage.job_parts(batches=6)

    async def hold_the_first(_: str, batch: int) -> None:
        if batch == 0:
            await until(lambda: {1, 2} <= set(jobs.batches_of(Activities.TRANSFORM_DATA)))

    jobs.hooks[Activities.TRANSFORM_DATA] = hold_the_first
    async with stage.serve(jobs):
        await (await stage.start_job()).result()

    assert jobs.batches_of(Activities.LOAD_DATA) == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize("most", [1, 3])
async def test_no_more_batches_are_in_flight_than_allowed_and_no_fewer(stage: Stage, most: int) -> None:
    jobs = stage.job_parts(batches=8, max_concurrent_chunks=most)
    in_flight: set[int] = set()
    seen: list[int] = []

    async def enter(_: str, batch: int) -> None:
        in_flight.add(batch)
        seen.append(len(in_flight))

    async def hold_until_full(_: str, batch: int) -> None:
        # Whatever the flow would start beyond the last allowed batch, it starts with that one's transform.
        last = min(batch + most, jobs.batches) - 1
        await until(lambda: last in jobs.batches_of(Activities.TRANSFORM_DATA))
        in_flight.discard(batch)

    jobs.hooks = {Activities.EXTRACT_DATA: enter, Activities.LOAD_DATA: hold_until_full}
    async with stage.serve(jobs):
        summary = await (await stage.start_job()).result()

    assert max(seen) == most
    assert summary.chunks_processed == 8


async def test_a_batch_that_is_lost_again_and_again_fails_the_job(stage: Stage) -> None:
    jobs = stage.job_parts(batches=2)

    async def lose(_: str, batch: int) -> None:
        if batch == 1:
            raise BlockLostError("block 1 is gone from etl_staging")

    jobs.hooks[Activities.LOAD_DATA] = lose
    async with stage.serve(jobs):
        with pytest.raises(WorkflowFailureError) as failed:
            await (await stage.start_job()).result()

    assert innermost(failed.value).type == "BlockLostError"
    assert jobs.cursors.count(1) == MAX_LOST_BLOCKS + 1
    assert [record.summary.chunks_processed for record in jobs.summaries] == [1]


async def test_a_permanent_failure_fails_the_job_with_its_message_and_keeps_what_was_loaded(
    stage: Stage,
) -> None:
    jobs = stage.job_parts(batches=5)

    async def fail(_: str, batch: int) -> None:
        if batch == 2:
            raise QueryError("Trino refused the query: check TRINO_CATALOG")

    jobs.hooks[Activities.EXTRACT_DATA] = fail
    async with stage.serve(jobs):
        with pytest.raises(WorkflowFailureError) as failed:
            await (await stage.start_job()).result()

    error = innermost(failed.value)
    assert (error.type, error.message) == ("QueryError", "Trino refused the query: check TRINO_CATALOG")
    [record] = jobs.summaries
    assert (record.status, record.error) == ("failed", "Trino refused the query: check TRINO_CATALOG")
    assert (record.summary.chunks_processed, record.summary.documents) == (2, 2 * DOCUMENTS)


async def test_bad_arguments_fail_the_job_at_once(stage: Stage) -> None:
    jobs = stage.job_parts(batches=5)

    async def refuse(_: str, __: int) -> None:
        raise QueryError("job: wrong arguments: date_start: Field required")

    jobs.hooks[Activities.GET_METADATA] = refuse
    async with stage.serve(jobs):
        with pytest.raises(WorkflowFailureError) as failed:
            await (await stage.start_job()).result()

    assert "date_start" in innermost(failed.value).message
    assert len(jobs.asked) == 1


async def test_a_transient_failure_is_tried_again(stage: Stage) -> None:
    jobs = stage.job_parts(batches=2)
    tries: list[int] = []

    async def fail_twice(_: str, batch: int) -> None:
        if batch == 1 and len(tries) < 2:
            tries.append(batch)
            raise TransientError("Trino answered 503", retry_after_s=3600)

    jobs.hooks[Activities.EXTRACT_DATA] = fail_twice
    async with stage.serve(jobs):
        summary = await (await stage.start_job()).result()

    assert jobs.cursors == [None, 1, 1, 1]
    assert summary.chunks_processed == 2


async def test_a_job_tells_how_far_it_is(stage: Stage) -> None:
    jobs = stage.job_parts(batches=3)
    go_on = asyncio.Event()

    async def hold_the_last(_: str, batch: int) -> None:
        if batch == 2:
            await go_on.wait()

    jobs.hooks[Activities.LOAD_DATA] = hold_the_last
    async with stage.serve(jobs):
        handle = await stage.start_job()
        await until(lambda: (Activities.LOAD_DATA, stage.job().job_id, 2) in jobs.asked)
        progress = await handle.query("progress", result_type=Counts)
        go_on.set()
        await handle.result()

    assert progress.documents == 2 * DOCUMENTS


async def test_a_job_is_the_same_when_every_step_replays_it_from_its_beginning(stage: Stage) -> None:
    jobs = stage.job_parts(batches=6, empty=frozenset({3}))
    async with stage.serve(jobs, max_cached_workflows=0):
        summary = await (await stage.start_job()).result()

    assert jobs.batches_of(Activities.LOAD_DATA) == [0, 1, 2, 4, 5]
    assert summary.chunks_processed == 5


async def test_a_bug_in_the_flow_fails_the_job_instead_of_hanging_it(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def divide(*_: object) -> None:
        raise TypeError("unsupported operand: the record that cannot be divided")

    monkeypatch.setattr(ETLFlow, "_extract", divide)
    jobs = stage.job_parts(batches=2)
    async with stage.serve(jobs):
        with pytest.raises(WorkflowFailureError) as failed:
            await (await stage.start_job()).result()

    assert isinstance(failed.value.cause, ApplicationError)
    assert (failed.value.cause.type, failed.value.cause.message) == ("TypeError", "TypeError")
    assert [(record.status, record.error) for record in jobs.summaries] == [("failed", "TypeError")]
