"""Sessions of the warehouse are bounded, named, and fail in our words."""

import os
import socket
from collections.abc import Callable
from datetime import UTC, datetime

import psycopg
import pytest
from pydantic import SecretStr, ValidationError

from scripts.sandbox.postgres import PostgresServer
from scripts.sandbox.process import free_ports
from temporaletl.errors import (
    ConfigurationError,
    CredentialsError,
    PermanentError,
    TemporalETLError,
    TransientError,
)
from temporaletl.settings import WarehouseSettings
from tests.integration.loading import Loads, make_document, make_event
from worker.external.wpe_db.connect import Warehouse, open_warehouse, warehouse_clock


def open_dsn(dsn: str) -> Warehouse:
    return open_warehouse(WarehouseSettings(dsn=SecretStr(dsn)), max_connections=1)


def test_a_session_is_read_committed_in_utc_and_bounded_by_time_outs(warehouse: Warehouse) -> None:
    with warehouse.session("etl-load x") as conn, conn.transaction():
        said = {
            name: conn.execute(f"SHOW {name}").fetchone()
            for name in (
                "transaction_isolation",
                "timezone",
                "lock_timeout",
                "idle_in_transaction_session_timeout",
                "application_name",
            )
        }
    assert said == {
        "transaction_isolation": ("read committed",),
        "timezone": ("UTC",),
        "lock_timeout": ("30s",),
        "idle_in_transaction_session_timeout": ("5min",),
        "application_name": ("etl-load x",),
    }


def test_a_session_notices_a_host_that_is_gone(warehouse: Warehouse) -> None:
    """A frozen client holds its locks for as long as its connection seems alive."""
    with warehouse.session() as conn:
        plain = socket.socket(fileno=os.dup(conn.fileno()))
        options = {
            name: plain.getsockopt(*option)
            for name, option in {
                "on": (socket.SOL_SOCKET, socket.SO_KEEPALIVE),
                "idle_s": (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE),
                "interval_s": (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL),
                "count": (socket.IPPROTO_TCP, socket.TCP_KEEPCNT),
            }.items()
        }
        plain.close()

    assert options == {"on": 1, "idle_s": 30, "interval_s": 10, "count": 3}


def test_read_committed_holds_where_the_server_has_another_default(loads: Loads, database: str) -> None:
    loads.ask(
        f"ALTER DATABASE {database.rsplit('/', 1)[1]} SET default_transaction_isolation = 'serializable'"
    )
    fresh = open_dsn(database)
    with fresh.session() as conn, conn.transaction():
        assert conn.execute("SHOW transaction_isolation").fetchone() == ("read committed",)
    fresh.close()


def test_the_clock_is_aware(warehouse: Warehouse) -> None:
    with warehouse.session() as conn:
        assert abs((warehouse_clock(conn) - datetime.now(UTC)).total_seconds()) < 60


def test_a_wrong_password_is_a_matter_of_credentials(postgres: PostgresServer) -> None:
    with pytest.raises(CredentialsError, match="WPE_DB_PASSWORD"):
        open_dsn(postgres.dsn(password="wrong"))


def test_a_missing_database_is_a_matter_of_configuration(postgres: PostgresServer) -> None:
    with pytest.raises(ConfigurationError, match="WPE_DB_NAME"):
        open_dsn(postgres.dsn("nowhere"))


def test_a_server_that_does_not_answer_is_transient() -> None:
    [port] = free_ports(1)
    with pytest.raises(TransientError):
        open_dsn(f"postgresql://etl:secret@127.0.0.1:{port}/warehouse")


def test_a_string_that_is_no_dsn_is_refused_without_quoting_it() -> None:
    with pytest.raises(ConfigurationError) as caught:
        open_dsn("password=hunter2 host")
    assert "hunter2" not in str(caught.value)
    assert "hunter2" not in str(caught.value.__cause__)


def test_missing_settings_are_named_together(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DSN", "HOST", "NAME", "USER"):
        monkeypatch.delenv(f"WPE_DB_{name}", raising=False)
    with pytest.raises(ValidationError, match="WPE_DB_HOST, WPE_DB_NAME, WPE_DB_USER"):
        WarehouseSettings(_env_file=None)


def test_a_session_that_was_ended_while_idle_is_replaced(warehouse: Warehouse, database: str) -> None:
    with warehouse.session() as conn:
        pid = conn.info.backend_pid
    with psycopg.connect(database) as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", (pid,))

    with warehouse.session() as conn:
        assert conn.info.backend_pid != pid


def test_no_more_sessions_are_open_than_allowed(
    database: str, open_database: Callable[..., Warehouse]
) -> None:
    settings = WarehouseSettings(dsn=SecretStr(database), pool_timeout_s=0.1)
    small = open_warehouse(settings, max_connections=1)
    with small.session(), pytest.raises(TransientError, match="no session"), small.session():
        pass
    small.close()


@pytest.mark.parametrize(
    ("statement", "kind"),
    [
        (
            "INSERT INTO {s}.etl_watermarks VALUES ('ana@example.com', now()), ('ana@example.com', now())",
            PermanentError,
        ),
        ("SELECT 'ana@example.com'::timestamptz", PermanentError),
        ("SELECT '{{\"ana@example.com\"'::jsonb", PermanentError),
        ("SELECT * FROM {s}.nothing", ConfigurationError),
        ("SELECT pg_terminate_backend(pg_backend_pid())", TransientError),
        ("SET statement_timeout = 10; SELECT pg_sleep(5)", TransientError),
    ],
)
def test_errors_are_ours_and_quote_no_value(
    loads: Loads, statement: str, kind: type[TemporalETLError]
) -> None:
    with pytest.raises(kind) as caught:
        loads.ask(statement)
    assert "ana@" not in f"{caught.value} {caught.value.__cause__}"


def test_a_deadlock_and_a_lock_that_is_not_free_are_transient(loads: Loads, database: str) -> None:
    with psycopg.connect(database) as holder:
        holder.execute(f"LOCK TABLE {loads.warehouse.schema}.etl_runs")
        with pytest.raises(TransientError):
            loads.ask("SET lock_timeout = 10; SELECT * FROM {s}.etl_runs")
    with pytest.raises(TransientError):
        loads.ask("DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '40P01'; END $$")


RAISING = """
    CREATE FUNCTION {s}.refuse() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'no % here', NEW USING ERRCODE = '%s', CONSTRAINT = NEW.employee_id,
               TABLE = NEW.employee_id, COLUMN = NEW.employee_id, DETAIL = NEW.employee_id; END $$;
    CREATE TRIGGER refuse BEFORE INSERT ON {s}.jira_events FOR EACH ROW EXECUTE FUNCTION {s}.refuse()
"""


@pytest.mark.parametrize(
    "state",
    ["P0001", "23514", "23505", "23502", "22003", "2200H", "42501", "42P01", "42601", "28000", "3D000"],
)
def test_a_row_that_a_teams_trigger_raises_is_in_no_message(loads: Loads, state: str) -> None:
    loads.ask(RAISING.replace("%s", state))

    with pytest.raises(PermanentError, match=f"SQLSTATE {state}, raised by a trigger.*triggers") as caught:
        loads(make_document("issues:1", make_event("e1", "hunter2", employee_id="hunter2")))
    assert "hunter2" not in f"{caught.value} {caught.value.__cause__}"


def test_a_history_that_is_gone_is_told_as_such_though_our_own_trigger_meets_it(loads: Loads) -> None:
    loads(make_document("issues:1", "e1"))
    loads.ask("DROP TABLE {s}.jira_events_history")

    with pytest.raises(ConfigurationError, match=r"start a worker.*history"):
        loads(make_document("issues:1", make_event("e1", "new"), updated=1, extracted=1))
