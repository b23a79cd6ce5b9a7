"""What can PostgreSQL hold? Values cleaned by rule at any depth, or refused with a reason.

NUL and lone surrogates become U+FFFD, NaN and infinite numbers null. Numbers beyond 64 bits, nesting
over MAX_DEPTH and what JSON does not know refuse the value that holds them. Every string passes the
caller's ``clean_text`` on the way, keys too.
"""

import math
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import orjson

MAX_DEPTH = 200
MAX_ID_BYTES = 1024
MAX_FRAGMENT_BYTES = 64 * 1024

type CleanText = Callable[[str], str]

_SURROGATE = re.compile("[\ud800-\udfff]")
_OFFSET = re.compile(r"([+-])(\d{2}):?(\d{2})")


class RefusedValue(Exception):  # noqa: N818  it is answered by a reject, never raised out of the engine
    """This value cannot be written; *reason* is a short stable code."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def clean_string(text: str, clean_text: CleanText) -> str:
    """*text* as PostgreSQL can hold it, after *clean_text*."""
    return clean_text(repair_string(text))


def repair_string(text: str) -> str:
    """*text* without NUL and lone surrogates; two halves of one character are joined."""
    if "\0" in text:
        text = text.replace("\0", "\ufffd")
    if not text.isascii() and _SURROGATE.search(text):
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def clean_json(value: object, clean_text: CleanText) -> object:
    """*value* as jsonb can hold it. Raises RefusedValue."""
    return _clean(value, clean_text, 0)


def _clean(value: object, clean_text: CleanText, depth: int) -> object:
    if isinstance(value, str):
        return clean_text(repair_string(value))
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        if -(2**63) <= value < 2**63:
            return int(value)
        raise RefusedValue("number beyond 64 bits")
    if isinstance(value, float):
        if not math.isfinite(value):
            return None
        # The fast parser makes such a number, which is another one, of an integer beyond 64 bits.
        if abs(value) >= 2**63:
            raise RefusedValue("number beyond 64 bits")
        return value
    if depth >= MAX_DEPTH:
        raise RefusedValue("nested too deep")
    if isinstance(value, dict):
        return {
            _clean_key(key, clean_text): _clean(item, clean_text, depth + 1) for key, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [_clean(item, clean_text, depth + 1) for item in value]
    raise RefusedValue("not a JSON value")


def _clean_key(key: object, clean_text: CleanText) -> str:
    if not isinstance(key, str):
        raise RefusedValue("not a JSON value")
    return clean_text(repair_string(key))


def clean_id(value: object, clean_text: CleanText, what: str) -> str:
    """An id or another short name that has to be there. Raises RefusedValue."""
    if not isinstance(value, str) or not value:
        raise RefusedValue(f"{what} is missing")
    text = clean_string(value, clean_text)
    if len(text.encode()) > MAX_ID_BYTES:
        raise RefusedValue(f"{what} over {MAX_ID_BYTES} bytes")
    return text


def cut_text(text: str, max_bytes: int) -> str:
    """At most *max_bytes* of *text* in UTF-8, whole characters."""
    encoded = text.encode()
    return text if len(encoded) <= max_bytes else encoded[:max_bytes].decode("utf-8", "ignore")


def render_fragment(value: object, clean_text: CleanText) -> str | None:
    """What was seen, as readable JSON text of at most 64 KB; whatever it is, this does not fail."""
    if value is None:
        return None
    text = orjson.dumps(_soften(value, clean_text, 0), option=orjson.OPT_SORT_KEYS).decode()
    return cut_text(text, MAX_FRAGMENT_BYTES)


def _soften(value: object, clean_text: CleanText, depth: int) -> object:
    """Like clean_json, with a text in place of everything that it would refuse."""
    if isinstance(value, dict) and depth < MAX_DEPTH:
        return {
            clean_string(str(key), clean_text): _soften(item, clean_text, depth + 1)
            for key, item in value.items()
        }
    if isinstance(value, list | tuple) and depth < MAX_DEPTH:
        return [_soften(item, clean_text, depth + 1) for item in value]
    try:
        return clean_json(value, clean_text) if not isinstance(value, dict | list | tuple) else "…"
    except RefusedValue as refused:
        return f"({refused.reason})"


def to_utc(moment: object) -> datetime:
    """An aware time in UTC. Raises RefusedValue outside years 1 to 9999, or without a zone."""
    if not isinstance(moment, datetime) or moment.tzinfo is None:
        raise RefusedValue("time without a zone")
    try:
        return moment.astimezone(UTC)
    except (OverflowError, ValueError) as error:
        raise RefusedValue("time outside years 1-9999") from error


def to_local(moment: datetime, zone: tzinfo) -> datetime:
    """The wall time of *moment* in *zone*. Raises RefusedValue outside years 1 to 9999."""
    try:
        return moment.astimezone(zone).replace(tzinfo=None)
    except (OverflowError, ValueError) as error:
        raise RefusedValue("time outside years 1-9999") from error


def monday_of(moment: datetime) -> date:
    """The Monday of the week of *moment*."""
    return moment.date() - timedelta(days=moment.weekday())


@lru_cache(maxsize=2048)
def find_zone(name: str | None) -> tuple[str, tzinfo]:
    """The zone of an IANA name or an offset such as ``+05:30``, with its name; UTC where nobody knows it."""
    if name is None or name in {"", "Z", "UTC"}:
        return "UTC", UTC
    offset = _OFFSET.fullmatch(name)
    if offset is not None:
        ahead = timedelta(hours=int(offset[2]), minutes=int(offset[3]))
        if ahead < timedelta(hours=24):
            return name, timezone(ahead if offset[1] == "+" else -ahead)
        return "UTC", UTC
    try:
        return name, ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return "UTC", UTC
