"""Which events does a changelog tell? Named fields one by one, all others in bursts."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from pydantic import JsonValue

from worker.models.event import Event, Reject
from worker.sources.jira.histories import (
    History,
    account_after,
    account_before,
    burst_id,
    event_ids,
    reject_history,
)
from worker.sources.jira.issue import Issue
from worker.sources.jira.people_fields import PeopleFields, accounts_of, find_people_fields
from worker.sources.jira.settings import ASSIGNEE
from worker.sources.jira.values import JsonObject, number_of

BURST_GAP = timedelta(seconds=3)
"""A history this long after the one before it starts a burst of its own."""


def tell_changes(issue: Issue, histories: Iterable[History]) -> Iterator[Event | Reject]:
    """The events of histories that come in order.

    Only histories without a named field are in bursts. An open burst ends at any history that comes
    BURST_GAP or more after the one before it, and at one without a named field by another author. What an
    app did is no event; what nobody did is a reject.
    """
    histories = list(histories)
    people_fields = find_people_fields(issue, histories)
    burst: list[History] = []
    former: datetime | None = None
    for history in histories:
        if former is not None and history.created - former >= BURST_GAP:
            yield from _tell_burst(issue, burst, people_fields)
            burst = []
        former = history.created
        if not history.items:
            continue
        if history.author is None:
            yield from reject_history(history.id, history.items, "no author", history.raw)
        elif history.is_named:
            yield from _tell_named(issue, history, people_fields)
        elif burst and burst[0].author == history.author:
            burst.append(history)
        else:
            yield from _tell_burst(issue, burst, people_fields)
            burst = [history]
    yield from _tell_burst(issue, burst, people_fields)


def _tell_named(issue: Issue, history: History, people_fields: PeopleFields) -> Iterator[Event]:
    if history.author is None or not history.author.is_person:
        return
    named = event_ids(history.id, history.items)
    others = [_describe(issue, item.raw, people_fields) for item in history.items if item.named is None]
    last_id = named[-1][0]
    for event_id, item in named:
        if item.named is None:
            continue
        change = _describe(issue, item.raw, people_fields, is_assignee=item.named is ASSIGNEE)
        mentions: dict[str, JsonValue] = {}
        for name in ("from_mentions", "to_mentions"):
            if name in change or item.named.keeps_mentions:
                mentions[name] = change.pop(name, [])
        yield issue.tell(
            event_id,
            item.named.event_type,
            history.author,
            history.created,
            {
                "history_id": number_of(history.id),
                "change": change,
                "additional_changes": list(others) if event_id == last_id else [],
                **mentions,
            },
        )


def _tell_burst(issue: Issue, burst: list[History], people_fields: PeopleFields) -> Iterator[Event]:
    if not burst or burst[0].author is None or not burst[0].author.is_person:
        return
    changes: list[JsonValue] = [
        {**_describe(issue, item.raw, people_fields), "history_id": number_of(history.id)}
        for history in burst
        for item in history.items
    ]
    first, last = burst[0], burst[-1]
    yield issue.tell(
        burst_id(first.id),
        "changelog",
        burst[0].author,
        last.created,
        {"history_id": number_of(first.id), "changes": changes},
    )


def _describe(
    issue: Issue, item: JsonObject, people_fields: PeopleFields, *, is_assignee: bool = False
) -> dict[str, JsonValue]:
    """{field, from, to} of one change: people by employee id, text with placeholders for mentions.

    from_mentions and to_mentions are there where the text mentions somebody.
    """
    field = item.get("field")
    if is_assignee or people_fields.holds(item):
        before, after = account_before(item), account_after(item)
        return {"field": field, "from": _employees(issue, before), "to": _employees(issue, after)}
    told: dict[str, JsonValue] = {"field": field}
    for side, name in (("from", "fromString"), ("to", "toString")):
        value = item.get(name)
        if isinstance(value, str) and ("[~" in value or value.startswith("{")):
            rich, people = issue.read_text(value)
            value = rich.text
            if people:
                told[f"{side}_mentions"] = people
        told[side] = value
    return told


def _employees(issue: Issue, value: str | None) -> JsonValue:
    """The employee id of an account, a list where a field holds several."""
    if value is None:
        return None
    people: list[JsonValue] = [issue.people.employee_of(account) for account in accounts_of(value)]
    return people[0] if len(people) == 1 and not value.startswith("[") else people
