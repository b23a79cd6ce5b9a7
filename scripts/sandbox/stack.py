"""Everything at once: the servers that were asked for, and the environment that leads to them."""

import contextlib
import time
from collections.abc import Iterable
from datetime import date
from types import TracebackType
from typing import Literal, Self

from scripts.sandbox import postgres
from scripts.sandbox.postgres import PostgresServer, start_postgres
from scripts.sandbox.temporal import TemporalServer, start_temporal
from scripts.sandbox.upstreams import SOURCES, JiraBackend, Source, Upstreams
from scripts.sandbox.world import World

type Part = Literal["postgres", "temporal", "upstreams"]

PARTS: tuple[Part, ...] = ("postgres", "temporal", "upstreams")
ANONYMISATION_KEY = "sandbox-anonymisation-key-of-no-value"


class Sandbox:
    """A world and the servers that show it, from ``with`` to its end.

    ``environment()`` is what the product's processes need. A part that was not asked for is absent:
    its attribute raises. ``started_s`` tells how long each took.
    """

    def __init__(
        self,
        issues: int = 1000,
        *,
        seed: int = 1,
        anchor: date | None = None,
        detail: float = 1,
        parts: Iterable[Part] = PARTS,
        sources: Iterable[Source] = SOURCES,
        jira_backend: JiraBackend = "trino",
    ) -> None:
        # As many members as a team of that many issues has: a job of Launchpad's is a member's.
        self.world = World(issues, seed, anchor, detail, people=min(2_000, 12 + issues // 20))
        self.started_s: dict[Part, float] = {}
        self._parts = frozenset(parts)
        self._sources = tuple(sources)
        self._jira_backend: JiraBackend = jira_backend
        self._stack = contextlib.ExitStack()
        self._postgres: PostgresServer | None = None
        self._temporal: TemporalServer | None = None
        self._upstreams: Upstreams | None = None

    @property
    def postgres(self) -> PostgresServer:
        """The warehouse's server."""
        return _started("postgres", self._postgres)

    @property
    def temporal(self) -> TemporalServer:
        """Temporal."""
        return _started("temporal", self._temporal)

    @property
    def upstreams(self) -> Upstreams:
        """The systems that the product asks."""
        return _started("upstreams", self._upstreams)

    def __enter__(self) -> Self:
        with self._stack as guard:
            for part in PARTS:
                if part in self._parts:
                    self._start(part)
            self._stack = guard.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def check(self) -> None:
        """Raise RuntimeError, with the end of its log, when a server has ended."""
        for server in (self._postgres, self._temporal):
            if server is not None:
                server.check()

    def environment(self) -> dict[str, str]:
        """The variables that point a process at what was started."""
        found = {"ANONYMISATION_KEY": ANONYMISATION_KEY}
        if self._temporal is not None:
            found |= {"TEMPORAL_HOST": self._temporal.address, "TEMPORAL_NAMESPACE": self._temporal.namespace}
        if self._postgres is not None:
            found |= {
                "WPE_DB_HOST": self._postgres.host,
                "WPE_DB_PORT": str(self._postgres.port),
                "WPE_DB_NAME": postgres.DATABASE,
                "WPE_DB_USER": postgres.OWNER,
                "WPE_DB_PASSWORD": postgres.PASSWORD,
                "WPE_DB_SCHEMA": "public",
            }
        if self._upstreams is not None:
            found |= self._upstreams.environment()
        return found

    def _start(self, part: Part) -> None:
        began = time.monotonic()
        match part:
            case "postgres":
                self._postgres = self._stack.enter_context(start_postgres())
            case "temporal":
                self._temporal = self._stack.enter_context(start_temporal())
            case "upstreams":
                self._upstreams = Upstreams(self.world, self._sources, jira_backend=self._jira_backend)
                self._stack.callback(self._upstreams.stop)
        self.started_s[part] = time.monotonic() - began


def _started[T](part: Part, server: T | None) -> T:
    if server is None:
        raise LookupError(f"this sandbox has no {part}: name it in parts=")
    return server
