"""When was that? The times of Launchpad's web service."""

from datetime import UTC, datetime

from pydantic import JsonValue


def parse_time(value: JsonValue) -> datetime | None:
    """The moment that *value* spells, aware and in UTC; None when it cannot be read. Never raises.

    Launchpad writes ISO 8601 with an offset and 0 or 6 fractional digits; without an offset it is UTC.
    """
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value.strip())
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
