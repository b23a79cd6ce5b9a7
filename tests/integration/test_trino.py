"""Questions to Trino: rows as they come, errors that say what to do, and an end when it is cancelled."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from datetime import date

import pytest
from pydantic import SecretStr

from scripts.sandbox.dialect import StatementError
from scripts.sandbox.exchange import Request
from scripts.sandbox.faults import Fault, hanging, server_error, too_many_requests, truncated
from scripts.sandbox.queries import describe_error, describe_state
from scripts.sandbox.trino import CATALOG, USER, TrinoServer
from scripts.sandbox.world import World
from temporaletl.connections import Connections
from temporaletl.errors import ConfigurationError, CredentialsError, QueryError, TransientError
from temporaletl.settings import TrinoSettings
from temporaletl.trino import ask, connect_trino

IDS = "SELECT id FROM jira.issues WHERE id > ? ORDER BY id"


@pytest.fixture(scope="module")
def running() -> Iterator[TrinoServer]:
    with TrinoServer(World(300, anchor=date(2026, 3, 10), detail=0.2)) as server:
        yield server


@pytest.fixture
def server(running: TrinoServer) -> Iterator[TrinoServer]:
    yield running
    running.faults.clear()
    running.auth = "none"


@pytest.fixture
def connections(server: TrinoServer) -> Iterator[Connections]:
    with Connections([settings_for(server)]) as opened:
        yield opened


def settings_for(server: TrinoServer, **values: object) -> TrinoSettings:
    common = {"host": server.host, "port": server.port, "http_scheme": "http", "catalog": CATALOG}
    return TrinoSettings(_env_file=None, **{**common, "auth": "none", "user": USER, **values})  # type: ignore[arg-type]


def is_page(request: Request) -> bool:
    return request.method == "GET"


def test_rows_come_in_order_and_values_are_bound(connections: Connections) -> None:
    ids = [row[0] for row in ask(connect_trino(connections), IDS, ["it's"])]
    assert ids == []
    ids = [row[0] for row in ask(connect_trino(connections), IDS, [""])]
    assert len(ids) > 250
    assert ids == sorted(ids)


def test_rows_are_read_only_as_they_are_asked_for(server: TrinoServer, connections: Connections) -> None:
    server.log.clear()
    rows = ask(connect_trino(connections), IDS, [""])
    next(rows)
    early = server.log.count(method="GET")
    assert len(list(rows)) > 250
    assert server.log.count(method="GET") > early + 1


def test_a_question_that_is_dropped_is_cancelled_on_the_server(
    server: TrinoServer, connections: Connections
) -> None:
    rows = ask(connect_trino(connections), IDS, [""])
    next(rows)
    assert server.running == 1
    rows.close()  # type: ignore[attr-defined]
    assert server.running == 0


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_server_error_may_pass(server: TrinoServer, connections: Connections, status: int) -> None:
    server.faults.plan(server_error(status))
    with pytest.raises(TransientError, match=f"Trino at .*{status}"):
        list(ask(connect_trino(connections), "SELECT 1 AS one"))
    assert list(ask(connect_trino(connections), "SELECT 1 AS one")) == [[1]]


def test_an_error_between_two_pages_may_pass(server: TrinoServer, connections: Connections) -> None:
    server.faults.plan(server_error(503), matching=is_page)
    with pytest.raises(TransientError):
        list(ask(connect_trino(connections), IDS, [""]))


def test_too_many_requests_tell_when_to_come_back(server: TrinoServer, connections: Connections) -> None:
    server.faults.plan(too_many_requests(17))
    with pytest.raises(TransientError) as caught:
        list(ask(connect_trino(connections), "SELECT 1 AS one"))
    assert caught.value.retry_after_s == 17


@pytest.mark.parametrize(
    "fault", [truncated(), Fault(status=200, body=b"<html>back soon</html>"), Fault(status=200, body=b"{}")]
)
def test_an_answer_that_cannot_be_read_may_pass(
    server: TrinoServer, connections: Connections, fault: Fault
) -> None:
    server.faults.plan(fault)
    with pytest.raises(TransientError):
        list(ask(connect_trino(connections), "SELECT 1 AS one"))


def test_a_query_that_the_server_forgot_may_pass(server: TrinoServer, connections: Connections) -> None:
    server.faults.plan(Fault(status=404), matching=is_page)
    with pytest.raises(TransientError, match="no longer knows"):
        list(ask(connect_trino(connections), IDS, [""]))


def test_a_server_that_is_not_there_may_come_back() -> None:
    gone = TrinoSettings(
        _env_file=None, host="127.0.0.1", port=9, http_scheme="http", auth="none", connect_timeout_s=1
    )
    with Connections([gone]) as connections, pytest.raises(TransientError, match="could not be asked"):
        list(ask(connect_trino(connections), "SELECT 1 AS one"))


def test_an_address_without_trino_is_a_wrong_setting(server: TrinoServer, connections: Connections) -> None:
    server.faults.plan(Fault(status=404))
    with pytest.raises(ConfigurationError, match="TRINO_HOST"):
        list(ask(connect_trino(connections), "SELECT 1 AS one"))


@pytest.mark.parametrize(
    ("statement", "name"),
    [
        ("SELECT nothing FROM jira.issues", "COLUMN_NOT_FOUND"),
        ("SELECT 1 FROM jira.nowhere", "TABLE_NOT_FOUND"),
        ("SELEC", "SYNTAX_ERROR"),
    ],
)
def test_a_wrong_statement_is_not_asked_again(connections: Connections, statement: str, name: str) -> None:
    with pytest.raises(QueryError, match=name):
        list(ask(connect_trino(connections), statement))


@pytest.mark.parametrize(
    ("name", "message", "kind", "advice"),
    [
        ("INVALID_SESSION_PROPERTY", "query_max_run_time is too long", QueryError, "TRINO_QUERY_TIMEOUT_S"),
        ("CATALOG_NOT_FOUND", "no catalog", QueryError, "TRINO_CATALOG"),
        ("MISSING_CATALOG_NAME", "no catalog", QueryError, "set TRINO_CATALOG"),
        ("TABLE_NOT_FOUND", "no table", QueryError, "the tables of the source"),
        ("PERMISSION_DENIED", "Cannot select from issues", CredentialsError, "grant TRINO_USER"),
        (
            "PERMISSION_DENIED",
            "Cannot set system session property query_max_run_time",
            CredentialsError,
            "TRINO_QUERY_TIMEOUT_S",
        ),
        ("EXCEEDED_TIME_LIMIT", "over", TransientError, "raise TRINO_QUERY_TIMEOUT_S"),
        ("CLUSTER_OUT_OF_MEMORY", "over", TransientError, "later$"),
    ],
)
def test_the_advice_follows_the_name_of_the_error(
    server: TrinoServer,
    connections: Connections,
    name: str,
    message: str,
    kind: type[Exception],
    advice: str,
) -> None:
    whose = "INSUFFICIENT_RESOURCES" if kind is TransientError else "USER_ERROR"
    error = describe_error(StatementError(message, name, 1), whose)
    body = json.dumps({**describe_state("q1", "FAILED", server.url, None), "error": error}).encode()
    server.faults.plan(Fault(status=200, body=body, headers=(("Content-Type", "application/json"),)))
    with pytest.raises(kind, match=f"{name}.*{advice}"):
        list(ask(connect_trino(connections), "SELECT 1 AS one"))


def test_an_error_that_quotes_a_row_is_told_by_its_name_alone(connections: Connections) -> None:
    with pytest.raises((QueryError, TransientError)) as caught:
        list(ask(connect_trino(connections), "SELECT CAST(? AS integer) AS n", ["ana@example.com"]))
    assert "ana" not in str(caught.value)


def test_a_wrong_password_is_not_tried_again(server: TrinoServer) -> None:
    server.auth = "basic"
    wrong = settings_for(server, auth="basic", password=SecretStr("x"), allow_insecure_auth=True)
    with Connections([wrong]) as connections, pytest.raises(CredentialsError, match="TRINO_AUTH"):
        list(ask(connect_trino(connections), "SELECT 1 AS one"))


@pytest.mark.parametrize("auth", ["basic", "jwt"])
def test_secrets_open_the_door(server: TrinoServer, auth: str) -> None:
    server.auth = auth  # type: ignore[assignment]
    secrets = {"password": SecretStr(server.password), "jwt": SecretStr(server.issue_token())}
    right = settings_for(server, auth=auth, allow_insecure_auth=True, **secrets)
    with Connections([right]) as connections:
        assert list(ask(connect_trino(connections), "SELECT 1 AS one")) == [[1]]


@pytest.mark.parametrize("matching", [None, is_page], ids=["first answer", "later page"])
def test_closing_the_connections_ends_a_question_that_waits(
    server: TrinoServer, matching: Callable[[Request], bool] | None
) -> None:
    server.faults.plan(hanging(), matching=matching)
    connections = Connections([settings_for(server)])
    raised: list[BaseException] = []

    def wait_for_rows() -> None:
        try:
            list(ask(connect_trino(connections), IDS, [""]))
        except TransientError as error:
            raised.append(error)

    thread = threading.Thread(target=wait_for_rows)
    thread.start()
    deadline = time.monotonic() + 10
    while server.faults.pending and time.monotonic() < deadline:
        threading.Event().wait(0.01)
    connections.close()
    thread.join(3)
    assert not thread.is_alive()
    assert len(raised) == 1
