"""How does every HTTP client of ours behave? Bounded in time, paced, and interruptible.

requests closes idle connections only; a thread that waits in recv() goes on until its time-out. The
adapter here remembers the sockets in use and shuts them down, so that a cancel is felt at once.
"""

import contextlib
import socket
import threading
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import partial
from http import HTTPStatus
from typing import Any, Final, override
from weakref import WeakSet

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from temporaletl.errors import TransientError

MAX_RETRY_AFTER_S: Final = 3600.0
"""No upstream may put a retry off for longer, whatever its Retry-After says."""


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
        self._closed = False

    def add(self, connection: HTTPConnection) -> None:
        with self._lock:
            self._open.add(connection)
            closed = self._closed
        if closed:
            _hang_up(connection)

    def shut_down(self) -> None:
        with self._lock:
            self._closed = True
            connections = list(self._open)
        for connection in connections:
            _hang_up(connection)


def _hang_up(connection: HTTPConnection) -> None:
    if connection.sock is not None:
        with contextlib.suppress(OSError):
            # The plain socket's method: a TLS socket's own would drop its state under the thread that
            # reads it, which then sees a ValueError instead of the end of the stream.
            socket.socket.shutdown(connection.sock, socket.SHUT_RDWR)


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
        super().init_poolmanager(*args, **kwargs)
        sockets = self._sockets

        class _Plain(HTTPConnection):
            @override
            def connect(self) -> None:
                super().connect()
                sockets.add(self)

        class _Secure(HTTPSConnection):
            @override
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
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: bool | str = True,
        cert: Any = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        if self._pacer is not None:
            self._pacer.wait(self._stopped)
        if self._stopped.is_set():
            raise TransientError("the call was stopped because the work was cancelled")
        return super().send(request, stream, timeout or self._timeout_s, verify, cert, proxies)

    @override
    def close(self) -> None:
        self._stopped.set()
        self._sockets.shut_down()
        super().close()


def open_session(
    timeout_s: tuple[float, float],
    pacer: Pacer | None = None,
    *,
    system: str | None = None,
    answers: frozenset[int] = frozenset(),
) -> requests.Session:
    """A requests session over one InterruptibleAdapter; its close() ends calls under way.

    With *system* named, an answer 429 or 5xx raises TransientError, whatever the client on top of the
    session would have made of it; *answers* are statuses of those that are to be read all the same.
    """
    session = requests.Session()
    adapter = InterruptibleAdapter(timeout_s, pacer)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    if system is not None:
        session.hooks["response"].append(partial(_refuse_overload, system, answers))
    return session


def read_retry_after(value: str | None, now: datetime) -> float | None:
    """The seconds that a Retry-After header asks for (a number or an HTTP date), None when unreadable."""
    if value is None:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        return min(float(text), MAX_RETRY_AFTER_S)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return min(max((aware - now).total_seconds(), 0.0), MAX_RETRY_AFTER_S)


def _refuse_overload(
    system: str, answers: frozenset[int], response: requests.Response, *_: object, **__: object
) -> None:
    status = response.status_code
    overloaded = status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR
    if not overloaded or status in answers:
        return
    wait_s = read_retry_after(response.headers.get("Retry-After"), datetime.now(UTC))
    response.close()
    what = "too many requests" if status == HTTPStatus.TOO_MANY_REQUESTS else "a server error"
    raise TransientError(
        f"{system} answered {status} ({what}); it is asked again later", retry_after_s=wait_s
    )
