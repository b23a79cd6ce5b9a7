"""ETLFlow: one job of a backlog, fetched, shaped and loaded batch by batch."""

import asyncio
from collections import deque
from collections.abc import Iterable
from datetime import timedelta
from types import NoneType

from pydantic import JsonValue
from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError, FailureError, is_cancelled_exception

from temporaletl.contract import ETL_FLOW, Activities, Counts, ETLInput, ETLSummary
from temporaletl.errors import BlockLostError, RunEndedError, TemporalETLError
from temporaletl.failures import BUGS, told_by
from temporaletl.flows import GIVE_UP, ask, finish_opening, finish_writing, read_input, stop_if
from worker.models.messages import (
    BlockRequest,
    ETLState,
    ExtractRequest,
    JobMetadata,
    ShapedBatch,
    StagedBatch,
    WriteSummary,
)

MAX_LOST_BLOCKS = 20
"""How often in a row a batch may be extracted again before the job fails."""


@workflow.defn(name=ETL_FLOW)
class ETLFlow:
    """get_metadata, then batches through a pipeline of extract, transform and load.

    Loads keep batch order, so that everything before the first unloaded batch is done: a lost block
    sends the flow back to that batch's cursor.
    """

    def __init__(self) -> None:
        self._counts = Counts()
        self._chunks = 0
        self._loaded_to: ETLState

    @workflow.query
    def progress(self) -> Counts:
        """What has been loaded so far."""
        return self._counts

    @workflow.run
    async def run(self, job: ETLInput, state: ETLState | None = None) -> ETLSummary:
        """Run the job to its end; the summary is also written to the run log, however it ends."""
        job = read_input(ETLInput, job)
        cancelled = False
        if state is None:
            opened, cancelled = await finish_opening(self._open(job))
            state = opened
        self._counts, self._chunks, self._loaded_to = state.counts, state.chunks_processed, state
        try:
            stop_if(cancelled)
            await self._run_batches(job)
        # Not every BaseException: an evicted flow, and one that continues as new, must just go.
        except (asyncio.CancelledError, FailureError, *BUGS) as error:
            if is_cancelled_exception(error):
                await asyncio.shield(self._write_summary(job, "cancelled", None, timedelta(seconds=30)))
            else:
                await self._write_summary(job, "failed", told_by(error), timedelta(minutes=10))
            raise
        return await finish_writing(self._write_summary(job, "completed", None, GIVE_UP))

    async def _open(self, job: ETLInput) -> ETLState:
        metadata = await ask(
            Activities.GET_METADATA,
            job,
            JobMetadata,
            source=job.source_kind_id,
            summary="check the arguments, open the run",
            within=timedelta(minutes=1),
        )
        return ETLState(metadata=metadata)

    async def _run_batches(self, job: ETLInput) -> None:
        lost = 0
        while True:
            before = self._chunks
            try:
                await self._run_pipeline(job)
            except ActivityError as error:
                lost = 1 if self._chunks > before else lost + 1
                if lost > MAX_LOST_BLOCKS:
                    raise
                if _is(error, RunEndedError):
                    await self._open_anew(job, error)
                elif _is(error, BlockLostError):
                    workflow.logger.warning("a staged batch was lost; extracting it again")
                else:
                    raise
            else:
                return

    async def _open_anew(self, job: ETLInput, error: ActivityError) -> None:
        """Go on in a row of its own after a reset: the run log has the end of the run before it."""
        opened, cancelled = await finish_opening(self._open(job))
        if opened.metadata.run == self._loaded_to.metadata.run:
            raise error
        self._loaded_to = self._loaded_to.model_copy(update={"metadata": opened.metadata})
        stop_if(cancelled)

    async def _run_pipeline(self, job: ETLInput) -> None:
        """Extract batch after batch while the ones before are shaped and loaded."""
        state = self._loaded_to
        metadata, cursor, batch_no = state.metadata, state.cursor, state.batch_no
        loads: deque[asyncio.Task[None]] = deque()
        extraction: asyncio.Task[StagedBatch] | None = None
        try:
            while True:
                while len(loads) >= metadata.max_concurrent_chunks:
                    await loads.popleft()
                extraction = asyncio.create_task(self._extract(job, metadata, batch_no, cursor))
                staged = await _result_or_first_failure(extraction, loads)
                cursor, batch_no = staged.cursor, batch_no + 1
                previous = loads[-1] if loads else None
                load = self._shape_and_load(job, metadata, staged.block_id, (cursor, batch_no), previous)
                loads.append(asyncio.create_task(load))
                if staged.done:
                    break
                if workflow.info().is_continue_as_new_suggested():
                    await asyncio.gather(*loads)
                    workflow.continue_as_new(args=[job, self._loaded_to])
            await asyncio.gather(*loads)
        # No "finally": a flow that is dropped with its worker, at no end of its own, must not wait for more.
        except (asyncio.CancelledError, FailureError, *BUGS) as error:
            if isinstance(error, ActivityError):
                # What is before the failed batch must count: it may commit whether we wait or not.
                await asyncio.gather(*loads, return_exceptions=True)
            left = [task for task in (extraction, *loads) if task is not None]
            for task in left:
                task.cancel()
            await asyncio.gather(*left, return_exceptions=True)
            raise

    async def _extract(
        self, job: ETLInput, metadata: JobMetadata, batch_no: int, cursor: JsonValue
    ) -> StagedBatch:
        return await ask(
            Activities.EXTRACT_DATA,
            ExtractRequest(job=job, run=metadata.run, batch_no=batch_no, cursor=cursor),
            StagedBatch,
            source=metadata.source_kind_id,
            summary=f"batch {batch_no}",
            within=timedelta(minutes=30),
            task_queue=metadata.extract_queue,
        )

    async def _shape_and_load(
        self,
        job: ETLInput,
        metadata: JobMetadata,
        block_id: str | None,
        next_position: tuple[JsonValue, int],
        previous: asyncio.Task[None] | None,
    ) -> None:
        block = None
        if block_id is not None:
            block = BlockRequest(job=job, run=metadata.run, block_id=block_id)
            await self._on_block(Activities.TRANSFORM_DATA, block, ShapedBatch, metadata)
        if previous is not None:
            await asyncio.shield(previous)
        if block is not None:
            counts: Counts = await self._on_block(Activities.LOAD_DATA, block, Counts, metadata)
            self._counts += counts
            self._chunks += 1
        # A batch that held nothing moves it too: a job that finds nothing for long must not start over.
        self._loaded_to = ETLState(
            metadata=metadata,
            cursor=next_position[0],
            batch_no=next_position[1],
            chunks_processed=self._chunks,
            counts=self._counts,
        )
        workflow.set_current_details(
            f"{self._chunks} batches, {self._counts.documents} documents, "
            f"{self._counts.items_processed} events"
        )

    async def _on_block[T](
        self, activity: str, block: BlockRequest, answer: type[T], metadata: JobMetadata
    ) -> T:
        return await ask(
            activity,
            block,
            answer,
            source=metadata.source_kind_id,
            summary=f"block {block.block_id}",
            within=timedelta(minutes=30),
        )

    async def _write_summary(
        self, job: ETLInput, status: str, error: str | None, patience: timedelta
    ) -> ETLSummary:
        metadata = self._loaded_to.metadata
        summary = ETLSummary(
            job_id=job.job_id,
            run=metadata.run,
            version=metadata.version,
            specific_version=metadata.specific_version,
            chunks_processed=self._chunks,
            batch_size=metadata.batch_size,
            **self._counts.model_dump(),
        )
        record = WriteSummary(
            run=metadata.run,
            job=job,
            source_kind_id=metadata.source_kind_id,
            status=status,
            summary=summary,
            error=error,
        )
        writing = ask(
            Activities.WRITE_SUMMARY,
            record,
            NoneType,
            source=metadata.source_kind_id,
            summary=status,
            within=timedelta(minutes=1),
            patience=patience,
        )
        if status == "completed":
            await writing
            return summary
        try:
            await asyncio.shield(asyncio.ensure_future(writing))
        except ActivityError:
            workflow.logger.warning("the run log could not be written")
        return summary


async def _result_or_first_failure[T](wanted: asyncio.Task[T], others: Iterable[asyncio.Task[None]]) -> T:
    """The result of *wanted*, or the first failure among *others* when that comes before."""
    while not wanted.done():
        running = [wanted, *(task for task in others if not task.done())]
        await workflow.wait(running, return_when=asyncio.FIRST_COMPLETED)
        for task in others:
            if task.done():
                task.result()
    return wanted.result()


def _is(error: ActivityError, kind: type[TemporalETLError]) -> bool:
    cause = error.cause
    return isinstance(cause, ApplicationError) and cause.type == kind.__name__
