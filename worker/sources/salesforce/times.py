"""When was that? Salesforce's spelling of times."""

from datetime import UTC, datetime
from typing import Final

from pydantic import JsonValue

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def parse_time(value: JsonValue) -> datetime | None:
    """The moment of ``2025-09-30T12:34:56.000+0000``, aware and in UTC; None for anything unreadable."""
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value.strip())
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
