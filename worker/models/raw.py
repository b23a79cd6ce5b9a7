"""How does a raw document wait in staging? As one line of JSON, written when it is read upstream.

A batch of parsed documents takes several times the memory of its text: so one is parsed at a time.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from pydantic import JsonValue


@dataclass(frozen=True, slots=True)
class StagedDocument:
    """One raw document in staging. *extracted_at* is the warehouse's time before its page was asked for."""

    id: str
    updated: datetime | None
    extracted_at: datetime
    body: JsonValue
    deleted: bool = False


def write_document(document: StagedDocument) -> bytes:
    """The document on one line. Raises RecursionError where it is nested too deep to be written."""
    return dump_json(
        {
            "id": document.id,
            "updated": None if document.updated is None else document.updated.isoformat(),
            "extracted_at": document.extracted_at.isoformat(),
            "body": document.body,
            "deleted": document.deleted,
        }
    )


def read_document(line: bytes) -> StagedDocument:
    """What write_document wrote."""
    held = load_json(line)
    updated = held["updated"]
    return StagedDocument(
        id=held["id"],
        updated=None if updated is None else datetime.fromisoformat(updated),
        extracted_at=datetime.fromisoformat(held["extracted_at"]),
        body=held["body"],
        deleted=held["deleted"],
    )


def dump_json(value: Any) -> bytes:
    """JSON on one line. orjson refuses lone surrogates, large integers and deep nesting."""
    try:
        return orjson.dumps(value)
    except TypeError:
        return json.dumps(value).encode()


def load_json(text: bytes) -> Any:
    """What dump_json wrote."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return json.loads(text)
