"""Which client may a thread use? As many as are asked at once, lent by the process to job after job."""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from temporaletl.connections import Connections
from temporaletl.errors import TransientError
from worker.external.launchpad.client import LaunchpadClient, Unavailable
from worker.external.launchpad.settings import LaunchpadSettings
from worker.external.launchpad.transport import Descriptions, Wire


class IdleClients:
    """Clients that no job uses: a launchpadlib object costs a description of megabytes to make."""

    def __init__(self) -> None:
        self.descriptions = Descriptions()
        self._idle: dict[str, list[LaunchpadClient]] = {}
        self._lock = threading.Lock()

    def take(self, source_kind_id: str) -> LaunchpadClient | None:
        """An idle client of that source."""
        with self._lock:
            held = self._idle.get(source_kind_id)
            return held.pop() if held else None

    def give_back(self, source_kind_id: str, client: LaunchpadClient) -> None:
        """A client that nobody uses any more."""
        client.disconnect()
        with self._lock:
            self._idle.setdefault(source_kind_id, []).append(client)


class LaunchpadConnection:
    """Launchpad for one job: a client a thread, all closed together.

    close() ends calls under way at once; clients that are not in a call go back to the process.
    """

    def __init__(self, idle: IdleClients, source_kind_id: str, make: Callable[[], LaunchpadClient]) -> None:
        self._shared = idle
        self._source = source_kind_id
        self._make = make
        self._ours: list[LaunchpadClient] = []
        self._busy: set[LaunchpadClient] = set()
        self._lock = threading.Lock()
        self._closed = False

    @contextmanager
    def client(self) -> Iterator[LaunchpadClient]:
        """A client for this thread alone. One that failed is not used again."""
        with self._lock:
            client = self._ours.pop() if self._ours else None
            client = client or self._shared.take(self._source) or self._make()
            self._busy.add(client)
            if self._closed:
                client.close()
        try:
            yield client
        except Unavailable:
            self._put_back(client)
            raise
        except BaseException:
            with self._lock:
                self._busy.discard(client)
            client.close()
            client.disconnect()
            raise
        else:
            self._put_back(client)

    def fetch_all[T, R](
        self, items: Sequence[T], fetch: Callable[[LaunchpadClient, T], R], at_once: int
    ) -> list[R]:
        """*fetch* of every item, in their order, at most *at_once* of them at a time.

        The first failure is raised, and no further item is begun after it.
        """
        failed = threading.Event()

        def fetch_one(item: T) -> R:
            if failed.is_set():
                raise TransientError("not asked of Launchpad, because the item before failed")
            try:
                with self.client() as client:
                    return fetch(client, item)
            except BaseException:
                failed.set()
                raise

        if len(items) < 2 or at_once == 1:
            return [fetch_one(item) for item in items]
        with ThreadPoolExecutor(min(at_once, len(items)), thread_name_prefix="launchpad") as pool:
            return list(pool.map(fetch_one, items))

    def close(self) -> None:
        """End every call under way."""
        with self._lock:
            self._closed = True
            idle, self._ours = self._ours, []
            busy = list(self._busy)
        for client in busy:
            client.close()
        for client in idle:
            self._shared.give_back(self._source, client)

    def _put_back(self, client: LaunchpadClient) -> None:
        with self._lock:
            self._busy.discard(client)
            if not self._closed:
                self._ours.append(client)
                return
        client.disconnect()


def connect_launchpad(connections: Connections, source_kind_id: str) -> LaunchpadConnection:
    """Launchpad as LaunchpadSettings say, at the source's pace; *connections* close it.

    Nothing is asked yet. Raises ConfigurationError when Launchpad is not configured.
    """
    settings = connections.settings(LaunchpadSettings)
    pacer = connections.pacer(source_kind_id)
    shared = connections.share(IdleClients, IdleClients)

    def make() -> LaunchpadClient:
        wire = Wire(settings.connect_timeout_s, settings.read_timeout_s, pacer)
        return LaunchpadClient(settings, wire, shared.descriptions)

    return connections.keep(LaunchpadConnection(shared, source_kind_id, make))
