"""QueuerFlow: one run of a source, from its backlog to one ETLFlow child per slice."""

import asyncio
import re
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
from queuer.models.position import Page, Position
from temporaletl.contract import (
    ETL_FLOW,
    QUEUER_FLOW,
    SOURCE_KIND_ID,
    Activities,
    CloseRun,
    ETLInput,
    ETLSummary,
    JobsPage,
    OpenedRun,
    OpenRun,
    QueuerInput,
    RefusedRun,
    Unfinished,
    Walk,
    WalkNote,
)
from temporaletl.errors import ConfigurationError, InputError
from temporaletl.failures import BUGS, safe_message, told_by
from temporaletl.flows import GIVE_UP, ask, finish_opening, finish_writing, read_input, stop_if

NOMINAL_TIME = SearchAttributeKey.for_datetime("TemporalScheduledStartTime")

KEEPS_WALKS = "keeps-walks"
"""The patch of flows that fail where every job failed, and keep what they could not finish."""

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
        self._keeps_walks = False
        self._position: Position | None = None

    @workflow.query
    def progress(self) -> Tally:
        """How the jobs went so far."""
        return self._tally

    @workflow.run
    async def run(self, request: QueuerInput, state: QueuerState | None = None) -> QueuerResult:
        """Walk the backlog to its end; the result is also written to the run log, however it ends."""
        self._keeps_walks = workflow.patched(KEEPS_WALKS)
        request = await self._read(request)
        leftover: JobsPage | None = None
        cancelled = False
        if state is None:
            opened, cancelled = await finish_opening(self._open(request))
            state, leftover = opened
        self._state, self._tally = state, state.tally
        self._leftover = dict.fromkeys(state.leftover)
        try:
            stop_if(cancelled)
            await self._start_or_drain(request, state, leftover)
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
        return await self._complete(request)

    async def _read(self, given: object) -> QueuerInput:
        """The flow's input; what is wrong with it is written to the run log where it names a source."""
        try:
            return read_input(QueuerInput, given)
        except InputError as error:
            source = given.get("source_kind_id") if isinstance(given, dict) else None
            if self._keeps_walks and isinstance(source, str) and re.fullmatch(SOURCE_KIND_ID, source):
                request = QueuerInput(source_kind_id=source)
                metadata = await self._ask_metadata(request)
                await self._refuse(request, metadata, safe_message(error), has_window=False)
            raise

    async def _complete(self, request: QueuerInput) -> QueuerResult:
        """Close the run that walked its whole backlog; raises ApplicationError where every job failed."""
        state, tally = self._state, self._tally
        status = tally.status if self._keeps_walks else "completed"
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
        metadata = await self._ask_metadata(request)
        question = self._name_run(request)
        try:
            if metadata.refusal is not None:
                kind = ConfigurationError.__name__
                raise ApplicationError(metadata.refusal, type=kind, non_retryable=True)
            opened = await self._ask_open(question, metadata)
        except FailureError as error:
            if self._keeps_walks and not is_cancelled_exception(error):
                await self._refuse(request, metadata, told_by(error))
            raise
        state = QueuerState(
            metadata=metadata,
            run=opened.run,
            opened_at=opened.opened_at,
            nominal=question.nominal,
            window=opened.window,
            exhausted=opened.exhausted,
            phase="leftover",
            cursor=opened.leftover.cursor,
            tally=Tally(),
            walks=opened.walks if self._keeps_walks else (),
        )
        return state, opened.leftover

    async def _start_or_drain(self, request: QueuerInput, state: QueuerState, first: JobsPage | None) -> None:
        """Start every job; after a failure those that run already go on to their end first."""
        try:
            await self._start_all(request, state, first)
        except (FailureError, *BUGS) as error:
            if not is_cancelled_exception(error):
                await asyncio.gather(*self._running, return_exceptions=True)
            raise

    async def _start_all(self, request: QueuerInput, state: QueuerState, first: JobsPage | None) -> None:
        """Start the jobs that earlier runs left, then those of each walk; the last one is the run's own."""
        page, cursor = first, state.cursor
        while state.phase == "leftover":
            if page is None:
                question = self._name_run(request, nominal=state.nominal, cursor=cursor)
                page = (await self._ask_open(question, state.metadata)).leftover
            for job in page.jobs:
                if job.job_id not in self._leftover:
                    self._leftover[job.job_id] = None
                    await self._start(job, state.metadata)
            cursor, page = page.cursor, None
            if cursor is None:
                break
            await self._continue_if_long(request, state, "leftover", cursor, state.walks)
        walks = state.walks or (Walk(id=0, window=state.window),)
        if state.phase == "leftover":
            await self._continue_if_long(request, state, "backlog", walks[0].cursor, walks)
        else:
            walks = (walks[0].model_copy(update={"cursor": cursor}), *walks[1:])
        while walks:
            await self._start_walk(request, state, walks)
            walks = walks[1:]

    async def _start_walk(self, request: QueuerInput, state: QueuerState, walks: tuple[Walk, ...]) -> None:
        """Start the jobs of the first of *walks*; one that an earlier run left may fail for itself."""
        walk, cursor = walks[0], walks[0].cursor
        is_own = len(walks) == 1
        self._position = position = Position(walk)
        while True:
            page = position.begin_page(cursor)
            try:
                found = await self._ask_backlog(state, walk, cursor)
            except ActivityError as error:
                if is_own or is_cancelled_exception(error):
                    raise
                await asyncio.gather(*self._running)
                await self._note_walk(state, position.find(), error=told_by(error))
                break
            self._tally = self._tally.with_notes(found.notes)
            for job in found.jobs:
                # What an earlier run left of this very window is in its backlog too: once is enough.
                if job.job_id not in self._leftover:
                    page.jobs += 1
                    await self._start(job, state.metadata, page)
            cursor = found.cursor
            position.end_page(page, cursor)
            if cursor is None:
                await asyncio.gather(*self._running)
                if not is_own:
                    await self._note_walk(state, walk, done=True)
                break
            await self._continue_if_long(request, state, "backlog", cursor, walks)
            if walk.id and (further := position.find_news()) is not None:
                await self._note_walk(state, further)
        if not is_own:
            self._position = None

    async def _continue_if_long(
        self,
        request: QueuerInput,
        state: QueuerState,
        phase: Phase,
        cursor: JsonValue,
        walks: tuple[Walk, ...],
    ) -> None:
        """Continue as new where the history has grown, with nothing in flight."""
        if not workflow.info().is_continue_as_new_suggested():
            return
        await asyncio.gather(*self._running)
        leftover = tuple(self._leftover)[-MAX_REMEMBERED:]
        carried = {"phase": phase, "cursor": cursor, "tally": self._tally, "leftover": leftover}
        walks = walks if state.walks else ()
        workflow.continue_as_new(args=[request, state.model_copy(update={**carried, "walks": walks})])

    async def _note_walk(
        self, state: QueuerState, walk: Walk, *, done: bool = False, error: str | None = None
    ) -> None:
        source = state.metadata.source_kind_id
        note = WalkNote(source_kind_id=source, run=state.run, walk=walk, done=done, error=error)
        await self._on_worker(Activities.NOTE_WALK, note, state.metadata, "how far the walk came")

    async def _refuse(
        self, request: QueuerInput, metadata: QueuerMetadata, error: str, *, has_window: bool = True
    ) -> None:
        """Have it written why the run failed before it was opened, once the warehouse can be reached."""
        workflow.set_current_details(error)
        refused = RefusedRun(**self._name_run(request).model_dump(), error=error, has_window=has_window)
        try:
            await self._on_worker(Activities.REFUSE_RUN, refused, metadata, "failed")
        except ActivityError:
            workflow.logger.warning("the run log could not be written")

    async def _ask_metadata(self, request: QueuerInput) -> QueuerMetadata:
        return await ask(
            Activities.GET_METADATA,
            request,
            QueuerMetadata,
            source=request.source_kind_id,
            summary="is the source known and configured?",
            within=timedelta(minutes=1),
        )

    async def _ask_backlog(self, state: QueuerState, walk: Walk, cursor: JsonValue) -> JobsPage:
        source = state.metadata.source_kind_id
        return await ask(
            Activities.EXTRACT_PARAMETERS,
            BacklogQuestion(source_kind_id=source, window=walk.window, cursor=cursor),
            JobsPage,
            source=source,
            summary="a page of the backlog",
            within=timedelta(minutes=30),
        )

    async def _start(self, job: ETLInput, metadata: QueuerMetadata, page: Page | None = None) -> None:
        while len(self._running) >= metadata.max_children:
            done, pending = await workflow.wait(self._running, return_when=asyncio.FIRST_COMPLETED)
            self._running = list(pending)
            for task in done:
                task.result()
        self._count(queued=1)
        self._running.append(asyncio.create_task(self._run_child(job, metadata, page)))

    async def _run_child(self, job: ETLInput, metadata: QueuerMetadata, page: Page | None) -> None:
        """Run *job*, which is of *page* of a walk, until it is done, or remembered as unfinished."""
        note = await self._await_child(job, metadata)
        if note is not None:
            await self._on_worker(Activities.NOTE_UNFINISHED, note, metadata, "remember the job")
        if page is not None:
            page.jobs -= 1

    async def _await_child(self, job: ETLInput, metadata: QueuerMetadata) -> Unfinished | None:
        """Run *job*, and answer what is to be remembered of it where it did not finish."""
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
            return Unfinished(
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
            return Unfinished(
                source_kind_id=source,
                run=self._state.run,
                job=job,
                error=reason,
                ended_run=None if child is None else child.first_execution_run_id,
            )
        self._tally = self._tally.with_events(summary)
        self._count(succeeded=1)
        return None

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
            walked=walked,
            walk=None if self._position is None or not state.walks else self._position.find(),
        )
        try:
            await self._on_worker(Activities.CLOSE_RUN, close, state.metadata, status, patience)
        except ActivityError:
            if walked:
                raise
            workflow.logger.warning("the run log could not be written")

    def _name_run(
        self, request: QueuerInput, *, nominal: datetime | None = None, cursor: JsonValue = None
    ) -> OpenRun:
        info = workflow.info()
        return OpenRun(
            **request.model_dump(),
            workflow_id=info.workflow_id,
            workflow_run_id=info.first_execution_run_id,
            nominal=nominal or info.typed_search_attributes.get(NOMINAL_TIME) or workflow.now(),
            cursor=cursor,
        )

    async def _ask_open(self, question: OpenRun, metadata: QueuerMetadata) -> OpenedRun:
        return await ask(
            Activities.OPEN_RUN,
            question,
            OpenedRun,
            source=question.source_kind_id,
            summary="register the run; what did earlier runs leave?",
            within=timedelta(minutes=15),
            task_queue=metadata.worker_queue,
        )

    async def _on_worker(
        self,
        activity: str,
        argument: Unfinished | WalkNote | RefusedRun | CloseRun,
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
