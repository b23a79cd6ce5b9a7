"""What the tests of transforms share: people with readable ids, and all that a document told."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from worker.models.event import Event, Reject


@dataclass(frozen=True)
class Directory:
    """Employees by account of *system* and by address; everyone else is ``?<account>``."""

    system: str
    accounts: Mapping[str, str] = field(default_factory=dict)
    addresses: Mapping[str, str] = field(default_factory=dict)

    def employee(self, system: str, account: str) -> str | None:
        assert system == self.system
        return self.accounts.get(account)

    def employee_by_address(self, address: str) -> str | None:
        return self.addresses.get(address)

    def pseudonym(self, system: str, account: str) -> str:
        assert system == self.system
        return f"?{account}"

    def address_pseudonym(self, address: str) -> str:
        return f"?{address}"


@dataclass(frozen=True)
class Told:
    """Everything a document told."""

    yielded: tuple[Event | Reject, ...]
    unknown: frozenset[str]

    @property
    def events(self) -> dict[str, Event]:
        events = [entry for entry in self.yielded if isinstance(entry, Event)]
        assert len({event.event_id for event in events}) == len(events), "an event was told twice"
        return {event.event_id: event for event in events}

    @property
    def rejects(self) -> set[tuple[str | None, str]]:
        return {(entry.event_id, entry.reason) for entry in self.yielded if isinstance(entry, Reject)}

    @property
    def kept(self) -> set[str | None]:
        """The events whose former rows stay, though they were not told."""
        rejects = [entry for entry in self.yielded if isinstance(entry, Reject)]
        return {name for entry in rejects for name in (entry.event_id, *entry.keeps)}

    def properties(self, event_id: str) -> Any:
        return self.events[event_id].event_properties

    def only(self, event_type: str) -> Event:
        [event] = [event for event in self.events.values() if event.event_type == event_type]
        return event
