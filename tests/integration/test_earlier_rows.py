"""Rows of the earlier tool get their documents and lose every address, beside readers and loads."""

import json
import re
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import pytest
import structlog

from scripts.sandbox.postgres import PostgresServer
from temporaletl.addresses import replace_addresses
from temporaletl.connections import Connections
from temporaletl.errors import ConfigurationError, CredentialsError
from temporaletl.registry import discover
from temporaletl.sources import Sources
from tests.integration.loading import SCHEMA, Loads, make_document, make_event
from tests.waiting import wait_until
from worker.external.wpe_db.columns import TODAY
from worker.external.wpe_db.connect import Warehouse
from worker.external.wpe_db.earlier import count_left
from worker.external.wpe_db.load import load_block
from worker.external.wpe_db.schema import ensure_schema
from worker.models.context import Context
from worker.models.event import Reject
from worker.models.identity import EMAIL, FrozenPeople, Pseudonyms
from worker.models.upgrade import EarlierRows

ROWS, ISSUES = 5_000, 500

EARLIER = f"""
CREATE SCHEMA {SCHEMA};
CREATE TABLE {SCHEMA}.jira_events (
    id serial PRIMARY KEY, source_kind_id varchar NOT NULL, parent_item_id varchar,
    event_id varchar NOT NULL UNIQUE, event_type varchar NOT NULL, relation_type varchar NOT NULL,
    employee_id varchar NOT NULL, event_time_utc timestamp NOT NULL, week date NOT NULL, timezone varchar,
    event_time timestamp, event_properties jsonb, relation_properties jsonb, metrics jsonb,
    version varchar, specific_version varchar);
INSERT INTO {SCHEMA}.jira_events (source_kind_id, event_id, event_type, relation_type, employee_id,
    event_time_utc, week, event_properties, relation_properties)
SELECT 'jira', 'c-' || n || '-c', 'comment_created', 'author',
    CASE n % 4 WHEN 0 THEN 'ana@example.com' WHEN 1 THEN 'Stranger+jira@example.org' ELSE 'E' || n END,
    '2020-01-01', '2019-12-30',
    jsonb_build_object('issue_id', (n % {ISSUES})::text, 'id', n, 'content',
        CASE n % 3 WHEN 0 THEN E'ask "ana@example.com"\\n or' ELSE 'nothing to hide' END,
        'deep', jsonb_build_array(jsonb_build_object('bo@example.org', 12345678901234567890.10))),
    CASE n % 5 WHEN 0 THEN '{{"who": "bo@example.org"}}'::jsonb END
FROM generate_series(1, {ROWS}) n;
UPDATE {SCHEMA}.jira_events SET event_properties = event_properties - 'issue_id' WHERE id = {ROWS};
ALTER TABLE {SCHEMA}.jira_events ADD COLUMN team_note varchar DEFAULT 'ours';
CREATE VIEW {SCHEMA}.dashboard AS SELECT id, event_id, week, team_note FROM {SCHEMA}.jira_events;
"""

GUIDE = Path(__file__).parents[2] / "docs/earlier-tool.md"
GO_BACK, COME_AGAIN = re.findall(r"(?s)```sql\n(.*?)```", GUIDE.read_text())

PSEUDONYMS = Pseudonyms(b"key")
PEOPLE = FrozenPeople([(EMAIL, PSEUDONYMS.of_address("ana@example.com"), "E-ANA")], PSEUDONYMS)
CLEAN = partial(replace_addresses, replace=Context(PEOPLE).address)


@pytest.fixture(scope="module", autouse=True)
def sources() -> None:
    discover("worker.sources")


@pytest.fixture
def earlier(open_database: Callable[..., Warehouse], database: str) -> Loads:
    """A warehouse that the earlier tool filled, upgraded, with nothing adopted yet."""
    with psycopg.connect(database) as conn:
        conn.execute(EARLIER.encode())
    loads = Loads(open_database())
    ensure_schema(loads.warehouse, ["jira"])
    return loads


def adoption(warehouse: Warehouse) -> EarlierRows:
    return EarlierRows(warehouse, Connections([]), Sources(("jira",), (), {}), lambda *_: PEOPLE)


def adopt_all(warehouse: Warehouse) -> None:
    after = 0
    while (batch := adoption(warehouse).adopt_next("jira", after)) is not None:
        after = batch.last


def load(loads: Loads, *documents: Any) -> Any:
    """Load a batch as the worker does: with the people who are known."""
    block_id = loads.stage(*documents)
    return load_block(loads.warehouse, block_id, source_kind_id="jira", run=7, clean_text=lambda: CLEAN)


def addresses(loads: Loads) -> list[tuple[str, int]]:
    """The tables of the schema that hold an address, with the number of their rows that do."""
    tables = loads.ask(
        "SELECT relname FROM pg_class WHERE relnamespace = '{s}'::regnamespace AND relkind = 'r'"
    )
    found = [
        (table, loads.ask(f"SELECT count(*) FROM {{s}}.{table} t WHERE t::text ~ '@example'")[0][0])
        for (table,) in tables
    ]
    return [(table, rows) for table, rows in found if rows]


def make_comment(number: int) -> Any:
    return make_event(f"c-{number}-c", "new", employee_id="E1")


def test_all_rows_are_masked_and_know_their_documents_and_the_history_took_no_address(
    earlier: Loads, database: str
) -> None:
    seen = "SELECT id, event_id, team_note FROM {s}.dashboard"
    before = earlier.ask(f"{seen} ORDER BY id")
    assert addresses(earlier) == [("jira_events", ROWS)]

    with psycopg.connect(database) as reader, ThreadPoolExecutor(1) as pool:
        reader.execute(f"SELECT count(*) FROM {SCHEMA}.jira_events")
        adopting = pool.submit(adopt_all, earlier.warehouse)
        for first in range(10, 100, 10):
            numbers = range(first, first + 10)
            load(earlier, *(make_document(f"issues:{number}", make_comment(number)) for number in numbers))
        adopting.result()

    assert addresses(earlier) == []
    kept = "SELECT id, event_id, 'ours' FROM {s}.jira_events_history"
    assert earlier.ask(f"{seen} UNION {kept} ORDER BY id") == before
    assert earlier.ask("SELECT count(*) FROM {s}.dashboard") == [(ROWS - 90 * 9,)]
    who = earlier.ask("SELECT employee_id FROM {s}.jira_events WHERE id IN (400, 401, 402) ORDER BY id")
    assert who == [("E-ANA",), (PSEUDONYMS.of_address("stranger@example.org"),), ("E402",)]
    [(said,)] = earlier.ask("SELECT event_properties::text FROM {s}.jira_events WHERE id = 402")
    bo = PSEUDONYMS.of_address("bo@example.org")
    assert json.loads(said)["content"] == 'ask "E-ANA"\n or'
    assert f'"{bo}": 12345678901234567890.10' in said
    documents = earlier.ask(
        "SELECT document_id = 'issues:' || (event_properties->>'issue_id'), count(*)"
        " FROM {s}.jira_events WHERE content_hash IS NULL GROUP BY 1 ORDER BY 1"
    )
    assert documents == [(True, ROWS - 901), (None, 1)]


def test_rows_that_upstream_does_not_yield_go_whichever_of_load_and_adoption_came_first(
    earlier: Loads,
) -> None:
    load(earlier, make_document("issues:7", make_comment(7)))
    adopt_all(earlier.warehouse)
    assert load(earlier, make_document("issues:8", make_comment(8))).retired == 9

    kept = "SELECT change, document_id, count(*) FROM {s}.jira_events_history GROUP BY 1, 2 ORDER BY 1, 2"
    assert earlier.ask(kept) == [
        ("retired", "issues:7", 9),
        ("retired", "issues:8", 9),
        ("updated", "issues:8", 1),
        ("updated", None, 1),
    ]
    assert addresses(earlier) == []
    assert load(earlier, make_document("issues:7", make_comment(7), extracted=1)).items_unchanged == 1
    with earlier.warehouse.session() as conn:
        left = count_left(conn, "jira")
    assert (left.unread, left.without_document) == (ROWS - 1 - 20, 1)


def test_a_row_whose_event_was_rejected_stays_until_it_is_read(earlier: Loads) -> None:
    load(earlier, make_document("issues:7", make_comment(7), rejects=[Reject("c-507-c", "no author")]))
    adopt_all(earlier.warehouse)
    of_issue = "SELECT event_id FROM {s}.jira_events WHERE document_id = 'issues:7' ORDER BY id"
    assert len(earlier.ask(of_issue)) == 10

    load(
        earlier,
        make_document("issues:7", make_comment(7), rejects=[Reject("c-507-c", "no author")], extracted=1),
    )

    assert earlier.ask(of_issue) == [("c-7-c",), ("c-507-c",)]


def test_a_load_waits_for_the_rows_of_its_document_and_finds_them(earlier: Loads, database: str) -> None:
    """Else its hash would vouch for rows that came to the document behind its back."""
    earlier.ask("DELETE FROM {s}.jira_events WHERE id > 1000")
    block_id = earlier.stage(make_document("issues:7", make_comment(7)))
    waiting = "SELECT 1 FROM pg_locks WHERE NOT granted"
    with psycopg.connect(database) as other, ThreadPoolExecutor(2) as pool:
        other.execute(f"SELECT FROM {SCHEMA}.jira_events WHERE event_id = 'c-507-c' FOR UPDATE")
        adopting = pool.submit(adopt_all, earlier.warehouse)
        wait_until(lambda: len(earlier.ask(waiting)) == 1)
        loading = pool.submit(earlier.load_block, block_id)
        wait_until(lambda: len(earlier.ask(waiting)) == 2)
        other.rollback()
        adopting.result()

        assert loading.result().retired == 1


def test_a_second_pass_changes_nothing(earlier: Loads) -> None:
    adopt_all(earlier.warehouse)
    rows = "SELECT xmin::text, id FROM {s}.jira_events ORDER BY id"
    before = earlier.ask(rows)

    adopt_all(earlier.warehouse)

    assert earlier.ask(rows) == before


def test_rows_stay_as_they_are_where_the_history_would_keep_them(earlier: Loads) -> None:
    """The trigger function of an earlier release, which the role may not replace, knows no masking."""
    earlier.ask(
        "CREATE OR REPLACE FUNCTION {s}.etl_keep_jira_events() RETURNS trigger LANGUAGE plpgsql"
        " AS 'BEGIN RETURN NULL; END'"
    )

    with pytest.raises(ConfigurationError, match="not masked: the trigger function"):
        adopt_all(earlier.warehouse)

    assert load(earlier, make_document("issues:7", make_comment(7))).items_updated == 1
    assert addresses(earlier) == [("jira_events", ROWS - 1)]


WRITE = """
INSERT INTO {s}.jira_events (source_kind_id, event_id, event_type, relation_type, employee_id,
    event_time_utc, week, timezone, event_time, parent_item_id, event_properties, relation_properties,
    metrics, version)
VALUES ('jira', %s, 'comment_created', 'author', %s, '2020-01-01', '2019-12-30', 'UTC', '2020-01-01',
    'p ana@example.com', %s, '{"Ana@Example.com": 1}', '{"ana@example.com": [1, "bo@example.org"]}', '1')
ON CONFLICT (event_id) DO UPDATE SET employee_id = excluded.employee_id,
    event_properties = excluded.event_properties
"""
"""What the earlier tool writes, into a table of either layout."""


def write(loads: Loads, event_id: str, person: str, properties: str = '{"issue_id": "7"}') -> None:
    loads.ask(WRITE, event_id, person, properties)


def test_an_event_id_is_masked_as_a_load_spells_it_and_stays_unique(earlier: Loads) -> None:
    earlier.ask("DELETE FROM {s}.jira_events")
    for event_id in ("m:ana@example.com", "m:Ana@Example.com", "m:bo@example.org"):
        write(earlier, event_id, "E1")
    bo = PSEUDONYMS.of_address("bo@example.org")
    load(earlier, make_document("issues:9", make_event("m:bo@example.org"), clean_text=CLEAN))
    rows = "SELECT id, event_id FROM {s}.jira_events ORDER BY id"
    [(ana, _), (again, _), (third, _), (loaded, _)] = earlier.ask(rows)

    adopt_all(earlier.warehouse)

    assert addresses(earlier) == []
    assert earlier.ask(rows) == [
        (ana, "m:E-ANA"),
        (again, f"m:E-ANA-{again}"),
        (third, f"m:{bo}-{third}"),
        (loaded, f"m:{bo}"),
    ]
    counts = load(earlier, make_document("issues:7", make_event("m:ana@example.com"), clean_text=CLEAN))
    assert (counts.items_updated, counts.retired) == (1, 2)
    assert earlier.ask(rows) == [(ana, "m:E-ANA"), (loaded, f"m:{bo}")]
    assert addresses(earlier) == []


def test_a_row_that_python_cannot_read_is_masked_and_names_no_document(earlier: Loads) -> None:
    earlier.ask("DELETE FROM {s}.jira_events")
    write(earlier, "huge", "E1", f'{{"issue_id": "7", "n": 1{"0" * 5000}, "who": "ana@example.com"}}')
    write(earlier, "deep", "E1", f'{{"issue_id": "7", "who": {"[" * 2000}"ana@example.com"{"]" * 2000}}}')
    write(earlier, "plain", "E1")

    adopt_all(earlier.warehouse)

    assert addresses(earlier) == []
    named = "SELECT event_id FROM {s}.jira_events WHERE document_id = 'issues:7'"
    assert ("plain",) in earlier.ask(named) and ("huge",) not in earlier.ask(named)


def test_a_full_load_after_the_adoption_ends_as_in_a_new_warehouse_but_for_the_ids(
    earlier: Loads, open_database: Callable[..., Warehouse], postgres: PostgresServer
) -> None:
    fresh = Loads(open_database(postgres.create_database(f"fresh_{uuid.uuid4().hex}")))
    ensure_schema(fresh.warehouse, ["jira"])
    documents = [
        make_document(
            f"issues:{issue}",
            *(
                make_event(f"c-{number}-c", "mail ana@example.com", metrics={"bo@example.org": number})
                for number in range(issue, issue + 3 * ISSUES, ISSUES)
            ),
            clean_text=CLEAN,
        )
        for issue in range(1, ISSUES)
    ]
    adopt_all(earlier.warehouse)

    for loads in (earlier, fresh):
        load(loads, *documents)

    columns = ", ".join(column.name for column in (*TODAY.content, *TODAY.line))
    rows = f"SELECT {columns} FROM {{s}}.jira_events WHERE document_id <> 'issues:0' ORDER BY event_id"
    assert earlier.ask(rows) == fresh.ask(rows)
    ledger = (
        "SELECT document_id, hash, event_count FROM {s}.etl_documents"
        " WHERE document_id <> 'issues:0' ORDER BY 1"
    )
    assert earlier.ask(ledger) == fresh.ask(ledger)
    with earlier.warehouse.session() as conn:
        left = count_left(conn, "jira")
    # Those of an issue that upstream no longer has, and the row that names none.
    assert (left.unread, left.without_document) == (ROWS // ISSUES - 1, 1)
    assert addresses(earlier) == []


def test_the_history_takes_no_row_of_the_earlier_tool_that_others_change_before_it_is_adopted(
    earlier: Loads,
) -> None:
    earlier.ask("UPDATE {s}.jira_events SET timezone = 'UTC' WHERE id <= 100")
    earlier.ask("DELETE FROM {s}.jira_events WHERE id > 4000")
    assert [table for table, _ in addresses(earlier)] == ["jira_events"]

    adopt_all(earlier.warehouse)
    earlier.ask("UPDATE {s}.jira_events SET timezone = 'CET' WHERE id <= 100")
    earlier.ask("DELETE FROM {s}.jira_events WHERE id > 3000")

    assert addresses(earlier) == []
    kept = "SELECT change, count(*) FROM {s}.jira_events_history GROUP BY 1 ORDER BY 1"
    assert earlier.ask(kept) == [("retired", 1000), ("updated", 100)]


def test_a_team_can_go_back_to_the_earlier_tool_and_come_again(earlier: Loads, database: str) -> None:
    """By the statements of docs/earlier-tool.md."""
    adopt_all(earlier.warehouse)
    load(earlier, make_document("issues:7", make_comment(7)))
    history = earlier.ask("SELECT count(*) FROM {s}.jira_events_history")
    with psycopg.connect(database, autocommit=True) as owner:
        owner.execute(f"SET search_path TO {SCHEMA}")
        owner.execute(GO_BACK.encode())
    for person in ("ana@example.com", "bo@example.org"):
        write(earlier, "c-7-c", person)
        write(earlier, "new", person)
    assert earlier.ask("SELECT employee_id FROM {s}.jira_events WHERE event_id = 'c-7-c'") == [
        ("bo@example.org",)
    ]

    with psycopg.connect(database, autocommit=True) as owner:
        owner.execute(f"SET search_path TO {SCHEMA}")
        owner.execute(COME_AGAIN.encode())
    ensure_schema(earlier.warehouse, ["jira"])
    adopt_all(earlier.warehouse)

    assert addresses(earlier) == []
    assert earlier.ask("SELECT count(*) FROM {s}.jira_events_history") == history
    counts = load(earlier, make_document("issues:7", make_comment(7), extracted=1))
    assert (counts.items_updated, counts.retired) == (1, 1)
    assert addresses(earlier) == []


async def test_a_directory_that_refuses_us_is_told_and_leaves_the_rows_as_they_are(earlier: Loads) -> None:
    def refuse(*_: object) -> FrozenPeople:
        raise CredentialsError("the directory knows no such user")

    rows = EarlierRows(earlier.warehouse, Connections([]), Sources(("jira",), (), {}), refuse)
    with structlog.testing.capture_logs() as log:
        await rows.adopt()

    [told] = [entry for entry in log if entry["event"] == "rows of the earlier tool are left"]
    assert (told["source"], told["reason"]) == ("jira", "the directory knows no such user")
    assert addresses(earlier) == [("jira_events", ROWS)]
