"""What does a Jira job ask for? A window and a slice of it, or issues by id."""

from collections.abc import Mapping
from typing import Annotated, Literal, Self, override

from pydantic import Field, JsonValue, model_validator

from temporaletl.jira.settings import JiraBackendSettings
from worker.models.query import Query, UpstreamId, query_type
from worker.sources.jira.document import document_id
from worker.sources.jira.versions import SPECIFIC_VERSION, VERSION

_YEAR_10000_MS = 253_402_300_800_000

type Milliseconds = Annotated[int, Field(ge=0, lt=_YEAR_10000_MS)]


@query_type("jira", needs=(JiraBackendSettings,))
class JiraQuery(Query):
    """The issues of a slice that one of the backends cut; each backend reads the other's slices too.

    From the lake: ids after *after* (None: from the first) up to *upto* (None: to the last), as text by
    code point. Over REST: updated from *updated_from* on and before *updated_to* (None: until now), in
    milliseconds since 1970. With *ids* neither slice nor window matters.
    """

    event_type: Literal["issues"]
    after: UpstreamId | None = None
    upto: UpstreamId | None = None
    updated_from: Milliseconds | None = None
    updated_to: Milliseconds | None = None

    @model_validator(mode="after")
    def _slice_is_ordered(self) -> Self:
        if self.after is not None and self.upto is not None and self.upto < self.after:
            raise ValueError("upto must not be before after")
        by_id = self.after is not None or self.upto is not None
        if by_id and self.updated_from is not None:
            raise ValueError("updated_from and after or upto are slices of two kinds: give one")
        if self.updated_to is not None and (
            self.updated_from is None or self.updated_to <= self.updated_from
        ):
            raise ValueError("updated_to must be after updated_from")
        return self

    @classmethod
    @override
    def name_document(cls, properties: Mapping[str, JsonValue]) -> str | None:
        issue = properties.get("issue_id")
        return document_id(str(issue)) if issue and type(issue) in (str, int) else None

    @classmethod
    @override
    def version(cls) -> str:
        return VERSION

    @classmethod
    @override
    def specific_version(cls) -> str:
        return SPECIFIC_VERSION
