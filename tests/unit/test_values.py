"""Values are cleaned by rule at any depth, or refused with a reason."""

import json
import math
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.models.values import (
    MAX_DEPTH,
    MAX_FRAGMENT_BYTES,
    RefusedValue,
    clean_id,
    clean_json,
    cut_text,
    find_zone,
    monday_of,
    render_fragment,
    repair_string,
    to_local,
    to_utc,
)


def same(text: str) -> str:
    return text


def shout(text: str) -> str:
    return text.upper()


def nest(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


ANY_TEXT = st.text(st.characters(exclude_categories=[]))
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(ANY_TEXT, inner, max_size=4),
    max_leaves=20,
)


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("plain", "plain"),
        ("a\0b", "a\ufffdb"),
        ("a\ud800b", "a\ufffdb"),
        ("\udc00", "\ufffd"),
        ("\ud83d\ude00!", "😀!"),
        ("\ud83d", "\ufffd"),
        ("😀\0\udfff", "😀\ufffd\ufffd"),
    ],
)
def test_nul_and_lone_surrogates_become_the_replacement_character(text: str, clean: str) -> None:
    assert repair_string(text) == clean


@given(ANY_TEXT)
def test_a_repaired_string_can_always_be_encoded_and_repairing_again_changes_nothing(text: str) -> None:
    repaired = repair_string(text)
    repaired.encode()
    assert "\0" not in repaired
    assert repair_string(repaired) == repaired


@given(ANY_JSON)
def test_any_json_is_cleaned_or_refused(value: Any) -> None:
    try:
        cleaned = clean_json(value, same)
    except RefusedValue as refused:
        assert refused.reason == "number beyond 64 bits"
    else:
        json.dumps(cleaned, allow_nan=False, ensure_ascii=False).encode()
        assert clean_json(cleaned, same) == cleaned


def test_numbers_that_are_none_become_null_at_any_depth() -> None:
    assert clean_json({"a": [math.nan, {"b": math.inf}, -math.inf, 1.5]}, same) == {
        "a": [None, {"b": None}, None, 1.5]
    }


@pytest.mark.parametrize("number", [2**63 - 1, -(2**63), 0])
def test_integers_of_64_bits_stay(number: int) -> None:
    assert clean_json([number], same) == [number]


@pytest.mark.parametrize("number", [2**63, -(2**63) - 1, 10**400])
def test_integers_beyond_64_bits_are_refused_at_any_depth(number: int) -> None:
    with pytest.raises(RefusedValue, match="number beyond 64 bits"):
        clean_json({"a": [{"b": number}]}, same)


def test_nesting_is_bounded() -> None:
    assert clean_json(nest(MAX_DEPTH), same) == nest(MAX_DEPTH)
    with pytest.raises(RefusedValue, match="nested too deep"):
        clean_json(nest(MAX_DEPTH + 1), same)
    with pytest.raises(RefusedValue, match="nested too deep"):
        clean_json(nest(100_000), same)


@pytest.mark.parametrize("value", [b"bytes", {1: "a"}, {"a": {1, 2}}, datetime(2026, 1, 1, tzinfo=UTC)])
def test_what_is_no_json_is_refused(value: Any) -> None:
    with pytest.raises(RefusedValue, match="not a JSON value"):
        clean_json(value, same)


def test_every_string_passes_the_cleaning_keys_too() -> None:
    assert clean_json({"key": ["a", {"b": "c"}]}, shout) == {"KEY": ["A", {"B": "C"}]}
    assert clean_id("id", shout, "event_id") == "ID"
    assert render_fragment({"k": ["v"]}, shout) == '{"K":["V"]}'


@pytest.mark.parametrize(("value", "reason"), [(None, "event_id is missing"), ("", "event_id is missing")])
def test_an_id_has_to_be_there(value: Any, reason: str) -> None:
    with pytest.raises(RefusedValue, match=reason):
        clean_id(value, same, "event_id")


def test_an_id_is_bounded_in_bytes() -> None:
    assert clean_id("ä" * 512, same, "event_id") == "ä" * 512
    with pytest.raises(RefusedValue, match="event_id over 1024 bytes"):
        clean_id("ä" * 512 + "x", same, "event_id")


@given(ANY_TEXT.map(repair_string), st.integers(0, 40))
def test_a_cut_keeps_whole_characters(text: str, size: int) -> None:
    cut = cut_text(text, size)
    assert len(cut.encode()) <= size
    assert text.startswith(cut)


@given(ANY_JSON | st.binary() | st.sets(st.integers()))
def test_a_fragment_of_anything_is_text_of_bounded_size(value: Any) -> None:
    text = render_fragment(value, same)
    assert text is None or len(text.encode()) <= MAX_FRAGMENT_BYTES


def test_a_fragment_is_cut_and_never_too_deep() -> None:
    assert len((render_fragment("ä" * 100_000, same) or "").encode()) in {
        MAX_FRAGMENT_BYTES - 1,
        MAX_FRAGMENT_BYTES,
    }
    assert "…" in (render_fragment(nest(10_000), same) or "")


def test_times_are_told_in_utc() -> None:
    ahead = timezone(timedelta(hours=5, minutes=30))
    assert to_utc(datetime(2026, 3, 2, 1, tzinfo=ahead)) == datetime(2026, 3, 1, 19, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("moment", "reason"),
    [
        (datetime(2026, 3, 2), "time without a zone"),  # noqa: DTZ001  that is what is refused
        ("now", "time without a zone"),
        (datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=1))), "time outside years 1-9999"),
        (datetime(9999, 12, 31, 23, tzinfo=timezone(timedelta(hours=-5))), "time outside years 1-9999"),
    ],
)
def test_times_that_are_none_are_refused(moment: Any, reason: str) -> None:
    with pytest.raises(RefusedValue, match=reason):
        to_utc(moment)


def test_a_wall_time_outside_the_calendar_is_refused() -> None:
    with pytest.raises(RefusedValue, match="time outside years 1-9999"):
        to_local(datetime(9999, 12, 31, 23, tzinfo=UTC), find_zone("Asia/Tokyo")[1])


@pytest.mark.parametrize(
    ("name", "known_as", "local"),
    [
        (None, "UTC", "12:00"),
        ("Europe/Rome", "Europe/Rome", "13:00"),
        ("+05:30", "+05:30", "17:30"),
        ("-0700", "-0700", "05:00"),
        ("Middle/Earth", "UTC", "12:00"),
        ("../../etc/passwd", "UTC", "12:00"),
        ("Europe", "UTC", "12:00"),
        ("+99:00", "UTC", "12:00"),
        ("a\0b", "UTC", "12:00"),
    ],
)
def test_a_zone_that_nobody_knows_is_utc(name: str | None, known_as: str, local: str) -> None:
    zone_name, zone = find_zone(name)
    assert zone_name == known_as
    assert to_local(datetime(2026, 3, 2, 12, tzinfo=UTC), zone).strftime("%H:%M") == local


@pytest.mark.parametrize(
    ("moment", "monday"),
    [
        (datetime(2026, 3, 1, 23, 59, tzinfo=UTC), date(2026, 2, 23)),
        (datetime(2026, 3, 2, 0, 0, tzinfo=UTC), date(2026, 3, 2)),
        (datetime(1, 1, 1, tzinfo=UTC), date(1, 1, 1)),
    ],
)
def test_a_week_is_named_by_its_monday(moment: datetime, monday: date) -> None:
    assert monday_of(moment) == monday
