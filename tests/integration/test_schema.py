"""A start makes what is missing in the warehouse, and nothing else."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
import structlog
from psycopg import sql

from scripts.sandbox.postgres import PASSWORD, PostgresServer
from temporaletl.errors import ConfigurationError
from tests.integration.loading import SCHEMA, Loads, make_document, make_event
from tests.waiting import wait_until
from worker.external.wpe_db.connect import Warehouse
from worker.external.wpe_db.schema import ensure_schema
from worker.external.wpe_db.waits import FIRST_PAUSE_S, TRY_S

WAITING = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"

EARLIER_TABLE = f"""
CREATE SCHEMA {SCHEMA};
CREATE TABLE {SCHEMA}.jira_events (
    id serial PRIMARY KEY, source_kind_id varchar NOT NULL, parent_item_id varchar,
    event_id varchar NOT NULL UNIQUE, event_type varchar NOT NULL, relation_type varchar NOT NULL,
    employee_id varchar NOT NULL, event_time_utc timestamp NOT NULL, week date NOT NULL, timezone varchar,
    event_time timestamp, event_properties jsonb, relation_properties jsonb, metrics jsonb,
    version varchar, specific_version varchar);
CREATE VIEW {SCHEMA}.dashboard AS SELECT id, event_id, week FROM {SCHEMA}.jira_events;
INSERT INTO {SCHEMA}.jira_events (source_kind_id, event_id, event_type, relation_type, employee_id,
    event_time_utc, week, event_properties)
SELECT 'jira', 'e' || n, 'comment_created', 'author', 'ana', '2020-01-01', '2019-12-30', '{{}}'
FROM generate_series(1, 10000) n;
"""


@pytest.fixture
def earlier(open_database: Callable[..., Warehouse], database: str) -> Loads:
    """A warehouse with a table of the earlier layout, 10,000 rows and a view on it."""
    with psycopg.connect(database) as conn:
        conn.execute(EARLIER_TABLE)
    return Loads(open_database())


def restricted(postgres: PostgresServer, database: str, name: str) -> str:
    """The DSN of a new role that owns nothing, for *database*."""
    postgres.create_role(name)
    base = database.rsplit("/", 1)[1]
    return postgres.dsn(base, name, PASSWORD)


def test_a_table_of_the_earlier_layout_is_upgraded_in_place_under_its_view(earlier: Loads) -> None:
    [(file,)] = earlier.ask("SELECT pg_relation_filenode('{s}.jira_events')")

    ensure_schema(earlier.warehouse, ["jira"])
    counts = earlier(make_document("issues:1", make_event("e1", "adopted"), "new"))

    assert earlier.ask("SELECT pg_relation_filenode('{s}.jira_events')") == [(file,)], "it was rewritten"
    assert earlier.ask("SELECT pg_typeof(id)::text FROM {s}.jira_events LIMIT 1") == [("integer",)]
    assert (counts.items_updated, counts.items_inserted) == (1, 1)
    former = earlier.ask(
        "SELECT change, event_id, event_properties, document_id FROM {s}.jira_events_history"
    )
    assert former == [("updated", "e1", {}, None)]
    assert earlier.ask("SELECT count(*) FROM {s}.dashboard") == [(10001,)]
    indexed = earlier.ask(
        "SELECT indexname FROM pg_indexes WHERE schemaname = '{s}' AND tablename = 'jira_events'"
    )
    assert {name for (name,) in indexed} == {
        "jira_events_pkey",
        "jira_events_event_id_key",
        "jira_events_document_idx",
        "jira_events_time_idx",
        "jira_events_who_idx",
        "jira_events_updated_idx",
    }


def test_the_upgrade_leaves_rows_that_no_document_claims_as_they_are(earlier: Loads) -> None:
    ensure_schema(earlier.warehouse, ["jira"])

    earlier(make_document("issues:1", "e1"))
    earlier(make_document("issues:1", updated=1, extracted=1))

    assert earlier.ask("SELECT count(*) FROM {s}.jira_events WHERE document_id IS NULL") == [(9999,)]
    assert earlier.ask("SELECT count(*) FROM {s}.jira_events") == [(9999,)]


def test_an_index_of_another_name_serves_as_well(earlier: Loads) -> None:
    earlier.ask("CREATE INDEX theirs ON {s}.jira_events (event_time_utc)")

    ensure_schema(earlier.warehouse, ["jira"])

    assert earlier.ask("SELECT to_regclass('{s}.jira_events_time_idx')") == [(None,)]


def test_an_index_is_added_beside_a_load_that_goes_on(
    earlier: Loads, open_database: Callable[..., Warehouse], database: str
) -> None:
    """Plain CREATE INDEX would wait for every open transaction that wrote, and hold up those after it."""
    ensure_schema(earlier.warehouse, ["jira"])
    # Far less than the 2 s after which a schema change that waits would let it pass.
    impatient = Loads(open_database(lock_timeout_s=0.5))
    earlier.ask("DROP INDEX {s}.jira_events_time_idx")
    with psycopg.connect(database) as loader, ThreadPoolExecutor(1) as pool:
        loader.execute(f"UPDATE {SCHEMA}.jira_events SET week = week WHERE event_id = 'e1'")
        adding = pool.submit(ensure_schema, earlier.warehouse, ["jira"])
        wait_until(lambda: bool(earlier.ask(WAITING)))
        impatient.ask("UPDATE {s}.jira_events SET week = week WHERE event_id = 'e2'")
        loader.commit()
        adding.result()

    assert earlier.ask("SELECT to_regclass('{s}.jira_events_time_idx') IS NOT NULL") == [(True,)]


def test_an_index_may_take_longer_than_any_statement_of_a_load(
    earlier: Loads, open_database: Callable[..., Warehouse], database: str
) -> None:
    ensure_schema(earlier.warehouse, ["jira"])
    earlier.ask("DROP INDEX {s}.jira_events_time_idx")
    impatient = open_database(statement_timeout_s=0.5)
    with psycopg.connect(database) as loader, ThreadPoolExecutor(1) as pool:
        loader.execute(f"UPDATE {SCHEMA}.jira_events SET week = week WHERE event_id = 'e1'")
        adding = pool.submit(ensure_schema, impatient, ["jira"])
        with pytest.raises(TimeoutError):
            adding.result(timeout=1)
        loader.commit()
        adding.result()


def test_an_index_that_was_left_invalid_is_made_anew(loads: Loads) -> None:
    loads.ask("DROP INDEX {s}.jira_events_time_idx")
    loads.ask("CREATE INDEX jira_events_time_idx ON {s}.jira_events (event_time_utc)")
    with psycopg.connect(loads.warehouse._conninfo, user="postgres", autocommit=True) as admin:
        admin.execute(
            "UPDATE pg_index SET indisvalid = false WHERE indexrelid = %s::regclass",
            (f"{SCHEMA}.jira_events_time_idx",),
        )

    ensure_schema(loads.warehouse, ["jira"])

    question = "SELECT indisvalid FROM pg_index WHERE indexrelid = '{s}.jira_events_time_idx'::regclass"
    assert loads.ask(question) == [(True,)]


def test_what_was_made_is_there_while_a_later_step_waits(
    open_database: Callable[..., Warehouse], database: str
) -> None:
    schema = Loads(open_database())
    ensure_schema(schema.warehouse, ["launchpad"])
    schema.ask("DROP TRIGGER etl_keep_retired ON {s}.launchpad_events")
    with psycopg.connect(database) as loader, ThreadPoolExecutor(1) as pool:
        loader.execute(f"LOCK TABLE {SCHEMA}.launchpad_events IN ROW EXCLUSIVE MODE")
        start = pool.submit(ensure_schema, schema.warehouse, ["jira", "launchpad"])
        wait_until(lambda: bool(schema.ask(WAITING)))
        there = schema.ask("SELECT count(*) FROM {s}.jira_events")
        loader.rollback()
        start.result(60)

    assert there == [(0,)]


def test_a_second_start_issues_nothing_and_waits_for_nobody(loads: Loads, database: str) -> None:
    with psycopg.connect(database) as reader, psycopg.connect(database) as loader:
        reader.execute(f"SELECT * FROM {SCHEMA}.jira_events")
        loader.execute(f"LOCK TABLE {SCHEMA}.jira_events IN ROW EXCLUSIVE MODE")
        started = time.monotonic()

        ensure_schema(loads.warehouse, ["jira"])

        assert time.monotonic() - started < 1.5


def test_many_starts_at_once_all_succeed(open_database: Callable[..., Warehouse]) -> None:
    start_at_once(open_database())


def test_many_starts_at_once_all_succeed_where_one_builds_indexes(earlier: Loads) -> None:
    """An index built concurrently waits for every statement that began before: none may wait for its turn."""
    start_at_once(earlier.warehouse)


def start_at_once(warehouse: Warehouse) -> None:
    with ThreadPoolExecutor(8) as pool:
        starts = [pool.submit(ensure_schema, warehouse, ["jira", "launchpad"]) for _ in range(8)]
        for start in starts:
            start.result(60)


def test_a_schema_without_the_privilege_to_create_names_the_grant(
    open_database: Callable[..., Warehouse], postgres: PostgresServer, database: str
) -> None:
    role = f"reader_{database[-8:]}"
    dsn = restricted(postgres, database, role)
    with psycopg.connect(database) as owner:
        owner.execute(f"CREATE SCHEMA {SCHEMA}")
    warehouse = open_database(dsn)

    with pytest.raises(ConfigurationError, match="table etl_runs") as caught:
        ensure_schema(warehouse, ["jira"])

    assert f'GRANT USAGE, CREATE ON SCHEMA "{SCHEMA}" TO "{role}";' in str(caught.value)


def test_the_statements_of_the_messages_are_enough_for_a_role_that_owns_nothing(
    open_database: Callable[..., Warehouse], loads: Loads, postgres: PostgresServer, database: str
) -> None:
    role = f"loader_{database[-8:]}"
    dsn = restricted(postgres, database, role)
    with psycopg.connect(database, autocommit=True) as owner:
        owner.execute(
            sql.SQL("GRANT USAGE ON SCHEMA {} TO {}").format(sql.Identifier(SCHEMA), sql.Identifier(role))
        )
        with pytest.raises(ConfigurationError) as caught:
            ensure_schema(open_database(dsn), ["jira"])
        for statement in str(caught.value).split("administrator: ")[1].split("; "):
            owner.execute(statement)
        # Somebody else's, in the same schema, is none of ours.
        owner.execute(f"CREATE TABLE {SCHEMA}.etl_other_teams (a int)")
    warehouse = open_database(dsn)

    ensure_schema(warehouse, ["jira"])

    assert Loads(warehouse)(make_document("issues:1", "a")).items_inserted == 1
    assert Loads(warehouse)(make_document("issues:1", updated=1, extracted=1)).retired == 1


def test_an_upgrade_by_a_role_that_does_not_own_the_table_names_the_statement(
    open_database: Callable[..., Warehouse], earlier: Loads, postgres: PostgresServer, database: str
) -> None:
    role = f"guest_{database[-8:]}"
    dsn = restricted(postgres, database, role)
    earlier.ask(f'GRANT ALL ON SCHEMA {SCHEMA} TO "{role}"')
    warehouse = open_database(dsn)

    with pytest.raises(ConfigurationError, match="run as its owner") as caught:
        ensure_schema(warehouse, ["jira"])

    assert f'ALTER TABLE "{SCHEMA}"."jira_events" ADD COLUMN "document_id" varchar, ADD' in str(caught.value)


def test_a_trigger_function_of_an_earlier_release_is_replaced(loads: Loads) -> None:
    loads.ask(
        "CREATE OR REPLACE FUNCTION {s}.etl_keep_jira_events() RETURNS trigger LANGUAGE plpgsql"
        " AS 'BEGIN RETURN NULL; END'"
    )
    ensure_schema(loads.warehouse, ["jira"])
    loads(make_document("issues:1", "a"))

    loads(make_document("issues:1", updated=1, extracted=1))

    assert loads.ask("SELECT count(*) FROM {s}.jira_events_history") == [(1,)]


def test_a_source_with_a_dash_and_a_long_name_has_tables_of_its_own(
    open_database: Callable[..., Warehouse],
) -> None:
    warehouse = open_database()
    source = "jira-" + "x" * 35
    ensure_schema(warehouse, [source, "jira"])

    counts = Loads(warehouse, source)(make_document("issues:1", "a"))

    assert counts.items_inserted == 1
    assert Loads(warehouse).contents() == {}


def test_an_upgrade_behind_a_long_reader_lets_others_pass_names_it_and_gets_its_turn(
    earlier: Loads, database: str
) -> None:
    count = f"SELECT count(*) FROM {SCHEMA}.jira_events"
    with (
        psycopg.connect(database, application_name="report") as long_reader,
        ThreadPoolExecutor(1) as pool,
        structlog.testing.capture_logs() as log,
    ):
        long_reader.execute(count)
        session = long_reader.info.backend_pid
        upgrade = pool.submit(ensure_schema, earlier.warehouse, ["jira"])
        with psycopg.connect(database, autocommit=True) as other:
            wait_until(lambda: other.execute(WAITING).fetchone() is not None)
            started = time.monotonic()
            assert other.execute(count).fetchone() == (10000,)
            assert time.monotonic() - started < 1.5, "the upgrade held another reader up"
        wait_until(lambda: any("session" in entry for entry in log))
        assert not upgrade.done()
        long_reader.rollback()
        upgrade.result(timeout=30)
    [named, *_] = [entry for entry in log if "session" in entry]
    assert named["session"] == session
    assert (named["application_name"], named["state"]) == ("report", "idle in transaction")
    assert "column jira_events.document_id" in named["what"] and named["since"] is not None
    assert earlier(make_document("issues:1", "a")).items_inserted == 1


def test_others_lose_less_than_a_twentieth_of_their_time_to_an_upgrade_that_waits() -> None:
    assert TRY_S / (TRY_S + FIRST_PAUSE_S) < 0.05


def test_what_the_triggers_call_runs_as_its_owner_whatever_the_sessions_search_path(loads: Loads) -> None:
    functions = loads.ask(
        "SELECT proname, prosecdef, proconfig FROM pg_proc"
        " WHERE pronamespace = '{s}'::regnamespace AND prorettype = 'trigger'::regtype"
    )
    assert len(functions) > 1
    for name, as_owner, settings in functions:
        assert (name, as_owner, settings) == (name, True, ["search_path=pg_catalog, pg_temp"])
