"""What does a Jira job ask for? A window and a range of issue ids, or issues by id."""

from typing import Literal, Self, override

from pydantic import model_validator

from temporaletl.settings import TrinoSettings
from worker.models.query import Query, UpstreamId, query_type
from worker.sources.jira.versions import SPECIFIC_VERSION, VERSION


@query_type("jira", needs=(TrinoSettings,))
class JiraQuery(Query):
    """The issues with ids after *after* (None: from the first) up to *upto* (None: to the last).

    Ids are compared as text, by code point. With *ids* the range and the window do not matter.
    """

    event_type: Literal["issues"]
    after: UpstreamId | None = None
    upto: UpstreamId | None = None

    @model_validator(mode="after")
    def _range_is_ordered(self) -> Self:
        if self.after is not None and self.upto is not None and self.upto < self.after:
            raise ValueError("upto must not be before after")
        return self

    @classmethod
    @override
    def version(cls) -> str:
        return VERSION

    @classmethod
    @override
    def specific_version(cls) -> str:
        return SPECIFIC_VERSION
