"""Is an item whole? Its collections, held against every count that Launchpad told of them."""

from collections.abc import Mapping
from typing import Final

from pydantic import JsonValue

from temporaletl.contract import DocumentReject
from worker.external.launchpad.client import JsonObject, LaunchpadClient, counts_in
from worker.models.size import TOO_LARGE, Budget, TooLargeError

MAX_READINGS: Final = 3
"""How often a list is read before it counts as one that stays incomplete."""


def read_parts(
    client: LaunchpadClient,
    document_id: str,
    item: JsonObject,
    parts: tuple[tuple[str, str], ...],
    *,
    max_bytes: int,
    counts: Mapping[str, JsonValue] | None = None,
) -> dict[str, JsonValue] | DocumentReject:
    """The collections of an item by name, whole; a reject where Launchpad gives less than it counted.

    Args:
        parts: name and link field of each collection.
        max_bytes: how large the item may become with its collections.
        counts: what the item itself tells of how many entries a collection has, by name.
    """
    read: dict[str, JsonValue] = {}
    budget = Budget(max_bytes)
    try:
        budget.take(item)
        for name, link_name in parts:
            link = item.get(link_name)
            if not isinstance(link, str):
                return DocumentReject(document_id, f"{name} missing")
            entries = _read_whole(client, link, budget.left, counts_in((counts or {}).get(name)))
            if entries is None:
                return DocumentReject(document_id, f"{name} incomplete")
            budget.take(*entries)
            read[name] = list(entries)
    except TooLargeError:
        return DocumentReject(document_id, TOO_LARGE)
    return read


def _read_whole(
    client: LaunchpadClient, link: str, max_bytes: int, counts: list[int]
) -> tuple[JsonObject, ...] | None:
    """Every entry of a collection; None where no reading has as many as Launchpad ever told or showed.

    What comes or goes while a list is paged makes it short; the next reading may be whole.
    """
    told = max(counts, default=0)
    for _ in range(MAX_READINGS):
        reading = client.collect(link, max_bytes)
        told = max(told, reading.total or 0, len(reading.entries))
        # A list that names no count cannot be shown to be whole.
        if reading.total is not None and not reading.moved and len(reading.entries) >= told:
            return reading.entries
    return None
