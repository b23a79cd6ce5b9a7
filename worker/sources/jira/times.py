"""When was that? Every spelling of a time that Jira and its lakes use."""

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DIGITS = 11
"""Digit strings at least this long are milliseconds; shorter ones are dates such as 20250930."""


def parse_time(value: object) -> datetime | None:
    """The moment that *value* spells, aware and in UTC; None when it cannot be read. Never raises.

    Reads ``2025-09-30T12:34:56.789+0000``, any other offset, ``Z``, the lakes'
    ``2025-09-30 12:34:56.789 UTC``, and milliseconds since 1970 (a number, or its digits). A time
    without an offset is UTC.
    """
    try:
        if isinstance(value, str):
            return _parse_text(value)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return _EPOCH + timedelta(milliseconds=value)
    except (ValueError, OverflowError):
        return None
    return None


def _parse_text(text: str) -> datetime:
    text = text.strip()
    if text.isdecimal() and len(text) >= _EPOCH_DIGITS:
        return _EPOCH + timedelta(milliseconds=int(text))
    text = text.removesuffix("UTC").removesuffix("GMT").rstrip()
    head, space, offset = text.rpartition(" ")
    if space and offset[:1] in "+-":
        text = head + offset
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
