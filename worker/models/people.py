"""Who is known now? Refreshed from the directory once per TTL, read again when the warehouse learnt more."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from temporaletl.connections import Connections
from temporaletl.contract import plugin_of
from temporaletl.settings import IdentitySettings
from worker.external.directory import refresh_identities
from worker.external.wpe_db.connect import Warehouse
from worker.external.wpe_db.identities import identities_changed_at, read_people
from worker.models.identity import FrozenPeople, Pseudonyms

WAIT_S = 0.5
"""How long a thread waits at most before it can notice that it is cancelled."""


class KnownPeople:
    """This process's snapshot of etl_identities, the one thing that a transform's look-ups are made of.

    Safe to share by threads. Nobody waits for the network who only needs what the warehouse knows.
    """

    def __init__(
        self,
        warehouse: Warehouse,
        settings: IdentitySettings,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._warehouse = warehouse
        self._settings = settings
        self._pseudonyms = Pseudonyms.read(settings)
        self._clock = clock
        self._lock = threading.Lock()
        self._turns: dict[str, threading.Lock] = {}
        self._refreshed_at: dict[str, float] = {}
        self._changed_at: datetime | None = None
        self._people: FrozenPeople | None = None

    def refresh(self, connections: Connections, source_kind_id: str) -> None:
        """Read the directory and the accounts of a source into the warehouse, unless this process just did.

        A warehouse that knows nobody is never up to date. Whoever closes *connections* ends it. Raises
        TransientError when a directory cannot be read, is empty or shrank too much.
        """
        system = plugin_of(source_kind_id)
        with self._turn(system):
            now, before = self._clock(), self._refreshed_at.get(system)
            is_fresh = before is not None and now - before < self._settings.identity_ttl_s
            if not is_fresh or self._read_changed_at() is None:
                refresh_identities(self._warehouse, connections, self._settings, source=system)
                self._refreshed_at[system] = now

    def current(self, connections: Connections, source_kind_id: str) -> FrozenPeople:
        """The people as the warehouse knows them now; a warehouse that knows nobody asks the directory."""
        if self._read_changed_at() is None:
            self.refresh(connections, source_kind_id)
        with self._lock:
            changed_at = self._read_changed_at()
            if self._people is None or changed_at != self._changed_at:
                self._people = read_people(self._warehouse, self._pseudonyms)
                self._changed_at = changed_at
            return self._people

    @contextmanager
    def _turn(self, system: str) -> Iterator[None]:
        """One reading of *system* at a time; those of others go on, whatever it waits for."""
        turn = self._turns.setdefault(system, threading.Lock())
        # In short waits: a thread that waits for a lock without end cannot be cancelled.
        while not turn.acquire(timeout=WAIT_S):
            pass
        try:
            yield
        finally:
            turn.release()

    def _read_changed_at(self) -> datetime | None:
        with self._warehouse.session() as conn:
            return identities_changed_at(conn)
