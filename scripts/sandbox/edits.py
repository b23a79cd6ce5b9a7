"""How does one issue change? Each function changes its parts in place, as Jira would show it afterwards."""

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import cast

from pydantic import JsonValue

from scripts.sandbox.histories import invent_item
from scripts.sandbox.issues import (
    Issue,
    Json,
    listed,
    show_comment,
    show_history,
    show_worklog,
    spell_time,
    workflow_item,
)
from scripts.sandbox.people import Person, show_in_jira
from scripts.sandbox.texts import invent_adf, invent_text


def parts(issue: Issue, name: str) -> list[Json]:
    """The issue's ``comments`` or ``worklogs``."""
    return cast("list[Json]", cast("Json", issue.fields[name.rstrip("s")])[name])


def put_parts(issue: Issue, name: str, entries: Sequence[Json]) -> None:
    """Replace the issue's ``comments`` or ``worklogs``."""
    issue.fields[name.rstrip("s")] = listed(name, entries)


def touch(issue: Issue, now: datetime) -> None:
    """Move `updated`."""
    issue.fields["updated"] = spell_time(now)


def add_history(issue: Issue, number: int, now: datetime, author: Person, items: Sequence[Json]) -> None:
    """Put a history before the others: newest first, as Jira lists them."""
    issue.histories.insert(0, show_history(number, now, author, items))


def edit_summary(issue: Issue, number: int, now: datetime, author: Person, text: str) -> None:
    """A new summary, and the history that tells of it."""
    texts: Json = {"from": None, "fromString": issue.fields["summary"], "to": None, "toString": text}
    item: Json = {"field": "summary", "fieldtype": "jira", "fieldId": "summary", **texts}
    add_history(issue, number, now, author, [item])
    issue.fields["summary"] = text
    touch(issue, now)


def change_status(issue: Issue, number: int, now: datetime, author: Person, status: str) -> None:
    """A new status, and the history that tells of it."""
    old = cast("Json", issue.fields["status"])
    values: Json = {"from": old["id"], "fromString": old["name"], "to": "9", "toString": status}
    add_history(
        issue, number, now, author, [{"field": "status", "fieldtype": "jira", "fieldId": "status", **values}]
    )
    issue.fields["status"] = {**old, "id": "9", "name": status}
    touch(issue, now)


def add_comment(
    issue: Issue, number: int, now: datetime, author: Person, rng: random.Random, people: Sequence[Person]
) -> None:
    """One more comment."""
    comment = show_comment(number, issue.url, author, invent_adf(rng, people), now)
    put_parts(issue, "comments", [*parts(issue, "comments"), comment])
    touch(issue, now)


def edit_comment(
    issue: Issue, comment_id: str, now: datetime, editor: Person, rng: random.Random, people: Sequence[Person]
) -> None:
    """Another body for a comment; its former one is gone upstream."""
    for comment in parts(issue, "comments"):
        if comment["id"] == comment_id:
            comment["body"] = cast("JsonValue", invent_adf(rng, people))
            comment["updated"] = spell_time(now, editor.timezone)
            comment["updateAuthor"] = show_in_jira(editor)
    touch(issue, now)


def delete_comment(
    issue: Issue, comment_id: str, number: int, now: datetime, author: Person, rng: random.Random
) -> None:
    """A comment vanishes; a history keeps its text."""
    put_parts(issue, "comments", [entry for entry in parts(issue, "comments") if entry["id"] != comment_id])
    text = invent_text(rng, [author])
    values: Json = {"from": text, "fromString": text, "to": None, "toString": None}
    add_history(issue, number, now, author, [{"field": "Comment", "fieldtype": "jira", **values}])
    touch(issue, now)


def add_worklog(
    issue: Issue, number: int, now: datetime, author: Person, *, started: datetime, created: datetime
) -> None:
    """One more worklog, started (and perhaps created) long ago."""
    text: Json = {"type": "doc", "version": 1, "content": []}
    worklog = show_worklog(
        number, issue.id, author, started=started, created=created, seconds=5400, comment=text
    )
    put_parts(issue, "worklogs", [*parts(issue, "worklogs"), worklog])
    touch(issue, now)


def delete_worklog(issue: Issue, worklog_id: str, now: datetime) -> None:
    """A worklog vanishes without a trace."""
    put_parts(issue, "worklogs", [entry for entry in parts(issue, "worklogs") if entry["id"] != worklog_id])
    touch(issue, now)


def add_burst(
    issue: Issue,
    numbers: Sequence[int],
    now: datetime,
    author: Person,
    rng: random.Random,
    people: Sequence[Person],
) -> None:
    """Histories of fields without events of their own, a second apart, the last one now."""
    for before, number in zip(reversed(range(len(numbers))), numbers, strict=True):
        add_history(
            issue, number, now - timedelta(seconds=before), author, [invent_item(rng, "Rank", people)]
        )
    touch(issue, now)


def migrate(issue: Issue, number: int, now: datetime, author: Person) -> None:
    """Another workflow: a history, while `updated` stays."""
    add_history(issue, number, now, author, [workflow_item(number)])
