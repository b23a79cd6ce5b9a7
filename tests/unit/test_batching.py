"""Pages become batches: by documents, bytes or seconds, with the warehouse's time of each page."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from temporaletl.contract import Document, DocumentReject, Page
from temporaletl.errors import QueryError
from worker.models.batching import Batch, BatchLimits, collect_batch
from worker.models.raw import read_document

NOON = datetime(2025, 1, 1, 12, tzinfo=UTC)
WIDE = BatchLimits(documents=1000, bytes=1_000_000, seconds=60)


class Clock:
    """Tells the time, one second later at each question."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self) -> datetime:
        self.asked += 1
        return NOON + timedelta(seconds=self.asked)


def make_pages(*sizes: int, body: Any = "text") -> Iterator[Page]:
    for number, size in enumerate(sizes):
        documents = tuple(Document(f"issues:{number}-{at}", NOON, body) for at in range(size))
        yield Page(documents, cursor=number)


def collect(pages: Iterator[Page], limits: BatchLimits = WIDE, *, stopped: bool = False) -> Batch:
    stop = threading.Event()
    if stopped:
        stop.set()
    return collect_batch(pages, "before", limits, Clock(), stop)


def test_the_last_batch_is_done_and_resumes_after_its_last_page() -> None:
    batch = collect(make_pages(2, 3))

    assert (len(batch.documents), batch.cursor, batch.done) == (5, 1, True)


def test_no_pages_are_an_empty_batch_that_keeps_the_cursor() -> None:
    assert collect(iter(())) == Batch((), (), "before", done=True)


def test_a_batch_ends_with_the_page_that_fills_it() -> None:
    by_documents = collect(make_pages(2, 2, 2), BatchLimits(3, 1_000_000, 60))
    by_bytes = collect(make_pages(1, 1, 1, body="x" * 600), BatchLimits(1000, 1000, 60))

    assert (len(by_documents.documents), by_documents.cursor, by_documents.done) == (4, 1, False)
    assert (len(by_bytes.documents), by_bytes.cursor) == (2, 1)


def test_a_batch_ends_when_its_time_is_over_or_it_is_wanted_back() -> None:
    assert collect(make_pages(1, 1), BatchLimits(1000, 1_000_000, 0)).cursor == 0
    assert collect(make_pages(1, 1), stopped=True).cursor == 0


def test_a_document_bears_the_time_before_its_page_was_asked_for() -> None:
    clock, asked_at = Clock(), list[datetime]()

    def ask() -> Iterator[Page]:
        for number in range(2):
            asked_at.append(clock())
            yield Page((Document(f"issues:{number}", NOON, "text"),), cursor=number)

    batch = collect_batch(ask(), "before", WIDE, clock, threading.Event())

    times = [read_document(line).extracted_at for line in batch.documents]
    assert [one < other for one, other in zip(times, asked_at, strict=True)] == [True, True]
    assert asked_at[0] < times[1]


def test_a_document_nested_beyond_every_parser_is_a_reject() -> None:
    body: Any = []
    for _ in range(200_000):
        body = [body]

    batch = collect(make_pages(1, body=body))

    assert batch.documents == ()
    assert batch.rejects == (DocumentReject("issues:0-0", "nested too deep"),)


def test_a_document_that_is_too_large_is_a_reject_and_the_others_stay() -> None:
    documents = (Document("issues:1", NOON, "x" * 1000), Document("issues:2", NOON, "text"))

    batch = collect(iter([Page(documents, 1)]), BatchLimits(1000, 1_000_000, 60, document_bytes=1000))

    assert [read_document(line).id for line in batch.documents] == ["issues:2"]
    assert batch.rejects == (DocumentReject("issues:1", "larger than MAX_DOCUMENT_BYTES"),)


def test_rejects_of_pages_are_kept() -> None:
    reject = DocumentReject("issues:1", "no id")

    assert collect(iter([Page((), 1, (reject,))])).rejects == (reject,)


def test_a_last_change_that_lies_far_ahead_is_unknown() -> None:
    soon = NOON + timedelta(hours=1)
    documents = tuple(Document("issues:1", when, "text") for when in (datetime(2099, 1, 1, tzinfo=UTC), soon))

    batch = collect(iter([Page(documents, 1)]))

    assert [read_document(line).updated for line in batch.documents] == [None, soon]


def test_what_pages_could_not_have_is_counted_by_reason() -> None:
    pages = [Page((), 1, skipped={"gone": 1, "private": 2}), Page((), 2, skipped={"gone": 3})]

    assert collect(iter(pages)).skipped == {"gone": 4, "private": 2}


def test_a_deleted_document_is_staged_without_its_body() -> None:
    [line] = collect(iter([Page((Document("issues:1", NOON, "text", deleted=True),), 1)])).documents

    staged = read_document(line)
    assert (staged.deleted, staged.body) == (True, None)


def test_a_page_without_a_cursor_is_refused() -> None:
    with pytest.raises(QueryError, match="no cursor"):
        collect(iter([Page((), None)]))
