"""What does foreign JSON hold? Parts, lists, texts and ids of it, whatever shape it has."""

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import JsonValue

type JsonObject = Mapping[str, JsonValue]


def text_of(value: JsonValue) -> str | None:
    """A text without spaces around it; None for an empty one and for anything else."""
    return (value.strip() or None) if isinstance(value, str) else None


def part(holder: JsonObject, name: str) -> JsonObject:
    """The object under *name*, empty where there is none."""
    value = holder.get(name)
    return value if isinstance(value, dict) else {}


def listed(holder: JsonValue, name: str) -> list[JsonValue]:
    """The list under *name*, empty where there is none."""
    value = holder.get(name) if isinstance(holder, dict) else None
    return value if isinstance(value, list) else []


def upstream_id(item: JsonObject) -> str | None:
    """An item's own id as text."""
    value = item.get("id")
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return text_of(value)


def index_by_id(entries: Iterable[Any]) -> dict[object, Any]:
    """The entries of a list by their ids, the last one of each; those without one are each for themselves."""
    named = ((upstream_id(entry) if isinstance(entry, dict) else None, entry) for entry in entries)
    return {object() if key is None else key: entry for key, entry in named}


def number_of(text: str) -> int | str:
    """An id as the number it spells, else as it is."""
    return int(text) if text.isdecimal() and len(text) < 19 else text


def order_of(text: str) -> tuple[int, int, str]:
    """Sorts ids by their number; what is no number comes last."""
    number = number_of(text)
    return (0, number, text) if isinstance(number, int) else (1, 0, text)
