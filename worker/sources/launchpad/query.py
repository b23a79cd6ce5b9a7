"""What does a Launchpad job ask for? One member's documents of one type in a window, or documents by id."""

import re
from collections.abc import Mapping
from typing import Final, Literal, Self, override
from urllib.parse import unquote

from pydantic import JsonValue, field_validator, model_validator

from worker.external.launchpad.settings import LaunchpadSettings
from worker.models.query import Query, UpstreamId, query_type
from worker.sources.launchpad.versions import SPECIFIC_VERSION, VERSION

_NUMBERS: Final = {"bug_id": "bugs", "question_id": "questions"}
_PROPOSAL: Final = re.compile(r"~[^?#\s]+/\+merge/\d+")
"""The path of a merge proposal in its link, or in one of its comments'."""


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
    def name_document(cls, properties: Mapping[str, JsonValue]) -> str | None:
        for name, event_type in _NUMBERS.items():
            number = properties.get(name)
            if number and type(number) in (str, int):
                return f"{event_type}:{number}"
        found = _PROPOSAL.search(unquote(str(properties.get("link"))))
        return None if found is None else f"merge_proposals:{found[0]}"

    @classmethod
    @override
    def version(cls) -> str:
        return VERSION

    @classmethod
    @override
    def specific_version(cls) -> str:
        return SPECIFIC_VERSION
