"""What ``python -m worker schema`` prints is all that an owner has to run, and that a role needs."""

from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from psycopg import errors, sql

from scripts.sandbox.postgres import PASSWORD, PostgresServer
from tests.integration.loading import SCHEMA, Loads, make_document
from tests.integration.test_earlier_rows import EARLIER, ROWS, addresses, adopt_all
from worker.__main__ import main
from worker.external.wpe_db.columns import TODAY
from worker.external.wpe_db.connect import Warehouse
from worker.external.wpe_db.schema import ensure_schema

SOURCES = ("jira", "launchpad", "salesforce")
LAYOUT_1 = (Path(__file__).parent.parent / "data/warehouse/layout_1.sql").read_text()

type Print = Callable[..., str]


@pytest.fixture
def print_schema(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Print:
    """Runs the command with settings; it answers what was printed."""

    def run(*arguments: str, **settings: str) -> str:
        monkeypatch.chdir(tmp_path)
        for name, value in {"WPE_DB_SCHEMA": SCHEMA, **settings}.items():
            monkeypatch.setenv(name, value)
        assert main(["schema", *arguments]) == 0
        return capsys.readouterr().out

    return run


@pytest.fixture
def role(postgres: PostgresServer, database: str) -> str:
    """A role that may sign in, and nothing else in this database."""
    name = f"loader-{database[-8:]}"
    postgres.create_role(name)
    with psycopg.connect(database) as owner:
        owner.execute(
            sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(sql.Identifier(owner.info.dbname))
        )
        owner.execute(
            sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(
                sql.Identifier(owner.info.dbname), sql.Identifier(name)
            )
        )
    return name


def run(database: str, text: str) -> None:
    """Run *text* as the database's owner, each statement by itself where it begins no transaction."""
    with psycopg.connect(database, autocommit=True) as owner:
        owner.execute(text.encode())


def sign_in(postgres: PostgresServer, database: str, role: str) -> str:
    return postgres.dsn(database.rsplit("/", 1)[1], role, PASSWORD)


@pytest.mark.parametrize("before", ["", EARLIER, LAYOUT_1], ids=["empty", "earlier tool", "first layout"])
def test_a_worker_with_the_printed_grants_alone_starts_without_a_finding_and_loads(
    before: str,
    print_schema: Print,
    open_database: Callable[..., Warehouse],
    postgres: PostgresServer,
    database: str,
    role: str,
) -> None:
    run(database, before)
    text = print_schema("--role", role)

    run(database, text)
    run(database, text)

    warehouse = open_database(sign_in(postgres, database, role))
    assert ensure_schema(warehouse, SOURCES) == []
    for source in SOURCES:
        counts = Loads(warehouse, source)(make_document("issues:1", "a", "b"))
        assert counts.items_inserted == 2
        assert Loads(warehouse, source)(make_document("issues:1", "a", updated=1, extracted=1)).retired == 1
    if before == EARLIER:
        adopt_all(warehouse)
        seen = Loads(open_database())
        assert addresses(seen) == []
        assert seen.ask("SELECT count(*) FROM {s}.dashboard") == [(ROWS + 1 - ROWS // 500,)]


def test_where_the_warehouse_can_be_asked_it_says_what_is_missing_and_what_is_left(
    print_schema: Print, open_database: Callable[..., Warehouse], database: str
) -> None:
    run(database, EARLIER)
    run(database, f"CREATE INDEX theirs ON {SCHEMA}.jira_events (event_time_utc)")
    settings = {"WPE_DB_DSN": database, "SOURCES": "jira"}

    text = print_schema(**settings)

    said = [line for line in text.splitlines() if line.startswith("-- ")]
    assert "-- Missing now: table jira_events_history" in said
    assert "-- Missing now: trigger etl_forget on jira_events" in said
    assert f"-- Rows of the earlier tool in jira_events: {ROWS}, which a worker adopts as soon as" in text
    assert "jira_events_time_idx" not in text
    assert "launchpad" not in text

    run(database, text)
    warehouse = open_database()
    ensure_schema(warehouse, ["jira"])
    adopt_all(warehouse)
    after = print_schema(**settings)
    assert "-- Nothing of it is missing now." in after
    assert (
        f"-- Rows of the earlier tool in jira_events: {ROWS - 1} of documents that no load has read yet,"
        " 1 that no document is known of\n" in after
    )


def test_a_role_that_may_read_nothing_is_told_what_it_lacks(
    print_schema: Print, postgres: PostgresServer, database: str, role: str
) -> None:
    run(database, print_schema("--role", "etl"))

    text = print_schema(WPE_DB_DSN=sign_in(postgres, database, role))

    assert f"-- Missing now: the role {role} lacks privileges in the warehouse: " in text
    assert "-- Rows of the earlier tool in jira_events were not counted: " in text
    run(database, text)
    text = print_schema(WPE_DB_DSN=sign_in(postgres, database, role))
    assert "-- Nothing of it is missing now." in text


def test_nothing_is_changed_while_somebody_keeps_a_table(print_schema: Print, database: str) -> None:
    run(database, EARLIER)
    text = print_schema("--role", "etl")
    with psycopg.connect(database) as reader:
        reader.execute(f"SELECT count(*) FROM {SCHEMA}.jira_events")
        with pytest.raises(errors.LockNotAvailable):
            run(database, text)
        [tables] = reader.execute(
            f"SELECT count(*) FROM pg_class WHERE relkind = 'r' AND relnamespace = '{SCHEMA}'::regnamespace"
        ).fetchone() or (None,)
        assert tables == 1

    run(database, text)


def test_a_schema_of_a_newer_layout_is_left_to_newer_workers(
    print_schema: Print, database: str, capsys: pytest.CaptureFixture[str]
) -> None:
    text = print_schema("--role", "etl")
    run(database, text)
    run(database, f"UPDATE {SCHEMA}.etl_meta SET value = {TODAY.number + 1} WHERE name = 'layout'")

    with pytest.raises(errors.RaiseException, match=f"the schema has layout {TODAY.number + 1}"):
        run(database, text)
    with pytest.raises(AssertionError):
        print_schema(WPE_DB_DSN=database)

    captured = capsys.readouterr()
    assert captured.out == ""
    assert f"has layout {TODAY.number + 1}, and this worker knows layout {TODAY.number}" in captured.err
