"""Which systems does the product ask? Those of one world, together, each on a port of its own."""

import random
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Literal

from scripts.sandbox import salesforce
from scripts.sandbox.cases import Cases
from scripts.sandbox.http_server import LoopbackServer
from scripts.sandbox.jira.access import EMAIL, TOKEN
from scripts.sandbox.jira.server import JiraServer
from scripts.sandbox.launchpad import server as launchpad
from scripts.sandbox.launchpad.server import LaunchpadServer
from scripts.sandbox.launchpad.tracker import Tracker
from scripts.sandbox.salesforce import SalesforceServer
from scripts.sandbox.trino import CATALOG, TrinoServer
from scripts.sandbox.world import World

type Source = Literal["jira", "launchpad", "salesforce"]
type System = Literal["trino", "jira", "launchpad", "salesforce"]
type JiraBackend = Literal["trino", "rest"]

SOURCES: tuple[Source, ...] = ("jira", "launchpad", "salesforce")


class Upstreams:
    """The systems behind *sources* over *world*, from now until ``stop()``; Salesforce is the directory too.

    ``environment()`` leads a process to them. *ports*: where each system is to be, in place of a free
    port; ``ports`` tells where each is.
    """

    def __init__(
        self,
        world: World,
        sources: Iterable[Source] = SOURCES,
        *,
        jira_backend: JiraBackend = "trino",
        ports: Mapping[System, int] | None = None,
        open_trino: Callable[[World, int], TrinoServer] = lambda world, port: TrinoServer(world, port=port),
    ) -> None:
        self.world = world
        self.sources = tuple(source for source in SOURCES if source in set(sources))
        issues = len(world)
        self.cases = Cases(world, max(60, issues // 5))
        self.tracker = Tracker(world, max(24, issues // 10), max(16, issues // 15), max(12, issues // 20))
        wanted, self._servers = ports or {}, dict[System, LoopbackServer]()
        try:
            if "jira" in self.sources and jira_backend == "trino":
                self._servers["trino"] = open_trino(world, wanted.get("trino", 0))
            elif "jira" in self.sources:
                self._servers["jira"] = JiraServer(world, port=wanted.get("jira", 0))
            if "launchpad" in self.sources:
                self._servers["launchpad"] = LaunchpadServer(self.tracker, port=wanted.get("launchpad", 0))
            self._servers["salesforce"] = SalesforceServer(
                world, self.cases, port=wanted.get("salesforce", 0)
            )
        except BaseException:
            self.stop()
            raise

    @property
    def trino(self) -> TrinoServer:
        """The lake's server."""
        return self._find("trino", TrinoServer)

    @property
    def jira(self) -> JiraServer:
        """Jira's own server."""
        return self._find("jira", JiraServer)

    @property
    def launchpad(self) -> LaunchpadServer:
        """Launchpad's server."""
        return self._find("launchpad", LaunchpadServer)

    @property
    def salesforce(self) -> SalesforceServer:
        """The server of the directory and the cases."""
        return self._find("salesforce", SalesforceServer)

    @property
    def ports(self) -> dict[System, int]:
        """Where each system listens."""
        return {system: server.port for system, server in self._servers.items()}

    def stop(self) -> None:
        """Stop every server; more often is allowed."""
        for server in self._servers.values():
            server.stop()

    def environment(self) -> dict[str, str]:
        """The variables that lead a process to these systems, and configure these sources alone."""
        found = {
            "SF_AUTH": "client_credentials",
            "SF_CLIENT_ID": salesforce.CLIENT_ID,
            "SF_CLIENT_SECRET": salesforce.CLIENT_SECRET,
            "SF_LOGIN_URL": self.salesforce.url,
        }
        if "salesforce" in self.sources:
            found["SALESFORCE_CASES"] = "true"
        if "trino" in self._servers:
            found |= {
                "TRINO_HOST": self.trino.host,
                "TRINO_PORT": str(self.trino.port),
                "TRINO_HTTP_SCHEME": "http",
                "TRINO_AUTH": "none",
                "TRINO_CATALOG": CATALOG,
            }
        if "jira" in self._servers:
            found |= {
                "JIRA_BACKEND": "rest",
                "JIRA_URL": self.jira.url,
                "JIRA_USER": EMAIL,
                "JIRA_TOKEN": TOKEN,
                "JIRA_ALLOW_INSECURE_AUTH": "true",
            }
        if "launchpad" in self._servers:
            found |= {
                "LAUNCHPAD_SERVICE_ROOT": self.launchpad.url,
                "LP_CONSUMER_KEY": launchpad.CONSUMER_KEY,
                "LP_CONSUMER_SECRET": launchpad.CONSUMER_SECRET,
                "LP_ACCESS_TOKEN_KEY": launchpad.ACCESS_TOKEN_KEY,
                "LP_ACCESS_TOKEN_SECRET": launchpad.ACCESS_TOKEN_SECRET,
            }
        return found

    def size(self, source: Source) -> int:
        """How many documents the source has."""
        tracker = self.tracker
        match source:
            case "jira":
                return len(self.world)
            case "launchpad":
                return len(tracker.bugs) + len(tracker.proposals) + len(tracker.questions)
            case "salesforce":
                return len(self.cases)

    def change_some(self, source: Source, number: int, rng: random.Random, now: datetime) -> set[str]:
        """The ids of *number* documents of the source that were changed, each so that it shows."""
        match source:
            case "jira":
                changes = self.world.change_some(number, rng, now)
                return {f"issues:{change.issue_id}" for change in changes}
            case "launchpad":
                return {change.document_id for change in self.tracker.change_some(number, rng, now)}
            case "salesforce":
                cases = self.cases.change_some(number, rng, now)
                return {f"cases:{change.issue_id}" for change in cases}

    def _find[S: LoopbackServer](self, system: System, kind: type[S]) -> S:
        server = self._servers.get(system)
        if isinstance(server, kind):
            return server
        raise LookupError(f"there is no {system} here: it serves none of {', '.join(self.sources)}")
