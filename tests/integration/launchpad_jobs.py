"""Launchpad jobs on a sandbox server: the real client library over loopback HTTP, one job at a time."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from pydantic import JsonValue

from scripts.sandbox.exchange import Request
from scripts.sandbox.launchpad import server as sandbox
from scripts.sandbox.launchpad.server import LaunchpadServer
from scripts.sandbox.launchpad.tracker import Tracker
from scripts.sandbox.world import World
from temporaletl.connections import Connections
from temporaletl.contract import Document, Page
from temporaletl.http import Pacer
from worker.external.launchpad.settings import LaunchpadSettings
from worker.models.extract import Extract
from worker.sources.launchpad.extract.bugs import extract_bugs
from worker.sources.launchpad.extract.merge_proposals import extract_merge_proposals
from worker.sources.launchpad.extract.questions import extract_questions
from worker.sources.launchpad.query import LaunchpadQuery
from worker.sources.launchpad.settings import LaunchpadSourceSettings

EXTRACTS: dict[str, Extract] = {
    "bugs": extract_bugs,
    "merge_proposals": extract_merge_proposals,
    "questions": extract_questions,
}
TYPES = tuple(EXTRACTS)
TODAY = datetime.now(UTC).date()


@dataclass
class Jobs:
    """Runs jobs against one server. *pacer* is the source's, *settings* are the connector's."""

    server: LaunchpadServer
    oauth: bool = False
    at_once: int = 2
    timeout_s: float = 5
    rate: float | None = None
    grace_days: int = 30
    connections: Connections = field(init=False)

    def __post_init__(self) -> None:
        keys: dict[str, Any] = {
            "consumer_key": sandbox.CONSUMER_KEY,
            "consumer_secret": sandbox.CONSUMER_SECRET,
            "access_token_key": sandbox.ACCESS_TOKEN_KEY,
            "access_token_secret": sandbox.ACCESS_TOKEN_SECRET,
        }
        settings = LaunchpadSettings(
            service_root=self.server.url, read_timeout_s=self.timeout_s, **(keys if self.oauth else {})
        )
        chosen = LaunchpadSourceSettings(items_at_once=self.at_once, grace_days=self.grace_days)
        pacers = {} if self.rate is None else {"launchpad": Pacer(self.rate)}
        self.connections = Connections([settings, chosen], pacers)

    @property
    def tracker(self) -> Tracker:
        return self.server.tracker

    @property
    def busiest(self) -> str:
        """The member who has to do with most."""
        return self.tracker.accounts[0].name

    def pages(
        self,
        event_type: str,
        member: str | None = None,
        cursor: JsonValue = None,
        *,
        connections: Connections | None = None,
        **args: Any,
    ) -> Iterator[Page]:
        """The pages of one job of the last 30 days, from *cursor* on."""
        query = self.query(event_type, member, **args)
        with connections or self.connections.fork() as fork:
            yield from EXTRACTS[event_type](query.bind(fork), cursor)

    def query(self, event_type: str, member: str | None = None, **args: Any) -> LaunchpadQuery:
        """What one job of the last 30 days asks for."""
        base: dict[str, Any] = {
            "source_kind_id": "launchpad",
            "event_type": event_type,
            "member": None if "ids" in args else member or self.busiest,
            "date_start": TODAY - timedelta(days=30),
            "date_end": TODAY + timedelta(days=1),
        }
        return LaunchpadQuery.model_validate({**base, **args})

    def documents(self, event_type: str, member: str | None = None, **args: Any) -> dict[str, Document]:
        """The documents of one job by id; each came once and none was rejected."""
        found = [document for page in self.pages(event_type, member, **args) for document in page.documents]
        ids = [document.id for document in found]
        assert len(set(ids)) == len(ids)
        return {document.id: document for document in found}

    def skipped(self, event_type: str, member: str | None = None, **args: Any) -> dict[str, int]:
        """What one job could not have."""
        total = Counter[str]()
        for page in self.pages(event_type, member, **args):
            total.update(page.skipped)
        return dict(total)

    def rejects(self, event_type: str, **args: Any) -> set[tuple[str | None, str]]:
        """What one job rejected."""
        pages = self.pages(event_type, **args)
        return {(reject.document_id, reject.reason) for page in pages for reject in page.rejects}

    def count(self, event_type: str, member: str | None = None, **args: Any) -> int:
        """How many requests a job makes when the service's description is known."""
        self.documents("questions", "nobody-at-all")
        self.server.log.clear()
        list(self.pages(event_type, member, **args))
        return len(self.server.log.entries)

    def proposal_path(self, number: int) -> str:
        """The upstream id of a proposal."""
        found = self.tracker.proposal(number)
        assert found is not None
        owner = self.tracker.account(found.owner).name
        return f"~{owner}/{found.project}/{'+git/' if found.git else ''}{found.source}/+merge/{number}"


def start(bugs: int = 14, proposals: int = 16, questions: int = 12, page_rows: int = 5) -> LaunchpadServer:
    """A small Launchpad of this test's own."""
    world = World(10, people=40, anchor=TODAY)
    return LaunchpadServer(Tracker(world, bugs, proposals, questions), page_rows=page_rows)


def on(part: str) -> Callable[[Request], bool]:
    """Requests whose path holds *part*."""
    return lambda request: part in request.path


def day(number: int) -> date:
    """So many days before today."""
    return TODAY - timedelta(days=number)
