"""How the tests make documents and load them, as the engine's activities do."""

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg

from temporaletl.contract import Counts, DocumentReject
from tests.waiting import wait_until
from worker.external.wpe_db.connect import Warehouse
from worker.external.wpe_db.load import load_block
from worker.external.wpe_db.staging import put_block, put_rows
from worker.models.event import Event
from worker.models.rows import encode_batch
from worker.models.shaped import ShapedDocument

SCHEMA = "analytics"
SOURCE = "jira"
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
"""When the documents of tests were read, unless they say otherwise."""


def make_event(event_id: str, text: str = "", /, **fields: Any) -> Event:
    """An event of Ana's at noon that says *text*."""
    said: dict[str, Any] = {
        "event_type": "comment_created",
        "relation_type": "author",
        "employee_id": "ana",
        "event_time_utc": NOON,
        "event_properties": {"content": text},
        **fields,
    }
    return Event(event_id, **said)


def make_document(
    name: str, *events: Event | str, updated: int | None = 0, extracted: int = 0, **fields: Any
) -> ShapedDocument:
    """A shaped document; *updated* and *extracted* are seconds after noon, a text is an event's id."""
    said: dict[str, Any] = {
        "rejects": (),
        "unknown": frozenset(),
        "version": "1",
        "specific_version": "1.0",
        **fields,
    }
    return ShapedDocument(
        id=name,
        updated=None if updated is None else NOON + timedelta(seconds=updated),
        extracted_at=NOON + timedelta(seconds=extracted),
        events=tuple(make_event(event) if isinstance(event, str) else event for event in events),
        **said,
    )


@dataclass(frozen=True)
class Loads:
    """Stages, loads and reads batches of one source, as the engine's activities do."""

    warehouse: Warehouse
    source: str = SOURCE

    def stage(
        self,
        *documents: ShapedDocument | DocumentReject,
        rejects: Sequence[DocumentReject] = (),
        since: date | None = None,
    ) -> str:
        """The id of a block that holds the rows of *documents*."""
        packed = encode_batch(documents, rejects, source_kind_id=self.source, events_since=since)
        with self.warehouse.session() as conn:
            block_id = put_block(conn, run=7, batch_no=0, documents=(), rejects=())
            put_rows(conn, block_id, packed, {})
        return block_id

    def load_block(self, block_id: str, run: int = 7) -> Counts:
        """Load a staged block."""
        return load_block(self.warehouse, block_id, source_kind_id=self.source, run=run)

    def __call__(self, *documents: ShapedDocument | DocumentReject, run: int = 7, **staging: Any) -> Counts:
        """Stage and load one batch."""
        return self.load_block(self.stage(*documents, **staging), run)

    def ask(self, question: str, *args: object) -> list[tuple[Any, ...]]:
        """The rows that answer a question; ``{s}`` stands for the schema."""
        with self.warehouse.session() as conn:
            statement = question.replace("{s}", self.warehouse.schema)
            cursor = conn.execute(statement, args or None)
            return [] if cursor.description is None else cursor.fetchall()

    def contents(self) -> dict[str, tuple[str, str]]:
        """What the events table says: event id to (document, content)."""
        rows = self.ask("SELECT event_id, document_id, event_properties->>'content' FROM {s}.jira_events")
        return {event_id: (document, content) for event_id, document, content in rows}


@contextmanager
def held_up(
    loads: Loads, database: str, block_id: str, lock: str, *values: object
) -> Iterator[tuple[psycopg.Connection, Future[Counts]]]:
    """Another session that holds what *lock* locked (``{s}`` is the schema), and a load that waits for it.

    That session waits for further locks less than a deadlock takes to be found: the load must not have
    them. It is rolled back at the end of the block.
    """
    with psycopg.connect(database) as other, ThreadPoolExecutor(1) as pool:
        other.execute("SET lock_timeout = '200ms'")
        other.execute(lock.replace("{s}", loads.warehouse.schema).encode(), values or None)
        loading = pool.submit(loads.load_block, block_id)
        wait_until(lambda: waits_for_a_lock(loads, block_id))
        try:
            yield other, loading
        finally:
            other.rollback()


def waits_for_a_lock(loads: Loads, block_id: str) -> bool:
    """Whether the load of a block stands before a lock."""
    question = "SELECT 1 FROM pg_stat_activity WHERE application_name = %s AND wait_event_type = 'Lock'"
    return bool(loads.ask(question, f"etl-load {block_id}"))
