"""How does every HTTP client of ours behave? Bounded in time, paced, and interruptible.

requests closes idle connections only; a thread that waits in recv() goes on until its time-out. The
adapter here remembers the sockets in use and shuts them down, so that a cancel is felt at once.
"""

import contextlib
import socket
import threading
import time
from typing import Any, override
from weakref import WeakSet

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from temporaletl.errors import TransientError


class Pacer:
    """Lets calls through at most *per_second* times a second, evenly spaced, over all threads."""

    def __init__(self, per_second: float) -> None:
        self._interval_s = 1 / per_second
        self._next = 0.0
        self._lock = threading.Lock()

    def wait(self, stopped: threading.Event) -> None:
        """Wait for this call's turn, or until *stopped*."""
        with self._lock:
            now = time.monotonic()
            turn = max(self._next, now)
            self._next = turn + self._interval_s
        stopped.wait(turn - now)


class _Sockets:
    """The connections of one adapter that may be waiting for an answer."""

    def __init__(self) -> None:
        self._open: WeakSet[HTTPConnection] = WeakSet()
        self._lock = threading.Lock()

    def add(self, connection: HTTPConnection) -> None:
        with self._lock:
            self._open.add(connection)

    def shut_down(self) -> None:
        with self._lock:
            connections = list(self._open)
        for connection in connections:
            if connection.sock is not None:
                with contextlib.suppress(OSError):
                    connection.sock.shutdown(socket.SHUT_RDWR)


class InterruptibleAdapter(HTTPAdapter):
    """A transport with a time-out on every call, an optional pace, and a close that is felt at once.

    timeout_s: (connect, read) in seconds, for calls that name none.
    """

    def __init__(self, timeout_s: tuple[float, float], pacer: Pacer | None = None) -> None:
        self._timeout_s = timeout_s
        self._pacer = pacer
        self._sockets = _Sockets()
        self._stopped = threading.Event()
        super().__init__(max_retries=0)

    @override
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)  # type: ignore[no-untyped-call]
        sockets = self._sockets

        class _Plain(HTTPConnection):
            def connect(self) -> None:
                super().connect()
                sockets.add(self)

        class _Secure(HTTPSConnection):
            def connect(self) -> None:
                super().connect()
                sockets.add(self)

        class _PlainPool(HTTPConnectionPool):
            ConnectionCls = _Plain

        class _SecurePool(HTTPSConnectionPool):
            ConnectionCls = _Secure

        self.poolmanager.pool_classes_by_scheme = {"http": _PlainPool, "https": _SecurePool}

    @override
    def send(
        self, request: requests.PreparedRequest, *args: Any, timeout: Any = None, **kwargs: Any
    ) -> requests.Response:
        if self._pacer is not None:
            self._pacer.wait(self._stopped)
        if self._stopped.is_set():
            raise TransientError("the call was stopped because the work was cancelled")
        return super().send(request, *args, timeout=timeout or self._timeout_s, **kwargs)

    @override
    def close(self) -> None:
        self._stopped.set()
        self._sockets.shut_down()
        super().close()  # type: ignore[no-untyped-call]


def open_session(timeout_s: tuple[float, float], pacer: Pacer | None = None) -> requests.Session:
    """A requests session over one InterruptibleAdapter; its close() ends calls under way."""
    session = requests.Session()
    adapter = InterruptibleAdapter(timeout_s, pacer)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session
