"""Carry every HTTP request of ours: bounded in time and size, paced, interruptible, to its system only.

requests closes idle connections only; the adapter here hangs up those in use too, so that a cancel is
felt at once. It follows redirects itself, because requests would turn a POST into a GET.
"""

import threading
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import partial
from http import HTTPStatus
from typing import Any, Final, override

import requests
from requests.adapters import HTTPAdapter
from requests.utils import requote_uri
from urllib3.poolmanager import ProxyManager

from temporaletl.errors import AnswerError, ConfigurationError, TransientError
from temporaletl.sockets import Sockets, make_pools
from temporaletl.upstream import MAX_REDIRECTS, Meter, Upstream

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


class InterruptibleAdapter(HTTPAdapter):
    """A transport with a time-out on every call, an optional pace, and a close that is felt at once.

    timeout_s: (connect, read) in seconds, for calls that name none.
    upstream: says where requests may go and how long an answer may be.
    """

    def __init__(
        self, timeout_s: tuple[float, float], pacer: Pacer | None = None, upstream: Upstream | None = None
    ) -> None:
        self._timeout_s = timeout_s
        self._pacer = pacer
        self._upstream = upstream or Upstream("the system")
        self._sockets = Sockets()
        self._pools = make_pools(self._sockets)
        super().__init__(max_retries=0)

    @override
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = self._pools

    @override
    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> ProxyManager:
        manager: ProxyManager = super().proxy_manager_for(*args, **kwargs)
        # One for SOCKS, which needs a package that is not ours, has connections of its own.
        if isinstance(manager, ProxyManager):
            manager.pool_classes_by_scheme = self._pools
        return manager

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
        upstream = self._upstream
        for _ in range(MAX_REDIRECTS + 1):
            method, address = str(request.method), str(request.url)
            upstream.check(address)
            self._await_turn()
            response = super().send(request, stream, timeout or self._timeout_s, verify, cert, proxies)
            response.raw = _BoundedBody(response.raw, upstream.meter(method, address))
            if not 300 <= response.status_code < 400:
                break
            response.close()
            target = upstream.follow(method, address, response.status_code, response.headers.get("Location"))
            request = request.copy()
            request.url = requote_uri(target)
        else:
            raise upstream.circle(method, address)
        if response.ok:
            kind = response.headers.get("Content-Type", "")
            upstream.refuse_login_page(method, address, kind, response.content)
        return response

    @override
    def cert_verify(self, *args: Any, **kwargs: Any) -> None:
        try:
            super().cert_verify(*args, **kwargs)  # type: ignore[no-untyped-call]
        except OSError as error:
            raise ConfigurationError(
                "the certificates that REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE names cannot be read: name a"
                " file in PEM"
            ) from error

    def _await_turn(self) -> None:
        if self._pacer is not None:
            self._pacer.wait(self._sockets.stopped)
        if self._sockets.stopped.is_set():
            raise TransientError("the call was stopped because the work was cancelled")

    @override
    def close(self) -> None:
        self._sockets.stop()
        super().close()


class _BoundedBody:
    """A body that *meter* counts while it is read and decompressed."""

    def __init__(self, body: Any, meter: Meter) -> None:
        self._body = body
        self._meter = meter

    def __getattr__(self, name: str) -> Any:
        return getattr(self._body, name)

    def stream(self, *args: Any, **kwargs: Any) -> Iterator[bytes]:
        """The body in pieces, as urllib3 gives them."""
        for piece in self._body.stream(*args, **kwargs):
            try:
                self._meter.take(piece)
            except AnswerError:
                self._body.close()
                raise
            yield piece


def open_session(
    timeout_s: tuple[float, float],
    pacer: Pacer | None = None,
    *,
    system: str | None = None,
    upstream: Upstream | None = None,
    answers: frozenset[int] = frozenset(),
) -> requests.Session:
    """A requests session over one InterruptibleAdapter; its close() ends calls under way.

    With *system* named, an answer 429 or 5xx raises TransientError, whatever the client on top of the
    session would have made of it; *answers* are statuses of those that are to be read all the same.
    *upstream* says where requests may go, with our credentials; without it a redirect stays on its server.
    """
    session = requests.Session()
    adapter = InterruptibleAdapter(timeout_s, pacer, upstream or Upstream(system or "the system"))
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
