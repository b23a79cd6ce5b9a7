"""What does one job ask for? The base of every source's Query, and their registry."""

from abc import abstractmethod
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Self

from pydantic import Field, JsonValue, PrivateAttr, StringConstraints, model_validator

from temporaletl.connections import Connections
from temporaletl.contract import MAX_NAMED_DOCUMENTS, Model, SourceKindId, Window
from temporaletl.registry import Registry
from worker.models.size import DEFAULT_MAX_DOCUMENT_BYTES

type UpstreamId = Annotated[str, StringConstraints(min_length=1, max_length=1000)]


class Query(Model):
    """The validated arguments of one job: a window with a range of its source, or documents by id."""

    source_kind_id: SourceKindId
    event_type: str
    date_start: date
    date_end: date
    ids: Annotated[tuple[UpstreamId, ...], Field(min_length=1, max_length=MAX_NAMED_DOCUMENTS)] | None = None

    _connections: Connections | None = PrivateAttr(default=None)
    _max_document_bytes: int = PrivateAttr(default=DEFAULT_MAX_DOCUMENT_BYTES)

    @model_validator(mode="after")
    def _window_is_ordered(self) -> Self:
        _ = self.window
        return self

    @property
    def window(self) -> Window:
        """The half-open window on a document's last change."""
        return Window(date_start=self.date_start, date_end=self.date_end)

    @property
    def coverage(self) -> str | None:
        """The slice of the source that has to be covered by itself; None where the source is covered as one.

        A member whom no run asked for before, or not for long, is behind a source that is up to date. The
        engine moves *date_start* back to where the slice is covered, BEGINNING where it never was.
        """
        return None

    def reach_back(self, start: date) -> Self:
        """The same query with a window that starts on *start*, where that is earlier."""
        return self.model_copy(update={"date_start": min(start, self.date_start)})

    @property
    def connections(self) -> Connections:
        """The systems this job may talk to; the engine binds them before it extracts."""
        if self._connections is None:
            raise LookupError("the query has no connections: bind() it first")
        return self._connections

    @property
    def max_document_bytes(self) -> int:
        """How large a document may become while it is gathered (worker.models.size)."""
        return self._max_document_bytes

    def bind(self, connections: Connections, max_document_bytes: int = DEFAULT_MAX_DOCUMENT_BYTES) -> Self:
        """Let the extraction of this query talk through *connections*, and bound its documents."""
        self._connections = connections
        self._max_document_bytes = max_document_bytes
        return self

    @classmethod
    def name_document(cls, properties: Mapping[str, JsonValue]) -> str | None:
        """The document of a row that the earlier tool wrote, by the row's event_properties.

        None where they do not say: then the row stays as it is until a document yields its event.
        """
        return None

    @classmethod
    @abstractmethod
    def version(cls) -> str:
        """The major version of query and transform."""

    @classmethod
    @abstractmethod
    def specific_version(cls) -> str:
        """The full version of query and transform."""


query_type: Registry[type[Query]] = Registry("query type")
