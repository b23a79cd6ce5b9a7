"""QueuerFlow: one run of a source, from its backlog to one ETLFlow child per slice."""

import asyncio
from datetime import datetime, timedelta
from types import NoneType
from typing import Any, Literal

from pydantic import JsonValue
from temporalio import workflow
from temporalio.common import Priority, SearchAttributeKey
from temporalio.exceptions import (
    ActivityError,
    ApplicationError,
    ChildWorkflowError,
    FailureError,
    WorkflowAlreadyStartedError,
    is_cancelled_exception,
)
from temporalio.workflow import ChildWorkflowCancellationType, ParentClosePolicy

from queuer.models.messages import (
    JOBS_FAILED,
    BacklogQuestion,
    Phase,
    QueuerMetadata,
    QueuerResult,
    QueuerState,
    RunStatus,
    Tally,
)
from temporaletl.contract import (
    ETL_FLOW,
    QUEUER_FLOW,
    Activities,
    CloseRun,
    ETLInput,
    ETLSummary,
    JobsPage,
    OpenedRun,
    OpenRun,
    QueuerInput,
    Unfinished,
)
from temporaletl.failures import BUGS, told_by
from temporaletl.flows import GIVE_UP, ask, finish_opening, finish_writing, read_input, stop_if

NOMINAL_TIME = SearchAttributeKey.for_datetime("TemporalScheduledStartTime")

FAILS_WITH_ITS_JOBS = "fails-with-its-jobs"
"""The patch of flows that fail where every job of theirs failed."""

MAX_REMEMBERED = 500
"""How many leftover jobs continue-as-new carries by name; of a forgotten one the work is done twice."""


@workflow.defn(name=QUEUER_FLOW)
class QueuerFlow:
    """Unfinished jobs of earlier runs first, then the backlog page by page, in a bounded window."""

    def __init__(self) -> None:
        self._state: QueuerState
        self._tally = Tally()
        self._running: list[asyncio.Task[None]] = []
        self._leftover: dict[str, None] = {}

    @workflow.query
    def progress(self) -> Tally:
        """How the jobs went so far."""
        return self._tally

    @workflow.run
    async def run(self, request: QueuerInput, state: QueuerState | None = None) -> QueuerResult:
        """Walk the backlog to its end; the result is also written to the run log, however it ends."""
        fails = workflow.patched(FAILS_WITH_ITS_JOBS)
        request = read_input(QueuerInput, request)
        leftover: JobsPage | None = None
        cancelled = False
        if state is None:
            opened, cancelled = await finish_opening(self._open(request))
            state, leftover = opened
        self._state, self._tally = state, state.tally
        self._leftover = dict.fromkeys(state.leftover)
        try:
            stop_if(cancelled)
            await self._walk_or_drain(request, state, leftover)
        # Not every BaseException: an evicted flow, and one that continues as new, must just go.
        except (asyncio.CancelledError, FailureError, *BUGS) as error:
            for task in self._running:
                task.cancel()
            await asyncio.gather(*self._running, return_exceptions=True)
            if is_cancelled_exception(error):
                await asyncio.shield(self._close(request, "cancelled", None, timedelta(seconds=30)))
            else:
                await self._close(request, "failed", told_by(error), timedelta(minutes=10))
            raise
        return await self._complete(request, fails=fails)

    async def _complete(self, request: QueuerInput, *, fails: bool) -> QueuerResult:
        """Close the run that walked its whole backlog; raises ApplicationError where every job failed."""
        state, tally = self._state, self._tally
        status = tally.status if fails else "completed"
        why = tally.describe_failures()
        await finish_writing(self._close(request, status, why, GIVE_UP, walked=True))
        result = QueuerResult(
            source_kind_id=request.source_kind_id,
            run=state.run,
            window=state.window,
            exhausted=state.exhausted,
            tally=tally,
            status=status,
        )
        if status == "failed":
            raise ApplicationError(why or status, result, type=JOBS_FAILED, non_retryable=True)
        return result

    async def _open(self, request: QueuerInput) -> tuple[QueuerState, JobsPage]:
        metadata = await ask(
            Activities.GET_METADATA,
            request,
            QueuerMetadata,
            source=request.source_kind_id,
            summary="is the source known and configured?",
            within=timedelta(minutes=1),
        )
        nominal = workflow.info().typed_search_attributes.get(NOMINAL_TIME) or workflow.now()
        opened = await self._ask_open(request, metadata, nominal, None)
        state = QueuerState(
            metadata=metadata,
            run=opened.run,
            opened_at=opened.opened_at,
            nominal=nominal,
            window=opened.window,
            exhausted=opened.exhausted,
            phase="leftover",
            cursor=opened.leftover.cursor,
            tally=Tally(),
        )
        return state, opened.leftover

    async def _walk_or_drain(self, request: QueuerInput, state: QueuerState, first: JobsPage | None) -> None:
        """Start every job; after a failure those that run already go on to their end first."""
        try:
            await self._walk(request, state, first)
        except (FailureError, *BUGS) as error:
            if not is_cancelled_exception(error):
                await asyncio.gather(*self._running, return_exceptions=True)
            raise

    async def _walk(self, request: QueuerInput, state: QueuerState, first: JobsPage | None) -> None:
        """Start every job; drain and continue as new when the history has grown."""
        page, phase, cursor = first, state.phase, state.cursor
        while True:
            if page is None:
                page = await self._next_page(request, state, phase, cursor)
            self._tally = self._tally.with_notes(page.notes)
            for job in page.jobs:
                # What an earlier run left of this very window is in its backlog too: once is enough.
                if job.job_id in self._leftover:
                    continue
                if phase == "leftover":
                    self._leftover[job.job_id] = None
                await self._start(job, state.metadata)
            cursor, page = page.cursor, None
            if cursor is None:
                if phase == "backlog":
                    break
                phase = "backlog"
            if workflow.info().is_continue_as_new_suggested():
                await asyncio.gather(*self._running)
                leftover = tuple(self._leftover)[-MAX_REMEMBERED:]
                carried = {"phase": phase, "cursor": cursor, "tally": self._tally, "leftover": leftover}
                workflow.continue_as_new(args=[request, state.model_copy(update=carried)])
        await asyncio.gather(*self._running)

    async def _next_page(
        self, request: QueuerInput, state: QueuerState, phase: Phase, cursor: JsonValue
    ) -> JobsPage:
        if phase == "leftover":
            return (await self._ask_open(request, state.metadata, state.nominal, cursor)).leftover
        source = request.source_kind_id
        return await ask(
            Activities.EXTRACT_PARAMETERS,
            BacklogQuestion(source_kind_id=source, window=state.window, cursor=cursor),
            JobsPage,
            source=source,
            summary="a page of the backlog",
            within=timedelta(minutes=30),
        )

    async def _start(self, job: ETLInput, metadata: QueuerMetadata) -> None:
        while len(self._running) >= metadata.max_children:
            done, pending = await workflow.wait(self._running, return_when=asyncio.FIRST_COMPLETED)
            self._running = list(pending)
            for task in done:
                task.result()
        self._count(queued=1)
        self._running.append(asyncio.create_task(self._run_child(job, metadata)))

    async def _run_child(self, job: ETLInput, metadata: QueuerMetadata) -> None:
        source = metadata.source_kind_id
        child: workflow.ChildWorkflowHandle[Any, ETLSummary] | None = None
        try:
            child = await workflow.start_child_workflow(
                ETL_FLOW,
                job,
                result_type=ETLSummary,
                id=job.job_id,
                task_queue=metadata.worker_queue,
                parent_close_policy=ParentClosePolicy.ABANDON,
                cancellation_type=ChildWorkflowCancellationType.WAIT_CANCELLATION_REQUESTED,
                priority=Priority(fairness_key=source),
                static_summary=job.job_id,
            )
            summary = await child
        except WorkflowAlreadyStartedError:
            self._count(skipped=1)
            note = Unfinished(
                source_kind_id=source,
                run=self._state.run,
                job=job,
                error="was running already for another run",
                counts_as_attempt=False,
            )
        except ChildWorkflowError as error:
            if workflow.cancellation_reason() is not None:
                raise
            reason = told_by(error)
            self._tally = self._tally.with_failed(job.job_id, reason)
            self._show_progress()
            note = Unfinished(
                source_kind_id=source,
                run=self._state.run,
                job=job,
                error=reason,
                ended_run=None if child is None else child.first_execution_run_id,
            )
        else:
            self._tally = self._tally.with_events(summary)
            self._count(succeeded=1)
            return
        await self._on_worker(Activities.NOTE_UNFINISHED, note, metadata, "remember the job")

    async def _close(
        self,
        request: QueuerInput,
        status: RunStatus | Literal["cancelled"],
        error: str | None,
        patience: timedelta,
        *,
        walked: bool = False,
    ) -> None:
        """Write how the run ended. One that *walked* its whole backlog must not end without that."""
        state, tally = self._state, self._tally
        window_is_ours = request.date_start is None and request.date_end is None
        covers = walked and window_is_ours and status != "failed"
        counts = {**tally.events.model_dump(), **tally.model_dump(include=_JOB_COUNTS)}
        close = CloseRun(
            source_kind_id=request.source_kind_id,
            run=state.run,
            status=status,
            counts={**counts, **tally.notes},
            covered_until=min(state.opened_at, state.window.end) if covers else None,
            error=error,
            counts_attempts=tally.succeeded > 0,
        )
        try:
            await self._on_worker(Activities.CLOSE_RUN, close, state.metadata, status, patience)
        except ActivityError:
            if walked:
                raise
            workflow.logger.warning("the run log could not be written")

    async def _ask_open(
        self, request: QueuerInput, metadata: QueuerMetadata, nominal: datetime, cursor: JsonValue
    ) -> OpenedRun:
        info = workflow.info()
        question = OpenRun(
            **request.model_dump(),
            workflow_id=info.workflow_id,
            workflow_run_id=info.first_execution_run_id,
            nominal=nominal,
            cursor=cursor,
        )
        return await ask(
            Activities.OPEN_RUN,
            question,
            OpenedRun,
            source=request.source_kind_id,
            summary="register the run; what did earlier runs leave?",
            within=timedelta(minutes=15),
            task_queue=metadata.worker_queue,
        )

    async def _on_worker(
        self,
        activity: str,
        argument: Unfinished | CloseRun,
        metadata: QueuerMetadata,
        summary: str,
        patience: timedelta = GIVE_UP,
    ) -> None:
        await ask(
            activity,
            argument,
            NoneType,
            source=metadata.source_kind_id,
            summary=summary,
            within=timedelta(minutes=1),
            patience=patience,
            task_queue=metadata.worker_queue,
        )

    def _count(self, **more: int) -> None:
        self._tally = self._tally.counting(**more)
        self._show_progress()

    def _show_progress(self) -> None:
        tally = self._tally
        workflow.set_current_details(
            f"{tally.succeeded} of {tally.queued} jobs done, {tally.failed} failed, {tally.skipped} skipped; "
            f"{tally.events.items_processed} events"
        )


_JOB_COUNTS = {"queued", "succeeded", "failed", "skipped"}
