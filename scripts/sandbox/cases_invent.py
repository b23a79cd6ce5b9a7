"""Which cases does the seeded world have? Each from its number alone, oddities at fixed numbers."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import count

from scripts.sandbox import cases_edits as edits
from scripts.sandbox.cases_records import (
    CASE,
    CONTACT,
    QUEUES,
    CaseFile,
    make_id,
    queue_id,
    show_creator,
    show_history,
    show_owner,
    spell_time,
    user_id,
)
from scripts.sandbox.people import Person
from scripts.sandbox.soql import Record
from scripts.sandbox.texts import invent_sentence, invent_text

STATUSES = ("Working", "Waiting on Customer", "Escalated")
PRIORITIES = ("Low", "Medium", "High")

DELETED_EVERY, HIDDEN_EVERY, QUEUED_EVERY, BINNED_EVERY = 23, 31, 6, 7
"""Of so many cases one is deleted, hidden from us, owned by a queue, or lost its last comment."""

ANCIENT, FUTURE = datetime(1, 1, 1, 12, tzinfo=UTC), datetime(4000, 12, 31, 23, 59, 59, tzinfo=UTC)
ANCIENT_CASE = 41
"""The case that says it was made in the year 1, and has a comment from the far future."""


@dataclass(frozen=True, slots=True)
class CaseSetting:
    """What all cases of a world share."""

    seed: int
    anchor: date
    people: Sequence[Person]
    robot: Person


def case_id(number: int) -> str:
    """The id of case *number*."""
    return make_id(CASE, number)


def invent_case(number: int, setting: CaseSetting) -> CaseFile:
    """Case *number* as it is on the anchor's morning, the same for the same setting."""
    rng = random.Random(f"case:{setting.seed}:{number}")
    numbers = count(number * 1_000)
    now = datetime.combine(setting.anchor, time(8), UTC) - timedelta(days=rng.uniform(0.5, 60))
    who = setting.robot if number % 19 == 4 else rng.choice(setting.people)
    file = open_case(number, who, now.replace(microsecond=0), setting, rng)
    file.history.append(show_history(next(numbers), file.id, who, now, "created"))
    morning = datetime.combine(setting.anchor, time(8), UTC)
    while rng.random() < 0.8:
        later = now + timedelta(days=rng.expovariate(0.4))
        if later >= morning:
            break
        now = later
        _do_something(file, numbers, now.replace(microsecond=0), setting, rng)
    if number % QUEUED_EVERY != 0 and rng.random() < 0.4:
        edits.change_status(file, numbers, now, rng.choice(setting.people), "Closed")
    _make_odd(file, number, numbers, now, setting, rng)
    return file


def open_case(number: int, who: Person, now: datetime, setting: CaseSetting, rng: random.Random) -> CaseFile:
    """A case that *who* makes now: nothing has happened to it yet."""
    owner: Person | int = number % len(QUEUES) if number % QUEUED_EVERY == 0 else rng.choice(setting.people)
    record: Record = {
        "Id": case_id(number),
        "CaseNumber": f"{number:08d}",
        "Subject": invent_sentence(rng),
        "Description": invent_text(rng, setting.people),
        "Status": "New",
        "Priority": rng.choice(PRIORITIES),
        "Origin": rng.choice(("Web", "Email", "Phone", None)),
        "Type": rng.choice(("Problem", "Question", None)),
        "Reason": None,
        "Product__c": rng.choice(("Charm", "Snap", None)),
        "IsClosed": False,
        "IsEscalated": rng.random() < 0.1,
        "IsDeleted": False,
        "ParentId": case_id(number - 1) if number % 13 == 6 else None,
        "ContactId": make_id(CONTACT, number % 50),
        "ClosedDate": None,
        "CreatedDate": spell_time(now),
        "CreatedById": user_id(who),
        "CreatedBy": show_creator(who),
        "OwnerId": queue_id(owner) if isinstance(owner, int) else user_id(owner),
        "Owner": show_owner(owner),
        "SystemModstamp": spell_time(now),
    }
    return CaseFile(record, owner_name=QUEUES[owner] if isinstance(owner, int) else owner.name)


def _do_something(
    file: CaseFile, numbers: Iterator[int], now: datetime, setting: CaseSetting, rng: random.Random
) -> None:
    who = rng.choice(setting.people)
    match rng.randrange(10):
        case 0 | 1 | 2 | 3:
            edits.add_comment(file, next(numbers), now, who, invent_text(rng, setting.people))
        case 4 | 5:
            edits.change_status(file, numbers, now, who, rng.choice(STATUSES))
        case 6:
            edits.change_field(file, numbers, now, who, "Priority", rng.choice(PRIORITIES))
        case 7:
            edits.change_owner(file, numbers, now, who, rng.choice(setting.people))
        case 8:
            edits.change_owner(file, numbers, now, who, rng.choice(setting.people), "ownerAssignment")
        case _:
            _change_contact(file, numbers, now, who, rng)


def _change_contact(
    file: CaseFile, numbers: Iterator[int], now: datetime, who: Person, rng: random.Random
) -> None:
    """Another customer: a row with names and one with ids, as for every reference."""
    former, contact = str(file.record["ContactId"]), make_id(CONTACT, rng.randrange(50))
    names = (f"Customer {former[-6:]}", f"Customer {contact[-6:]}")
    file.history.append(show_history(next(numbers), file.id, who, now, "Contact", names))
    row = show_history(next(numbers), file.id, who, now, "Contact", (former, contact), "EntityId")
    file.history.append(row)
    file.record["ContactId"] = contact
    edits.touch(file, now)


def _make_odd(
    file: CaseFile,
    number: int,
    numbers: Iterator[int],
    now: datetime,
    setting: CaseSetting,
    rng: random.Random,
) -> None:
    texts: dict[int, str | None] = {
        2: "x" * 31_990 + " the end",
        5: "&lt;b&gt;Tom &amp; Jerry&lt;/b&gt; &#39;said&#39;",
        8: "first line\r\nsecond line\r\n",
        10: "🚀 it works ✨\u200d",
        12: None,
    }
    if number % 29 in texts:
        file.record["Description"] = texts[number % 29]
        edits.add_comment(file, next(numbers), now, rng.choice(setting.people), texts[number % 29])
    if number % 29 == 12:
        file.record["Subject"] = None
    if number == ANCIENT_CASE:
        file.record["CreatedDate"] = spell_time(ANCIENT)
        edits.add_comment(file, next(numbers), now, rng.choice(setting.people), "see you")
        file.comments[-1]["CreatedDate"] = spell_time(FUTURE)
    if number % BINNED_EVERY == 3 and file.comments:
        edits.delete_comment(file, now)
    if number % DELETED_EVERY == 19:
        edits.mark_deleted(file, now, deleted=True)
    file.hidden = number % HIDDEN_EVERY == 14
