"""The activities that a QueuerFlow asks of the warehouse: open a run, remember what is left, close it."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta

import structlog
from pydantic import JsonValue, ValidationError
from temporalio import activity

from temporaletl.connections import Connections
from temporaletl.contract import (
    OVERLAP,
    Activities,
    CloseRun,
    ETLInput,
    JobsPage,
    OpenedRun,
    OpenRun,
    RefusedRun,
    Unfinished,
    WalkNote,
    Window,
    make_document_jobs,
)
from temporaletl.errors import ConfigurationError
from temporaletl.heartbeat import beating
from temporaletl.sources import Sources
from worker.external.endings import Ending
from worker.external.wpe_db.connect import Connection, Warehouse, warehouse_clock
from worker.external.wpe_db.runs import end_run, end_silent_runs, finish_run, open_run, running_runs
from worker.external.wpe_db.staging import sweep_blocks
from worker.external.wpe_db.unfinished import (
    count_exhausted,
    note_unfinished,
    reread_page,
    take_attempts_back,
    unfinished_page,
)
from worker.external.wpe_db.walks import (
    count_exhausted_walks,
    finish_walks,
    hold_walk,
    make_walk,
    note_walk,
    read_walks,
    take_walks,
)
from worker.external.wpe_db.watermarks import advance_watermark, covered_until

log = structlog.get_logger(__name__)

BLOCK_LIFE = timedelta(days=2)
JOBS_PER_PAGE = 100
DOCUMENTS_PER_PAGE = 3_000
MAX_PAGE_BYTES = 48_000
"""A page is stored in the run's history, with what is around it, and stays under 64 KB there."""


class RunActivities:
    """open_run, refuse_run, note_walk, note_unfinished and close_run, with the warehouse they are written to.

    *refresh* reads the directory and the accounts of a source, so that people who became known are known
    before the run's jobs. *read_ending* answers how a workflow ended, None where it may still run.
    """

    def __init__(
        self,
        warehouse: Warehouse,
        connections: Connections,
        sources: Sources,
        refresh: Callable[[Connections, str], None],
        read_ending: Callable[[str, str], Ending | None],
    ) -> None:
        self._warehouse = warehouse
        self._connections = connections
        self._sources = sources
        self._refresh = refresh
        self._read_ending = read_ending

    @activity.defn(name=Activities.OPEN_RUN)
    def open_run(self, request: OpenRun) -> OpenedRun:
        """Register the run, choose its window, and answer a page of what earlier runs left to do."""
        self._sources.require(request.source_kind_id)
        with self._connections.fork() as connections, beating(connections.close):
            if request.cursor is None:
                self._refresh(connections, request.source_kind_id)
                self._end_runs_that_are_over(request)
            with self._warehouse.session() as conn:
                return self._open(conn, request)

    def _open(self, conn: Connection, request: OpenRun) -> OpenedRun:
        source = request.source_kind_id
        if request.cursor is None:
            # Before the run has a row: whoever cancels it meanwhile leaves none that nobody would close.
            sweep_blocks(conn, BLOCK_LIFE)
        opened_at = warehouse_clock(conn)
        window = choose_window(request, covered_until(conn, source), opened_at)
        with conn.transaction():
            run = _register(conn, request, window)
            if request.cursor is None:
                take_walks(conn, source, run, window)
        return OpenedRun(
            run=run,
            opened_at=opened_at,
            window=window,
            leftover=self._read_leftover(conn, source, window, request.cursor),
            exhausted=count_exhausted(conn, source) + count_exhausted_walks(conn, source),
            walks=read_walks(conn, run) if request.cursor is None else (),
        )

    def _end_runs_that_are_over(self, request: OpenRun) -> None:
        """Close the runs and jobs of the source that ended in Temporal without writing so."""
        with self._warehouse.session() as conn:
            running = running_runs(
                conn,
                request.source_kind_id,
                namespace=activity.info().namespace,
                workflow_id=request.workflow_id,
                workflow_run_id=request.workflow_run_id,
            )
        for run in running:
            ending = self._read_ending(run.workflow_id, run.workflow_run_id)
            # Another cluster's namespace may have our name, or one of ours began anew: a workflow that is
            # unknown has ended only where its end would be forgotten by now.
            if ending is None or not (ending.is_known or (run.is_ours and run.is_old)):
                continue
            with self._warehouse.session() as conn, conn.transaction():
                if ending.by_person:
                    hold_walk(conn, run.id)
                end_run(conn, run.id, status=ending.status, error=ending.error)
            log.warning("run ended without a word", workflow=run.workflow_id, status=ending.status)

    @activity.defn(name=Activities.REFUSE_RUN)
    def refuse_run(self, refused: RefusedRun) -> None:
        """Write why a run failed before it was opened; what it was to walk waits for the next run."""
        with beating(), self._warehouse.session() as conn, conn.transaction():
            window = None
            if refused.has_window:
                covered = covered_until(conn, refused.source_kind_id)
                with suppress(ConfigurationError):
                    window = choose_window(refused, covered, warehouse_clock(conn))
            run = _register(conn, refused, window)
            finish_run(conn, run=run, status="failed", counts={}, error=refused.error)
        log.warning("run refused", source=refused.source_kind_id, error=refused.error)

    @activity.defn(name=Activities.NOTE_WALK)
    def note_walk(self, note: WalkNote) -> None:
        """Remember how far the run came on a walk."""
        with beating(), self._warehouse.session() as conn:
            note_walk(conn, note)

    def _read_leftover(self, conn: Connection, source: str, window: Window, cursor: JsonValue) -> JobsPage:
        """Unfinished jobs by job id, then documents to be read again, by document id."""
        phase, after = _read_cursor(cursor)
        if phase == "unfinished":
            left = unfinished_page(conn, source, after, JOBS_PER_PAGE)
            jobs = take_fitting(left, lambda job: len(job.model_dump_json()))
            whole = len(jobs) == len(left) < JOBS_PER_PAGE
            next_jobs: JsonValue = ["reread", None] if whole else [phase, jobs[-1].job_id]
            return JobsPage(jobs=tuple(jobs), cursor=next_jobs)
        left_ids = reread_page(conn, source, after, DOCUMENTS_PER_PAGE)
        ids = take_fitting(left_ids, lambda document_id: len(document_id.encode()) + 4)
        rereads = name_documents(self._sources.require(source), source, window, ids)
        whole = len(ids) == len(left_ids) < DOCUMENTS_PER_PAGE
        return JobsPage(jobs=tuple(rereads), cursor=None if whole else [phase, ids[-1]])

    @activity.defn(name=Activities.NOTE_UNFINISHED)
    def note_unfinished(self, note: Unfinished) -> None:
        """Remember a job, so that the next run asks for it again; end its own run where that could not."""
        job = note.job
        with beating(), self._warehouse.session() as conn:
            if note.ended_run is not None:
                end_silent_runs(conn, workflow_id=job.job_id, workflow_run_id=note.ended_run)
            note_unfinished(conn, note)
        log.warning("job left unfinished", job=job.job_id, error=note.error)

    @activity.defn(name=Activities.CLOSE_RUN)
    def close_run(self, close: CloseRun) -> None:
        """Write how the run ended, and move the watermark forward where it walked the whole backlog."""
        with beating(), self._warehouse.session() as conn, conn.transaction():
            if not close.counts_attempts:
                take_attempts_back(conn, close.source_kind_id, close.run)
            # A flow that began before runs had walks tells that it walked by its status alone.
            if close.walked or close.status == "completed":
                finish_walks(conn, close.run)
            elif close.walk is not None:
                note_walk(conn, WalkNote(source_kind_id=close.source_kind_id, run=close.run, walk=close.walk))
            if close.status == "cancelled":
                hold_walk(conn, close.run)
            finish_run(conn, run=close.run, status=close.status, counts=close.counts, error=close.error)
            if close.covered_until is not None:
                advance_watermark(conn, close.source_kind_id, close.covered_until, close.run)
        log.info("run closed", source=close.source_kind_id, status=close.status, **close.counts)


def _register(conn: Connection, request: OpenRun, window: Window | None) -> int:
    """The number of the run: it has a row now and, where it has a *window*, a walk."""
    run = open_run(
        conn,
        kind="QueuerFlow",
        workflow_id=request.workflow_id,
        workflow_run_id=request.workflow_run_id,
        source_kind_id=request.source_kind_id,
        window=window,
        namespace=activity.info().namespace,
    )
    # A page of leftover jobs is asked for by a run that has its walk, and may be on the way through it.
    if window is not None and request.cursor is None:
        named = request.date_start is not None or request.date_end is not None
        make_walk(conn, request.source_kind_id, run, window, named_dates=named)
    return run


def choose_window(request: OpenRun, covered: datetime | None, now: datetime) -> Window:
    """The days a run covers: as asked, else from OVERLAP before what is not covered yet to its nominal day.

    Raises ConfigurationError when the end is not after the start, or the whole of it is in the future.
    """
    start = request.date_start or _day(min(request.nominal, covered or request.nominal) - OVERLAP)
    end = request.date_end or _day(request.nominal) + timedelta(days=1)
    source = request.source_kind_id
    if start > _day(max(now, request.nominal)):
        raise ConfigurationError(f"the window of {source} begins on {start}, which is in the future")
    try:
        return Window(date_start=start, date_end=end)
    except ValidationError as error:
        raise ConfigurationError(
            f"the window of {source} ends on {end}, which is not after its start {start}"
        ) from error


def take_fitting[T](items: Sequence[T], size_of: Callable[[T], int]) -> list[T]:
    """The first of *items* that fit into a page together, one at least where there is one."""
    taken: list[T] = []
    size = 0
    for item in items:
        size += size_of(item)
        if taken and size > MAX_PAGE_BYTES:
            break
        taken.append(item)
    return taken


def name_documents(plugin: str, source: str, window: Window, document_ids: list[str]) -> list[ETLInput]:
    """Jobs that read documents by id, for each event type of *document_ids* (``issues:10001``)."""
    by_type: dict[str, list[str]] = {}
    for document_id in document_ids:
        event_type, _, upstream_id = document_id.partition(":")
        by_type.setdefault(event_type, []).append(upstream_id)
    jobs: list[ETLInput] = []
    for event_type, upstream_ids in sorted(by_type.items()):
        args = {
            "source_kind_id": source,
            "event_type": event_type,
            "date_start": window.date_start.isoformat(),
            "date_end": window.date_end.isoformat(),
        }
        jobs += make_document_jobs(plugin, args, upstream_ids)
    return jobs


def _read_cursor(cursor: JsonValue) -> tuple[str, str | None]:
    match cursor:
        case [str(phase), str(after)]:
            return phase, after
        case [str(phase), None]:
            return phase, None
    return "unfinished", None


def _day(moment: datetime) -> date:
    return moment.astimezone(UTC).date()
