"""Is an item whole? Its collections, held against Launchpad's own count."""

from typing import Final

from pydantic import JsonValue

from temporaletl.contract import DocumentReject
from worker.external.launchpad.client import JsonObject, LaunchpadClient

MAX_READINGS: Final = 3
"""How often a list is read before it counts as one that stays incomplete."""


def read_parts(
    client: LaunchpadClient, document_id: str, item: JsonObject, parts: tuple[tuple[str, str], ...]
) -> dict[str, JsonValue] | DocumentReject:
    """The collections of an item by name, whole; a reject where Launchpad gives less than it counts."""
    read: dict[str, JsonValue] = {}
    for name, link_name in parts:
        link = item.get(link_name)
        if not isinstance(link, str):
            return DocumentReject(document_id, f"{name} missing")
        # What comes or goes while a list is paged makes it short; the next reading may be whole.
        readings = (client.collect(link) for _ in range(MAX_READINGS))
        collected = next((reading for reading in readings if reading.complete), None)
        if collected is None:
            return DocumentReject(document_id, f"{name} incomplete")
        read[name] = list(collected.entries)
    return read
