"""parse_timing: what may a person write for days, hour and time zone?"""

import pytest

from queuer.external.schedules import Timing, parse_timing

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
