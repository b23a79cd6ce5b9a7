"""Who is known now? Refreshed from the directory once per TTL, read again when the warehouse learnt more."""

import threading
import time
from collections.abc import Callable
from datetime import datetime

from temporaletl.connections import Connections
from temporaletl.contract import plugin_of
from temporaletl.settings import IdentitySettings
from worker.external.directory import refresh_identities
from worker.external.wpe_db.connect import Warehouse
from worker.external.wpe_db.identities import identities_changed_at, read_people
from worker.models.identity import FrozenPeople, Pseudonyms

WAIT_S = 0.5


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
        self._refreshing = threading.Lock()
        self._refreshed_at: dict[str, float] = {}
        self._changed_at: datetime | None = None
        self._people: FrozenPeople | None = None

    def refresh(self, connections: Connections, source_kind_id: str) -> None:
        """Read the directory and the accounts of a source into the warehouse, unless this process just did.

        Whoever closes *connections* ends it. Raises TransientError when a directory cannot be read, is
        empty or shrank too much.
        """
        system = plugin_of(source_kind_id)
        # In short turns: a thread that waits for a lock without end cannot be cancelled.
        while not self._refreshing.acquire(timeout=WAIT_S):
            pass
        try:
            now, before = self._clock(), self._refreshed_at.get(system)
            if before is None or now - before >= self._settings.identity_ttl_s:
                refresh_identities(self._warehouse, connections, self._settings, source=system)
                self._refreshed_at[system] = now
        finally:
            self._refreshing.release()

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

    def _read_changed_at(self) -> datetime | None:
        with self._warehouse.session() as conn:
            return identities_changed_at(conn)
