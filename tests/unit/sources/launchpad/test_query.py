"""What a Launchpad job may ask for, and what it keeps of its window between batches."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from temporaletl.contract import BEGINNING
from temporaletl.errors import QueryError
from worker.sources.launchpad.extract.selection import Cursor, read_cursor
from worker.sources.launchpad.query import LaunchpadQuery

NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)


def ask(**args: Any) -> LaunchpadQuery:
    base = {"source_kind_id": "launchpad", "event_type": "bugs", "member": "ana"}
    return LaunchpadQuery.model_validate(
        {**base, "date_start": "2026-03-01", "date_end": "2026-03-09", **args}
    )


def test_a_job_covers_its_member_and_type() -> None:
    assert ask(member=" Ana ").coverage == "ana:bugs"


def test_named_documents_need_no_member_and_cover_nothing() -> None:
    assert ask(member=None, ids=["7"]).coverage is None
    assert ask(ids=["7"]).coverage is None


@pytest.mark.parametrize("args", [{"member": None}, {"member": " "}, {"event_type": "branches"}])
def test_a_job_asks_for_somebodys_documents_of_a_known_type(args: Any) -> None:
    with pytest.raises(ValidationError):
        ask(**args)


def test_a_member_never_seen_has_no_start() -> None:
    assert read_cursor(ask().reach_back(BEGINNING), None).start is None


def test_a_window_that_reaches_to_now_has_no_end() -> None:
    tomorrow = datetime.now(UTC).date() + timedelta(days=1)

    assert read_cursor(ask(date_end=tomorrow), None) == Cursor(start=date(2026, 3, 1))
    assert read_cursor(ask(date_end=date(2026, 3, 9)), None).end in {None, date(2026, 3, 9)}


def test_a_window_in_the_past_keeps_its_end() -> None:
    assert read_cursor(ask(date_start="2020-01-01", date_end="2020-02-01"), None).end == date(2020, 2, 1)


def test_the_window_of_the_first_batch_is_kept() -> None:
    first = read_cursor(ask().reach_back(BEGINNING), None)
    later = read_cursor(ask(), first.model_copy(update={"page": "p"}).dump())

    assert later == Cursor(start=first.start, end=first.end, page="p")


@pytest.mark.parametrize("cursor", ["text", 7, [], {"page": 1}, {"unknown": 1}])
def test_a_strange_cursor_is_refused(cursor: Any) -> None:
    with pytest.raises(QueryError, match="cursor"):
        read_cursor(ask(), cursor)


@pytest.mark.parametrize(
    ("moments", "is_before_end", "is_after_start"),
    [
        ([NOON], True, True),
        ([datetime(2026, 3, 1, tzinfo=UTC)], True, True),
        ([datetime(2026, 3, 9, tzinfo=UTC)], False, True),
        ([datetime(2026, 2, 28, 23, 59, tzinfo=UTC)], True, False),
        ([datetime(2026, 2, 1, tzinfo=UTC), NOON], True, True),
        ([NOON, datetime(2026, 4, 1, tzinfo=UTC)], False, True),
        ([None, NOON], True, True),
        ([None], True, False),
        ([], True, False),
    ],
)
def test_the_window_is_half_open_and_the_latest_date_decides_its_end(
    moments: Any, is_before_end: bool, is_after_start: bool
) -> None:
    window = Cursor(start=date(2026, 3, 1), end=date(2026, 3, 9))

    assert window.is_before_end(moments) is is_before_end
    assert window.is_after_start(moments) is is_after_start


def test_grace_reaches_back_before_the_start() -> None:
    window = Cursor(start=date(2026, 3, 9))

    assert not window.is_after_start([NOON], timedelta(days=3))
    assert window.is_after_start([NOON], timedelta(days=4))
