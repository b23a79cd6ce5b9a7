"""How is a call ended that waits in a socket? Its socket is shut down, from another thread.

Nothing else reaches a thread in recv() or connect() before its time-out. The sockets themselves are kept
in view: http.client lets go of a connection's own while it still reads an answer that ends with it.
"""

import contextlib
import socket
import threading
from typing import override
from weakref import WeakSet

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError
from urllib3.util.connection import allowed_gai_family


class Sockets:
    """The sockets of one client. Once stopped, from whatever thread, calls under way end and none begins."""

    def __init__(self) -> None:
        self._open: WeakSet[socket.socket] = WeakSet()
        self._lock = threading.Lock()
        self.stopped = threading.Event()

    def add(self, opened: socket.socket) -> None:
        """Take care of a socket that is connected, or about to be."""
        with self._lock:
            self._open.add(opened)
        if self.stopped.is_set():
            _hang_up(opened)

    def stop(self) -> None:
        """Hang up every one of them."""
        self.stopped.set()
        with self._lock:
            sockets = list(self._open)
        for opened in sockets:
            _hang_up(opened)


def _hang_up(opened: socket.socket) -> None:
    with contextlib.suppress(OSError):
        # The plain socket's method: a TLS socket's own would drop its state under the thread that
        # reads it, which then sees a ValueError instead of the end of the stream.
        socket.socket.shutdown(opened, socket.SHUT_RDWR)


def make_pools(sockets: Sockets) -> dict[str, type[HTTPConnectionPool]]:
    """urllib3's pools, with connections that *sockets* takes care of."""

    class _Plain(HTTPConnection):
        @override
        def _new_conn(self) -> socket.socket:
            return _open_socket(self, sockets)

    class _Secure(HTTPSConnection):
        _twin: socket.socket | None = None

        @override
        def _new_conn(self) -> socket.socket:
            opened = _open_socket(self, sockets)
            # TLS takes the connection away from the socket that was opened; a twin reaches it meanwhile.
            self._twin = opened.dup()
            sockets.add(self._twin)
            return opened

        @override
        def connect(self) -> None:
            try:
                super().connect()
            finally:
                if self._twin is not None:
                    self._twin.close()
            # TLS through a proxy's TLS is no socket, but has one.
            sockets.add(getattr(self.sock, "socket", self.sock))

    class _PlainPool(HTTPConnectionPool):
        ConnectionCls = _Plain

    class _SecurePool(HTTPSConnectionPool):
        ConnectionCls = _Secure

    return {"http": _PlainPool, "https": _SecurePool}


def _open_socket(connection: HTTPConnection, sockets: Sockets) -> socket.socket:
    """A connected socket, as urllib3 opens one, but in the care of *sockets* while it connects already."""
    host = connection.host.strip("[]")
    try:
        found = socket.getaddrinfo(host, connection.port, allowed_gai_family(), socket.SOCK_STREAM)
    except socket.gaierror as error:
        raise NameResolutionError(host, connection, error) from error
    failure = OSError("no address")
    for family, kind, protocol, _, address in found:
        opened = None
        try:
            opened = socket.socket(family, kind, protocol)
            for option in connection.socket_options or ():
                opened.setsockopt(*option)
            opened.settimeout(connection.timeout)
            sockets.add(opened)
            opened.connect(address)
            # One that is shut down while it connects seems to be connected.
            if not sockets.stopped.is_set():
                return opened
            failure = OSError("the call was stopped")
        except OSError as error:
            failure = error
        if opened is not None:
            opened.close()
        if sockets.stopped.is_set():
            break
    # As urllib3 says it: a plain error it might take for an answer that came before the whole question.
    unreached = ConnectTimeoutError if isinstance(failure, TimeoutError) else NewConnectionError
    raise unreached(connection, f"{host} could not be reached ({type(failure).__name__})") from failure
