"""What may a source talk to? Settings by their model, pacing, and clients that a cancel can close."""

import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Protocol, Self

from pydantic_settings import BaseSettings

from temporaletl.errors import ConfigurationError
from temporaletl.http import Pacer


class Closeable(Protocol):
    """A client that can be closed from another thread, which ends a call it is blocked in."""

    def close(self) -> None:
        """End every call under way and free the sockets."""


class Shared:
    """Values that every fork of one Connections has in common, one a type."""

    def __init__(self) -> None:
        self._values: dict[type, object] = {}
        self._lock = threading.Lock()

    def get[T](self, key: type[T], make: Callable[[], T]) -> T:
        """The value of that type, made the first time it is asked for."""
        with self._lock:
            found = self._values.get(key)
            if not isinstance(found, key):
                found = make()
                self._values[key] = found
            return found


class Connections:
    """The systems a source may talk to, for one piece of work.

    Clients handed to ``keep`` are closed together by ``close``, from whatever thread: that is how a
    cancel reaches a thread that waits in a socket.
    """

    def __init__(
        self,
        settings: Iterable[BaseSettings],
        pacers: Mapping[str, Pacer] | None = None,
        shared: Shared | None = None,
    ) -> None:
        self._settings = {type(model): model for model in settings}
        self._pacers = pacers or {}
        self._shared = shared or Shared()
        self._clients: list[Closeable] = []
        self._lock = threading.Lock()
        self._closed = False

    def settings[S: BaseSettings](self, model: type[S]) -> S:
        """The settings of that model; ConfigurationError when they were not configured."""
        found = self._settings.get(model)
        if not isinstance(found, model):
            raise ConfigurationError(f"the settings of {model.__name__} are not configured")
        return found

    def pacer(self, source_kind_id: str) -> Pacer | None:
        """What keeps the source's requests under its rate, shared by the whole process."""
        return self._pacers.get(source_kind_id)

    def keep[C: Closeable](self, client: C) -> C:
        """Close *client* with these connections (at once, when they are closed already)."""
        with self._lock:
            if not self._closed:
                self._clients.append(client)
                return client
        client.close()
        return client

    def share[T](self, key: type[T], make: Callable[[], T]) -> T:
        """One value of a kind for these connections and their forks: a token that outlives a job."""
        return self._shared.get(key, make)

    def fork(self) -> "Connections":
        """The same settings, pacing and shared values with clients of its own."""
        return Connections(self._settings.values(), self._pacers, self._shared)

    def close(self) -> None:
        """Close every client that was kept."""
        with self._lock:
            self._closed = True
            clients, self._clients = self._clients, []
        for client in clients:
            client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
