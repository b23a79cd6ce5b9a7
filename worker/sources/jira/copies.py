"""Which fields does an issue's creation copy? Those that the operator chose, people by employee id."""

import re
from collections.abc import Iterable, Iterator, Mapping

from pydantic import JsonValue

from worker.sources.jira.issue import Issue
from worker.sources.jira.people import is_user
from worker.sources.jira.settings import JiraOptions
from worker.sources.jira.values import JsonObject

MAX_DEPTH = 20
"""Nobody reads what lies deeper in a field."""

_NOISE = frozenset({"self", "avatarUrls", "iconUrl"})
_PLACEHOLDER = re.compile(r"@\{(\d+)\}")


def copy_fields(issue: Issue) -> dict[str, JsonValue]:
    """Today's value of each chosen field under its name, ``<name>_mentions`` where its text mentions people.

    A choice becomes its name, a person an employee id, a rich text Markdown; a field that the issue does
    not have is null.
    """
    copied: dict[str, JsonValue] = {}
    for name, value, holds_people in find_copied(issue.fields, issue.options):
        mentions: list[JsonValue] = []
        copied[name] = _tell(issue, value, mentions, holds_people, 0)
        if mentions:
            copied[f"{name}_mentions"] = mentions
    return copied


def find_copied(fields: JsonObject, options: JiraOptions) -> Iterator[tuple[str, JsonValue, bool]]:
    """(name, value, whether the operator says that it holds people) of each chosen field."""
    for place, name in options.copied_fields.items():
        found = next((key for key in options.places_of(place) if fields.get(key) is not None), place)
        yield name, fields.get(found), found.casefold() in options.person_fields


def _tell(issue: Issue, value: JsonValue, mentions: list[JsonValue], people: bool, depth: int) -> JsonValue:
    if depth > MAX_DEPTH:
        return None
    if isinstance(value, str):
        return issue.people.employee_of(value) if people and value else _tell_text(issue, value, mentions)
    if isinstance(value, list):
        people = people or any(isinstance(entry, dict) and is_user(entry) for entry in value)
        return [_tell(issue, entry, mentions, people, depth + 1) for entry in value]
    if not isinstance(value, dict):
        return value
    if is_user(value):
        person = issue.people.find(value)
        return None if person is None else issue.people.employee(person)
    if value.get("type") == "doc":
        return _tell_text(issue, value, mentions)
    parts = _choice(value)
    if parts is None:
        kept = {name: entry for name, entry in value.items() if name not in _NOISE}
        return {name: _tell(issue, entry, mentions, people, depth + 1) for name, entry in kept.items()}
    told = [_tell(issue, entry, mentions, False, depth + 1) for entry in parts]
    return told[0] if len(told) == 1 else told


def _choice(value: Mapping[str, JsonValue]) -> Iterable[JsonValue] | None:
    """What an option, a status or a version is called; two names for a choice within a choice."""
    for name in ("value", "name"):
        if name in value:
            child = value.get("child")
            return (value[name],) if child is None else (value[name], child)
    return None


def _tell_text(issue: Issue, value: JsonValue, mentions: list[JsonValue]) -> str:
    rich, people = issue.read_text(value)
    before = len(mentions)
    mentions.extend(people)
    if not before or not people:
        return rich.text
    return _PLACEHOLDER.sub(lambda found: f"@{{{int(found[1]) + before}}}", rich.text)
