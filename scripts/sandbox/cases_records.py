"""How does Salesforce show a case? Ids, people, comments and history rows, as its REST interface does."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from string import ascii_lowercase, ascii_uppercase, digits

from pydantic import JsonValue

from scripts.sandbox.people import Person
from scripts.sandbox.soql import Record

CASE, COMMENT, HISTORY, USER, GROUP, CONTACT = "500", "00a", "017", "005", "00G", "003"
"""What ids of each kind of record begin with."""

QUEUES = ("Support EMEA", "Support AMER")

_ALPHABET = digits + ascii_uppercase + ascii_lowercase
_CHECK = ascii_uppercase + "012345"


@dataclass(slots=True)
class CaseFile:
    """A case with its comments and history rows, deleted ones included.

    *hidden*: out of our sight; *binned*: the comments that were deleted by themselves.
    """

    record: Record
    comments: list[Record] = field(default_factory=list)
    history: list[Record] = field(default_factory=list)
    owner_name: str = ""
    hidden: bool = False
    binned: set[str] = field(default_factory=set)

    @property
    def id(self) -> str:
        """The case's id."""
        return str(self.record["Id"])

    @property
    def last_change(self) -> datetime:
        """The latest change of any part."""
        stamps = [row["SystemModstamp"] for row in (self.record, *self.comments)]
        return max(map(read_time, [*stamps, *(row["CreatedDate"] for row in self.history)]))


def make_id(prefix: str, number: int) -> str:
    """The id of record *number* of a kind: 15 characters that grow with it, three that check their case."""
    rest, text = number * 1_009 + 4_242, ""
    for _ in range(9):
        rest, at = divmod(rest, len(_ALPHABET))
        text = _ALPHABET[at] + text
    return complete_id(f"{prefix}Sb0{text}")


def complete_id(short: str) -> str:
    """The 18 characters of a 15-character id: a bit a capital, five bits a character."""
    bits = [sum(letter.isupper() << at for at, letter in enumerate(short[i : i + 5])) for i in (0, 5, 10)]
    return short + "".join(_CHECK[value] for value in bits)


def spell_time(moment: datetime) -> str:
    """Salesforce's spelling: UTC, whole seconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000").rjust(28, "0")


def read_time(text: JsonValue) -> datetime:
    """The moment of that spelling."""
    return datetime.fromisoformat(str(text))


def user_id(person: Person) -> str:
    """The id of a person's user; apps have users too."""
    return make_id(USER, person.number + (900_000 if person.is_app else 0))


def user_email(person: Person) -> str:
    """A user always has an address; those whom nobody else knows have one that nobody else shows."""
    return person.jira_email or person.directory_email or f"user{person.number}@partner.example.net"


def queue_id(number: int) -> str:
    """The id of a queue."""
    return make_id(GROUP, number + 1)


def show_user(person: Person) -> Record:
    """A row of User."""
    return {
        "Id": user_id(person),
        "Name": person.name,
        "Email": user_email(person),
        "TimeZoneSidKey": "GMT" if person.timezone == "UTC" else person.timezone,
        "UserType": "Standard",
        "IsActive": person.active,
    }


def join_users(row: Record, users: Mapping[str, Record]) -> Record:
    """*row* with the addresses that its users have now."""
    joined = dict(row)
    for name in ("CreatedBy", "Owner"):
        parent, user = row.get(name), users.get(str(row.get(f"{name}Id")))
        if isinstance(parent, dict) and user is not None:
            joined[name] = {**parent, "Email": user["Email"]}
    return joined


def show_creator(person: Person) -> Record:
    """Who made a record, as its parent CreatedBy."""
    return {"attributes": _attributes("User", user_id(person)), "Email": user_email(person)}


def show_owner(owner: Person | int) -> Record:
    """The owner of a case, a user or the number of a queue, as its parent Owner."""
    if isinstance(owner, int):
        return {"attributes": _attributes("Name", queue_id(owner)), "Type": "Queue", "Email": None}
    return {"attributes": _attributes("Name", user_id(owner)), "Type": "User", "Email": user_email(owner)}


def show_comment(number: int, case_id: str, author: Person, body: str | None, created: datetime) -> Record:
    """A row of CaseComment."""
    return {
        "Id": make_id(COMMENT, number),
        "ParentId": case_id,
        "CommentBody": body,
        "IsPublished": number % 3 != 0,
        "IsDeleted": False,
        "CreatedById": user_id(author),
        "CreatedBy": show_creator(author),
        "CreatedDate": spell_time(created),
        "SystemModstamp": spell_time(created),
    }


def show_history(
    number: int,
    case_id: str,
    author: Person,
    created: datetime,
    name: str,
    values: Sequence[JsonValue] = (None, None),
    kind: str = "Text",
) -> Record:
    """A row of CaseHistory."""
    return {
        "Id": make_id(HISTORY, number),
        "CaseId": case_id,
        "Field": name,
        "DataType": kind,
        "OldValue": values[0],
        "NewValue": values[1],
        "IsDeleted": False,
        "CreatedById": user_id(author),
        "CreatedBy": show_creator(author),
        "CreatedDate": spell_time(created),
    }


def _attributes(kind: str, record_id: str) -> Record:
    return {"type": kind, "url": f"/services/data/v62.0/sobjects/{kind}/{record_id}"}
