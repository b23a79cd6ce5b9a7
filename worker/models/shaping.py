"""What does a transform make of each staged document? One call a document; neighbours are never touched."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import Final

from pydantic import BaseModel
from temporalio.exceptions import CancelledError

from temporaletl.addresses import replace_addresses
from temporaletl.contract import Document, DocumentReject
from worker.models.context import Context, People
from worker.models.event import Event, Reject
from worker.models.query import Query
from worker.models.raw import StagedDocument
from worker.models.shaped import ShapedDocument
from worker.models.transform import Transform

MAX_PARTS: Final = 400_000
"""A document has no more events and rejects than this: they take a kilobyte and a half of memory each."""

TOO_MANY: Final = f"more than {MAX_PARTS} events"


def shape_documents(
    documents: Iterable[StagedDocument],
    transform: Transform,
    people: People,
    options: BaseModel | None,
    query: type[Query],
) -> Iterator[ShapedDocument | DocumentReject]:
    """Every document's events and rejects; one whose transform raises is a reject and keeps its rows.

    So is one of more than MAX_PARTS parts. A deleted document has none.
    """
    for staged in documents:
        context = Context(people, options)
        try:
            parts = [] if staged.deleted else list(islice(transform(_open(staged), context), MAX_PARTS + 1))
        except CancelledError:
            raise
        except Exception as error:  # noqa: BLE001 - a plug-in's bug costs one document, and is counted
            yield DocumentReject(staged.id, f"transform raised {type(error).__name__}")
            continue
        if len(parts) > MAX_PARTS:
            yield DocumentReject(staged.id, TOO_MANY)
            continue
        # Its body is as large as all of its events: whoever takes these needs it no more.
        staged = replace(staged, body=None)
        yield (
            ShapedDocument(
                id=staged.id,
                updated=staged.updated,
                extracted_at=staged.extracted_at,
                events=tuple(part for part in parts if isinstance(part, Event)),
                rejects=tuple(part for part in parts if isinstance(part, Reject)),
                unknown=context.unknown,
                version=query.version(),
                specific_version=query.specific_version(),
                clean_text=partial(replace_addresses, replace=context.address),
                deleted=staged.deleted,
            )
        )


def _open(staged: StagedDocument) -> Document:
    return Document(staged.id, staged.updated, staged.body)
