"""The activities of an ETLFlow: what a job asks for, one batch at a time, into the warehouse."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import partial
from typing import Final

import structlog
from pydantic import BaseModel, ValidationError
from temporalio import activity

from temporaletl.addresses import replace_addresses
from temporaletl.connections import Connections
from temporaletl.contract import Activities, Counts, ETLInput, extract_queue
from temporaletl.errors import PermanentError, QueryError, TransientError
from temporaletl.failures import name_wrong_parts, safe_message
from temporaletl.heartbeat import beating
from temporaletl.settings import WorkerSettings
from temporaletl.sources import Sources
from worker.external.wpe_db.connect import Warehouse, warehouse_clock
from worker.external.wpe_db.coverage import advance_coverage, read_coverage
from worker.external.wpe_db.load import end_load, load_block
from worker.external.wpe_db.runs import end_silent_runs, finish_run, open_run
from worker.external.wpe_db.staging import (
    RawBlock,
    ShapedBlock,
    drop_blocks,
    put_block,
    put_rows,
    read_raw,
)
from worker.external.wpe_db.unfinished import forget_unfinished
from worker.models.batching import BatchLimits, collect_batch
from worker.models.context import Context, People
from worker.models.extract import extract_method
from worker.models.messages import (
    BlockRequest,
    ExtractRequest,
    JobMetadata,
    ShapedBatch,
    StagedBatch,
    WriteSummary,
)
from worker.models.query import Query, query_type
from worker.models.rows import encode_batch, measure_batch
from worker.models.shaping import shape_documents
from worker.models.transform import transform_method
from worker.models.values import CleanText

log = structlog.get_logger(__name__)

_LARGE_BATCHES: Final = 2
"""A batch of more than so many times BATCH_BYTES is large: a page or a document of it was."""


class JobActivities:
    """get_metadata, extract_data, transform_data, load_data and write_summary, with their clients.

    *people* answers the look-ups as the warehouse has them now; where it knows nobody, they are asked for
    over the connections, for the source.
    """

    def __init__(
        self,
        warehouse: Warehouse,
        connections: Connections,
        sources: Sources,
        people: Callable[[Connections, str], People],
        settings: WorkerSettings,
    ) -> None:
        self._warehouse = warehouse
        self._connections = connections
        self._sources = sources
        self._people = people
        self._settings = settings
        self._shaping_much = threading.Lock()

    @activity.defn(name=Activities.GET_METADATA)
    def get_metadata(self, job: ETLInput) -> JobMetadata:
        """Check the job's arguments, and open its row in the run log."""
        info = activity.info()
        named = {"workflow_id": str(info.workflow_id), "workflow_run_id": str(info.workflow_run_id)}
        try:
            query = self._read_query(job)
        except PermanentError as error:
            with beating(), self._warehouse.session() as conn, conn.transaction():
                # Without its arguments, which are not what they should be: nobody knows what they hold.
                run = open_run(
                    conn,
                    workflow_id=str(info.workflow_id),
                    workflow_run_id=str(info.workflow_run_id),
                    kind="ETLFlow",
                    source_kind_id=job.source_kind_id,
                    job_id=job.job_id,
                    namespace=info.namespace,
                )
                finish_run(conn, run=run, status="failed", counts={}, error=safe_message(error))
            raise
        with beating(), self._warehouse.session() as conn:
            # Not what was opened after this was asked: a try that wakes up late is itself the former one.
            end_silent_runs(conn, **named, others_before=info.scheduled_time)
            run = open_run(
                conn,
                **named,
                kind="ETLFlow",
                source_kind_id=query.source_kind_id,
                job_id=job.job_id,
                query=job,
                version=query.version(),
                specific_version=query.specific_version(),
                window=query.window,
                namespace=info.namespace,
            )
        return JobMetadata(
            run=run,
            source_kind_id=query.source_kind_id,
            event_type=str(job.args["event_type"]),
            extract_queue=extract_queue(info.task_queue, query.source_kind_id),
            version=query.version(),
            specific_version=query.specific_version(),
            batch_size=self._settings.batch_documents,
            max_concurrent_chunks=self._settings.max_concurrent_chunks,
        )

    @activity.defn(name=Activities.EXTRACT_DATA)
    def extract_data(self, request: ExtractRequest) -> StagedBatch:
        """Stage one batch from the cursor on, under a fresh block id."""
        query = self._reach_back(self._read_query(request.job), request.run)
        extract = extract_method[f"{request.job.query_type}-{query.event_type}"]
        limits = BatchLimits(
            self._settings.batch_documents,
            self._settings.batch_bytes,
            self._settings.batch_seconds,
            self._settings.max_document_bytes,
        )
        with self._connections.fork() as connections, beating(connections.close) as stop:
            pages = extract(query.bind(connections, limits.document_bytes), request.cursor)
            batch = collect_batch(pages, request.cursor, limits, self._read_clock, stop)
            block_id = None
            if batch.documents or batch.rejects or batch.skipped:
                with self._warehouse.session() as conn, activity.shield_thread_cancel_exception():
                    block_id = put_block(
                        conn,
                        run=request.run,
                        batch_no=request.batch_no,
                        documents=batch.documents,
                        rejects=batch.rejects,
                        skipped=batch.skipped,
                    )
        log.info(
            "batch extracted",
            job=request.job.job_id,
            batch=request.batch_no,
            documents=len(batch.documents),
            rejects=len(batch.rejects),
            skipped=sum(batch.skipped.values()),
        )
        return StagedBatch(
            block_id=block_id, cursor=batch.cursor, done=batch.done, documents=len(batch.documents)
        )

    @activity.defn(name=Activities.TRANSFORM_DATA)
    def transform_data(self, request: BlockRequest) -> ShapedBatch:
        """Put a staged batch's rows in place of its documents; called again, answer as before."""
        job = request.job
        query = self._read_query(job)
        with self._connections.fork() as connections, beating(connections.close):
            with self._warehouse.session() as conn:
                block = read_raw(conn, request.block_id)
            if isinstance(block, ShapedBlock):
                return ShapedBatch.model_validate(block.summary)
            people = self._people(connections, query.source_kind_id)
            with self._shape_alone(block):
                rows = encode_batch(
                    shape_documents(
                        block.read_documents(),
                        transform_method[job.query_type],
                        people,
                        self._read_options(job.query_type),
                        type(query),
                    ),
                    block.rejects,
                    skipped=block.skipped,
                    source_kind_id=query.source_kind_id,
                    events_since=self._settings.events_since,
                )
            size = measure_batch(rows)
            summary = ShapedBatch(events=size.events, rejected=size.rejected)
            with self._warehouse.session() as conn:
                held = put_rows(conn, request.block_id, rows, summary.model_dump())
            return ShapedBatch.model_validate(held)

    @activity.defn(name=Activities.LOAD_DATA)
    def load_data(self, request: BlockRequest) -> Counts:
        """Load a transformed batch, exactly once."""
        source = request.job.source_kind_id

        def cut_off() -> None:
            # Where it cannot be ended, it ends when its own time is over.
            with suppress(TransientError):
                end_load(self._warehouse, request.block_id)

        def clean_text() -> CleanText:
            with self._connections.fork() as connections:
                people = self._people(connections, source)
            return partial(replace_addresses, replace=Context(people).address)

        with beating(cut_off), activity.shield_thread_cancel_exception():
            counts = load_block(
                self._warehouse,
                request.block_id,
                source_kind_id=source,
                run=request.run,
                clean_text=clean_text,
            )
        log.info("batch loaded", job=request.job.job_id, **counts.model_dump())
        return counts

    @activity.defn(name=Activities.WRITE_SUMMARY)
    def write_summary(self, record: WriteSummary) -> None:
        """Write how a job ended to the run log; a completed one is unfinished no more, none stays staged."""
        with beating(), self._warehouse.session() as conn, conn.transaction():
            finish_run(
                conn,
                run=record.run,
                status=record.status,
                counts=record.summary.model_dump(include=set(Counts.model_fields) | {"chunks_processed"}),
                error=record.error,
            )
            drop_blocks(conn, record.run)
            if record.status == "completed":
                forget_unfinished(conn, record.source_kind_id, record.job.job_id)
                coverage = self._read_query(record.job).coverage
                # Whoever could have nothing of a slice (a member unknown for a while) covered nothing of it.
                had_nothing = record.summary.unavailable and not record.summary.documents
                if coverage is not None and not had_nothing:
                    advance_coverage(conn, record.run, coverage)

    @contextmanager
    def _shape_alone(self, block: RawBlock) -> Iterator[None]:
        """Shape one large batch at a time: it takes many times its size, and two are no faster at once."""
        if sum(map(len, block.lines)) <= _LARGE_BATCHES * self._settings.batch_bytes:
            yield
            return
        # In short waits: a cancel reaches a thread between two of them.
        while not self._shaping_much.acquire(timeout=0.5):
            pass
        try:
            yield
        finally:
            self._shaping_much.release()

    def _read_query(self, job: ETLInput) -> Query:
        source = job.args.get("source_kind_id")
        if not isinstance(source, str):
            raise QueryError(f"job {job.job_id}: source_kind_id is missing in its arguments")
        self._sources.require(source)
        model = query_type[job.query_type]
        try:
            return model.model_validate(job.args)
        except ValidationError as error:
            raise QueryError(f"job {job.job_id}: wrong arguments: {name_wrong_parts(error)}") from error

    def _reach_back(self, query: Query, run: int) -> Query:
        if query.coverage is None or query.ids is not None:
            return query
        with self._warehouse.session() as conn:
            start = read_coverage(conn, run, query.coverage)
        return query if start is None else query.reach_back(start)

    def _read_options(self, plugin: str) -> BaseModel | None:
        needs = transform_method.needs(plugin)
        return self._connections.settings(needs[0]) if needs else None

    def _read_clock(self) -> datetime:
        with self._warehouse.session() as conn:
            return warehouse_clock(conn)
