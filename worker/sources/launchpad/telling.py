"""What do all parts of a document have in common? A time, a person, and the event made of both.

Every event's zone is UTC: a document names people by link, and its own answer tells no zone. To ask for
each of them would cost more requests than the document itself, and to take the zone of whoever was
searched for would make an event depend on whose job found it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pydantic import JsonValue

from worker.models.event import Event, Reject
from worker.models.times import parse_iso_time
from worker.sources.launchpad.links import person_of
from worker.sources.launchpad.people import Participants

type JsonObject = Mapping[str, JsonValue]

UTC_ZONE = "UTC"


@dataclass(frozen=True, slots=True)
class Item:
    """One bug, merge proposal or question. *key* begins the ids of its events."""

    key: str
    people: Participants
    base: JsonObject

    def tell(
        self,
        suffix: str,
        event_type: str,
        relation_type: str,
        *,
        who: JsonValue,
        when: JsonValue,
        properties: JsonObject,
        relation_properties: JsonObject | None = None,
        metrics: JsonObject | None = None,
        known_only: bool = False,
    ) -> Iterator[Event | Reject]:
        """The event of what a link's person did at a time, or why it is none.

        With *known_only* there is none by somebody who is not in the directory.
        """
        event_id = f"{self.key}-{suffix}"
        name, moment = person_of(who), parse_iso_time(when)
        if name is None:
            yield Reject(event_id, "no author", {"person": who, "when": when})
            return
        employee_id = self.people.known(name) if known_only else self.people.employee(name)
        if employee_id is None:
            return
        if moment is None:
            yield Reject(event_id, "no time", {"when": when})
            return
        yield Event(
            event_id=event_id,
            event_type=event_type,
            relation_type=relation_type,
            employee_id=employee_id,
            event_time_utc=moment,
            timezone=UTC_ZONE,
            parent_item_id=self.key,
            event_properties={**self.base, **properties},
            relation_properties=relation_properties or {},
            metrics=metrics or {},
        )

    def take(self, holder: JsonObject, *names: str) -> dict[str, JsonValue]:
        """Those fields of *holder*, null where they are absent, with links to people as who they are."""
        return {name: self.people.hide(holder.get(name)) for name in names}


def objects_in(body: JsonObject, name: str) -> list[JsonObject] | None:
    """The list of objects under *name*; None where it is no such list."""
    value = body.get(name)
    if not isinstance(value, list):
        return None
    return [entry if isinstance(entry, dict) else {} for entry in value]


def part_of(body: JsonObject, name: str) -> JsonObject:
    """The object under *name*, empty where there is none."""
    value = body.get(name)
    return value if isinstance(value, dict) else {}
