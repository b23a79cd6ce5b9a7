"""What a transform yields comes out of the table as it went in, whatever it holds."""

import json
import math
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.integration.loading import Loads, make_document, make_event
from worker.models.values import repair_string

TEXT = st.text(st.characters(exclude_categories=[]), max_size=30) | st.sampled_from(
    ["\\N", "\\.", "\\", "\t", "\r\n", "a\\tb", "'now'", "{}", '"', "\u2028", "\x7f\x01\x1f", "\0", "\ud800"]
)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(-(2.0**62), 2.0**62)
    | st.sampled_from([math.nan, math.inf, -math.inf])
    | TEXT
)
JSON = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT.map(repair_string), inner, max_size=3),
    max_leaves=12,
)


def as_stored(value: Any) -> Any:
    if isinstance(value, str):
        return repair_string(value)
    if isinstance(value, float):
        return Decimal(repr(value)) if math.isfinite(value) else None
    if isinstance(value, list):
        return [as_stored(item) for item in value]
    if isinstance(value, dict):
        return {repair_string(key): as_stored(item) for key, item in value.items()}
    return value


def read_exactly(text: str) -> Any:
    return json.loads(text, parse_float=Decimal, parse_int=Decimal)


def same(text: str) -> str:
    return text


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    texts=st.lists(TEXT.filter(bool), min_size=4, max_size=4),
    properties=st.dictionaries(TEXT, JSON, max_size=3),
)
def test_values_survive_copy_straight_and_by_merge(
    loads: Loads, texts: list[str], properties: dict[str, Any]
) -> None:
    event_id, employee, kind, parent = texts
    loads.ask("TRUNCATE {s}.jira_events")
    columns = "event_id, employee_id, event_type, parent_item_id, event_properties::text"
    question = f"SELECT {columns} FROM {{s}}.jira_events"
    expected = [*(repair_string(text) for text in texts), as_stored(properties)]
    for second, name in enumerate((f"issues:{event_id}", f"issues:2:{event_id}")):
        event = make_event(
            event_id,
            employee_id=employee,
            event_type=kind,
            parent_item_id=parent,
            event_properties=properties,
        )
        loads(make_document(name, event, clean_text=same, extracted=second))

        [(*stored, held)] = loads.ask(question)
        assert [*stored, read_exactly(held)] == expected


@pytest.mark.parametrize("year", ["0001-01-01T00:00:00+00:00", "9999-12-31T23:59:59.999999+00:00"])
def test_the_first_and_the_last_moment_are_stored(loads: Loads, year: str) -> None:
    moment = datetime.fromisoformat(year)
    loads(make_document("issues:1", make_event("a", event_time_utc=moment)))

    assert loads.ask("SELECT event_time_utc FROM {s}.jira_events") == [(moment.replace(tzinfo=None),)]


def test_the_local_time_is_the_persons_and_the_week_utcs(loads: Loads) -> None:
    sunday = datetime(2026, 3, 1, 20, tzinfo=UTC)
    loads(make_document("issues:1", make_event("a", event_time_utc=sunday, timezone="Asia/Tokyo")))

    assert loads.ask("SELECT event_time::text, week::text, timezone FROM {s}.jira_events") == [
        ("2026-03-02 05:00:00", "2026-02-23", "Asia/Tokyo")
    ]
