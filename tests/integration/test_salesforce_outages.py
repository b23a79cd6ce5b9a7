"""Outages, refusals and cancels while cases are read: told as what they are, and the run goes on."""

import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from scripts.sandbox.cases import Cases
from scripts.sandbox.exchange import Request
from scripts.sandbox.faults import Fault, hanging, server_error, too_many_requests, truncated
from scripts.sandbox.salesforce import SalesforceServer
from scripts.sandbox.world import World
from temporaletl.connections import Connections
from temporaletl.contract import Page
from temporaletl.errors import CredentialsError, QueryError, TemporalETLError, TransientError
from tests.integration.cases import ANCHOR, connect, query
from tests.integration.pacing import keeps_pace
from worker.sources.salesforce.extract import cases as extraction
from worker.sources.salesforce.extract.cases import extract_cases


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extraction, "PAGE_CASES", 12)
    monkeypatch.setattr(extraction, "CHILDREN_PER_QUESTION", 60)


@pytest.fixture(scope="module")
def running() -> Iterator[SalesforceServer]:
    world = World(60, anchor=ANCHOR, detail=0)
    with SalesforceServer(world, Cases(world, number=30), page_rows=40) as server:
        yield server


@pytest.fixture
def server(running: SalesforceServer) -> Iterator[SalesforceServer]:
    yield running
    running.faults.clear()


@pytest.fixture
def connections(server: SalesforceServer) -> Iterator[Connections]:
    with connect(server) as opened:
        yield opened


def is_query(request: Request) -> bool:
    return "/query" in request.path


def test_a_session_that_ends_during_a_run_is_opened_again(
    server: SalesforceServer, connections: Connections
) -> None:
    whole = list(extract_cases(query(connections), None))
    read: list[Page] = []
    for page in extract_cases(query(connections), None):
        read.append(page)
        server.expire_sessions()
    assert read == whole


def test_the_jobs_of_a_process_share_one_login(server: SalesforceServer, connections: Connections) -> None:
    server.log.clear()
    for _ in range(3):
        with connections.fork() as forked:
            next(extract_cases(query(forked), None))
    assert server.log.count("/services/oauth2/token") == 1
    server.expire_sessions()
    for _ in range(2):
        with connections.fork() as forked:
            next(extract_cases(query(forked), None))
    assert server.log.count("/services/oauth2/token") == 2


JSON = (("Content-Type", "application/json"),)
LIMIT = b'[{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": "TotalRequests Limit exceeded."}]'
MISSING = b'[{"errorCode": "NOT_FOUND", "message": "The requested resource does not exist"}]'
ENDED = b'[{"errorCode": "INVALID_SESSION_ID", "message": "Session expired or invalid"}]'
LOCATOR = b'[{"errorCode": "INVALID_QUERY_LOCATOR", "message": "invalid query locator"}]'


@pytest.mark.parametrize(
    ("fault", "error", "wait_s"),
    [
        (Fault(status=403, body=LIMIT, headers=JSON), TransientError, 900),
        (Fault(status=404, body=MISSING, headers=JSON), QueryError, None),
        (Fault(status=400, body=LOCATOR, headers=JSON), TransientError, None),
        (too_many_requests(17), TransientError, 17),
        (server_error(500), TransientError, None),
        (server_error(502), TransientError, None),
        (server_error(503), TransientError, None),
        (truncated(), TransientError, None),
        (hanging(), TransientError, None),
        (Fault(status=200, body=b"<html>proxy</html>"), TransientError, None),
        (Fault(status=200, body=b"[]", headers=JSON), TransientError, None),
    ],
    ids=["limit", "404", "locator", "429", "500", "502", "503", "cut", "hang", "no JSON", "no page"],
)
def test_an_outage_in_the_middle_is_told_and_the_cursor_goes_on(
    server: SalesforceServer,
    connections: Connections,
    fault: Fault,
    error: type[TemporalETLError],
    wait_s: float | None,
) -> None:
    whole = list(extract_cases(query(connections), None))
    server.faults.plan(fault, matching=is_query)
    with connect(server, read_timeout_s=2) as hasty, pytest.raises(error) as caught:
        next(extract_cases(query(hasty), whole[0].cursor))
    assert getattr(caught.value, "retry_after_s", None) == wait_s
    assert [whole[0], *extract_cases(query(connections), whole[0].cursor)] == whole


def test_an_http_date_tells_when_to_come_back(server: SalesforceServer, connections: Connections) -> None:
    server.faults.plan(too_many_requests(datetime.now(UTC) + timedelta(seconds=120)), matching=is_query)
    with pytest.raises(TransientError) as caught:
        next(extract_cases(query(connections), None))
    assert caught.value.retry_after_s is not None
    assert 110 < caught.value.retry_after_s <= 120


def test_a_session_that_ends_at_once_again_is_a_refusal(
    server: SalesforceServer, connections: Connections
) -> None:
    server.faults.plan(Fault(status=401, body=ENDED, headers=JSON), times=2, matching=is_query)
    with pytest.raises(CredentialsError):
        next(extract_cases(query(connections), None))


def test_requests_stay_under_the_rate(server: SalesforceServer) -> None:
    with connect(server, per_second=40) as connections, keeps_pace(server, 40, at_least=9):
        next(extract_cases(query(connections), None))


def test_a_cancel_ends_a_call_under_way(server: SalesforceServer) -> None:
    server.faults.plan(hanging(), matching=is_query)
    ended: list[BaseException] = []

    def work(connections: Connections) -> None:
        try:
            next(extract_cases(query(connections), None))
        except TransientError as error:
            ended.append(error)

    with connect(server, read_timeout_s=60) as connections:
        thread = threading.Thread(target=work, args=(connections,))
        thread.start()
        deadline = time.monotonic() + 5
        while server.faults.pending and time.monotonic() < deadline:
            time.sleep(0.01)
        began = time.monotonic()
        connections.close()
        thread.join(5)
    assert not thread.is_alive()
    assert len(ended) == 1
    assert time.monotonic() - began < 2
