"""Measures the switch of a large table of the earlier tool, beside people who read it all the time.

It starts a PostgreSQL of its own, fills a table of the earlier layout, and lets a worker's start and then
its adoption work on it while one session keeps a transaction open and others ask short questions. It prints
how long that took, how long readers stood still, and what is left. The exit code is 1 where a bound does
not hold.
"""

import argparse
import asyncio
import statistics
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager

import psycopg
from psycopg import sql
from pydantic import SecretStr

from scripts.sandbox.postgres import start_postgres
from temporaletl.connections import Connections
from temporaletl.logs import set_up_logs
from temporaletl.registry import discover
from temporaletl.settings import IdentitySettings, WarehouseSettings
from temporaletl.sources import Sources
from worker.external.wpe_db.connect import Warehouse, open_warehouse
from worker.external.wpe_db.earlier import count_left
from worker.external.wpe_db.identities import write_identities
from worker.external.wpe_db.schema import ensure_schema
from worker.models.identity import EMAIL, Identity, Pseudonyms
from worker.models.people import KnownPeople
from worker.models.upgrade import EarlierRows

READERS = 2
STILL_S = 0.1
"""So much longer than usual, and a reader stood still."""
MOST_STILL = 0.05
PEOPLE = 10_000
ROWS_A_DOCUMENT = 30

EARLIER = """
CREATE ROLE team;
CREATE SCHEMA analytics;
CREATE TABLE analytics.jira_events (
    id serial PRIMARY KEY, source_kind_id varchar NOT NULL, parent_item_id varchar,
    event_id varchar NOT NULL UNIQUE, event_type varchar NOT NULL, relation_type varchar NOT NULL,
    employee_id varchar NOT NULL, event_time_utc timestamp NOT NULL, week date NOT NULL, timezone varchar,
    event_time timestamp, event_properties jsonb, relation_properties jsonb, metrics jsonb,
    version varchar, specific_version varchar);
INSERT INTO analytics.jira_events (source_kind_id, event_id, event_type, relation_type, employee_id,
    event_time_utc, week, timezone, event_time, event_properties, relation_properties, metrics, version)
SELECT 'jira', 'c-' || n || '-c', 'comment_created', 'author',
    CASE n % 12 WHEN 0 THEN 'Person' || n % 1000 || '@Example.com'
                WHEN 1 THEN 'Ann Other <stranger+jira@example.org>' ELSE 'E' || n % 1000 END,
    day, date_trunc('week', day)::date, 'Europe/Berlin', day + interval '1 hour',
    jsonb_build_object('project', 'DEMO', 'issue_id', (10000 + n / {rows_a_document})::text, 'id', n,
        'url', 'https://jira.example.com/browse/DEMO-' || n / {rows_a_document}, 'mentions', '[]'::jsonb,
        'content', repeat('what people write in a comment of some length, ', 8 + n % 16)
            || CASE n % 10 WHEN 0 THEN 'ask person' || n % 1000 || '@example.com' ELSE '' END),
    CASE n % 50 WHEN 0 THEN '{{"who@example.org": "assignee"}}'::jsonb ELSE '{{}}' END, '{{}}', '1'
FROM generate_series(1, {rows}) n,
     LATERAL (SELECT timestamp '2020-01-01' + n * interval '7 minutes' AS day) t;
ALTER TABLE analytics.jira_events ADD COLUMN team_note varchar DEFAULT 'ours';
CREATE INDEX team_idx ON analytics.jira_events (team_note, week);
CREATE VIEW analytics.dashboard AS SELECT id, event_id, week, team_note FROM analytics.jira_events;
GRANT USAGE ON SCHEMA analytics TO team;
GRANT SELECT ON analytics.dashboard TO team;
"""

SEEN = """
SELECT count(*), md5(string_agg(d::text, '|' ORDER BY id)),
       has_table_privilege('team', 'analytics.dashboard', 'SELECT'),
       to_regclass('analytics.team_idx') IS NOT NULL
FROM analytics.dashboard d
"""
"""What the team sees: the rows under their ids, its grant, its index."""

QUESTIONS = (
    "SELECT count(*) FROM analytics.dashboard WHERE event_id = 'c-1-c' AND week > '2019-01-01'",
    "SELECT max(week) FROM analytics.jira_events WHERE id BETWEEN 1000 AND 2000",
)


class Readers:
    """Sessions that ask short questions, one after the other, and note how long each took."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._taken: list[tuple[float, float]] = []
        self._over = threading.Event()

    @contextmanager
    def asking(self) -> Iterator[None]:
        """Ask during the block."""
        with ThreadPoolExecutor(READERS) as pool:
            readers = [pool.submit(self._ask) for _ in range(READERS)]
            try:
                yield
            finally:
                self._over.set()
            for reader in readers:
                reader.result()

    def find_usual_s(self) -> float:
        """Answer how long a question has usually taken so far."""
        return statistics.median(seconds for _, seconds in self._taken)

    def find_still(self, what: str, began: float, usual_s: float) -> float:
        """Print how readers fared since *began*, and answer the share of the time that they stood still."""
        taken = [seconds for asked, seconds in self._taken if asked + seconds > began]
        lost_s = sum(seconds - usual_s for seconds in taken if seconds > usual_s + STILL_S)
        share = lost_s / (READERS * (time.monotonic() - began))
        print(
            f"  readers {what}: {len(taken)} questions, the longest {max(taken):.2f} s;"
            f" stood still {share:.2%} of the time"
        )
        return share

    def _ask(self) -> None:
        with psycopg.connect(self._dsn, autocommit=True) as conn:
            while not self._over.is_set():
                for question in QUESTIONS:
                    began = time.monotonic()
                    conn.execute(question.encode())
                    self._taken.append((began, time.monotonic() - began))
                self._over.wait(0.02)


def measure(rows: int, hold_s: float) -> bool:
    """Make the table, switch it and print what there is to know. Whether every bound holds."""
    discover("worker.sources")
    with start_postgres({"synchronous_commit": "on"}) as server:
        dsn = server.create_database("switch")
        admin = server.dsn("switch", "postgres")
        with psycopg.connect(admin, autocommit=True) as conn:
            numbers = {"rows": sql.Literal(rows), "rows_a_document": sql.Literal(ROWS_A_DOCUMENT)}
            conn.execute(sql.SQL(EARLIER).format(**numbers))
            conn.execute("ALTER TABLE analytics.jira_events OWNER TO etl")
            conn.execute("ALTER VIEW analytics.dashboard OWNER TO etl")
            conn.execute("ALTER SCHEMA analytics OWNER TO etl")
            conn.execute("VACUUM ANALYZE analytics.jira_events")
            seen = conn.execute(SEEN).fetchone()
        settings = WarehouseSettings(dsn=SecretStr(dsn), db_schema="analytics")
        with closing(open_warehouse(settings, max_connections=8)) as warehouse:
            stood_still = _switch(warehouse, dsn, hold_s)
        with psycopg.connect(admin) as conn:
            left = list(_find_addresses(conn))
            is_same = conn.execute(SEEN).fetchone() == seen
    print(f"addresses left: {', '.join(f'{n} rows of {table}' for table, n in left) or 'none'}")
    print(f"ids, view, grant and index as before: {is_same}")
    return is_same and not left and max(stood_still) < MOST_STILL


def _switch(warehouse: Warehouse, dsn: str, hold_s: float) -> list[float]:
    """Change the schema and adopt the rows; the shares of the time that readers stood still."""
    readers, stood_still = Readers(dsn), []
    with readers.asking(), psycopg.connect(dsn) as holder, ThreadPoolExecutor(1) as pool:
        time.sleep(5)
        usual_s = readers.find_usual_s()
        print(f"a question usually takes {usual_s * 1000:.1f} ms")
        holder.execute("SELECT count(*) FROM analytics.jira_events")
        began = time.monotonic()
        change = pool.submit(ensure_schema, warehouse, ["jira"])
        time.sleep(hold_s)
        holder.rollback()
        let_go = time.monotonic()
        change.result()
        print(f"schema change: {time.monotonic() - let_go:.1f} s after a session let go of the table")
        stood_still.append(readers.find_still("meanwhile", began, usual_s))
        people = _know_people(warehouse)
        holder.execute("SELECT count(*) FROM analytics.jira_events")
        began = time.monotonic()
        adoption = EarlierRows(warehouse, Connections([]), Sources(("jira",), (), {}), people.current)
        asyncio.run(adoption.adopt())
        print(f"adoption: {time.monotonic() - began:.1f} s beside a session that keeps a transaction open")
        stood_still.append(readers.find_still("meanwhile", began, usual_s))
    with warehouse.session() as conn:
        print(f"rows that are left: {count_left(conn, 'jira')}")
    return stood_still


def _know_people(warehouse: Warehouse) -> KnownPeople:
    settings = IdentitySettings(anonymisation_key=SecretStr("key"))
    pseudonyms = Pseudonyms.read(settings)
    names = [pseudonyms.of_address(f"person{n}@example.com") for n in range(PEOPLE)]
    with warehouse.session() as conn, conn.transaction():
        write_identities(conn, [Identity(EMAIL, name, f"E{n}", name) for n, name in enumerate(names)])
    return KnownPeople(warehouse, settings)


def _find_addresses(conn: psycopg.Connection) -> Iterator[tuple[str, int]]:
    tables = "SELECT relname FROM pg_class WHERE relnamespace = 'analytics'::regnamespace AND relkind = 'r'"
    for (table,) in conn.execute(tables).fetchall():
        count = sql.SQL("SELECT count(*) FROM {} t WHERE t::text ~* '@example'")
        [rows] = conn.execute(count.format(sql.Identifier("analytics", table))).fetchone() or (0,)
        if rows:
            yield table, rows


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(prog="python -m scripts.measure_switch", description=__doc__)
    parser.add_argument("--rows", type=int, default=300_000, help="how many rows the table has (300000)")
    parser.add_argument("--hold-s", type=float, default=60, help="how long a session keeps the table (60)")
    asked = parser.parse_args(arguments)
    set_up_logs("ERROR", "console")
    return 0 if measure(asked.rows, asked.hold_s) else 1


if __name__ == "__main__":
    sys.exit(main())
