"""Whatever a role, a database or the environment presets, the same documents become the same rows."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo
from pydantic import SecretStr

from scripts.sandbox.postgres import PostgresServer
from temporaletl.errors import ConfigurationError, TransientError
from temporaletl.settings import WarehouseSettings
from tests.integration.loading import SCHEMA, SOURCE, Loads, make_document, make_event
from worker.external.wpe_db.connect import Warehouse, open_warehouse
from worker.external.wpe_db.schema import ensure_schema

TEXT = "Zoë Müller — naïve 😀 \\n \\\\ 'quoted' \t tab\nline"
LATE = datetime(2026, 2, 3, 23, 59, 59, 123456, tzinfo=UTC)

PRESETS = [
    ("client_encoding", "LATIN1"),
    ("client_encoding", "SQL_ASCII"),
    ("client_encoding", "WIN1252"),
    ("search_path", "team, pg_catalog"),
    ("search_path", ""),
    ("timezone", "America/New_York"),
    ("datestyle", "German, DMY"),
    ("datestyle", "SQL, MDY"),
    ("intervalstyle", "iso_8601"),
    ("bytea_output", "escape"),
    ("extra_float_digits", "-15"),
    ("array_nulls", "off"),
    ("standard_conforming_strings", "off"),
    ("backslash_quote", "on"),
    ("transform_null_equals", "on"),
    ("gin_fuzzy_search_limit", "1"),
    ("row_security", "on"),
    ("default_transaction_isolation", "serializable"),
    ("default_transaction_deferrable", "on"),
    ("lock_timeout", "1ms"),
    ("statement_timeout", "50ms"),
    ("idle_in_transaction_session_timeout", "50ms"),
    ("idle_session_timeout", "50ms"),
    ("transaction_timeout", "50ms"),
    ("synchronous_commit", "off"),
]

SHADOWS = """
    CREATE SCHEMA team;
    CREATE FUNCTION team.clock_timestamp() RETURNS timestamptz
        LANGUAGE sql AS $$ SELECT 'infinity'::timestamptz $$;
    CREATE FUNCTION team.hashtext(text) RETURNS integer LANGUAGE sql AS $$ SELECT 1 / 0 $$;
    CREATE FUNCTION team.set_config(text, text, boolean) RETURNS text LANGUAGE sql AS $$ SELECT '' $$;
    GRANT USAGE ON SCHEMA team TO PUBLIC;
"""

PLAIN = " ".join(
    f"-c {setting}"
    for setting in (
        "client_encoding=UTF8",
        "datestyle=ISO",
        "timezone=UTC",
        "default_transaction_read_only=off",
        "search_path=pg_catalog",
        "statement_timeout=0",
        "transaction_timeout=0",
        "session_replication_role=origin",
    )
)

type Preset = Callable[[str, str], None]


@contextmanager
def administrator(postgres: PostgresServer, database: str) -> Iterator[psycopg.Connection]:
    """A superuser's session in the test's database."""
    dsn = postgres.dsn(database.rsplit("/", 1)[1], "postgres")
    with psycopg.connect(dsn, autocommit=True, options=PLAIN) as conn:
        yield conn


@pytest.fixture(params=["role", "database", "environment"])
def preset(
    request: pytest.FixtureRequest,
    postgres: PostgresServer,
    database: str,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Preset]:
    """Presets one setting for every session of ours, at one of the places that can."""
    name = sql.Identifier(database.rsplit("/", 1)[1])

    def set_it(setting: str, value: str) -> None:
        if request.param == "environment":
            monkeypatch.setenv("PGOPTIONS", f"-c {setting}={value.replace(' ', chr(92) + ' ')}")
            return
        owner = sql.SQL("ROLE etl") if request.param == "role" else sql.SQL("DATABASE {}").format(name)
        # A list of schemas is a list of names, and no text.
        said = sql.SQL(value) if setting == "search_path" and value else sql.Literal(value)
        with administrator(postgres, database) as conn:
            conn.execute(sql.SQL("ALTER {} SET {} = {}").format(owner, sql.Identifier(setting), said))

    yield set_it
    with administrator(postgres, database) as conn:
        conn.execute("ALTER ROLE etl RESET ALL")


def load_twice(dsn: str) -> None:
    settings = WarehouseSettings(_env_file=None, dsn=SecretStr(dsn), db_schema=SCHEMA)
    with closing(open_warehouse(settings, max_connections=2)) as warehouse:
        ensure_schema(warehouse, [SOURCE])
        loads = Loads(warehouse)
        first = make_document(
            "issues:1",
            make_event("a", TEXT, event_time_utc=LATE),
            make_event("null", parent_item_id=None),
            make_event("gone"),
            unknown=frozenset({"NULL", "Zoë"}),
        )
        loads(first)
        again = make_document(
            "issues:1",
            make_event("a", f"{TEXT}!", event_time_utc=LATE),
            make_event("null", parent_item_id=None),
            unknown=frozenset({"NULL", "Zoë"}),
            updated=9,
            extracted=9,
        )
        loads(again)


@pytest.mark.usefixtures("warehouse")
@pytest.mark.parametrize(("setting", "value"), PRESETS)
def test_a_preset_changes_no_row(
    preset: Preset, postgres: PostgresServer, database: str, setting: str, value: str
) -> None:
    with administrator(postgres, database) as conn:
        if conn.execute("SELECT current_setting(%s, true)", (setting,)).fetchone() == (None,):
            pytest.skip(f"this PostgreSQL has no {setting}")
        conn.execute(SHADOWS)
    preset(setting, value)

    load_twice(database)

    with administrator(postgres, database) as conn:
        events = conn.execute(
            f"SELECT event_id, event_properties->>'content', event_time_utc, week::text, parent_item_id"
            f" FROM {SCHEMA}.jira_events ORDER BY event_id"
        ).fetchall()
        kept = conn.execute(
            f"SELECT event_id, change, event_properties->>'content', replaced_at > now() - interval '1 hour'"
            f" FROM {SCHEMA}.jira_events_history ORDER BY event_id"
        ).fetchall()
        documents = conn.execute(
            f"SELECT document_id, upstream_updated, extracted_at, unknown FROM {SCHEMA}.etl_documents"
        ).fetchall()
        seen = conn.execute(
            f"SELECT bool_and(loaded_at < now() + interval '1 hour') FROM {SCHEMA}.jira_events"
        )
        assert seen.fetchone() == (True,)
    noon = datetime(2026, 3, 2, 12, tzinfo=UTC)
    assert events == [
        ("a", f"{TEXT}!", LATE.replace(tzinfo=None), "2026-02-02", None),
        ("null", "", noon.replace(tzinfo=None), "2026-03-02", None),
    ]
    assert kept == [("a", "updated", TEXT, True), ("gone", "retired", "", True)]
    read = noon.replace(second=9)
    assert documents == [("issues:1", read, read, ["NULL", "Zoë"])]


@pytest.mark.usefixtures("warehouse")
def test_a_session_says_utf8_from_its_first_message_on(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGCLIENTENCODING", "LATIN1")
    load_twice(make_conninfo(database, client_encoding="LATIN1"))

    with psycopg.connect(database, client_encoding="UTF8") as conn:
        row = conn.execute(
            f"SELECT event_properties->>'content' FROM {SCHEMA}.jira_events ORDER BY event_id"
        ).fetchone()
        assert row == (f"{TEXT}!",)


def test_triggers_of_a_team_still_find_what_is_in_the_roles_search_path(
    preset: Preset, postgres: PostgresServer, database: str, warehouse: Warehouse
) -> None:
    warehouse.close()
    with administrator(postgres, database) as conn:
        conn.execute(SHADOWS)
        conn.execute("CREATE TABLE team.audit (seen text); GRANT INSERT ON team.audit TO etl")
        conn.execute(
            "CREATE FUNCTION team.note() RETURNS trigger LANGUAGE plpgsql"
            " AS $$ BEGIN INSERT INTO audit VALUES (NEW.event_id); RETURN NULL; END $$;"
            f"CREATE TRIGGER note AFTER INSERT ON {SCHEMA}.jira_events"
            " FOR EACH ROW EXECUTE FUNCTION team.note()"
        )
    preset("search_path", "team, pg_catalog")

    load_twice(database)

    with administrator(postgres, database) as conn:
        assert conn.execute("SELECT count(*) FROM team.audit").fetchone() == (3,)


def test_a_role_whose_sessions_fire_no_triggers_is_refused(
    preset: Preset, request: pytest.FixtureRequest, postgres: PostgresServer, database: str
) -> None:
    if "environment" in request.node.name:
        with administrator(postgres, database) as conn:
            conn.execute("GRANT SET ON PARAMETER session_replication_role TO etl")
    preset("session_replication_role", "replica")

    with pytest.raises(ConfigurationError, match=r"session_replication_role = replica.*RESET"):
        load_twice(database)


def test_a_session_that_may_not_write_is_waited_for_and_explained(preset: Preset, database: str) -> None:
    preset("default_transaction_read_only", "on")

    with pytest.raises(TransientError, match=r"takes no writes now.*default_transaction_read_only is on"):
        load_twice(database)
    with pytest.raises(TransientError, match=r"takes no writes now.*default_transaction_read_only = on"):
        load_twice(make_conninfo(database, target_session_attrs="any"))


@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII"])
def test_a_database_that_cannot_hold_every_text_is_refused(postgres: PostgresServer, encoding: str) -> None:
    name = f"in_{encoding.lower()}"
    with psycopg.connect(postgres.admin_dsn, autocommit=True) as conn:
        conn.execute(f"CREATE DATABASE {name} OWNER etl TEMPLATE template0 ENCODING '{encoding}'")
    try:
        with pytest.raises(ConfigurationError, match=f"a database in {encoding}.*ENCODING 'UTF8'"):
            load_twice(postgres.dsn(name))
    finally:
        postgres.drop_database(name)
