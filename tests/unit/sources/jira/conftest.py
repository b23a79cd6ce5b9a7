"""What the Jira tests share: people with readable ids, and a way to ask an issue for its events."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from temporaletl.contract import Document
from worker.models.context import Context
from worker.models.event import Event, Reject
from worker.sources.jira.document import read_issue
from worker.sources.jira.settings import JiraOptions
from worker.sources.jira.transform import transform

ROOT = Path(__file__).resolve().parents[4]


@dataclass(frozen=True)
class Directory:
    """Employees by account and by address; everyone else is ``?<account>``."""

    accounts: Mapping[str, str] = field(default_factory=dict)
    addresses: Mapping[str, str] = field(default_factory=dict)

    def employee(self, system: str, account: str) -> str | None:
        assert system == "jira"
        return self.accounts.get(account)

    def employee_by_address(self, address: str) -> str | None:
        return self.addresses.get(address)

    def pseudonym(self, system: str, account: str) -> str:
        assert system == "jira"
        return f"?{account}"

    def address_pseudonym(self, address: str) -> str:
        return f"?{address}"


@dataclass(frozen=True)
class Told:
    """Everything an issue told."""

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


def ask(issue: Any, options: JiraOptions | None = None, directory: Directory | None = None) -> Told:
    document = issue if isinstance(issue, Document) else read_issue(issue)
    assert isinstance(document, Document), document
    people = directory or Directory({"ana": "E-ana", "bob": "E-bob", "eve": "E-eve"})
    context = Context(people, options)
    return Told(tuple(transform(document, context)), frozenset(context.unknown))


@pytest.fixture
def tell() -> Callable[..., Told]:
    """Everything that an issue tells, given options and people."""
    return ask


@pytest.fixture
def directory() -> type[Directory]:
    """Who is known."""
    return Directory


@pytest.fixture
def example() -> dict[str, Any]:
    """A small issue that has one of everything."""
    text = (ROOT / "tests" / "data" / "jira" / "issue.json").read_text(encoding="utf-8")
    issue: dict[str, Any] = json.loads(text)
    return issue


@pytest.fixture(scope="session")
def real_rows() -> list[dict[str, Any]]:
    """The issues of a real Jira Cloud project; skipped where they are not at hand."""
    path = ROOT.parent / "shared" / "data" / "jira" / "issues.ndjson"
    if not path.is_file():
        pytest.skip("the real issues are not beside this checkout (../shared/data/jira/issues.ndjson)")
    return list(_read_lines(path))


def _read_lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)
