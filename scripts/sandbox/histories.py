"""Which changes does an issue go through? Edits of every kind, one after the other, some in bursts."""

import random
from collections.abc import Sequence
from datetime import datetime, timedelta

from pydantic import JsonValue

from scripts.sandbox.people import Person
from scripts.sandbox.texts import invent_sentence, invent_text

type Json = dict[str, JsonValue]
type History = tuple[datetime, Person, list[Json]]

ASIDE = ("Story Points", "Acceptance Criteria", "Comment")
NAMED = ("status", "assignee", "summary", "description", "priority", *ASIDE)
OTHER = ("Sprint", "Rank", "labels", "Fix Version", "timeestimate", "Epic Link", "resolution")
CUSTOM = {
    "Story Points": "customfield_10016",
    "Acceptance Criteria": "customfield_10050",
    "Sprint": "customfield_10020",
}


def invent_histories(
    rng: random.Random,
    base: int,
    span: tuple[datetime, datetime],
    count: int,
    people: Sequence[Person],
    apps: Sequence[Person],
    complete: bool,
) -> list[History]:
    """About *count* histories inside *span*, oldest first; with *complete*, at least one of every field.

    One in twelve is by an app; one in five is a burst of up to four, less than three seconds apart;
    two of one time happen; one in a hundred is empty.
    """
    fields = [*NAMED, *OTHER] if complete else rng.choices((*NAMED * 3, *OTHER * 2), k=count)
    length_ms = max(1, int((span[1] - span[0]) / timedelta(milliseconds=1)))
    times = sorted(span[0] + timedelta(milliseconds=rng.randrange(length_ms)) for _ in fields)
    histories: list[History] = []
    for field, created in zip(fields, times, strict=True):
        author = rng.choice(apps if rng.randrange(12) == 0 else people)
        items = [invent_item(rng, field, people)]
        if rng.randrange(6) == 0:
            items.append(invent_item(rng, rng.choice((*OTHER, field)), people))
        histories.append((created, author, [] if rng.randrange(100) == 0 and not complete else items))
        if field in OTHER and rng.randrange(5 if not complete else 1) == 0:
            histories.extend(_burst(rng, created, author, span[1], people))
    if histories and rng.randrange(30) == 0:
        created, author, _ = histories[-1]
        histories.append((created, author, [invent_item(rng, "Rank", people)]))
    return sorted(histories, key=lambda history: history[0])


def invent_item(rng: random.Random, field: str, people: Sequence[Person]) -> Json:
    """One change of *field*, shaped as Jira shapes that field's changes."""
    kind = "custom" if field in CUSTOM else "jira"
    item: Json = {"field": field, "fieldtype": kind, "fieldId": CUSTOM.get(field, field.lower())}
    if field == "assignee":
        old = rng.choice(people) if rng.randrange(3) else None
        new = rng.choice(people) if rng.randrange(6) else None
        return item | {
            "from": old.account_id if old else None,
            "fromString": old.name if old else None,
            "to": new.account_id if new else None,
            "toString": new.name if new else None,
        }
    if field in {"summary", "description", "Acceptance Criteria"}:
        texts = (invent_text(rng, people), invent_text(rng, people))
        return item | {"from": None, "fromString": texts[0], "to": None, "toString": texts[1]}
    if field == "Comment":
        text = invent_text(rng, people)
        return item | {"from": text, "fromString": text, "to": None, "toString": None}
    if field == "Story Points":
        points = rng.choices(("1", "2", "3", "5", "8"), k=2)
        return item | {"from": None, "fromString": points[0], "to": None, "toString": points[1]}
    values = rng.sample(_values(field, rng), 2)
    return item | {"from": "1", "fromString": values[0], "to": "2", "toString": values[1]}


def _values(field: str, rng: random.Random) -> Sequence[str]:
    if field == "status":
        return ("To Do", "In Progress", "In Review", "Blocked", "Done")
    if field == "priority":
        return ("Lowest", "Low", "Medium", "High", "Highest")
    return [invent_sentence(rng, 1, 2) + f" {at}" for at in range(2)]


def _burst(
    rng: random.Random, first: datetime, author: Person, end: datetime, people: Sequence[Person]
) -> list[History]:
    times = [first]
    for _ in range(rng.randint(1, 3)):
        times.append(min(end, times[-1] + timedelta(milliseconds=rng.randrange(200, 2_900))))
    return [(when, author, [invent_item(rng, rng.choice(OTHER), people)]) for when in times[1:]]
