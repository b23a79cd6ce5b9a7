"""ETLFlow: what comes of the other batches when one is lost or fails?

On a real server: the time-skipping one loses a cancel of an activity that has just ended.
"""

import pytest
from temporalio.client import WorkflowFailureError

from temporaletl.contract import Activities
from temporaletl.errors import BlockLostError, QueryError
from tests.workflow.conftest import SaveHistory
from tests.workflow.parts import DOCUMENTS
from tests.workflow.stage import Stage, until
from worker.models import flow


async def test_a_lost_block_is_extracted_again_and_counts_once(
    dev_stage: Stage, save_history: SaveHistory
) -> None:
    jobs = dev_stage.job_parts(batches=5)
    lost: list[int] = []

    async def lose(_: str, batch: int) -> None:
        if batch == 2 and not lost:
            await until(lambda: 3 in jobs.batches_of(Activities.TRANSFORM_DATA))
            lost.append(batch)
            raise BlockLostError("block 2 is gone from etl_staging")

    jobs.hooks[Activities.LOAD_DATA] = lose
    async with dev_stage.serve(jobs):
        handle = await dev_stage.start_job()
        summary = await handle.result()
        await save_history(handle, "job_lost_block")

    assert lost == [2]
    assert jobs.batches_of(Activities.LOAD_DATA) == [0, 1, 2, 3, 4]
    assert jobs.cursors.count(2) == 2
    assert jobs.cursors[:2] == [None, 1]
    assert jobs.cursors.count(1) == 1
    assert (summary.chunks_processed, summary.documents) == (5, 5 * DOCUMENTS)


async def test_only_losses_in_a_row_make_a_job_fail(
    dev_stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flow, "MAX_LOST_BLOCKS", 2)
    jobs = dev_stage.job_parts(batches=5)
    lost: list[int] = []

    async def lose_each_once(_: str, batch: int) -> None:
        if batch not in lost:
            lost.append(batch)
            raise BlockLostError(f"block {batch} is gone from etl_staging")

    jobs.hooks[Activities.LOAD_DATA] = lose_each_once
    async with dev_stage.serve(jobs):
        summary = await (await dev_stage.start_job()).result()

    assert (lost, summary.chunks_processed) == ([0, 1, 2, 3, 4], 5)


async def test_a_block_lost_before_its_transform_waits_for_the_loads_before_it(dev_stage: Stage) -> None:
    jobs = dev_stage.job_parts(batches=3)
    lost: list[int] = []

    async def lose(_: str, batch: int) -> None:
        if batch == 1 and not lost:
            lost.append(batch)
            raise BlockLostError("block 1 is gone from etl_staging")

    async def load_late(_: str, batch: int) -> None:
        if batch == 0:
            await until(lambda: bool(lost))

    jobs.hooks = {Activities.TRANSFORM_DATA: lose, Activities.LOAD_DATA: load_late}
    async with dev_stage.serve(jobs):
        summary = await (await dev_stage.start_job()).result()

    assert jobs.batches_of(Activities.LOAD_DATA) == [0, 1, 2]
    assert summary.documents == 3 * DOCUMENTS


async def test_a_failing_batch_lets_the_ones_before_it_load_and_count(
    dev_stage: Stage, save_history: SaveHistory
) -> None:
    jobs = dev_stage.job_parts(batches=3)

    async def fail(_: str, batch: int) -> None:
        if batch == 1:
            raise QueryError("this batch cannot be shaped")

    async def load_late(_: str, batch: int) -> None:
        await until(lambda: (Activities.TRANSFORM_DATA, dev_stage.job().job_id, 1) in jobs.asked)

    jobs.hooks = {Activities.TRANSFORM_DATA: fail, Activities.LOAD_DATA: load_late}
    async with dev_stage.serve(jobs):
        handle = await dev_stage.start_job()
        with pytest.raises(WorkflowFailureError):
            await handle.result()
        await save_history(handle, "job_failed")

    assert [record.summary.documents for record in jobs.summaries] == [DOCUMENTS]
