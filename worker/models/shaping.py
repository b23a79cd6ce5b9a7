"""What does a transform make of each staged document? One call a document; neighbours are never touched."""

from collections.abc import Iterable, Iterator
from functools import partial

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


def shape_documents(
    documents: Iterable[StagedDocument],
    transform: Transform,
    people: People,
    options: BaseModel | None,
    query: type[Query],
) -> Iterator[ShapedDocument | DocumentReject]:
    """Every document's events and rejects; one whose transform raises is a reject and keeps its rows.

    A deleted document has none.
    """
    for staged in documents:
        context = Context(people, options)
        document = Document(staged.id, staged.updated, staged.body)
        try:
            parts = [] if staged.deleted else list(transform(document, context))
        except CancelledError:
            raise
        except Exception as error:  # noqa: BLE001 - a plug-in's bug costs one document, and is counted
            yield DocumentReject(staged.id, f"transform raised {type(error).__name__}")
            continue
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
