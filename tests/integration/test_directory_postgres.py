"""The directory in a real PostgreSQL: rows as they are shaped there, errors sorted, no call without end."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from pydantic import SecretStr

from scripts.sandbox.postgres import PostgresServer
from temporaletl.connections import Connections
from temporaletl.directory.connect import connect_directory
from temporaletl.directory.members import Directory, Member
from temporaletl.directory.settings import DirectorySettings, SqlDirectorySettings
from temporaletl.errors import (
    ConfigurationError,
    CredentialsError,
    PermanentError,
    TemporalETLError,
    TransientError,
)

TODAY = datetime.now(UTC).date()
LEFT_SINCE = TODAY - timedelta(days=30)

NAME = "temporaletl directory"


type Open = Callable[..., Directory]


@pytest.fixture
def open_directory(database: str) -> Iterator[Open]:
    """Opens the directory that *query* lists."""
    opened: list[Connections] = []

    def open_it(query: str | None = None, dsn: str = database, timeout_s: float = 20) -> Directory:
        settings = SqlDirectorySettings(_env_file=None, dsn=SecretStr(dsn), query=query, timeout_s=timeout_s)
        opened.append(Connections([DirectorySettings(_env_file=None, backend="sql"), settings]))
        return connect_directory(opened[-1])

    yield open_it
    for connections in opened:
        connections.close()


@pytest.fixture
def execute(database: str) -> Iterator[Callable[[str], None]]:
    with psycopg.connect(database, autocommit=True) as conn:

        def execute_it(statement: str) -> None:
            conn.execute(statement)

        yield execute_it


def listing(*rows: str, columns: str = "employee_id, emails, launchpad") -> str:
    """A query of these rows, as they are written in VALUES."""
    return f"SELECT * FROM (VALUES {', '.join(rows)}) AS people ({columns})"


def walk(directory: Directory, limit: int) -> list[str]:
    """The employee ids of all pages."""
    found: list[str] = []
    cursor: str | None = None
    while True:
        page = directory.read_account_holders("launchpad", cursor, limit, LEFT_SINCE)
        assert len(page.members) <= limit
        found += [member.employee_id for member in page.members]
        cursor = page.cursor
        if cursor is None:
            return found


def test_a_table_of_its_own_types_is_read_as_it_is(
    open_directory: Open, execute: Callable[[str], None]
) -> None:
    execute(
        "CREATE TABLE directory (employee_id int, emails text[], jira text, accounts jsonb, active_from date,"
        " active_to timestamptz, timezone text, is_test boolean, salary numeric)"
    )
    execute(
        "INSERT INTO directory VALUES (7, '{a@x.org,b@x.org}', NULL, '{\"launchpad\": [\"Ana\"]}',"
        " '-infinity', '2021-03-04 23:30:00+00', 'UTC', true, 9)"
    )
    execute("INSERT INTO directory VALUES (NULL, '{c@x.org}')")
    execute("INSERT INTO directory VALUES (8)")
    execute("INSERT INTO directory VALUES (9, '{}', 'acc-9', NULL, '0001-01-01', 'infinity')")
    seven, eight, nine = open_directory().read_members()
    ended = datetime(2021, 3, 4, tzinfo=UTC).date()
    accounts = {"launchpad": ("ana",)}
    assert seven == Member("7", ("a@x.org", "b@x.org"), accounts, False, None, ended, "UTC", True)
    assert eight == Member("8")
    assert (nine.accounts, nine.active, nine.active_to) == ({"jira": ("acc-9",)}, True, None)


def test_a_day_later_than_python_can_say_fails_no_reading(open_directory: Open) -> None:
    rows = ("('e1', '', NULL, '10000-01-01'::date)", "('e2', '', '10000-01-01'::date, NULL)")
    query = listing(*rows, columns="employee_id, emails, active_from, active_to")
    assert [member.active for member in open_directory(query).read_members()] == [True, False]


def test_a_query_may_hold_signs_that_mean_something_to_a_driver(open_directory: Open) -> None:
    query = listing("('e1', 'a@x.org', '{}')") + " WHERE emails LIKE '%@x.org' ; -- 100% {sure}"
    with pytest.raises(ConfigurationError, match="DIRECTORY_QUERY"):
        # A semicolon before the comment ends the statement within.
        list(open_directory(query).read_members())
    query = listing("('e1', 'a@x.org', '{}')") + " WHERE emails LIKE '%@x.org' -- 100% {sure}"
    assert [member.employee_id for member in open_directory(query).read_members()] == ["e1"]
    query = "WITH people AS (SELECT 'e1' AS employee_id, 'a@x.org' AS emails) SELECT * FROM people;"
    assert [member.employee_id for member in open_directory(query).read_members()] == ["e1"]


@pytest.mark.parametrize("limit", [1, 2, 3, 100])
def test_pages_hold_every_holder_once_and_no_one_else(open_directory: Open, limit: int) -> None:
    query = listing(
        *(
            "('e5', '', 'eve', null, false)",
            "('E1', '', 'ana', null, false)",
            "('e1', '', 'Ana', null, false)",
        ),
        *(
            "(' e1 ', '', 'ana2', null, false)",
            "('e2', '', null, null, false)",
            "('é', '', 'z', null, false)",
        ),
        *("('e3', '', 'cy', null, true)", f"('e4', '', 'dan', '{TODAY - timedelta(days=3)}'::date, false)"),
        f"('e6', '', 'flo', '{TODAY - timedelta(days=300)}', false)",
        columns="employee_id, emails, launchpad, active_to, is_test",
    )
    assert walk(open_directory(query), limit) == ["E1", "e1", "e4", "e5", "é"]


def test_several_rows_of_one_employee_are_one_member(open_directory: Open) -> None:
    query = listing("('e1', 'a@x.org', 'Ana')", "('e2', 'c@x.org', '')", "('e1 ', 'b@x.org', 'ana-2')")
    first, _ = open_directory(query).read_members()
    assert (first.addresses, first.accounts) == (("a@x.org", "b@x.org"), {"launchpad": ("ana", "ana-2")})


def test_thousands_of_members_are_read_in_portions(open_directory: Open) -> None:
    query = "SELECT n AS employee_id, n || '@x.org' AS emails FROM generate_series(1, 5001) AS n"
    assert len({member.employee_id for member in open_directory(query).read_members()}) == 5001


@pytest.mark.parametrize(
    ("query", "expected", "said"),
    [
        ("SELECT 1 AS employee_id", ConfigurationError, "lacks the columns emails"),
        ("SELECT 'a' AS emails", ConfigurationError, r"UndefinedColumn.*employee_id"),
        ("SELECT * FROM no_such_table", ConfigurationError, "no_such_table"),
        ("SELEKT", ConfigurationError, r"understand DIRECTORY_QUERY.*SyntaxError"),
        (
            "SELECT 'e1' AS employee_id, 'a' AS emails, 'secret'::text AS active_to",
            ConfigurationError,
            "row 1 .*column active_to: a date is written",
        ),
        (
            "SELECT 'e1' AS employee_id, ('secret' || n)::int::text AS emails FROM generate_series(1, 3) n",
            PermanentError,
            "InvalidTextRepresentation, SQLSTATE 22P02",
        ),
        (
            "SELECT 'e1' AS employee_id, setval('counted', 5)::text AS emails",
            ConfigurationError,
            "is only read, and DIRECTORY_QUERY writes",
        ),
        (
            "SELECT 'e1' AS employee_id, 'a' AS emails FROM pg_authid",
            ConfigurationError,
            "grant the role SELECT",
        ),
    ],
)
def test_a_query_that_lists_no_directory_is_refused_and_no_value_is_quoted(
    open_directory: Open,
    execute: Callable[[str], None],
    query: str,
    expected: type[PermanentError],
    said: str,
) -> None:
    execute("CREATE SEQUENCE counted")
    with pytest.raises(expected, match=said) as caught:
        list(open_directory(query).read_members())
    error: BaseException | None = caught.value
    while error is not None:
        assert "secret" not in str(error)
        error = error.__cause__


def test_a_system_without_a_column_is_named(open_directory: Open) -> None:
    directory = open_directory("SELECT 'e1' AS employee_id, 'a' AS emails")
    with pytest.raises(ConfigurationError, match="no accounts of launchpad: let DIRECTORY_QUERY select"):
        walk(directory, 5)


@pytest.mark.parametrize(
    ("dsn", "expected", "said"),
    [
        ("no connection string", ConfigurationError, "DIRECTORY_DSN cannot be read"),
        ("postgresql://etl:wrong@{place}/postgres", CredentialsError, "user and password in DIRECTORY_DSN"),
        ("postgresql://etl:sandbox@{place}/nowhere", ConfigurationError, "check DIRECTORY_DSN"),
        ("postgresql://etl:sandbox@127.0.0.1:1/postgres", TransientError, "tried again later.*host and port"),
    ],
)
def test_a_server_that_cannot_be_reached_says_why_without_the_password(
    open_directory: Open, postgres: PostgresServer, dsn: str, expected: type[Exception], said: str
) -> None:
    with pytest.raises(expected, match=said) as caught:
        list(open_directory(dsn=dsn.format(place=f"{postgres.host}:{postgres.port}")).read_members())
    assert "wrong" not in str(caught.value)
    assert "no connection" not in str(caught.value)


SLOW = "SELECT 'e1' AS employee_id, pg_sleep(30)::text AS emails"


def test_a_reading_that_takes_too_long_is_tried_again_later(open_directory: Open) -> None:
    began = time.monotonic()
    with pytest.raises(TransientError, match="QueryCanceled"):
        list(open_directory(SLOW, timeout_s=1).read_members())
    assert time.monotonic() - began < 3


def backends(database: str) -> list[int]:
    """The server's processes that read a directory for us in *database*."""
    with psycopg.connect(database) as conn:
        rows = conn.execute(
            "SELECT pid FROM pg_stat_activity WHERE application_name = %s AND datname = current_database()",
            (NAME,),
        )
        return [int(row[0]) for row in rows]


def poll[T](ask: Callable[[], T]) -> T:
    """What *ask* answers once that is something."""
    deadline = time.monotonic() + 10
    while not (answer := ask()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return answer


def read_in_thread(directory: Directory) -> tuple[threading.Thread, list[TemporalETLError]]:
    errors: list[TemporalETLError] = []

    def read() -> None:
        try:
            list(directory.read_members())
        except TemporalETLError as error:
            errors.append(error)

    thread = threading.Thread(target=read)
    thread.start()
    return thread, errors


def test_closing_the_connections_ends_a_reading_under_way(database: str) -> None:
    settings = SqlDirectorySettings(_env_file=None, dsn=SecretStr(database), query=SLOW)
    connections = Connections([DirectorySettings(_env_file=None, backend="sql"), settings])
    thread, errors = read_in_thread(connect_directory(connections))
    poll(lambda: backends(database))
    connections.close()
    thread.join(3)
    assert not thread.is_alive()
    assert isinstance(errors[0], TransientError)


def test_a_server_that_froze_is_not_waited_for_for_ever(open_directory: Open, database: str) -> None:
    thread, errors = read_in_thread(open_directory(SLOW, timeout_s=1))
    [pid] = poll(lambda: backends(database))
    os.kill(pid, signal.SIGSTOP)
    try:
        thread.join(5)
        assert not thread.is_alive()
    finally:
        os.kill(pid, signal.SIGCONT)
    assert isinstance(errors[0], TransientError)


def test_no_session_is_left_when_a_reading_is_given_up_or_done(open_directory: Open, database: str) -> None:
    directory = open_directory("SELECT n AS employee_id, '' AS emails FROM generate_series(1, 9000) AS n")
    members = directory.read_members()
    assert next(members).employee_id == "1"
    assert len(backends(database)) == 1
    del members
    list(directory.read_members())
    poll(lambda: backends(database) == [])
