"""Who are the people of one case? Its users by id, what the document tells about them, their employee ids."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from pydantic import JsonValue

from worker.models.context import Context
from worker.sources.salesforce.document import COMMENTS, HISTORY, USERS, Row
from worker.sources.salesforce.ids import CONTACT, GROUP, USER, read_id
from worker.sources.salesforce.settings import CaseOptions

SYSTEM = "salesforce"
UTC_ZONE = "UTC"

OWNER: Final = frozenset({"owner", "ownerassignment", "owneraccepted", "ownerescalated"})

_NAMES_PEOPLE: Final = OWNER | {
    "contact", "createdby", "lastmodifiedby", "suppliedname", "suppliedemail", "suppliedphone",
    "contactemail", "contactphone", "contactmobile", "contactfax",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Person:
    """A user as the document describes it. *is_person* is False for system accounts."""

    user: str
    address: str | None = None
    zone: str | None = None
    is_person: bool = True


class Participants:
    """The people of one case, by user id.

    Every mention of a user adds to what is known of it. Where two disagree, the lesser value counts: the
    answer must not depend on the order of the document's lists.
    """

    def __init__(self, body: Row, options: CaseOptions, context: Context) -> None:
        self._context = context
        self._outsiders = options.outsiders
        self._employees: dict[str, str] = {}
        self._people: dict[str, Person] = {}
        for user, address, zone in _mentions(body):
            self._add(user, address, zone)

    def find(self, value: JsonValue) -> Person | None:
        """The person of a user id; None for nobody, and for a queue or group."""
        user = read_id(value)
        if user is None or user.startswith(GROUP):
            return None
        return self._people.get(user) or Person(user, is_person=user[:15] not in self._outsiders)

    def employee(self, person: Person) -> str:
        """The employee id, or the pseudonym, of a person."""
        found = self._employees.get(person.user)
        if found is None:
            found = self._context.person(SYSTEM, person.user, person.address)
            self._employees[person.user] = found
        return found

    def name_reference(self, value: JsonValue) -> JsonValue:
        """What stands for a reference: an employee id or a pseudonym for a user or customer, else the id."""
        found = read_id(value)
        return value if found is None else self.hide_person(found)

    def hide_person(self, value: JsonValue) -> JsonValue:
        """An employee id or a pseudonym for the id of a user or customer; anything else as it is."""
        found = read_id(value)
        if found is None or not found.startswith((USER, CONTACT)):
            return value
        return self.employee(self._people.get(found) or Person(found))

    def _add(self, user: str, address: str | None, zone: str | None) -> None:
        outside = user[:15] in self._outsiders or (address or "").casefold() in self._outsiders
        known = self._people.get(user)
        if known is None:
            self._people[user] = Person(user, address, zone, not outside)
        else:
            self._people[user] = replace(
                known,
                address=_lesser(known.address, address),
                zone=_lesser(known.zone, zone),
                is_person=known.is_person and not outside,
            )


def names_people(field: str) -> bool:
    """Whether a field's texts are somebody's name or number, whoever wrote them."""
    return field.casefold() in _NAMES_PEOPLE


def rows_of(body: Row, name: str) -> Iterator[JsonValue]:
    """The list under *name*, empty where there is none."""
    rows = body.get(name)
    return iter(rows if isinstance(rows, list) else ())


def text_of(value: JsonValue) -> str | None:
    """A text without spaces around it; None for an empty one and for anything else."""
    return (value.strip() or None) if isinstance(value, str) else None


def _mentions(body: Row) -> Iterator[tuple[str, str | None, str | None]]:
    """Every (user id, address, time zone) that a document tells."""
    rows = (body, *rows_of(body, COMMENTS), *rows_of(body, HISTORY))
    for row in rows:
        if isinstance(row, dict):
            yield from _parents(row)
    for row in rows_of(body, USERS):
        user = read_id(row.get("Id")) if isinstance(row, dict) else None
        if user is not None and isinstance(row, dict):
            yield user, text_of(row.get("Email")), text_of(row.get("TimeZoneSidKey"))


def _parents(row: Row) -> Iterable[tuple[str, str | None, None]]:
    for key, parent in (("CreatedById", "CreatedBy"), ("OwnerId", "Owner")):
        user, told = read_id(row.get(key)), row.get(parent)
        if user is not None and not user.startswith(GROUP):
            yield user, text_of(told.get("Email")) if isinstance(told, dict) else None, None


def _lesser(one: str | None, other: str | None) -> str | None:
    return min((value for value in (one, other) if value is not None), default=None)
