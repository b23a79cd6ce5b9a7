"""Every HTTP client of ours is bounded in time, paced, and ends at once when it is closed."""

import errno
import socket
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

from scripts.sandbox.exchange import Response
from scripts.sandbox.faults import Fault, hanging, server_error, too_many_requests
from scripts.sandbox.http_server import LoopbackServer
from temporaletl.connections import Connections
from temporaletl.errors import TransientError
from temporaletl.http import MAX_RETRY_AFTER_S, Pacer, open_session, read_retry_after

NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def server() -> Iterator[LoopbackServer]:
    with LoopbackServer(lambda _: Response(200, b"fine")) as running:
        yield running


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("7", 7),
        (" 0 ", 0),
        ("99999999", MAX_RETRY_AFTER_S),
        ("Sun, 01 Mar 2026 00:01:00 GMT", 60),
        ("Sat, 28 Feb 2026 00:00:00 GMT", 0),
        ("soon", None),
        ("Mon, 01 Jan 99999999999999999999 00:00:00 GMT", None),
        ("٣", None),
    ],
)
def test_retry_after_is_read_in_both_forms(value: str | None, seconds: float | None) -> None:
    assert read_retry_after(value, NOW) == seconds


def test_too_many_requests_is_transient_and_says_when_to_come_back(server: LoopbackServer) -> None:
    server.faults.plan(too_many_requests(datetime.now(UTC) + timedelta(seconds=90)))
    with (
        open_session((1, 1), system="Jira") as session,
        pytest.raises(TransientError, match=r"Jira.*429") as e,
    ):
        session.get(server.url)
    assert e.value.retry_after_s is not None
    assert 80 < e.value.retry_after_s <= 90


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_server_error_is_transient_and_quotes_nothing(server: LoopbackServer, status: int) -> None:
    server.faults.plan(server_error(status))
    with open_session((1, 1), system="Jira") as session, pytest.raises(TransientError) as caught:
        session.get(server.url)
    assert "unwell" not in str(caught.value)


def test_a_session_without_a_system_leaves_errors_to_its_client(server: LoopbackServer) -> None:
    server.faults.plan(server_error(500))
    with open_session((1, 1)) as session:
        assert session.get(server.url).status_code == 500


def test_a_call_without_an_answer_ends_with_its_time_out(server: LoopbackServer) -> None:
    server.faults.plan(hanging())
    with open_session((1, 0.2)) as session, pytest.raises(requests.ReadTimeout):
        session.get(server.url)


def test_closing_ends_a_call_that_waits_for_its_answer(server: LoopbackServer) -> None:
    server.faults.plan(hanging())
    ended = threading.Event()
    with Connections([]) as connections:
        session = connections.keep(open_session((5, 60)))

        def call() -> None:
            try:
                session.get(server.url)
            except (requests.RequestException, TransientError):
                ended.set()

        thread = threading.Thread(target=call)
        thread.start()
        assert wait_until(lambda: not server.faults.pending)
    assert ended.wait(2)
    thread.join()


def test_a_closed_session_sends_nothing(server: LoopbackServer) -> None:
    connections = Connections([])
    connections.close()
    session = connections.keep(open_session((1, 1)))
    with pytest.raises(TransientError, match="cancelled"):
        session.get(server.url)
    assert server.log.count() == 0


def test_a_pacer_spaces_calls_over_all_sessions(server: LoopbackServer) -> None:
    pacer = Pacer(50)
    began = time.monotonic()
    with open_session((1, 1), pacer) as one, open_session((1, 1), pacer) as other:
        for _ in range(3):
            one.get(server.url)
            other.get(server.url)
    assert time.monotonic() - began >= 0.1


def test_a_paced_call_does_not_outwait_its_close(server: LoopbackServer) -> None:
    session = open_session((1, 1), Pacer(0.01))
    session.get(server.url)
    threading.Timer(0.1, session.close).start()
    began = time.monotonic()
    with pytest.raises(TransientError):
        session.get(server.url)
    assert time.monotonic() - began < 5


def test_forks_share_values_and_close_apart(server: LoopbackServer) -> None:
    root = Connections([])
    fork = root.fork()
    made = root.share(list, lambda: [1])
    assert fork.share(list, lambda: [2]) is made
    fork.close()
    assert root.keep(open_session((1, 1))).get(server.url).status_code == 200
    root.close()


def test_a_truncated_answer_is_an_error(server: LoopbackServer) -> None:
    server.faults.plan(Fault(truncate=True))
    with open_session((1, 1)) as session, pytest.raises(requests.RequestException):
        session.get(server.url)


def wait_until(holds: object) -> bool:
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        if callable(holds) and holds():
            return True
        threading.Event().wait(0.01)
    return False


def test_a_host_is_reached_where_this_machine_speaks_one_of_its_families(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plain = socket.socket

    class WithoutIPv6(plain):  # type: ignore[valid-type, misc]
        def __init__(self, family: int = -1, *args: Any, **kwargs: Any) -> None:
            if family == socket.AF_INET6:
                raise OSError(errno.EAFNOSUPPORT, "Address family not supported by protocol")
            super().__init__(family, *args, **kwargs)

    with LoopbackServer(lambda _: Response(200, b"fine")) as server:
        port = server.port
        found = [
            (socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("::1", port, 0, 0)),
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port)),
        ]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
        monkeypatch.setattr(socket, "socket", WithoutIPv6)
        with open_session((4, 4)) as session:
            assert session.get(f"http://upstream.test:{port}/").content == b"fine"
