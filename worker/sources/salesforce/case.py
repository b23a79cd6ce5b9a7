"""What do all events of one case share? Its ids, its people, and how an event of it is made."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from pydantic import JsonValue

from worker.models.event import Event, Json, Reject
from worker.models.times import parse_iso_time
from worker.sources.salesforce.document import Row
from worker.sources.salesforce.ids import read_id
from worker.sources.salesforce.people import UTC_ZONE, Participants, Person
from worker.sources.salesforce.settings import CaseOptions

_TOLD = ("Id", "CreatedDate", "SystemModstamp", "Field", "DataType")


@dataclass(frozen=True, slots=True)
class Case:
    """One case: what its events have in common."""

    id: str
    record: Row
    people: Participants
    options: CaseOptions

    @property
    def url(self) -> str | None:
        """Where people open the case; None where the operator did not say."""
        base = self.options.base_url
        return f"{base.rstrip('/')}/lightning/r/Case/{self.id}/view" if base else None

    def tell(
        self,
        event_id: str,
        event_type: str,
        relation_type: str,
        person: Person,
        when: datetime,
        properties: Json,
    ) -> Event:
        """The event that *person* did something to this case."""
        return Event(
            event_id=event_id,
            event_type=event_type,
            relation_type=relation_type,
            employee_id=self.people.employee(person),
            event_time_utc=when,
            timezone=person.zone or UTC_ZONE,
            parent_item_id=read_id(self.record.get("ParentId")),
            event_properties={
                "case_id": self.id,
                "case_number": self.record.get("CaseNumber"),
                "url": self.url,
                **properties,
            },
        )

    def read_deed(
        self, row: Row, event_id: str, rejects: list[Reject]
    ) -> tuple[Person | None, datetime] | None:
        """Who made *row* and when; None and a reject where it does not tell.

        The person is None for a system account, which tells nothing.
        """
        person, when = self.people.find(row.get("CreatedById")), parse_iso_time(row.get("CreatedDate"))
        if person is None or when is None:
            reason = "no author" if person is None else "no created time"
            rejects.append(Reject(event_id, reason, fragment_of(row)))
            return None
        return (person if person.is_person else None), when


def collect_rows(
    values: Iterable[JsonValue], what: str, rejects: list[Reject]
) -> Iterator[tuple[str, dict[str, JsonValue]]]:
    """Each row once with its id, in the order of the ids; what has no id goes to *rejects*.

    Of two with one id the one changed later counts, whatever order they came in.
    """
    found: dict[str, dict[str, JsonValue]] = {}
    for row in values:
        key = read_id(row.get("Id")) if isinstance(row, dict) else None
        if not isinstance(row, dict) or key is None:
            reason = f"{what} without id" if isinstance(row, dict) else f"{what} not an object"
            rejects.append(Reject(None, reason, fragment_of(row) if isinstance(row, dict) else None))
        elif key not in found or _freshness(row) > _freshness(found[key]):
            found[key] = row
    return ((key, found[key]) for key in sorted(found))


def fragment_of(row: Row) -> dict[str, JsonValue]:
    """What a reject shows of a row: ids, times and field names, neither people nor text."""
    return {name: row[name] for name in _TOLD if isinstance(row.get(name), str)}


def _freshness(row: dict[str, JsonValue]) -> tuple[str, str]:
    changed = row.get("SystemModstamp")
    return (changed if isinstance(changed, str) else ""), repr(sorted(row.items()))
