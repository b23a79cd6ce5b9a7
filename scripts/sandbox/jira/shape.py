"""How does Jira show an issue? Chosen fields, embedded lists cut off, text or documents, by version."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scripts.sandbox.jira.catalogue import Json, count_ms, read_time
from scripts.sandbox.jira.tricks import ListName, State
from scripts.sandbox.jira.wiki import is_document, write_wiki
from scripts.sandbox.people import JIRA, Person

EXPANDABLE = "renderedFields,names,schema,operations,editmeta,changelog,versionedRepresentations"

_MENTION = re.compile(r"\[~accountid:([^\]]+)\]")


@dataclass(frozen=True, slots=True)
class Listing:
    """A list of an issue as far as it is delivered, and how many entries Jira says it has."""

    entries: Sequence[Json]
    total: int


@dataclass(frozen=True, slots=True)
class Style:
    """In which version, whether as Cloud or (with *people*) as a Data Center, with links to which site."""

    version: str
    people: Mapping[str, Person] | None = None
    site: str = JIRA

    @property
    def is_cloud(self) -> bool:
        """Whether people are accounts."""
        return self.people is None

    def show(self, value: Any) -> Any:
        """*value* as this version spells it: links, rich texts, people."""
        if isinstance(value, list):
            return [self.show(entry) for entry in value]
        if isinstance(value, str):
            return value if self.people is None else self._rename(value, self.people)
        if not isinstance(value, dict):
            return value
        if self.version == "2" and is_document(value):
            return self.show(write_wiki(value))
        if self.people is not None and value.get("accountId") in self.people:
            return show_user(self.people[value["accountId"]], value)
        shown = {key: self.show(entry) for key, entry in value.items() if key != "self"}
        link = value.get("self")
        if isinstance(link, str):
            link = link.replace("/rest/api/2/", f"/rest/api/{self.version}/")
            shown["self"] = link.replace(JIRA, self.site, 1)
        return shown

    def _rename(self, text: str, people: Mapping[str, Person]) -> str:
        if text in people:
            return user_key(people[text])
        if "[~accountid:" not in text:
            return text
        return _MENTION.sub(
            lambda found: f"[~{user_name(people[found[1]])}]" if found[1] in people else found[0], text
        )


def user_name(person: Person) -> str:
    """The login name in a Data Center."""
    return f"{'app' if person.is_app else 'user'}{person.number}"


def user_key(person: Person) -> str:
    """The key in a Data Center, which outlives a renaming."""
    return f"JIRAUSER{(900_000 if person.is_app else 10_000) + person.number}"


def show_user(person: Person, shown: Json) -> Json:
    """A Data Center's user in place of *shown*, a Cloud account."""
    order = ("emailAddress", "avatarUrls", "displayName", "active", "timeZone")
    kept = {key: shown[key] for key in order if key in shown}
    name = user_name(person)
    return {
        "self": f"{JIRA}/rest/api/2/user?username={name}",
        "name": name,
        "key": user_key(person),
        **kept,
    }


def list_parts(body: Json, name: ListName, number: int, state: State) -> Listing:
    """A list of an issue, oldest first; empty where the issue lacks it."""
    if name == "histories":
        entries = body["changelog"]["histories"][::-1]
    else:
        entries = (body["fields"].get(name.removesuffix("s")) or {}).get(name) or []
    return Listing(entries[: max(0, len(entries) - state.missing(number, name))], len(entries))


def embed(name: ListName, listing: Listing, limit: int | None, *, newest_first: bool = False) -> Json:
    """A list inside an issue: its first *limit* entries and its counts."""
    entries = listing.entries[::-1] if newest_first else listing.entries
    shown = list(entries if limit is None else entries[:limit])
    most = listing.total if limit is None else min(limit, listing.total)
    return {name: shown, "maxResults": most, "total": listing.total, "startAt": 0}


def select_fields(fields: Json, wanted: Sequence[str], default: str) -> Json:
    """The fields asked for: names, ``*all``, ``*navigable`` and ``-name``; *default* where none is."""
    included = [name for name in wanted if not name.startswith("-")] or [default]
    excluded = {name[1:] for name in wanted if name.startswith("-")}
    if "*navigable" in included:
        excluded |= {"comment", "worklog"} - set(included)
    everything = not {"*all", "*navigable"}.isdisjoint(included)
    return {
        name: value
        for name, value in fields.items()
        if name not in excluded and (everything or name in included)
    }


def count_created(history: Json) -> Json:
    """A history as the bulk end point shows it: its time in milliseconds since 1970."""
    return {**history, "created": count_ms(read_time(history["created"]))}
