"""How does every HTTP server of the sandbox listen? On a free loopback port, with faults and a log."""

import contextlib
import socket
import threading
import time
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self, override
from urllib.parse import parse_qsl, urlsplit

from scripts.sandbox.exchange import Request, Response
from scripts.sandbox.faults import Faults, RequestLog
from scripts.sandbox.process import LOOPBACK

type Answer = Callable[[Request], Response]


class LoopbackServer:
    """Answers HTTP requests by a function, on a port of its own, until ``stop()``.

    ``faults`` plans wrong answers, ``log`` tells what was asked. A thread a connection.
    """

    def __init__(self, answer: Answer, port: int = 0) -> None:
        self.faults = Faults()
        self.log = RequestLog()
        self.stopping = threading.Event()
        self._server = _Server((LOOPBACK, port), _Handler)
        self._server.answer = answer
        self._server.owner = self
        self.host = LOOPBACK
        self.port: int = self._server.server_address[1]
        self.url = f"http://{LOOPBACK}:{self.port}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), name=f"sandbox-{self.port}", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Stop listening and end every connection; more often is allowed."""
        if not self.stopping.is_set():
            self.stopping.set()
            self._server.shutdown()
            self._server.close_connections()
            self._server.server_close()
            self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    answer: Answer
    owner: LoopbackServer

    def __init__(self, *args: Any) -> None:
        self._open: set[socket.socket] = set()
        self._open_lock = threading.Lock()
        super().__init__(*args)

    @override
    def process_request(self, request: Any, client_address: Any) -> None:
        with self._open_lock:
            self._open.add(request)
        super().process_request(request, client_address)

    @override
    def shutdown_request(self, request: Any) -> None:
        with self._open_lock:
            self._open.discard(request)
        super().shutdown_request(request)

    @override
    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is nothing to report."""

    def close_connections(self) -> None:
        with self._open_lock:
            connections = list(self._open)
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def handle_any(self) -> None:
        parts = urlsplit(self.path)
        length = int(self.headers.get("Content-Length") or 0)
        request = Request(
            self.command,
            parts.path,
            dict(parse_qsl(parts.query, keep_blank_values=True)),
            {name.lower(): value for name, value in self.headers.items()},
            self.rfile.read(length),
            parts.query,
        )
        owner, began = self.server.owner, time.monotonic()
        fault = owner.faults.take(request)
        if fault is not None and fault.delay_s:
            owner.stopping.wait(fault.delay_s)
        if fault is not None and fault.hang:
            self._hang(owner)
            owner.log.add(request, 0, began)
            return
        if fault is not None and fault.status is not None:
            response = Response(fault.status, fault.body, dict(fault.headers))
        else:
            response = self.server.answer(request)
        # Logged before it is sent: whoever has the answer finds the request in the log.
        owner.log.add(request, response.status, began)
        self._send(response, cut=fault is not None and fault.truncate)

    do_GET = do_POST = do_DELETE = do_HEAD = handle_any  # noqa: N815  the names http.server looks for

    def _send(self, response: Response, cut: bool) -> None:
        body = response.body
        headers = {"Content-Length": str(len(body)), **response.headers}
        lines = [f"HTTP/1.1 {response.status} {_phrase(response.status)}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
        self.wfile.write(head + (body[: len(body) // 2] if cut else body))
        if cut:
            self.close_connection = True

    def _hang(self, owner: LoopbackServer) -> None:
        self.close_connection = True
        self.connection.settimeout(0.1)
        while not owner.stopping.is_set():
            try:
                if not self.connection.recv(1):
                    return
            except TimeoutError:
                continue

    @override
    def log_message(self, format: str, *args: Any) -> None:
        """The request log has it."""


def _phrase(status: int) -> str:
    return HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else "Unknown"
