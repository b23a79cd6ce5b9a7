"""How does one case change? Each function changes its file in place, as Salesforce would show it later."""

from collections.abc import Iterator
from datetime import datetime

from pydantic import JsonValue

from scripts.sandbox.cases_records import (
    QUEUES,
    CaseFile,
    queue_id,
    show_comment,
    show_history,
    show_owner,
    spell_time,
    user_id,
)
from scripts.sandbox.people import Person


def change_field(
    file: CaseFile, numbers: Iterator[int], now: datetime, who: Person, name: str, value: JsonValue
) -> None:
    """Another value of a plain field."""
    values = (file.record.get(name), value)
    file.history.append(show_history(next(numbers), file.id, who, now, name, values))
    file.record[name] = value
    touch(file, now)


def change_owner(
    file: CaseFile,
    numbers: Iterator[int],
    now: datetime,
    who: Person,
    owner: Person | int,
    name: str = "Owner",
) -> None:
    """Another owner, a user or the number of a queue: two rows, one with names and one with ids."""
    former_id = file.record["OwnerId"]
    owner_id = queue_id(owner) if isinstance(owner, int) else user_id(owner)
    title = QUEUES[owner] if isinstance(owner, int) else owner.name
    names = (file.owner_name, title)
    file.history.append(show_history(next(numbers), file.id, who, now, name, names))
    file.history.append(
        show_history(next(numbers), file.id, who, now, name, (former_id, owner_id), "EntityId")
    )
    file.record |= {"OwnerId": owner_id, "Owner": show_owner(owner)}
    file.owner_name = title
    touch(file, now)


def change_status(file: CaseFile, numbers: Iterator[int], now: datetime, who: Person, status: str) -> None:
    """Another status; Closed sets the closing date, any other takes it away."""
    change_field(file, numbers, now, who, "Status", status)
    closed = status == "Closed"
    file.record |= {"IsClosed": closed, "ClosedDate": spell_time(now) if closed else None}


def add_comment(file: CaseFile, number: int, now: datetime, who: Person, body: str | None) -> None:
    """One more comment; the case itself stays as it is."""
    file.comments.append(show_comment(number, file.id, who, body, now))


def delete_comment(file: CaseFile, now: datetime) -> None:
    """The last living comment goes to the recycle bin."""
    living = [comment for comment in file.comments if comment["IsDeleted"] is False]
    living[-1] |= {"IsDeleted": True, "SystemModstamp": spell_time(now)}
    file.binned.add(str(living[-1]["Id"]))


def mark_deleted(file: CaseFile, now: datetime, *, deleted: bool) -> None:
    """The case goes to the recycle bin with all that belongs to it, or comes back."""
    rows = [file.record, *file.comments, *file.history]
    # What was deleted before the case does not come back with it.
    for row in (row for row in rows if row["Id"] not in file.binned):
        row["IsDeleted"] = deleted
        if "SystemModstamp" in row:
            row["SystemModstamp"] = spell_time(now)
    touch(file, now)


def touch(file: CaseFile, now: datetime) -> None:
    """Move the case's SystemModstamp."""
    file.record["SystemModstamp"] = spell_time(now)
