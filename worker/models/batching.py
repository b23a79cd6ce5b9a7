"""How many pages make a batch? By documents, bytes or seconds, whichever is first."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from pydantic import JsonValue

from temporaletl.contract import DocumentReject, Page
from temporaletl.errors import QueryError
from worker.models.raw import StagedDocument, write_document
from worker.models.size import DEFAULT_MAX_DOCUMENT_BYTES, TOO_LARGE

CLOCKS_DIFFER = timedelta(days=1)
"""How far ahead of the warehouse's clock an upstream's may be."""


@dataclass(frozen=True, slots=True)
class BatchLimits:
    """A batch ends with the page that reaches one of these; a document beyond the last is rejected."""

    documents: int
    bytes: int
    seconds: float
    document_bytes: int = DEFAULT_MAX_DOCUMENT_BYTES


@dataclass(frozen=True, slots=True)
class Batch:
    """Documents (as written for staging) and rejects of some pages.

    *skipped* counts what the pages could not have, by reason. *cursor* resumes after them, *done*:
    nothing comes after.
    """

    documents: tuple[bytes, ...]
    rejects: tuple[DocumentReject, ...]
    cursor: JsonValue
    done: bool
    skipped: Mapping[str, int] = field(default_factory=dict)


def collect_batch(
    pages: Iterator[Page],
    cursor: JsonValue,
    limits: BatchLimits,
    clock: Callable[[], datetime],
    stop: threading.Event,
) -> Batch:
    """The next batch of *pages*, which begin at *cursor*; *stop* ends it after the page at hand.

    *clock* is the warehouse's; it is read before each page is asked for, so that a document never
    seems read later than it was. Raises QueryError for a page without a cursor.
    """
    started = time.monotonic()
    documents: list[bytes] = []
    rejects: list[DocumentReject] = []
    skipped = Counter[str]()
    size = 0
    while True:
        extracted_at = clock()
        page = next(pages, None)
        if page is None:
            return Batch(tuple(documents), tuple(rejects), cursor, done=True, skipped=dict(skipped))
        for document in page.documents:
            staged = StagedDocument(
                document.id,
                _believable(document.updated, extracted_at),
                extracted_at,
                None if document.deleted else document.body,
                document.deleted,
            )
            try:
                line = write_document(staged)
            except RecursionError:
                rejects.append(DocumentReject(document.id, "nested too deep"))
                continue
            if len(line) > limits.document_bytes:
                rejects.append(DocumentReject(document.id, TOO_LARGE))
                continue
            documents.append(line)
            size += len(line)
        rejects.extend(page.rejects)
        skipped.update(page.skipped)
        if page.cursor is None:
            raise QueryError("a page of the source has no cursor: what comes after it could not be resumed")
        cursor = page.cursor
        full = len(documents) >= limits.documents or size >= limits.bytes
        if full or stop.is_set() or time.monotonic() - started >= limits.seconds:
            return Batch(tuple(documents), tuple(rejects), cursor, done=False, skipped=dict(skipped))


def _believable(updated: datetime | None, extracted_at: datetime) -> datetime | None:
    """A last change that lies far ahead is unknown: else a wrong one shuts out every later reading."""
    return None if updated is None or updated > extracted_at + CLOCKS_DIFFER else updated
