"""Which events do an issue's creation, its comments and its worklogs tell?"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from pydantic import JsonValue

from worker.models.event import Event, Reject
from worker.sources.jira.copies import copy_fields
from worker.sources.jira.histories import Assignments, History, first_change
from worker.sources.jira.issue import Issue, collect_items, fragment_of
from worker.sources.jira.people import UTC_ZONE, Person
from worker.sources.jira.settings import PRIORITY, STATUS
from worker.sources.jira.times import parse_time
from worker.sources.jira.values import JsonObject, listed, number_of, part


def tell_creation(
    issue: Issue, histories: Sequence[History], assignments: Assignments
) -> Iterator[Event | Reject]:
    """The issue's creation, by its creator or else its reporter; nothing when neither is a person."""
    event_id = f"i-{issue.id}-c"
    fields = issue.fields
    people = (issue.people.find(fields.get(name)) for name in ("creator", "reporter"))
    person = next((person for person in people if person is not None and person.is_person), None)
    if person is None:
        return
    created = parse_time(fields.get("created"))
    if created is None:
        yield Reject(event_id, "no created time", {"id": issue.id, **fragment_of(fields)})
        return
    description, mentions = issue.read_text(fields.get("description"))
    parent = part(fields, "parent").get("id")
    yield Event(
        event_id=event_id,
        event_type="issue_created",
        relation_type="reporter",
        employee_id=issue.people.employee(person),
        event_time_utc=created,
        timezone=person.zone or UTC_ZONE,
        parent_item_id=str(parent) if isinstance(parent, str | int) and parent else None,
        event_properties={
            "project": issue.project,
            "issue_id": issue.id,
            "issue_type": part(fields, "issuetype").get("name"),
            "url": issue.url,
            "summary": fields.get("summary"),
            "description": description.text,
            "mentions": mentions,
            "initial_status": _initial(histories, "status", fields),
            "initial_priority": _initial(histories, "priority", fields),
            "initial_assignee": issue.people.employee_of(assignments.first) if assignments.first else None,
            **copy_fields(issue),
        },
    )


def tell_comments(issue: Issue) -> Iterator[Event | Reject]:
    """Each comment once, and its last edit by whoever made it."""
    rejects: list[Reject] = []
    for key, comment in collect_items(listed(issue.fields.get("comment"), "comments"), "comment", rejects):
        properties: JsonObject | None = None
        bad: list[Reject] = []
        for event_id, event_type, role, when in _moments("c", key, comment, "comment", bad):
            person = issue.people.find(comment.get(role))
            if person is None:
                bad.append(Reject(event_id, "no author", fragment_of(comment)))
            elif person.is_person:
                properties = properties or _describe_comment(issue, key, comment)
                yield issue.tell(event_id, event_type, person, when, properties)
        rejects += _as_one(bad)
    yield from rejects


def tell_worklogs(issue: Issue, assignments: Assignments) -> Iterator[Event | Reject]:
    """Each worklog once, and its last edit; what an app logged is its assignee's or reporter's work."""
    rejects: list[Reject] = []
    for key, worklog in collect_items(listed(issue.fields.get("worklog"), "worklogs"), "worklog", rejects):
        properties: JsonObject | None = None
        bad: list[Reject] = []
        for event_id, event_type, role, when in _moments("wl", key, worklog, "worklog", bad):
            author = issue.people.find(worklog.get(role))
            if author is None:
                bad.append(Reject(event_id, "no author", fragment_of(worklog)))
                continue
            person = author if author.is_person else _stand_in(issue, assignments, when)
            if person is not None:
                properties = properties or _describe_worklog(issue, key, worklog)
                yield issue.tell(event_id, event_type, person, when, properties)
        rejects += _as_one(bad)
    yield from rejects


def _as_one(bad: Sequence[Reject]) -> Iterator[Reject]:
    """What is wrong with one item, once: the first thing, which keeps the rows of all its events."""
    for first in bad[:1]:
        yield replace(first, keeps=tuple(str(other.event_id) for other in bad[1:]))


def _moments(
    prefix: str, key: str, item: JsonObject, what: str, rejects: list[Reject]
) -> Iterator[tuple[str, str, str, datetime]]:
    """(event id, event type, whose role, when) of an item's creation and of its last edit."""
    created_id, updated_id = f"{prefix}-{key}-c", f"{prefix}-{key}-u1"
    created, told_update = parse_time(item.get("created")), item.get("updated")
    if created is None:
        # Whether it was edited cannot be told either: both events keep the rows they have.
        rejects.append(Reject(created_id, "no created time", fragment_of(item)))
        rejects.append(Reject(updated_id, "no created time", fragment_of(item)))
        return
    yield created_id, f"{what}_created", "author", created
    if told_update is None or told_update == item.get("created"):
        return
    updated = parse_time(told_update)
    if updated is None:
        rejects.append(Reject(updated_id, "no updated time", fragment_of(item)))
    elif updated != created:
        yield updated_id, f"{what}_updated", "updateAuthor", updated


def _stand_in(issue: Issue, assignments: Assignments, when: datetime) -> Person | None:
    account = assignments.at(when)
    people = (
        issue.people.find_account(account) if account else None,
        issue.people.find(issue.fields.get("reporter")),
    )
    return next((person for person in people if person is not None and person.is_person), None)


def _describe_comment(issue: Issue, key: str, comment: JsonObject) -> JsonObject:
    content, mentions = issue.read_text(comment.get("body"))
    return {
        "id": number_of(key),
        "url": issue.url_of(comment, "focusedCommentId"),
        "content": content.text,
        "mentions": mentions,
        "comment_version": content.version,
    }


def _describe_worklog(issue: Issue, key: str, worklog: JsonObject) -> JsonObject:
    content, mentions = issue.read_text(worklog.get("comment"))
    return {
        "id": number_of(key),
        "url": issue.url_of(worklog, "focusedWorklogId"),
        "started": worklog.get("started"),
        "timeSpentSeconds": worklog.get("timeSpentSeconds"),
        "content": content.text,
        "mentions": mentions,
    }


def _initial(histories: Sequence[History], name: str, fields: JsonObject) -> JsonValue:
    """What a field was at first: its first change's ``from``, else what it is today."""
    change = first_change(histories, STATUS if name == "status" else PRIORITY)
    return part(fields, name).get("name") if change is None else change.get("fromString")
