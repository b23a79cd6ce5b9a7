"""What is an issue of the seeded world? One Jira document, a pure function of (seed, number)."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from pydantic import JsonValue

from scripts.sandbox.histories import invent_histories
from scripts.sandbox.people import JIRA, Person, show_in_jira
from scripts.sandbox.texts import invent_adf, invent_text

type Json = dict[str, JsonValue]

FIRST_ID = 9_500
"""Ids of four, five and six digits, so that text order is not number order."""

PARTS_PER_ISSUE = 10_000
"""Comments, worklogs and histories have ids of their own in this range an issue."""

STATUSES = ("To Do", "In Progress", "In Review", "Blocked", "Done")
PRIORITIES = ("Lowest", "Low", "Medium", "High", "Highest")
ACTIVE_DAYS = 7


@dataclass(frozen=True, slots=True)
class Setting:
    """What every issue is made from. *detail* scales how many comments, worklogs and histories it has."""

    seed: int
    anchor: date
    people: Sequence[Person]
    apps: Sequence[Person]
    detail: float


@dataclass(frozen=True, slots=True)
class Issue:
    """The parts of one issue, still as objects."""

    id: str
    key: str
    url: str
    fields: Json
    histories: list[Json]


def spell_time(moment: datetime, zone: str = "UTC") -> str:
    """A time as Jira writes it: milliseconds, and an offset without a colon."""
    text = moment.astimezone(ZoneInfo(zone)).isoformat(timespec="milliseconds")
    return text[:-3] + text[-2:]


def invent_issue(number: int, setting: Setting) -> Issue:
    """Issue *number*. All were last changed in the ACTIVE_DAYS before the anchor.

    Every 50th shows every kind of change, every 1000th is huge. One in 30 was changed last by a
    workflow migration, which left `updated` where it was.
    """
    rng = random.Random(f"issue:{setting.seed}:{number}")
    anchor = datetime(setting.anchor.year, setting.anchor.month, setting.anchor.day, tzinfo=UTC)
    last = anchor - timedelta(milliseconds=rng.randrange(1, ACTIVE_DAYS * 86_400_000))
    created = last - timedelta(milliseconds=rng.randrange(3_600_000, 350 * 86_400_000))
    migrated = number % 30 == 4
    updated = created + (last - created) * rng.uniform(0.1, 0.4) if migrated else last
    span = (created, updated)
    people, apps = setting.people, setting.apps
    creator, assignee = rng.choice(people), rng.choice(people)
    reporter = rng.choice(people) if rng.randrange(4) == 0 else creator
    base = number * PARTS_PER_ISSUE
    issue_id = str(FIRST_ID + number)
    url = f"{JIRA}/rest/api/2/issue/{issue_id}"
    shown_creator = rng.choice(apps) if number % 25 == 9 else creator
    zone = creator.timezone
    fields: Json = {
        "summary": invent_text(rng, people),
        "description": invent_adf(rng, people, 4) if rng.randrange(8) else None,
        "created": spell_time(created, zone),
        "updated": f"{updated:%Y-%m-%d %H:%M:%S}.{updated.microsecond // 1000:03d} UTC"
        if number % 199 == 47
        else spell_time(updated, zone),
        "creator": dict(show_in_jira(shown_creator)),
        "reporter": dict(show_in_jira(reporter)),
        "assignee": dict(show_in_jira(assignee)) if rng.randrange(5) else None,
        "status": _named(STATUSES, rng, "status"),
        "priority": _named(PRIORITIES, rng, "priority"),
        "issuetype": {"id": "10001", "name": rng.choice(("Story", "Bug", "Task")), "subtask": False},
        "project": {"id": "10003", "key": f"PR{number % 7}", "name": f"Project {number % 7}"},
        "labels": rng.sample(("ui", "backend", "größe", "日志"), rng.randrange(3)),
        "customfield_10016": rng.choice((None, 1.0, 2.0, 3.0, 5.0, 8.0)),
        "customfield_10050": invent_adf(rng, people) if rng.randrange(3) == 0 else None,
        "comment": {},
        "worklog": {},
    }
    if number % 6 == 5 and number > 1:
        parent = FIRST_ID + rng.randrange(1, number)
        fields["parent"] = {
            "id": str(parent),
            "key": f"PR0-{parent}",
            "self": f"{JIRA}/rest/api/2/issue/{parent}",
        }
    counts = [_size(rng, number, setting.detail, mean) for mean in (2.0, 0.8, 4.0)]
    comments = [_comment(rng, base + at, url, span, setting) for at in range(counts[0])]
    worklogs = [_worklog(rng, base + at, issue_id, span, setting) for at in range(counts[1])]
    histories = invent_histories(rng, base, span, counts[2], setting.people, setting.apps, number % 50 == 1)
    if migrated:
        histories.append((last, rng.choice(people), [workflow_item(number)]))
    shown = [show_history(base + at, *history) for at, history in enumerate(histories)]
    fields["comment"] = listed("comments", comments)
    fields["worklog"] = listed("worklogs", worklogs)
    return Issue(issue_id, f"PR{number % 7}-{number}", url, fields, shown[::-1])


def show_history(number: int, created: datetime, author: Person, items: Sequence[Json]) -> Json:
    """A history as Jira shows it."""
    return {
        "id": str(number),
        "author": show_in_jira(author),
        "created": spell_time(created, author.timezone),
        "items": list(items),
    }


def workflow_item(number: int) -> Json:
    """The change of an issue's workflow by an administrator."""
    names = {"fromString": f"Workflow {number}", "toString": f"Workflow {number} v2"}
    return {"field": "Workflow", "fieldtype": "jira", "from": str(number), "to": str(number + 1), **names}


def listed(name: str, entries: Sequence[Json]) -> Json:
    """A complete embedded list with its counts."""
    return {name: list(entries), "maxResults": len(entries), "total": len(entries), "startAt": 0}


def show_comment(number: int, url: str, author: Person, body: Json, created: datetime) -> Json:
    """A comment that was never edited."""
    shown = show_in_jira(author)
    when = spell_time(created, author.timezone)
    times: Json = {"created": when, "updated": when, "jsdPublic": True}
    where = f"{url}/comment/{number}"
    return {"id": str(number), "self": where, "author": shown, "body": body, "updateAuthor": shown, **times}


def show_worklog(
    number: int,
    issue_id: str,
    author: Person,
    *,
    started: datetime,
    created: datetime,
    seconds: int,
    comment: Json,
) -> Json:
    """A worklog that was never edited."""
    shown = show_in_jira(author)
    when = spell_time(created, author.timezone)
    return {
        "id": str(number),
        "self": f"{JIRA}/rest/api/2/issue/{issue_id}/worklog/{number}",
        "author": shown,
        "updateAuthor": shown,
        "comment": comment,
        "created": when,
        "updated": when,
        "started": spell_time(started, author.timezone),
        "timeSpent": f"{seconds // 3600}h",
        "timeSpentSeconds": seconds,
        "issueId": issue_id,
    }


def _comment(
    rng: random.Random, number: int, url: str, span: tuple[datetime, datetime], setting: Setting
) -> Json:
    author = rng.choice(setting.apps if rng.randrange(20) == 0 else setting.people)
    created = _between(rng, *span)
    comment = show_comment(number, url, author, invent_adf(rng, setting.people), created)
    if rng.randrange(4) == 0:
        editor = rng.choice(setting.people) if rng.randrange(3) == 0 else author
        comment["updateAuthor"] = show_in_jira(editor)
        comment["updated"] = spell_time(_between(rng, created, span[1]), editor.timezone)
    return comment


def _worklog(
    rng: random.Random, number: int, issue_id: str, span: tuple[datetime, datetime], setting: Setting
) -> Json:
    author = rng.choice(setting.apps if rng.randrange(10) == 0 else setting.people)
    created = _between(rng, *span)
    worklog = show_worklog(
        number,
        issue_id,
        author,
        started=created - timedelta(hours=rng.randrange(72)),
        created=created,
        seconds=rng.choice((900, 1800, 3600, 7200, 28800)),
        comment=invent_adf(rng, setting.people, 1),
    )
    if rng.randrange(4) == 0:
        worklog["updated"] = spell_time(_between(rng, created, span[1]), author.timezone)
    return worklog


def _between(rng: random.Random, start: datetime, end: datetime) -> datetime:
    return start + timedelta(milliseconds=int((end - start) / timedelta(milliseconds=1) * rng.random()))


def _named(names: Sequence[str], rng: random.Random, kind: str) -> Json:
    at = rng.randrange(len(names))
    return {"id": str(at + 1), "name": names[at], "self": f"{JIRA}/rest/api/2/{kind}/{at + 1}"}


def _size(rng: random.Random, number: int, detail: float, mean: float) -> int:
    """A number of parts: mostly few, seldom many, as in real trackers."""
    if number % 1000 == 500:
        return int(100 * detail * mean)
    if number % 50 == 1:
        return max(4, int(mean * detail))
    return min(200, int(mean * detail * (rng.paretovariate(1.3) - 0.6)))
