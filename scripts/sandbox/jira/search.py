"""Which page of which search comes next? By token as in the Cloud, or by offset as in a Data Center."""

import base64
import hashlib
import threading
from bisect import bisect_right
from collections import OrderedDict
from dataclasses import dataclass
from itertools import count
from zoneinfo import ZoneInfo

import orjson

from scripts.sandbox.jira.catalogue import Catalogue, Entry
from scripts.sandbox.jira.jql.parse import Question, parse_jql
from scripts.sandbox.jira.jql.words import JqlError
from scripts.sandbox.jira.reading import Refusal
from scripts.sandbox.jira.tricks import State

KEPT_RESULTS = 8
UNBOUNDED = "Unbounded JQL queries are not allowed here. Please add a search restriction to your query."

type Place = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """All issues of a search in order, each with its place in that order."""

    entries: list[Entry]
    places: list[Place]


class Search:
    """The searches of one server. What one found is kept until the world or the oddities change."""

    def __init__(self, catalogue: Catalogue, zone: ZoneInfo) -> None:
        self._catalogue = catalogue
        self._zone = zone
        self._kept: OrderedDict[object, Found] = OrderedDict()
        self._lock = threading.Lock()
        self._empty = count(1)

    def find(self, jql: str, state: State, *, bounded: bool, strict: bool) -> Found:
        """What *jql* asks for. Raises Refusal for what Jira refuses."""
        key = (jql, state, bounded, strict, self._catalogue.version)
        with self._lock:
            found = self._kept.get(key)
        if found is not None:
            return found
        entries = [entry for entry in self._catalogue.entries() if state.is_listed(entry.number)]
        question = self._parse(jql, entries, state)
        if question.matches is None and bounded:
            raise Refusal(400, UNBOUNDED)
        if question.unknown and strict:
            raise Refusal(400, *question.unknown)
        matches = question.matches
        chosen = sorted((entry for entry in entries if not matches or matches(entry)), key=question.place)
        found = Found(chosen, [question.place(entry) for entry in chosen])
        with self._lock:
            self._kept[key] = found
            while len(self._kept) > KEPT_RESULTS:
                self._kept.popitem(last=False)
        return found

    def page(
        self, found: Found, jql: str, token: str | None, size: int, state: State
    ) -> tuple[list[Entry], str | None]:
        """The issues after *token*, and the token of the page after them.

        A token holds a place in the order: an issue that changes meanwhile moves no other one.
        """
        if state.empty_pages:
            return [], f"empty-{next(self._empty)}"
        start = bisect_right(found.places, _read_token(token, jql, state)) if token else 0
        end = start + size
        following = None
        if end < len(found.entries):
            following = _write_token(found.places[end - 1], jql, state)
        if state.repeat_token:
            following = token or following
        return found.entries[start:end], following

    def _parse(self, jql: str, entries: list[Entry], state: State) -> Question:
        def resolve(name: str) -> Entry | None:
            entry = self._catalogue.find(name)
            return entry if entry is not None and state.is_listed(entry.number) else None

        projects = {name for entry in entries for name in (entry.project, entry.project_name)}
        try:
            return parse_jql(jql, self._zone, resolve, projects, self._catalogue.step_ms)
        except JqlError as error:
            raise Refusal(400, *error.messages) from None


def _write_token(place: Place, jql: str, state: State) -> str:
    return base64.urlsafe_b64encode(orjson.dumps([_digest(jql), state.token_age, list(place)])).decode()


def _read_token(token: str, jql: str, state: State) -> Place:
    try:
        digest, age, place = orjson.loads(base64.urlsafe_b64decode(token))
    except (ValueError, TypeError):
        raise Refusal(400, "The nextPageToken is invalid.") from None
    if digest != _digest(jql):
        raise Refusal(400, "The nextPageToken belongs to another query.")
    if age != state.token_age:
        raise Refusal(400, "The nextPageToken has expired.")
    return tuple(place)


def _digest(jql: str) -> str:
    return hashlib.sha256(jql.encode()).hexdigest()[:16]
