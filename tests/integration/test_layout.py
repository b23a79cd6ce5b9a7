"""The schema of an earlier layout becomes that of this release, and a newer one is left as it is."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
import structlog
from psycopg import sql

from scripts.sandbox.postgres import PASSWORD, PostgresServer
from temporaletl.errors import ConfigurationError
from temporaletl.findings import Finding
from tests.integration.loading import SCHEMA, Loads, make_document
from worker.external.wpe_db.columns import TODAY, Column, EventColumn, Layout, Part
from worker.external.wpe_db.connect import Warehouse
from worker.external.wpe_db.runs import open_run
from worker.external.wpe_db.schema import ensure_schema
from worker.external.wpe_db.walks import read_walks

FIRST = Path(__file__).parent.parent / "data/warehouse/layout_1.sql"

FILL = """
SET search_path = {s};
INSERT INTO etl_runs (kind, source_kind_id, workflow_id, workflow_run_id)
    VALUES ('ETLFlow', 'jira', 'w', 'r');
INSERT INTO etl_watermarks (source_kind_id, covered_until, run) VALUES ('jira', '2026-01-01Z', 1);
INSERT INTO etl_coverage VALUES ('jira', 'all', '2026-01-01Z', 1);
INSERT INTO etl_unfinished (source_kind_id, job_id, input, run) VALUES ('jira', 'j', '{}', 1);
INSERT INTO etl_identities (system, account, employee_id, pseudonym) VALUES ('jira', 'a', 'ana', 'p');
INSERT INTO etl_staging (block_id, run, batch_no, raw) VALUES (gen_random_uuid(), 1, 0, 'x');
INSERT INTO etl_batches (block_id, source_kind_id, run) VALUES (gen_random_uuid(), 'jira', 1);
INSERT INTO etl_documents (source_kind_id, document_id, upstream_updated, extracted_at, hash, event_count,
    run, block_id) VALUES ('jira', 'issues:1', '2026-01-01Z', '2026-01-01Z', 'h', 2, 1, gen_random_uuid());
INSERT INTO etl_rejects (digest, source_kind_id, document_id, event_id, stage, reason, run)
    VALUES ('d', 'jira', 'issues:2', '', 'extract', 'no author', 1);
INSERT INTO jira_events (source_kind_id, event_id, event_type, relation_type, employee_id, event_time_utc,
    week, document_id, content_hash) SELECT 'jira', n, 'comment_created', 'author', 'ana', '2026-01-01',
    '2025-12-29', 'issues:1', 'c' FROM unnest(ARRAY['a', 'b', 'c']) n;
DELETE FROM jira_events WHERE event_id = 'c';
"""

TABLES = """
SELECT relname::text, pg_relation_filenode(oid) FROM pg_class
WHERE relnamespace = '{s}'::regnamespace AND relkind = 'r' AND relname NOT IN ('etl_meta', 'etl_walks')
"""

NEWER = Layout(
    number=TODAY.number + 1,
    oldest=1,
    events=(
        *TODAY.events,
        EventColumn("trace", "varchar", layout=TODAY.number + 1, part=Part.ORIGIN, earlier=False),
    ),
    shared={
        **TODAY.shared,
        "etl_rejects": (*TODAY.shared["etl_rejects"], Column("hint", "text", layout=TODAY.number + 1)),
    },
)
"""What a later release may add: a column that the history keeps, and one of a shared table."""

KEEP = "SELECT prosrc FROM pg_proc WHERE proname = 'etl_keep_jira_events'"


@pytest.fixture
def first(open_database: Callable[..., Warehouse], database: str) -> Loads:
    """A warehouse of the first layout, with rows in every table."""
    with psycopg.connect(database) as conn:
        conn.execute(FIRST.read_bytes())
        conn.execute(FILL.replace("{s}", SCHEMA).encode())
    return Loads(open_database())


@pytest.fixture
def guest(
    first: Loads, open_database: Callable[..., Warehouse], postgres: PostgresServer, database: str
) -> Loads:
    """Loads into the same warehouse by a role that owns nothing there and may make nothing."""
    name = f"guest_{database[-8:]}"
    postgres.create_role(name)
    role = sql.Identifier(name).as_string(None)
    first.ask(f"GRANT USAGE ON SCHEMA {{s}} TO {role}")
    first.ask(f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {{s}} TO {role}")
    first.ask(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA {{s}} TO {role}")
    return Loads(open_database(postgres.dsn(database.rsplit("/", 1)[1], name, PASSWORD)))


def follow(owner: Loads, findings: list[Finding]) -> None:
    """Run what the *findings* ask the owner for."""
    for finding in findings:
        assert "loads go on without it" in finding.finding
        owner.ask(finding.remedy.split(": ", 1)[1])


def test_every_table_of_the_first_layout_is_upgraded_in_place_with_its_rows(first: Loads) -> None:
    tables = dict(first.ask(TABLES))
    rows = {table: first.ask(f"SELECT * FROM {{s}}.{table}") for table in tables}
    assert all(rows.values()), "a table is empty"

    findings = ensure_schema(first.warehouse, ["jira"])

    assert findings == []
    assert dict(first.ask(TABLES)) == tables, "a table was rewritten"
    for table, former in rows.items():
        present = [row[: len(former[0])] for row in first.ask(f"SELECT * FROM {{s}}.{table}")]
        assert present == former, table
    made = first.ask(
        "SELECT table_name::text, column_name::text FROM information_schema.columns"
        " WHERE table_schema = '{s}'"
    )
    listed = {"jira_events": TODAY.events, "jira_events_history": TODAY.history, **TODAY.shared}
    assert set(made) == {(table, column.name) for table, columns in listed.items() for column in columns}
    assert dict(first.ask("SELECT name, value FROM {s}.etl_meta")) == {
        "layout": TODAY.number,
        "oldest_layout": TODAY.oldest,
    }
    counts = first(make_document("issues:1", "a", extracted=1))
    assert (counts.items_updated, counts.retired) == (1, 1)


def test_a_later_column_comes_to_history_events_and_function_in_this_order(
    first: Loads,
) -> None:
    with structlog.testing.capture_logs() as log:
        ensure_schema(first.warehouse, ["jira"], NEWER)

    assert [entry["what"] for entry in log if "jira" in entry["what"]] == [
        "column jira_events_history.trace",
        "column jira_events.trace",
        "function etl_keep_jira_events",
    ]
    first.ask("UPDATE {s}.jira_events SET trace = 't'")
    first(make_document("issues:1", "a", extracted=1))
    assert first.ask("SELECT change, event_id, trace FROM {s}.jira_events_history ORDER BY history_id") == [
        ("retired", "c", None),
        ("updated", "a", "t"),
        ("retired", "b", "t"),
    ]


def test_loads_go_on_as_before_until_the_owner_ran_the_statements(first: Loads, guest: Loads) -> None:
    findings = ensure_schema(guest.warehouse, ["jira"], NEWER)

    asked = [finding.remedy for finding in findings]
    for column in ('etl_runs" ADD COLUMN "namespace', 'jira_events_history" ADD COLUMN "trace'):
        assert f'run as its owner: ALTER TABLE "{SCHEMA}"."{column}" varchar;' in asked
    assert guest(make_document("issues:1", "a", extracted=1)).items_updated == 1
    with guest.warehouse.session() as conn:
        open_run(
            conn,
            kind="ETLFlow",
            source_kind_id="jira",
            workflow_id="w",
            workflow_run_id="r2",
            namespace="default",
        )

    follow(first, [finding for finding in findings if "history" not in finding.finding])
    follow(first, ensure_schema(guest.warehouse, ["jira"], NEWER))
    guest(make_document("issues:1", "b", extracted=2))
    follow(first, ensure_schema(guest.warehouse, ["jira"], NEWER))
    assert ensure_schema(guest.warehouse, ["jira"], NEWER) == []
    first.ask("UPDATE {s}.jira_events SET trace = 't'")
    guest(make_document("issues:1", extracted=3))
    kept = "SELECT event_id, trace FROM {s}.jira_events_history WHERE change = 'retired' ORDER BY history_id"
    assert first.ask(kept) == [("c", None), ("b", None), ("a", None), ("b", "t")]


def test_a_load_leaves_out_a_column_that_the_owner_did_not_add(first: Loads, guest: Loads) -> None:
    for table in ("jira_events", "jira_events_history"):
        first.ask(f"ALTER TABLE {{s}}.{table} DROP COLUMN timezone")
    without = tuple(column for column in TODAY.events if column.name != "timezone")
    ensure_schema(first.warehouse, ["jira"], replace(TODAY, events=without))
    late = tuple(replace(column, layout=2 if column.name == "timezone" else 1) for column in TODAY.events)

    findings = ensure_schema(guest.warehouse, ["jira"], replace(TODAY, events=late))

    assert [finding.finding.split(" in the warehouse")[0].split("guest")[0] for finding in findings] == [
        "cannot make column jira_events_history.timezone",
        "cannot make column jira_events.timezone",
        f"cannot make layout {TODAY.number}",
        "the role ",
    ]

    assert guest(make_document("issues:1", "a", extracted=1)).items_updated == 1
    assert guest(make_document("issues:9", "new")).items_inserted == 1
    with guest.warehouse.session() as conn:
        assert read_walks(conn, 1) == ()


def test_an_older_worker_leaves_the_functions_of_a_newer_layout_alone(first: Loads) -> None:
    ensure_schema(first.warehouse, ["jira"], NEWER)
    newer = first.ask(KEEP)

    assert ensure_schema(first.warehouse, ["jira"]) == []

    assert first.ask(KEEP) == newer
    assert first.ask("SELECT value FROM {s}.etl_meta WHERE name = 'layout'") == [(NEWER.number,)]
    assert first(make_document("issues:1", "a", extracted=1)).items_updated == 1


def test_a_worker_that_is_too_old_for_the_layout_says_so(first: Loads) -> None:
    ensure_schema(first.warehouse, ["jira"], replace(NEWER, oldest=NEWER.number))

    with pytest.raises(ConfigurationError, match=f"this worker knows layout {TODAY.number}: start a worker"):
        ensure_schema(first.warehouse, ["jira"])
