"""Planned faults of the sandbox's servers, as a real HTTP client meets them."""

import threading
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import requests
import trino

from scripts.sandbox.faults import hanging, latency, server_error, too_many_requests, truncated
from scripts.sandbox.trino import USER, TrinoServer
from scripts.sandbox.world import World

ANCHOR = date(2026, 3, 10)


@pytest.fixture
def server() -> Iterator[TrinoServer]:
    with TrinoServer(World(5, anchor=ANCHOR)) as running:
        yield running


def ask(server: TrinoServer) -> Any:
    connection = trino.dbapi.connect(
        host=server.host, port=server.port, user=USER, http_scheme="http", max_attempts=1
    )
    return connection.cursor().execute("SELECT 1 AS one").fetchall()


def test_a_planned_429_tells_when_to_come_back(server: TrinoServer) -> None:
    later = datetime.now(UTC) + timedelta(seconds=30)
    for retry_after, header in ((7, "7"), (later, f"{later:%a, %d %b %Y %H:%M:%S} GMT")):
        server.faults.plan(too_many_requests(retry_after))
        answer = requests.get(f"{server.url}/v1/info", timeout=5)
        assert (answer.status_code, answer.headers["Retry-After"]) == (429, header)
    assert ask(server) == [[1]]


def test_a_fault_hits_only_what_matches_and_as_often_as_planned(server: TrinoServer) -> None:
    server.faults.plan(server_error(500), times=1, matching=lambda request: request.method == "DELETE")
    assert ask(server) == [[1]]
    assert server.faults.pending
    server.faults.clear()
    server.faults.plan(server_error(500), times=1)
    with pytest.raises(trino.exceptions.HttpError):
        ask(server)
    assert ask(server) == [[1]]


def test_a_truncated_body_breaks_the_connection(server: TrinoServer) -> None:
    server.faults.plan(truncated())
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        requests.get(f"{server.url}/v1/info", timeout=5)


def test_a_hanging_server_answers_nothing(server: TrinoServer) -> None:
    server.faults.plan(hanging())
    with pytest.raises(requests.exceptions.ReadTimeout):
        requests.get(f"{server.url}/v1/info", timeout=0.3)


def test_latency_delays_the_right_answer(server: TrinoServer) -> None:
    server.faults.plan(latency(0.3))
    began = time.monotonic()
    assert requests.get(f"{server.url}/v1/info", timeout=5).json()["coordinator"]
    assert time.monotonic() - began >= 0.3


def test_stopping_ends_a_hanging_request() -> None:
    with TrinoServer(World(5, anchor=ANCHOR)) as server:
        server.faults.plan(hanging())
        waiting = threading.Thread(target=_get, args=(f"{server.url}/v1/info",))
        waiting.start()
        while server.faults.pending:
            time.sleep(0.01)
    waiting.join(5)
    assert not waiting.is_alive()


def _get(url: str) -> None:
    with pytest.raises(requests.exceptions.ConnectionError):
        requests.get(url, timeout=30)
