"""Is an item whole? Its collections, held against Launchpad's own count."""

from pydantic import JsonValue

from temporaletl.contract import DocumentReject
from worker.external.launchpad.client import JsonObject, LaunchpadClient


def read_parts(
    client: LaunchpadClient, document_id: str, item: JsonObject, parts: tuple[tuple[str, str], ...]
) -> dict[str, JsonValue] | DocumentReject:
    """The collections of an item by name, whole; a reject where Launchpad gives less than it counts."""
    read: dict[str, JsonValue] = {}
    for name, link_name in parts:
        link = item.get(link_name)
        if not isinstance(link, str):
            return DocumentReject(document_id, f"{name} missing")
        collected = client.collect(link)
        if not collected.complete:
            return DocumentReject(document_id, f"{name} incomplete")
        read[name] = list(collected.entries)
    return read
