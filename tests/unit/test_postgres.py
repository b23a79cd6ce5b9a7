"""A PostgreSQL is reached, and its errors are told, without a password or a row in any message."""

import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import psycopg
import pytest
from psycopg import errors
from psycopg.conninfo import conninfo_to_dict
from pydantic import SecretStr

from temporaletl.environment import read_settings
from temporaletl.errors import (
    ConfigurationError,
    CredentialsError,
    PermanentError,
    TemporalETLError,
    TransientError,
)
from temporaletl.postgres import Server, describe, explain_connection, name_server, read_conninfo
from temporaletl.settings import WarehouseSettings
from worker.external.wpe_db.connect import Warehouse, open_warehouse

SERVER = Server(
    name="the warehouse db.example:5432/w",
    user="etl",
    place="WPE_DB_HOST and WPE_DB_PORT",
    database="WPE_DB_NAME",
    sign_in="WPE_DB_USER and WPE_DB_PASSWORD",
    tls="WPE_DB_DSN",
)


def told(error: BaseException | None) -> str:
    """Everything that *error* and its causes say."""
    said = []
    while error is not None:
        said.append(f"{error} {error.args}")
        error = error.__cause__
    return "\n".join(said)


@pytest.mark.parametrize(
    "dsn",
    [
        "postgresql://etl:p@hunter2@127.0.0.1:5432/warehouse",
        "postgresql://etl:hunter2/s@127.0.0.1:5432/warehouse",
        "postgresql://etl:/hunter2@127.0.0.1:5432/warehouse",
        "postgresql://etl:5432/hunter2@127.0.0.1:5432/warehouse",
        "postgresql://etl:p@ss/hunter2@127.0.0.1:5432/warehouse",
        "postgresql://etl:hunter2%@127.0.0.1:5432/warehouse",
        "postgresql://etl:hunter2%zz@127.0.0.1:5432/warehouse",
        "postgresql://etl:hunter2/?a=b@127.0.0.1:5432/warehouse",
        "postgresql://etl:a[hunter2/@127.0.0.1:5432/warehouse",
        "postgres://etl:p@hunter2@/warehouse",
        "postgresql://etl@hunter2@127.0.0.1/warehouse",
        "postgresql://127.0.0.1/warehouse?host=etl:hunter2@127.0.0.1",
        "postgresql://127.0.0.1/etl%3Ahunter2%40127.0.0.1",
        "postgresql://127.0.0.1:hunter2/warehouse",
        "postgresql://127.0.0.1/warehouse?port=hunter2",
        "postgresql+psycopg://etl:hunter2@127.0.0.1:5432/warehouse",
        "jdbc:postgresql://127.0.0.1:5432/warehouse?user=etl&password=hunter2",
        "mysql://etl:hunter2@127.0.0.1/warehouse",
        "host=127.0.0.1 password=a hunter2",
        "host=127.0.0.1 password='hunter2",
        "host=127.0.0.1 dbname=postgresql://etl:hunter2@127.0.0.1/warehouse",
        "hunter2",
        "postgresql://etl:hunter2@127.0.0.1:65536/warehouse",
        "postgresql://etl:hunter2@127.0.0.1:-1/warehouse",
        "postgresql://etl%3Ahunter2@127.0.0.1/warehouse",
        "host=127.0.0.1 user=etl:hunter2",
        "hostaddr=etl:hunter2@127.0.0.1 user=etl",
        "hostaddr=127.0.0.1,hunter2 user=etl",
        "postgresql://etl:a@hunter2@h1:5432,h2:5432/warehouse",
        "postgresql://h1,h2/warehouse?user=etl&password=a&hunter2",
        "postgresql://etl:x y@127.0.0.1/hunter2@warehouse",
    ],
)
def test_a_connection_string_that_mixes_a_password_up_is_refused_and_not_quoted(dsn: str) -> None:
    with pytest.raises(ConfigurationError, match="WPE_DB_DSN") as caught:
        Warehouse(WarehouseSettings(_env_file=None, dsn=SecretStr(dsn)), max_connections=1)

    assert "hunter2" not in told(caught.value)


@pytest.mark.parametrize(
    ("dsn", "password", "place"),
    [
        ("postgresql://etl:p%40s%2Fs@127.0.0.1:5432/warehouse", "p@s/s", "127.0.0.1:5432/warehouse"),
        ("postgresql://etl:a:b?c#d@h/w", "a:b?c#d", "h:5432/w"),
        ("postgresql://h1:5432,h2:5433/w", None, "h1,h2:5432,5433/w"),
        ("postgresql://etl:x@[::1]:5432/w", "x", "::1:5432/w"),
        ("postgresql:///w?host=/var/run/postgresql", None, "/var/run/postgresql:5432/w"),
        ("host=h dbname=w password='p@s s/w='", "p@s s/w=", "h:5432/w"),
        ("postgresql://ana%40corp.example:x@h/w", "x", "h:5432/w"),
        ("postgresql://h1,h2/w?hostaddr=10.0.0.1,::1&password=p%26s", "p&s", "h1,h2:5432/w"),
        ("service=wh password='a b'", "a b", "of service wh"),
    ],
)
def test_a_connection_string_that_is_right_is_taken_as_it_is(
    monkeypatch: pytest.MonkeyPatch, dsn: str, password: str | None, place: str
) -> None:
    for name in ("PGHOST", "PGPORT", "PGDATABASE"):
        monkeypatch.delenv(name, raising=False)
    conninfo = read_conninfo("WPE_DB_DSN", dsn, client_encoding="UTF8")

    assert conninfo_to_dict(conninfo).get("password") == password
    assert conninfo_to_dict(conninfo)["client_encoding"] == "UTF8"
    assert name_server(conninfo) == place


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("WPE_DB_HOST", "etl:hunter2@127.0.0.1"),
        ("WPE_DB_HOST", "postgresql://etl:hunter2@127.0.0.1/warehouse"),
        ("WPE_DB_HOST", "host=127.0.0.1 password=hunter2"),
        ("WPE_DB_NAME", "postgresql://etl:hunter2@127.0.0.1/warehouse"),
        ("WPE_DB_NAME", "dbname=warehouse password=hunter2"),
        ("WPE_DB_USER", "etl:hunter2"),
        ("WPE_DB_PORT", "hunter2"),
        ("WPE_DB_PORT", "0"),
        ("WPE_DB_PORT", "65536"),
    ],
)
def test_parts_that_hold_more_than_they_are_called_are_refused_by_their_names(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.delenv("WPE_DB_DSN", raising=False)
    for known, said in {"WPE_DB_HOST": "h", "WPE_DB_NAME": "w", "WPE_DB_USER": "etl", name: value}.items():
        monkeypatch.setenv(known, said)

    _, [problem] = read_settings([WarehouseSettings])

    assert problem.startswith(f"{name} (")
    assert "hunter2" not in problem


FAILED = 'connection failed: connection to server at "certificate.example" (10.0.0.1), port 5432 failed: '


@pytest.mark.parametrize(
    ("said", "kind", "advice"),
    [
        ("Connection refused", TransientError, "WPE_DB_PORT"),
        ("could not receive data from server: Connection timed out", TransientError, "tried again later"),
        ("FATAL:  the database system is starting up", TransientError, "tried again later"),
        ("FATAL:  sorry, too many clients already", TransientError, "tried again later"),
        ("SSL SYSCALL error: EOF detected", TransientError, "tried again later"),
        ("session is read-only", TransientError, "default_transaction_read_only"),
        ("server is in hot standby mode", TransientError, "primary"),
        ("server closed the connection unexpectedly", TransientError, "tried again later"),
        ('FATAL:  password authentication failed for user "etl"', CredentialsError, "WPE_DB_PASSWORD"),
        ("fe_sendauth: no password supplied", CredentialsError, "WPE_DB_PASSWORD"),
        ('FATAL:  role "etl" does not exist', CredentialsError, "WPE_DB_USER"),
        ('FATAL:  no pg_hba.conf entry for host "10.0.0.2"', CredentialsError, "WPE_DB_USER"),
        ('FATAL:  database "w" does not exist', ConfigurationError, "WPE_DB_NAME"),
        ('FATAL:  permission denied for database "w"', ConfigurationError, "GRANT CONNECT"),
        ("SSL error: certificate verify failed", ConfigurationError, "sslrootcert"),
        ("SSL error: tlsv1 alert unknown ca", ConfigurationError, "sslrootcert"),
        (
            'server certificate for "a.example" does not match host name "b.example"',
            ConfigurationError,
            "sslmode",
        ),
        ('root certificate file "/nowhere/root.crt" does not exist', ConfigurationError, "sslrootcert"),
        ("server does not support SSL, but SSL was required", ConfigurationError, "sslmode"),
        ("received invalid response to SSL negotiation: H", ConfigurationError, "WPE_DB_PORT"),
        ("expected authentication request from server, but received H", ConfigurationError, "WPE_DB_PORT"),
        ("FATAL:  unsupported startup parameter: options", ConfigurationError, "PGOPTIONS"),
        ('FATAL:  invalid value for parameter "TimeZone": "Nowhere"', ConfigurationError, "PGOPTIONS"),
    ],
)
def test_what_a_server_says_before_there_is_a_session_is_sorted(
    said: str, kind: type[TemporalETLError], advice: str
) -> None:
    explained = explain_connection(psycopg.OperationalError(FAILED + said), SERVER)

    assert type(explained) is kind
    assert advice in str(explained)


@pytest.mark.parametrize(
    "said",
    [
        'invalid integer value "x" for connection option "port"',
        'invalid port number: "0"',
        'invalid target_session_attrs value: "x"',
        'invalid "ssl_min_protocol_version" value: "x"',
        'definition of service "x" not found',
        'syntax error in service file "x", line 3',
        'service file "x" not found',
    ],
)
def test_parameters_that_the_driver_cannot_read_are_no_matter_of_waiting(said: str) -> None:
    error = psycopg.OperationalError(f"connection is bad: {said}")

    assert isinstance(explain_connection(error, SERVER), ConfigurationError)


def test_a_server_that_hangs_up_tells_no_detail() -> None:
    error = psycopg.OperationalError(
        "terminating connection\nDETAIL:  Failing row contains (ana).\nCONTEXT:  COPY events, line 1: ana"
    )

    assert "ana" not in describe(error)


@pytest.mark.parametrize("kind", [errors.RaiseException, errors.UniqueViolation, errors.InternalError_])
def test_a_message_is_quoted_of_no_class_that_may_hold_a_row(kind: Callable[[str], psycopg.Error]) -> None:
    assert "hunter2" not in describe(kind("hunter2"))


def test_an_address_in_a_message_is_masked_before_it_is_cut() -> None:
    error = psycopg.OperationalError(f"{'x' * 490} ana.lopez@corp.example")

    assert "ana" not in describe(error)


def test_our_errors_are_permanent_where_trying_again_cannot_help() -> None:
    assert issubclass(ConfigurationError, PermanentError)
    assert issubclass(CredentialsError, PermanentError)


@pytest.mark.parametrize(
    "answer", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"SSH-2.0-OpenSSH_9.2\r\n", b"-ERR what\r\n"]
)
def test_a_port_of_another_service_names_the_setting(answer: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, ThreadPoolExecutor(1) as pool:

        def serve() -> None:
            # Twice: without TLS it is tried again.
            with suppress(OSError):
                for _ in range(2):
                    connection, _peer = server.accept()
                    with connection:
                        connection.sendall(answer)
                        connection.recv(100)

        pool.submit(serve)
        dsn = f"postgresql://etl:hunter2@127.0.0.1:{server.getsockname()[1]}/w"
        settings = WarehouseSettings(_env_file=None, dsn=SecretStr(dsn))
        with pytest.raises(ConfigurationError, match=r"does not speak PostgreSQL.*WPE_DB_PORT"):
            open_warehouse(settings, max_connections=1)
        server.shutdown(socket.SHUT_RDWR)
