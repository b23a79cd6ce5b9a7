"""Everything at once: the servers that were asked for, and the environment that leads to them."""

import contextlib
import time
from collections.abc import Iterable
from datetime import date
from types import TracebackType
from typing import Literal, Self

from scripts.sandbox import postgres, salesforce
from scripts.sandbox.postgres import PostgresServer, start_postgres
from scripts.sandbox.salesforce import SalesforceServer
from scripts.sandbox.temporal import TemporalServer, start_temporal
from scripts.sandbox.trino import CATALOG, TrinoServer
from scripts.sandbox.world import World

type Part = Literal["postgres", "temporal", "trino", "salesforce"]

PARTS: tuple[Part, ...] = ("postgres", "temporal", "trino", "salesforce")
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
    ) -> None:
        self.world = World(issues, seed, anchor, detail)
        self.started_s: dict[Part, float] = {}
        self._parts = frozenset(parts)
        self._stack = contextlib.ExitStack()
        self._postgres: PostgresServer | None = None
        self._temporal: TemporalServer | None = None
        self._trino: TrinoServer | None = None
        self._salesforce: SalesforceServer | None = None

    @property
    def postgres(self) -> PostgresServer:
        """The warehouse's server."""
        return _started("postgres", self._postgres)

    @property
    def temporal(self) -> TemporalServer:
        """Temporal."""
        return _started("temporal", self._temporal)

    @property
    def trino(self) -> TrinoServer:
        """The lake's server."""
        return _started("trino", self._trino)

    @property
    def salesforce(self) -> SalesforceServer:
        """The directory's server."""
        return _started("salesforce", self._salesforce)

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
        if self._trino is not None:
            found |= {
                "TRINO_HOST": self._trino.host,
                "TRINO_PORT": str(self._trino.port),
                "TRINO_HTTP_SCHEME": "http",
                "TRINO_AUTH": "none",
                "TRINO_CATALOG": CATALOG,
            }
        if self._salesforce is not None:
            found |= {
                "SF_AUTH": "client_credentials",
                "SF_CLIENT_ID": salesforce.CLIENT_ID,
                "SF_CLIENT_SECRET": salesforce.CLIENT_SECRET,
                "SF_LOGIN_URL": self._salesforce.url,
            }
        return found

    def _start(self, part: Part) -> None:
        began = time.monotonic()
        match part:
            case "postgres":
                self._postgres = self._stack.enter_context(start_postgres())
            case "temporal":
                self._temporal = self._stack.enter_context(start_temporal())
            case "trino":
                self._trino = self._stack.enter_context(TrinoServer(self.world))
            case "salesforce":
                self._salesforce = self._stack.enter_context(SalesforceServer(self.world))
        self.started_s[part] = time.monotonic() - began


def _started[T](part: Part, server: T | None) -> T:
    if server is None:
        raise LookupError(f"this sandbox has no {part}: name it in parts=")
    return server
