"""What a person may write for days, hour and time zone, and what of a schedule that changes."""

from datetime import timedelta

import pytest
from temporalio.client import ScheduleCalendarSpec, ScheduleIntervalSpec, ScheduleRange, ScheduleSpec

from queuer.external.schedules import Timing, change_spec, describe_spec, parse_timing
from temporaletl.errors import ConfigurationError

WEEK = (0, 1, 2, 3, 4, 5, 6)


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("0", (0,)),
        ("6", (6,)),
        ("1-5", (1, 2, 3, 4, 5)),
        ("mon-fri", (1, 2, 3, 4, 5)),
        ("1,3", (1, 3)),
        ("3,1,3", (1, 3)),
        ("Sunday", (0,)),
        ("SAT,sun", (0, 6)),
        ("1-2, 5", (1, 2, 5)),
        ("fri-mon", (0, 1, 5, 6)),
        ("0-6", WEEK),
        ("sat-fri", WEEK),
        ("2-2", (2,)),
    ],
)
def test_days_are_numbers_names_ranges_and_lists_with_sunday_as_0(text: str, days: tuple[int, ...]) -> None:
    assert parse_timing(text, "3", "UTC") == Timing(days, 3, "UTC")


@pytest.mark.parametrize(
    "text", ["7", "-1", "", "1-", "-", "1,,3", "1--3", "1-2-3", "someday", "mo", "1;3", "٣"]
)
def test_other_days_are_refused_with_what_may_be_written(text: str) -> None:
    with pytest.raises(ValueError, match="day_of_week must be 0 to 6") as refused:
        parse_timing(text, "3", "UTC")

    assert repr(text) in str(refused.value)


@pytest.mark.parametrize(("text", "hour"), [("0", 0), ("00", 0), ("7", 7), ("23", 23)])
def test_an_hour_is_0_to_23(text: str, hour: int) -> None:
    assert parse_timing("1", text, "UTC").hour == hour


@pytest.mark.parametrize("text", ["24", "-1", "", "3.5", "3am", "003", "٣"])
def test_another_hour_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="hour must be 0 to 23"):
        parse_timing("1", text, "UTC")


def test_a_time_zone_is_an_iana_name() -> None:
    assert parse_timing("1", "3", "Europe/Berlin").time_zone == "Europe/Berlin"


@pytest.mark.parametrize(
    "name",
    [
        "Mars/Olympus",
        "",
        "../etc/passwd",
        "/etc/localtime",
        "Europe",
        "a\0b",
        "localtime",
        "Factory",
        "posixrules",
        "right/Europe/Berlin",
    ],
)
def test_another_time_zone_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="there is no time zone"):
        parse_timing("1", "3", name)


def test_what_is_not_written_is_not_named() -> None:
    assert parse_timing(None, None, None) == Timing(None, None, None)
    assert parse_timing("1", None, None) == Timing((1,), None, None)


def at(day: int, hour: int, minute: int = 0) -> ScheduleCalendarSpec:
    return ScheduleCalendarSpec(
        day_of_week=[ScheduleRange(day)], hour=[ScheduleRange(hour)], minute=[ScheduleRange(minute)]
    )


JITTER = timedelta(minutes=10)


@pytest.mark.parametrize(
    ("named", "calendar", "zone"),
    [
        (Timing(), at(1, 3, 30), "Asia/Tokyo"),
        (Timing(days=(2,)), at(2, 3, 30), "Asia/Tokyo"),
        (Timing(hour=0), at(1, 0, 30), "Asia/Tokyo"),
        (Timing(days=(0,), hour=5), at(0, 5, 30), "Asia/Tokyo"),
        (Timing(time_zone="UTC"), at(1, 3, 30), "UTC"),
    ],
)
def test_only_what_is_named_of_a_schedule_changes(
    named: Timing, calendar: ScheduleCalendarSpec, zone: str
) -> None:
    held = ScheduleSpec(calendars=[at(1, 3, 30)], jitter=JITTER, time_zone_name="Asia/Tokyo")

    assert change_spec(held, named) == ScheduleSpec(
        calendars=[calendar], intervals=[], jitter=JITTER, time_zone_name=zone
    )


def test_a_day_alone_changes_every_calendar_and_day_and_hour_leave_one() -> None:
    held = ScheduleSpec(calendars=[at(1, 3), at(4, 20)])

    assert change_spec(held, Timing(days=(2,))).calendars == [at(2, 3), at(2, 20)]
    assert change_spec(held, Timing((2,), 5)).calendars == [at(2, 5)]


def test_a_schedule_without_a_calendar_needs_the_day_and_the_hour() -> None:
    held = ScheduleSpec(intervals=[ScheduleIntervalSpec(timedelta(hours=1))])

    assert change_spec(held, Timing()) == held
    with pytest.raises(ConfigurationError, match="name the day and the hour"):
        change_spec(held, Timing(hour=5))
    changed = change_spec(held, Timing((1,), 5))
    assert (describe_spec(changed), changed.intervals) == ("days 1 (0 is Sunday) at 05:00 UTC", [])


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        (ScheduleSpec(calendars=[at(1, 3)]), "days 1 (0 is Sunday) at 03:00 UTC"),
        (
            ScheduleSpec(calendars=[at(1, 3), at(4, 20, 30)], time_zone_name="Europe/Berlin"),
            "days 1 (0 is Sunday) at 03:00; days 4 (0 is Sunday) at 20:30 Europe/Berlin",
        ),
        (ScheduleSpec(intervals=[ScheduleIntervalSpec(timedelta(hours=1))]), "every 1:00:00 UTC"),
        (ScheduleSpec(), "never UTC"),
    ],
)
def test_a_schedule_is_told_in_words(spec: ScheduleSpec, words: str) -> None:
    assert describe_spec(spec) == words
