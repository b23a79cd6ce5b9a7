"""The window of a run: what an ordinary one reaches back to, and which ones are refused."""

from datetime import UTC, date, datetime, timedelta

import pytest

from temporaletl.contract import OpenRun
from temporaletl.errors import ConfigurationError
from worker.models.runs import choose_window

NOMINAL = datetime(2026, 3, 20, 3, tzinfo=UTC)
DAY = timedelta(days=1)


def choose(covered: datetime | None = None, now: datetime = NOMINAL, **dates: date) -> tuple[date, date]:
    request = OpenRun(source_kind_id="jira", workflow_id="w", workflow_run_id="r", nominal=NOMINAL, **dates)
    window = choose_window(request, covered, now)
    return window.date_start, window.date_end


@pytest.mark.parametrize(
    ("covered", "first"),
    [
        (None, date(2026, 3, 12)),
        (NOMINAL - DAY, date(2026, 3, 11)),
        (NOMINAL - 7 * DAY, date(2026, 3, 5)),
        # After a missed weekly run too: what reached a lagging lake late falls into its window.
        (NOMINAL - 14 * DAY, date(2026, 2, 26)),
        # A schedule that is filled back has a nominal time before what is covered.
        (NOMINAL + 5 * DAY, date(2026, 3, 12)),
    ],
)
def test_an_ordinary_run_begins_8_days_before_the_earlier_of_its_time_and_what_is_covered(
    covered: datetime | None, first: date
) -> None:
    assert choose(covered) == (first, date(2026, 3, 21))


def test_dates_are_taken_as_they_are_named() -> None:
    assert choose(NOMINAL, date_start=date(2020, 1, 1)) == (date(2020, 1, 1), date(2026, 3, 21))
    assert choose(NOMINAL, date_end=date(2026, 3, 15)) == (date(2026, 3, 12), date(2026, 3, 15))
    assert choose(date_start=date(2026, 3, 20), date_end=date(2027, 1, 1)) == (
        date(2026, 3, 20),
        date(2027, 1, 1),
    )


@pytest.mark.parametrize(
    "dates",
    [
        {"date_start": date(2026, 3, 2), "date_end": date(2026, 3, 2)},
        {"date_start": date(2026, 3, 2), "date_end": date(2026, 3, 1)},
        {"date_end": date(2026, 3, 12)},
    ],
)
def test_a_window_that_ends_before_it_starts_is_refused(dates: dict[str, date]) -> None:
    with pytest.raises(ConfigurationError, match="is not after its start"):
        choose(**dates)


@pytest.mark.parametrize("end", [None, date(2026, 4, 1)])
def test_a_window_in_the_future_is_refused(end: date | None) -> None:
    dates = {"date_start": date(2026, 3, 21), **({"date_end": end} if end else {})}
    with pytest.raises(ConfigurationError, match="begins on 2026-03-21, which is in the future"):
        choose(**dates)
    if end is not None:
        assert choose(now=NOMINAL + DAY, **dates) == (date(2026, 3, 21), end)
