"""When was that? The spelling of a time that most upstreams share."""

from datetime import UTC, datetime


def parse_iso_time(value: object) -> datetime | None:
    """The moment that ISO 8601 spells, aware and in UTC; None when it cannot be read. Never raises.

    Any number of fractional digits and any offset, with or without a colon; without one it is UTC.
    """
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value.strip())
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
