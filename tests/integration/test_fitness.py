"""A start tells what loads could not work on, and a load that meets it says what to do."""

from collections.abc import Callable

import psycopg
import pytest

from scripts.sandbox.postgres import PostgresServer
from temporaletl.errors import ConfigurationError
from tests.integration.loading import SCHEMA, Loads, make_document, make_event
from worker.external.wpe_db.connect import Warehouse
from worker.external.wpe_db.schema import ensure_schema

TABLE = f"{SCHEMA}.jira_events"


@pytest.fixture
def execute(postgres: PostgresServer, database: str) -> Callable[[str], None]:
    """Runs a statement in the test's database as a superuser."""

    def run(statement: str) -> None:
        name = database.rsplit("/", 1)[1]
        with psycopg.connect(postgres.dsn(name, "postgres"), autocommit=True) as conn:
            conn.execute(statement.encode())

    return run


@pytest.mark.parametrize(
    ("made", "kind"),
    [
        (
            f"CREATE TABLE {TABLE} (event_id varchar, week date) PARTITION BY RANGE (week)",
            "a partitioned table",
        ),
        (f"CREATE VIEW {TABLE} AS SELECT 'a' AS event_id", "a view"),
        (f"CREATE MATERIALIZED VIEW {TABLE} AS SELECT 'a' AS event_id", "a materialized view"),
    ],
)
def test_events_that_are_no_plain_table_are_refused(
    open_database: Callable[..., Warehouse], execute: Callable[[str], None], made: str, kind: str
) -> None:
    execute(f"CREATE SCHEMA {SCHEMA} AUTHORIZATION etl")
    execute(made)

    with pytest.raises(ConfigurationError, match=f"{TABLE} in the warehouse is {kind}.*rename it"):
        ensure_schema(open_database(), ["jira"])


@pytest.mark.parametrize("table", ["jira_events", "jira_events_history", "etl_documents"])
def test_row_level_security_that_is_active_for_our_role_is_refused(
    loads: Loads, execute: Callable[[str], None], table: str
) -> None:
    execute(f"ALTER TABLE {SCHEMA}.{table} ENABLE ROW LEVEL SECURITY")
    ensure_schema(loads.warehouse, ["jira"])
    execute(f"ALTER TABLE {SCHEMA}.{table} FORCE ROW LEVEL SECURITY")

    with pytest.raises(ConfigurationError, match=rf"{SCHEMA}\.{table} .*role etl.*BYPASSRLS"):
        ensure_schema(loads.warehouse, ["jira"])


def test_row_level_security_that_becomes_active_later_is_explained(
    loads: Loads, execute: Callable[[str], None]
) -> None:
    loads(make_document("issues:1", "e1"))
    execute(f"ALTER TABLE {TABLE} ENABLE ROW LEVEL SECURITY; ALTER TABLE {TABLE} FORCE ROW LEVEL SECURITY")

    with pytest.raises(ConfigurationError, match="BYPASSRLS"):
        loads(make_document("issues:1", "e1", "e2", updated=1, extracted=1))


SERIAL = f"""
    CREATE SEQUENCE {SCHEMA}.numbers AS integer OWNED BY {TABLE}.id;
    ALTER TABLE {TABLE} ALTER COLUMN id DROP IDENTITY;
    ALTER TABLE {TABLE} ALTER COLUMN id TYPE integer;
    ALTER TABLE {TABLE} ALTER COLUMN id SET DEFAULT nextval('{SCHEMA}.numbers')
"""
WIDE = f"ALTER SEQUENCE {SCHEMA}.numbers AS bigint NO MAXVALUE;"
OWNERLESS = f"ALTER SEQUENCE {SCHEMA}.numbers OWNED BY NONE;"


@pytest.mark.parametrize(
    ("made", "sequence", "limit"),
    [
        (SERIAL, "numbers", 2**31 - 1),
        (f"{SERIAL}; {WIDE}", "numbers", 2**31 - 1),
        (f"{SERIAL}; {OWNERLESS}", "numbers", 2**31 - 1),
        (f"ALTER TABLE {TABLE} ALTER COLUMN id TYPE integer", "jira_events_id_seq", 2**31 - 1),
        (f"ALTER SEQUENCE {SCHEMA}.jira_events_id_seq MAXVALUE 1000", "jira_events_id_seq", 1000),
    ],
    ids=["serial", "serial of a wider sequence", "default of a sequence", "identity", "sequence with an end"],
)
def test_rows_without_numbers_are_told_before_and_when_they_are_gone_and_can_be_mended(
    loads: Loads, made: str, sequence: str, limit: int
) -> None:
    loads.ask(made)
    loads.ask(f"SELECT setval('{{s}}.{sequence}', {limit - 2})")
    [finding] = ensure_schema(loads.warehouse, ["jira"])
    assert "has used 100% of the numbers" in finding.finding
    assert "as the table's owner" in finding.remedy

    loads(make_document("issues:1", "e1", "e2"))
    with pytest.raises(ConfigurationError, match=r"no more numbers .*start a worker"):
        loads(make_document("issues:2", "e3"))
    with pytest.raises(
        ConfigurationError, match=f"{TABLE} .*no more numbers.*as the table's owner"
    ) as caught:
        ensure_schema(loads.warehouse, ["jira"])

    for statement in str(caught.value).split(" runs: ")[1].split(" It ")[0].split(";")[:-1]:
        loads.ask(statement)
    ensure_schema(loads.warehouse, ["jira"])
    loads(make_document("issues:2", "e3"))


def test_numbers_that_suffice_are_no_finding(loads: Loads) -> None:
    loads(make_document("issues:1", "e1"))

    assert ensure_schema(loads.warehouse, ["jira"]) == []


def test_a_unique_index_that_somebody_dropped_is_made_by_a_start(loads: Loads) -> None:
    loads(make_document("issues:1", "e1"))
    loads.ask("DROP INDEX {s}.jira_events_event_id_key")
    changed = make_document("issues:1", make_event("e1", "new"), updated=1, extracted=1)

    with pytest.raises(ConfigurationError, match=r"start a worker.*42P10"):
        loads(changed)
    ensure_schema(loads.warehouse, ["jira"])

    assert loads(changed).items_updated == 1


@pytest.mark.parametrize(
    ("rule", "named"),
    [
        ("ADD COLUMN team text NOT NULL", r"column team of table analytics\.jira_events"),
        ("ADD CONSTRAINT one_each UNIQUE (employee_id)", r"UniqueViolation.*constraint one_each of table"),
        (
            "ADD CONSTRAINT short CHECK (length(employee_id) < 5)",
            r"CheckViolation.*constraint short of table",
        ),
        (
            "ADD CONSTRAINT known FOREIGN KEY (parent_item_id) REFERENCES {s}.jira_events (event_id)",
            r"ForeignKeyViolation.*constraint known of table",
        ),
    ],
)
def test_a_rule_of_a_team_that_a_row_breaks_is_named_and_the_row_is_not(
    loads: Loads, rule: str, named: str
) -> None:
    loads.ask(f"ALTER TABLE {{s}}.jira_events {rule}")

    with pytest.raises(ConfigurationError, match=named) as caught:
        loads(
            make_document(
                "issues:1",
                make_event("e1", employee_id="hunter2", parent_item_id="hunter2"),
                make_event("e2", employee_id="hunter2", parent_item_id="hunter2"),
            )
        )
    assert "hunter2" not in f"{caught.value} {caught.value.__cause__}"
