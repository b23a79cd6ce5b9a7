"""What did the operator say about this Jira? Its custom fields, system accounts and address."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, field_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from temporaletl.settings import Settings


@dataclass(frozen=True, slots=True)
class NamedField:
    """A Jira field whose changes are events of their own: ``{history}-{suffix}``.

    *keeps_mentions*: its text names people, so its events always carry from_mentions and to_mentions.
    """

    name: str
    event_type: str
    suffix: str
    keeps_mentions: bool = False


ACCEPTANCE = NamedField("acceptance criteria", "acceptance_changed", "acceptance", keeps_mentions=True)
ASSIGNEE = NamedField("assignee", "assignee_changed", "assignee")
COMMENT = NamedField("comment", "comment_deleted", "comment")
DESCRIPTION = NamedField("description", "description_changed", "description", keeps_mentions=True)
PRIORITY = NamedField("priority", "priority_changed", "priority")
STATUS = NamedField("status", "status_changed", "status")
STORY_POINTS = NamedField("story points", "story_points_changed", "points")
SUMMARY = NamedField("summary", "summary_changed", "summary")

_NAMED_FIELDS = (ACCEPTANCE, ASSIGNEE, COMMENT, DESCRIPTION, PRIORITY, STATUS, STORY_POINTS, SUMMARY)
# Custom everywhere, under an id that differs from site to site: these are known by their names.
_CUSTOM = MappingProxyType({field.name: field for field in (ACCEPTANCE, STORY_POINTS)})
_SYSTEM = MappingProxyType({field.name: field for field in _NAMED_FIELDS if field.name not in _CUSTOM})
_SYSTEM_NAMES = frozenset(
    {
        *_SYSTEM,
        *("affects version", "attachment", "component", "components", "creator", "due date", "duedate"),
        *("environment", "epic child", "fix version", "fix versions", "fixversions", "issue type"),
        *("issuetype", "key", "labels", "link", "linked issues", "parent", "project", "reporter"),
        *("resolution", "resolutiondate", "security", "subtasks", "time tracking", "timeestimate"),
        *("timeoriginalestimate", "timespent", "version", "versions", "votes", "watchers", "workflow"),
    }
)
_BY_ALIAS = MappingProxyType(
    {alias: field for field in _NAMED_FIELDS for alias in (field.name, field.suffix)}
)
_USER_FIELDS = frozenset(
    {
        *("assignee", "reporter", "creator", "approver", "approvers", "participants"),
        *("request participants", "watcher", "watchers", "voter", "voters"),
    }
)

_CREATION_TELLS = frozenset(
    {
        *("project", "issue_id", "issue_type", "url", "summary", "description", "mentions"),
        *("initial_status", "initial_priority", "initial_assignee"),
    }
)


class JiraOptions(BaseModel):
    """How one Jira differs from the next; the defaults suit one without custom fields.

    fields: one of our fields ("story points", or its suffix "points") → the ids or names it goes by here.
    promoted_fields: further fields with events of their own → their name in event types and ids.
        A custom field that is called like a system field is meant by its id only, in both.
    copied_fields: fields (one of ours, or an id) that issue_created copies → their property's name.
    system_accounts: account ids (or addresses) that are no people, besides those Jira itself calls apps.
    user_fields: further fields that hold people, where Jira does not tell.
    base_url: where people open an issue; None: url properties hold the REST addresses.
    """

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    fields: Annotated[Mapping[str, tuple[str, ...]], NoDecode] = Field(default_factory=dict)
    promoted_fields: Annotated[Mapping[str, str], NoDecode] = Field(default_factory=dict)
    copied_fields: Annotated[Mapping[str, str], NoDecode] = Field(default_factory=dict)
    system_accounts: Annotated[tuple[str, ...], NoDecode] = ()
    user_fields: Annotated[tuple[str, ...], NoDecode] = ()
    base_url: str | None = None

    @field_validator("base_url")
    @classmethod
    def _names_nobody(cls, value: str | None) -> str | None:
        # It stands in every row's url.
        if value is not None and "@" in value:
            raise ValueError("leave out the user and the password before the @")
        return value

    @field_validator("fields", mode="before")
    @classmethod
    def _read_fields(cls, value: object) -> object:
        value = _read_json(value)
        if not isinstance(value, Mapping):
            return value
        wrong = sorted(str(name) for name in value if str(name).casefold() not in _BY_ALIAS)
        if wrong:
            raise ValueError(f"unknown field {', '.join(wrong)}; known: {', '.join(sorted(_BY_ALIAS))}")
        return {str(name): _read_list(places) for name, places in value.items()}

    @field_validator("promoted_fields", mode="before")
    @classmethod
    def _read_promoted(cls, value: object) -> object:
        slugs = _read_slugs(value)
        reserved = {field.suffix for field in _NAMED_FIELDS} | {"changelog", ""}
        taken = sorted(name for name, slug in slugs.items() if slug in reserved)
        if taken:
            raise ValueError(f"{', '.join(taken)}: give it a name that no other event of a history has")
        return slugs

    @field_validator("copied_fields", mode="before")
    @classmethod
    def _read_copied(cls, value: object) -> object:
        slugs = _read_slugs(value)
        taken = sorted(name for name, slug in slugs.items() if slug in _CREATION_TELLS or not slug)
        if taken:
            raise ValueError(f"{', '.join(taken)}: give it a name that issue_created does not have yet")
        if len(set(slugs.values())) < len(slugs):
            raise ValueError("two fields have the same name")
        return slugs

    @field_validator("system_accounts", "user_fields", mode="before")
    @classmethod
    def _read_names(cls, value: object) -> object:
        return _read_list(value)

    def find_named(self, field_id: str | None, name: str | None, *, is_custom: bool) -> NamedField | None:
        """Return which field with events of its own a change is about, None for any other.

        What the settings say of a field comes first, then its id decides; a name alone names a system
        field only where there is no id. A custom field may be called like a system field: no name of a
        system field means it.
        """
        field_id, name = (field_id or "").casefold(), (name or "").casefold()
        by_name = "" if is_custom and name in _SYSTEM_NAMES else name
        system = _SYSTEM.get(field_id or by_name) or _CUSTOM.get(name)
        return (
            self._mapped.get(field_id)
            or self._mapped.get(by_name)
            or system
            or self._promoted.get(field_id)
            or self._promoted.get(by_name)
        )

    @cached_property
    def _mapped(self) -> Mapping[str, NamedField]:
        """What JIRA_FIELDS says, by case-folded id or name of a field here."""
        return {
            place.casefold(): _BY_ALIAS[alias.casefold()]
            for alias, places in self.fields.items()
            for place in places
        }

    @cached_property
    def _promoted(self) -> Mapping[str, NamedField]:
        return {
            name.casefold(): NamedField(name, f"{slug}_changed", slug)
            for name, slug in self.promoted_fields.items()
        }

    def places_of(self, name: str) -> tuple[str, ...]:
        """The ids of one of our fields here, as far as they are said; else *name* itself."""
        field = _BY_ALIAS.get(name.casefold())
        said = [places for alias, places in self.fields.items() if _BY_ALIAS[alias.casefold()] is field]
        return (*(place for places in said for place in places), name)

    @cached_property
    def person_fields(self) -> frozenset[str]:
        """Case-folded names and ids of fields that hold people."""
        return _USER_FIELDS | {name.casefold() for name in self.user_fields}

    @cached_property
    def outsiders(self) -> frozenset[str]:
        """Case-folded account ids and addresses of the system accounts."""
        return frozenset(account.casefold() for account in self.system_accounts)


class JiraSettings(Settings, JiraOptions):
    """The options as JIRA_FIELDS, JIRA_PROMOTED_FIELDS, JIRA_SYSTEM_ACCOUNTS, … spell them.

    Lists are comma-separated or JSON; JIRA_FIELDS is a JSON object, JIRA_PROMOTED_FIELDS and
    JIRA_COPIED_FIELDS may be one.
    """

    model_config = SettingsConfigDict(env_prefix="JIRA_", extra="ignore", frozen=True)


def _read_json(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError as error:
        raise ValueError("not a JSON object") from error


def _read_list(value: object) -> object:
    if isinstance(value, str):
        text = value.strip()
        if text.startswith(("[", "{")):
            return _read_json(text)
        return tuple(part.strip() for part in text.split(",") if part.strip())
    return value


def _read_slugs(value: object) -> dict[str, str]:
    """Field to its name in events, which is the field's own where none is given."""
    value = _read_list(value)
    pairs = value if isinstance(value, Mapping) else {name: name for name in _as_tuple(value)}
    return {str(name): _slug(str(slug)) for name, slug in pairs.items()}


def _as_tuple(value: object) -> tuple[object, ...]:
    if isinstance(value, list | tuple | set | frozenset):
        return tuple(value)
    raise ValueError("not a list of field names")


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
