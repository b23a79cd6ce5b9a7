"""Carry launchpadlib's requests: bounded in time and size, paced, interruptible, and to one server only.

launchpadlib goes through httplib2, which makes a connection object a server. Those here wait for the
source's pace before every request, retries and redirects included, and can be shut down from another
thread. An answer that asks us to come back later ends the call at once: launchpadlib itself would sleep
up to 31 s over six retries.
"""

import socket
import ssl
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from http.client import HTTPResponse, IncompleteRead
from typing import Any, Final, NoReturn, override

from httplib2 import HTTPConnectionWithTimeout, HTTPSConnectionWithTimeout, Response
from httplib2.decode import DecodeLimitError
from launchpadlib.credentials import Credentials
from launchpadlib.launchpad import LaunchpadOAuthAwareHttp

from temporaletl.errors import TransientError
from temporaletl.http import Pacer, read_retry_after
from temporaletl.origins import read_origin
from temporaletl.sockets import Sockets
from temporaletl.upstream import MAX_REDIRECTS, Upstream

_WADL: Final = "application/vnd.sun.wadl+xml"
_PIECE_BYTES: Final = 1 << 16


class Wire:
    """The sockets of one client, with their time-outs and their pace. Times in seconds."""

    def __init__(self, connect_timeout_s: float, read_timeout_s: float, pacer: Pacer | None) -> None:
        self.connect_timeout_s = connect_timeout_s
        self._read_timeout_s = read_timeout_s
        self._pacer = pacer
        self._sockets = Sockets()

    @property
    def stopped(self) -> bool:
        """Whether this client was told to end its calls."""
        return self._sockets.stopped.is_set()

    def await_turn(self) -> None:
        """Wait until one more request is within the rate. Raises TransientError when stopped."""
        if self._pacer is not None:
            self._pacer.wait(self._sockets.stopped)
        self.refuse_when_stopped()

    def refuse_when_stopped(self) -> None:
        """Raise TransientError when stopped."""
        if self.stopped:
            raise TransientError("the call to Launchpad was stopped because the work was cancelled")

    def add(self, opened: socket.socket) -> None:
        """Take care of a socket that has just been connected."""
        opened.settimeout(self._read_timeout_s)
        self._sockets.add(opened)

    def stop(self) -> None:
        """End every call under way, from whatever thread, and let no other begin."""
        self._sockets.stop()


class Descriptions:
    """What the web service says about itself: megabytes that change with its releases, not with its data.

    Shared by the clients of a process, so that each fetches them once and not once a thread.
    """

    def __init__(self) -> None:
        self._held: dict[tuple[str, str], tuple[dict[str, str], bytes]] = {}
        self._lock = threading.Lock()

    def find(self, key: tuple[str, str]) -> tuple[Response, bytes] | None:
        """The answer held under (address, media type), as if it had just come."""
        with self._lock:
            held = self._held.get(key)
        return None if held is None else (Response(dict(held[0])), held[1])

    def hold(self, key: tuple[str, str], response: Mapping[str, str], content: bytes) -> None:
        """Keep an answer."""
        with self._lock:
            self._held[key] = (dict(response), content)

    def forget(self) -> None:
        """Ask again next time."""
        with self._lock:
            self._held.clear()


class NothingCached:
    """A cache that keeps nothing; launchpadlib makes a folder where it is given none."""

    def __bool__(self) -> bool:
        return False

    def get(self, key: str) -> None:
        """Nothing."""

    def set(self, key: str, value: bytes) -> None:
        """Keep nothing."""

    def delete(self, key: str) -> None:
        """Nothing to delete."""


class WiredHttp(LaunchpadOAuthAwareHttp):  # type: ignore[misc]  # launchpadlib has no types
    """launchpadlib's HTTP over one Wire. A token that Launchpad does not take ends in *refusal*."""

    def __init__(
        self,
        wire: Wire,
        upstream: Upstream,
        root: str,
        descriptions: Descriptions,
        refusal: Callable[[], Exception],
        credentials: Credentials,
    ) -> None:
        # Nothing is cached: documents are to lie nowhere but in the warehouse's staging.
        super().__init__(None, self.refuse, credentials, NothingCached(), wire.connect_timeout_s)
        # SSL_CERT_FILE counts here too; the library looks nowhere but in the system's list.
        trusted = ssl.get_default_verify_paths().cafile
        if trusted is not None:
            self.ca_certs = trusted
        self._upstream = upstream
        self._root = root
        self._refusal = refusal
        self._descriptions = descriptions
        self._wire = wire
        self._connection_types = _connection_types(wire, upstream.max_bytes)
        # Redirects are followed here, and only to where the same is asked.
        self.follow_redirects = False
        self.limit_kwargs = {"hard_limit": upstream.max_bytes, "ratio": 0.0, "chunk_size": _PIECE_BYTES // 8}

    @override
    def request(
        self,
        uri: str,
        method: str = "GET",
        body: Any = None,
        headers: dict[str, str] | None = None,
        redirections: int = 5,
        connection_type: Any = None,
    ) -> tuple[Response, bytes]:
        asked = headers or {}
        accept = asked.get("Accept", "")
        described = accept == _WADL or uri.rstrip("/") == self._root.rstrip("/")
        key = (uri, accept)
        held = self._descriptions.find(key) if described and "Cache-Control" not in asked else None
        if held is not None:
            return held
        response, content = self._ask(uri, method, body, asked)
        if described and response.status == HTTPStatus.OK:
            self._descriptions.hold(key, response, content)
        return response, content

    def _ask(self, uri: str, method: str, body: Any, headers: Mapping[str, str]) -> tuple[Response, bytes]:
        for _ in range(MAX_REDIRECTS + 1):
            # A request is signed with our token, whatever server a link or a redirect names.
            self._upstream.check(uri)
            kind = self._connection_types[read_origin(uri).scheme]
            try:
                response, content = super().request(uri, method, body, dict(headers), 0, kind)
            except (_TooLongError, DecodeLimitError) as error:
                raise self._upstream.too_long(method, uri) from error
            self._upstream.meter(method, uri).take(content)
            if not 300 <= response.status < 400:
                break
            uri = self._upstream.follow(method, uri, response.status, response.get("location"))
        else:
            raise self._upstream.circle(method, uri)
        if response.status == HTTPStatus.OK:
            self._upstream.refuse_login_page(method, uri, response.get("content-type", ""), content)
        return response, content

    @override
    def _request(self, *args: Any) -> tuple[Response, bytes]:
        response, content = super()._request(*args)
        status = response.status
        if status != HTTPStatus.TOO_MANY_REQUESTS and status < HTTPStatus.INTERNAL_SERVER_ERROR:
            return response, content
        what = "too many requests" if status == HTTPStatus.TOO_MANY_REQUESTS else "a server error"
        raise TransientError(
            f"Launchpad at {self._root} answered {status} ({what}); it is asked again later",
            retry_after_s=read_retry_after(response.get("retry-after"), datetime.now(UTC)),
        )

    def refuse(self, *_: object) -> NoReturn:
        """In place of launchpadlib's way to a new token, which opens a browser."""
        raise self._refusal()

    @override
    def retry_on_bad_token(self, response: Response, content: bytes, *_: Any) -> tuple[Response, bytes]:
        if self._bad_oauth_token(response, content):
            self.refuse()
        return response, content

    def disconnect(self) -> None:
        """Close the connections; the next request opens new ones."""
        held: dict[str, Any] = dict(self.connections)
        self.connections.clear()
        for connection in held.values():
            connection.close()


class _TooLongError(Exception):
    """An answer is longer than it may be."""


def _connection_types(wire: Wire, max_bytes: int) -> dict[str, type]:
    class _Bounded(HTTPResponse):
        @override
        def read(self, amt: int | None = None) -> bytes:
            if amt is not None:
                return super().read(amt)
            pieces: list[bytes] = []
            left = max_bytes
            while piece := super().read(_PIECE_BYTES):
                left -= len(piece)
                if left < 0:
                    raise _TooLongError
                pieces.append(piece)
            if self.length:
                # Reading in pieces, http.client says nothing of an answer that is cut off.
                raise IncompleteRead(b"", self.length)
            return b"".join(pieces)

    class _Plain(HTTPConnectionWithTimeout):  # type: ignore[misc]  # httplib2 has no types
        response_class = _Bounded

        @override
        def connect(self) -> None:
            wire.refuse_when_stopped()
            super().connect()
            wire.add(self.sock)

        @override
        def request(self, *args: Any, **kwargs: Any) -> None:
            wire.await_turn()
            super().request(*args, **kwargs)

    class _Secure(HTTPSConnectionWithTimeout):  # type: ignore[misc]  # httplib2 has no types
        response_class = _Bounded

        @override
        def connect(self) -> None:
            wire.refuse_when_stopped()
            super().connect()
            wire.add(self.sock)

        @override
        def request(self, *args: Any, **kwargs: Any) -> None:
            wire.await_turn()
            super().request(*args, **kwargs)

    return {"http": _Plain, "https": _Secure}
