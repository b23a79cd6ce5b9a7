"""What does a Launchpad job ask for? One member's documents of one type in a window, or documents by id."""

from typing import Literal, Self, override

from pydantic import field_validator, model_validator

from worker.external.launchpad.settings import LaunchpadSettings
from worker.models.query import Query, UpstreamId, query_type
from worker.sources.launchpad.versions import SPECIFIC_VERSION, VERSION


@query_type("launchpad", needs=(LaunchpadSettings,))
class LaunchpadQuery(Query):
    """What *member*, a Launchpad name, has to do with. With *ids* member and window do not matter.

    A bug's and a question's upstream id is its number; Launchpad finds a merge proposal only by the path
    of its link, so that is its id.
    """

    event_type: Literal["bugs", "merge_proposals", "questions"]
    member: UpstreamId | None = None

    @field_validator("member")
    @classmethod
    def _spell_member(cls, member: str | None) -> str | None:
        return None if member is None else member.strip().lower()

    @model_validator(mode="after")
    def _asks_for_something(self) -> Self:
        if not self.member and self.ids is None:
            raise ValueError("member or ids are needed")
        return self

    @property
    @override
    def coverage(self) -> str | None:
        return None if self.member is None or self.ids is not None else f"{self.member}:{self.event_type}"

    @classmethod
    @override
    def version(cls) -> str:
        return VERSION

    @classmethod
    @override
    def specific_version(cls) -> str:
        return SPECIFIC_VERSION
