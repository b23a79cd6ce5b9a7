"""Who is known now? Refreshed from the directory once per TTL, read again when the warehouse learnt more."""

import threading
import time
from collections.abc import Callable
from datetime import datetime

from temporaletl.connections import Connections
from temporaletl.settings import IdentitySettings
from worker.external.directory import refresh_identities
from worker.external.wpe_db.connect import Warehouse
from worker.external.wpe_db.identities import identities_changed_at, read_people
from worker.models.identity import FrozenPeople, Pseudonyms


class KnownPeople:
    """This process's snapshot of etl_identities, the one thing that a transform's look-ups are made of.

    Safe to share by threads.
    """

    def __init__(
        self,
        warehouse: Warehouse,
        connections: Connections,
        settings: IdentitySettings,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._warehouse = warehouse
        self._connections = connections
        self._settings = settings
        self._pseudonyms = Pseudonyms.read(settings)
        self._clock = clock
        self._lock = threading.Lock()
        self._refreshed_at: float | None = None
        self._changed_at: datetime | None = None
        self._people: FrozenPeople | None = None

    def refresh(self) -> None:
        """Read the directory and the accounts into the warehouse, unless this process just did.

        Raises TransientError when a directory cannot be read, is empty or shrank too much.
        """
        with self._lock:
            self._refresh()

    def current(self) -> FrozenPeople:
        """The people as the warehouse knows them now; a warehouse that knows nobody asks the directory."""
        with self._lock:
            changed_at = self._read_changed_at()
            if changed_at is None:
                self._refresh()
                changed_at = self._read_changed_at()
            if self._people is None or changed_at != self._changed_at:
                self._people = read_people(self._warehouse, self._pseudonyms)
                self._changed_at = changed_at
            return self._people

    def _refresh(self) -> None:
        now = self._clock()
        if self._refreshed_at is not None and now - self._refreshed_at < self._settings.identity_ttl_s:
            return
        with self._connections.fork() as connections:
            refresh_identities(self._warehouse, connections, self._settings)
        self._refreshed_at = now

    def _read_changed_at(self) -> datetime | None:
        with self._warehouse.session() as conn:
            return identities_changed_at(conn)
