"""What the Launchpad tests share: people with readable ids, documents as Launchpad shapes them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from temporaletl.contract import Document
from worker.models.context import Context
from worker.models.event import Event, Reject
from worker.sources.launchpad.settings import LaunchpadOptions
from worker.sources.launchpad.transform import transform

KNOWN = {"ana": "E-ana", "bob": "E-bob"}


@dataclass(frozen=True)
class Directory:
    """ana and bob are employees; everyone else is ``?<account>``."""

    def employee(self, system: str, account: str) -> str | None:
        assert system == "launchpad"
        return KNOWN.get(account)

    def employee_by_address(self, address: str) -> str | None:
        return None

    def pseudonym(self, system: str, account: str) -> str:
        assert system == "launchpad"
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

    def properties(self, event_id: str) -> Any:
        return self.events[event_id].event_properties


type Tell = Callable[..., Told]


@pytest.fixture
def tell() -> Tell:
    """Everything that a document of a type tells."""

    def ask(event_type: str, body: Any, outsiders: Any = "leave_out") -> Told:
        context = Context(Directory(), LaunchpadOptions(outsiders=outsiders))
        found = tuple(transform(Document(f"{event_type}:7", None, body), context))
        return Told(found, frozenset(context.unknown))

    return ask
