"""What happened to an issue, in order? Its changelog, and what follows from it about former values."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from pydantic import JsonValue

from worker.models.event import Reject
from worker.sources.jira.issue import collect_items, fragment_of
from worker.sources.jira.people import Participants, Person
from worker.sources.jira.settings import ASSIGNEE, JiraOptions, NamedField
from worker.sources.jira.times import parse_time
from worker.sources.jira.values import JsonObject, order_of, text_of


@dataclass(frozen=True, slots=True)
class Item:
    """One changed field. *named* says which of our fields it is, None for any other."""

    raw: JsonObject
    named: NamedField | None


@dataclass(frozen=True, slots=True)
class History:
    """One entry of the changelog; *author* is None where the upstream does not tell."""

    id: str
    created: datetime
    author: Person | None
    items: tuple[Item, ...]
    raw: JsonObject

    @property
    def is_named(self) -> bool:
        """Whether it changed a field that has events of its own."""
        return any(item.named is not None for item in self.items)


def read_histories(
    values: Iterable[JsonValue], people: Participants, options: JiraOptions, rejects: list[Reject]
) -> list[History]:
    """The histories by (created, numeric id); those that cannot be placed in time go to *rejects*."""
    histories: list[History] = []
    for key, raw in collect_items(values, "history", rejects):
        items = _read_items(key, raw, options, rejects)
        created = parse_time(raw.get("created"))
        if created is not None:
            histories.append(History(key, created, people.find(raw.get("author")), items, raw))
        elif items:
            rejects.extend(reject_history(key, items, "no created time", raw))
    histories.sort(key=lambda history: (history.created, order_of(history.id)))
    return histories


def event_ids(history_id: str, items: Iterable[Item]) -> list[tuple[str, Item]]:
    """The event id of each named item; the second one of a field ends in -2, and so on."""
    counts: dict[str, int] = {}
    named: list[tuple[str, Item]] = []
    for item in items:
        if item.named is not None:
            count = counts[item.named.suffix] = counts.get(item.named.suffix, 0) + 1
            again = f"-{count}" if count > 1 else ""
            named.append((f"{history_id}-{item.named.suffix}{again}", item))
    return named


def burst_id(history_id: str) -> str:
    """The event id of the burst that starts with a history."""
    return f"{history_id}-changelog"


def reject_history(history_id: str, items: tuple[Item, ...], reason: str, raw: JsonObject) -> list[Reject]:
    """A reject for every event that a history would have told."""
    ids = [event_id for event_id, _ in event_ids(history_id, items)] or [burst_id(history_id)]
    return [Reject(event_id, reason, fragment_of(raw)) for event_id in ids]


def first_change(histories: Iterable[History], field: NamedField) -> JsonObject | None:
    """The earliest change of a field, None where it never changed."""
    for history in histories:
        for item in history.items:
            if item.named is field:
                return item.raw
    return None


def account_before(change: JsonObject) -> str | None:
    """Whom an assignee change took the issue from: the account id where it tells one, else a key."""
    return text_of(change.get("tmpFromAccountId")) or text_of(change.get("from"))


def account_after(change: JsonObject) -> str | None:
    """Whom an assignee change gave the issue to: the account id where it tells one, else a key."""
    return text_of(change.get("tmpToAccountId")) or text_of(change.get("to"))


@dataclass(frozen=True, slots=True)
class Assignments:
    """Whose the issue was at what time, from its own changelog alone."""

    first: str | None
    changes: tuple[tuple[datetime, str | None], ...]

    def at(self, moment: datetime) -> str | None:
        """The assignee's account at *moment*; a change counts from its own moment on."""
        account = self.first
        for since, assignee in self.changes:
            if since > moment:
                break
            account = assignee
        return account


def read_assignments(histories: Iterable[History], today: str | None) -> Assignments:
    """The assignees over time; *today* is the present one, and the only one where none ever changed."""
    changes = [
        (history.created, item.raw)
        for history in histories
        for item in history.items
        if item.named is ASSIGNEE
    ]
    first = account_before(changes[0][1]) if changes else today
    return Assignments(first, tuple((since, account_after(raw)) for since, raw in changes))


def _read_items(
    history_id: str, raw: JsonObject, options: JiraOptions, rejects: list[Reject]
) -> tuple[Item, ...]:
    changed = raw.get("items")
    if changed is not None and not isinstance(changed, list):
        # No event id: nobody can say which events it told, so none of the issue's may be retired.
        rejects.append(Reject(None, "changed fields not a list", {"id": history_id}))
        return ()
    items: list[Item] = []
    for value in changed or ():
        if isinstance(value, dict):
            items.append(Item(value, _named(value, options)))
        elif value is not None:
            rejects.append(Reject(None, "changed field not an object", {"id": history_id}))
    return tuple(items)


def _named(item: JsonObject, options: JiraOptions) -> NamedField | None:
    field_id = text_of(item.get("fieldId"))
    is_custom = item.get("fieldtype") == "custom" or (field_id or "").startswith("customfield_")
    return options.find_named(field_id, text_of(item.get("field")), is_custom=is_custom)
