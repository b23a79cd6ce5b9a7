"""Which events does a case's history tell? One a row, but one of the two that a changed reference leaves."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from pydantic import JsonValue

from worker.models.event import Event, Reject
from worker.models.times import parse_iso_time
from worker.sources.salesforce.case import Case, collect_rows
from worker.sources.salesforce.ids import CONTACT, USER, read_id
from worker.sources.salesforce.people import OWNER, names_people

_TYPES: Final = {
    "status": "case_status_changed",
    "priority": "case_priority_changed",
    **dict.fromkeys(OWNER, "case_owner_changed"),
}
_NO_CHANGES: Final = frozenset({"created"})
"""What a row of this name tells is told by case_created."""

_REFERENCE: Final = "EntityId"
"""The DataType of a row that holds ids."""

_LATEST: Final = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Change:
    """One history row. *is_reference*: its values are ids, and its twin of the same moment names them."""

    id: str
    field: str
    created: datetime | None
    row: dict[str, JsonValue]
    is_reference: bool

    @property
    def name(self) -> str:
        """The field, as it is compared."""
        return self.field.casefold()

    @property
    def moment(self) -> tuple[str, datetime | None, str | None]:
        """What the two rows of one changed reference share."""
        return self.name, self.created, read_id(self.row.get("CreatedById"))


def read_changes(values: Iterable[JsonValue], rejects: list[Reject]) -> list[Change]:
    """The history rows that tell something, by time and id.

    Salesforce writes two rows where a reference changes, one with ids and one with names. The names are
    left out: they are people's, or an id says more.
    """
    changes: list[Change] = []
    for key, row in collect_rows(values, "history row", rejects):
        field = row.get("Field")
        name = field.strip() if isinstance(field, str) else ""
        changes.append(Change(key, name, parse_iso_time(row.get("CreatedDate")), row, _is_reference(row)))
    references = {change.moment for change in changes if change.is_reference}
    told = [
        change
        for change in changes
        if change.name not in _NO_CHANGES and (change.is_reference or change.moment not in references)
    ]
    return sorted(told, key=lambda change: (change.created or _LATEST, change.id))


def tell_changes(case: Case, changes: Iterable[Change]) -> Iterator[Event | Reject]:
    """The event of each change; what a system account did is none."""
    rejects: list[Reject] = []
    for change in changes:
        event_id = f"case-{case.id}-h{change.id}"
        deed = case.read_deed(change.row, event_id, rejects)
        if deed is None or deed[0] is None:
            continue
        properties: dict[str, JsonValue] = {
            "history_id": change.id,
            "field": change.field,
            "from": _show(case, change, "OldValue"),
            "to": _show(case, change, "NewValue"),
        }
        event_type = _TYPES.get(change.name, "case_changed")
        yield case.tell(event_id, event_type, "author", deed[0], deed[1], properties)
    yield from rejects


def first_value(case: Case, changes: Iterable[Change], names: Iterable[str], today: JsonValue) -> JsonValue:
    """What a field was at first: its first change's former value, else *today*'s."""
    for change in changes:
        if (
            change.created is not None
            and change.name in names
            and (change.is_reference or not _hides(change))
        ):
            return _show(case, change, "OldValue")
    return case.people.name_reference(today) if "owner" in names else today


def _show(case: Case, change: Change, side: str) -> JsonValue:
    """A former or new value: people as employee ids or pseudonyms, never by their names."""
    value = change.row.get(side)
    if change.is_reference:
        return case.people.name_reference(value)
    return None if _hides(change) else case.people.hide_person(value)


def _hides(change: Change) -> bool:
    """Whether the values of what is no reference are names."""
    return names_people(change.field) or change.row.get("DataType") == _REFERENCE


def _is_reference(row: dict[str, JsonValue]) -> bool:
    """Whether a row holds ids. API versions that give no DataType show it by the values' shape."""
    ids = [read_id(row[side]) for side in ("OldValue", "NewValue") if row.get(side) is not None]
    kind, field = row.get("DataType"), row.get("Field")
    if isinstance(kind, str):
        return kind == _REFERENCE and None not in ids
    people = isinstance(field, str) and names_people(field.strip())
    return bool(ids) and all(key and (people or key.startswith((USER, CONTACT))) for key in ids)
