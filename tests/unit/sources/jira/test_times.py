"""Every spelling of a time is read, and nothing else is."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.sources.jira.times import parse_time

MOMENT = datetime(2025, 9, 30, 12, 34, 56, 789000, tzinfo=UTC)


@pytest.mark.parametrize(
    "spelling",
    [
        "2025-09-30T12:34:56.789+0000",
        "2025-09-30T12:34:56.789Z",
        "2025-09-30T18:04:56.789+05:30",
        "2025-09-30T18:04:56.789+0530",
        "2025-09-30T04:34:56.789-0800",
        "2025-09-30 12:34:56.789 UTC",
        "2025-09-30 20:34:56.789 +08:00",
        " 2025-09-30T12:34:56.789 ",
        1759235696789,
        "1759235696789",
    ],
)
def test_a_known_spelling_is_read(spelling: object) -> None:
    assert parse_time(spelling) == MOMENT


def test_what_is_read_is_in_utc() -> None:
    found = parse_time("2025-09-30T18:04:56.789+0530")
    assert found is not None
    assert found.utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    "spelling",
    [None, "", "now", "yesterday", True, [], {}, "2025-13-01", float("nan"), float("inf"), 1e300, "9" * 40],
)
def test_anything_else_is_no_time(spelling: object) -> None:
    assert parse_time(spelling) is None


def test_a_time_beyond_the_calendar_is_no_time() -> None:
    assert parse_time("0001-01-01T00:00:00+14:00") is None


@given(st.one_of(st.text(), st.integers(), st.floats(), st.binary(), st.lists(st.integers())))
def test_reading_never_raises(value: object) -> None:
    found = parse_time(value)
    assert found is None or found.tzinfo is not None
