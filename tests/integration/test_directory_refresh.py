"""Joiners, leavers and changed addresses become what is known, whichever system keeps the directory."""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from pydantic import SecretStr

from scripts.sandbox import salesforce as sandbox
from scripts.sandbox.jira.access import EMAIL
from scripts.sandbox.jira.server import JiraServer
from scripts.sandbox.people import Person
from scripts.sandbox.salesforce import SalesforceServer
from scripts.sandbox.trino import CATALOG, TrinoServer
from scripts.sandbox.world import World
from temporaletl.connections import Connections
from temporaletl.directory.settings import (
    CsvDirectorySettings,
    DirectorySettings,
    SalesforceDirectorySettings,
    SqlDirectorySettings,
)
from temporaletl.errors import ConfigurationError, TransientError
from temporaletl.jira.settings import JiraRestSettings
from temporaletl.settings import IdentitySettings, SalesforceSettings, TrinoSettings
from worker.external.accounts import Account, AccountFeed
from worker.external.directory import refresh_identities
from worker.external.wpe_db.connect import Warehouse
from worker.external.wpe_db.identities import read_people
from worker.models.identity import FrozenPeople, Pseudonyms

SETTINGS = IdentitySettings(_env_file=None, anonymisation_key=SecretStr("key"))
NAMES = Pseudonyms.read(SETTINGS)
LAST_WEEK = datetime.now(UTC).date() - timedelta(days=7)

type Row = Mapping[str, str | None]
type Write = Callable[[list[Row]], None]

ANA: Row = {"employee_id": "e1", "emails": "ana@example.com", "launchpad": "Ana", "jira": "acc-1"}
BO: Row = {"employee_id": "e2", "emails": "bo@example.com"}
OTHERS: list[Row] = [{"employee_id": f"x{number}", "emails": f"x{number}@y.org"} for number in range(10)]
COLUMNS = ("employee_id", "emails", "launchpad", "jira", "active_to")


class Listed:
    """A directory of one backend, which a test fills, and the settings that lead to it."""

    def __init__(self, connections: Connections, write: Write) -> None:
        self.connections = connections
        self.write = write


@pytest.fixture(params=["csv", "sql"])
def listed(request: pytest.FixtureRequest, tmp_path: Path, database: str) -> Iterator[Listed]:
    if request.param == "csv":
        path = tmp_path / "people.csv"

        def write_file(rows: list[Row]) -> None:
            lines = [",".join(row.get(column) or "" for column in COLUMNS) for row in rows]
            path.write_text("\n".join([",".join(COLUMNS), *lines]))

        settings = [DirectorySettings(_env_file=None, backend="csv"), CsvDirectorySettings(csv=path)]
        yield Listed(Connections(settings), write_file)
        return
    with psycopg.connect(database, autocommit=True) as conn:
        columns = ", ".join(f"{column} text" for column in COLUMNS)
        conn.execute(f"CREATE TABLE directory ({columns})")

        def write_table(rows: list[Row]) -> None:
            with conn.transaction(), conn.cursor() as cursor:
                cursor.execute("DELETE FROM directory")
                values = [[row.get(column) for column in COLUMNS] for row in rows]
                cursor.executemany("INSERT INTO directory VALUES (%s, %s, %s, %s, %s)", values)

        dsn = SqlDirectorySettings(_env_file=None, dsn=SecretStr(database))
        yield Listed(Connections([DirectorySettings(_env_file=None, backend="sql"), dsn]), write_table)


@pytest.fixture
def refresh(warehouse: Warehouse, listed: Listed) -> Callable[[list[Row]], FrozenPeople]:
    """Refreshes from a directory of these rows; answers who is known then."""

    def refresh_it(rows: list[Row]) -> FrozenPeople:
        listed.write(rows)
        refresh_identities(warehouse, listed.connections, SETTINGS)
        return read_people(warehouse, NAMES)

    return refresh_it


type Refresh = Callable[[list[Row]], FrozenPeople]


def test_a_team_without_salesforce_knows_its_people_by_every_account_of_theirs(refresh: Refresh) -> None:
    people = refresh([ANA, BO])
    assert people.employee_by_address("Ana+jira@Example.com") == "e1"
    assert people.employee("launchpad", "ana") == "e1"
    assert people.employee("jira", "acc-1") == "e1"
    assert people.employee_by_address("bo@example.com") == "e2"


def test_a_joiner_becomes_known(refresh: Refresh) -> None:
    assert refresh([ANA]).employee_by_address("bo@example.com") is None
    assert refresh([ANA, BO]).employee_by_address("bo@example.com") == "e2"


def test_a_leaver_stays_known_whether_dismissed_or_deleted(refresh: Refresh) -> None:
    refresh([ANA, BO, *OTHERS])
    people = refresh([{**ANA, "active_to": f"{LAST_WEEK}"}, *OTHERS])
    assert people.employee("launchpad", "ana") == people.employee("jira", "acc-1") == "e1"
    assert people.employee_by_address("bo@example.com") == "e2"


def test_both_addresses_of_someone_whose_address_changed_are_the_same_person(refresh: Refresh) -> None:
    refresh([ANA, *OTHERS])
    people = refresh([{**ANA, "emails": "ana.married@example.com"}, *OTHERS])
    assert people.employee_by_address("ana@example.com") == "e1"
    assert people.employee_by_address("ana.married@example.com") == "e1"


def test_an_address_that_passes_to_somebody_else_stays_with_the_first(refresh: Refresh) -> None:
    refresh([ANA, *OTHERS])
    people = refresh([{**BO, "emails": "bo@example.com ana@example.com"}, *OTHERS])
    assert people.employee_by_address("ana@example.com") == "e1"
    assert people.employee_by_address("bo@example.com") == "e2"


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([], (ConfigurationError, TransientError)),
        (OTHERS[:3], (TransientError,)),
        ([*OTHERS, {**ANA, "active_to": "soon"}], (ConfigurationError,)),
    ],
    ids=["empty", "shrunk", "damaged"],
)
def test_a_directory_that_cannot_be_believed_changes_nothing(
    refresh: Refresh, warehouse: Warehouse, rows: list[Row], expected: tuple[type[Exception], ...]
) -> None:
    refresh(OTHERS)
    before = read_all(warehouse)
    with pytest.raises(expected):
        refresh(rows)
    assert read_all(warehouse) == before


def read_all(warehouse: Warehouse) -> list[tuple[object, ...]]:
    with warehouse.session() as conn:
        return conn.execute("SELECT * FROM analytics.etl_identities ORDER BY system, account").fetchall()


def test_the_directory_in_salesforce_and_the_users_in_the_lake_are_brought_together(
    warehouse: Warehouse,
) -> None:
    world = World(200, anchor=date(2026, 3, 10), detail=0.2)
    with SalesforceServer(world, page_rows=9) as salesforce, TrinoServer(world) as trino:
        connections = Connections(
            [
                DirectorySettings(_env_file=None),
                SalesforceDirectorySettings(_env_file=None),
                SalesforceSettings(
                    _env_file=None,
                    login_url=salesforce.url,
                    client_id=sandbox.CLIENT_ID,
                    client_secret=SecretStr(sandbox.CLIENT_SECRET),
                ),
                TrinoSettings(
                    _env_file=None, host=trino.host, port=trino.port, http_scheme="http", catalog=CATALOG
                ),
            ]
        )
        refresh_identities(warehouse, connections, SETTINGS)
        joiner = world.add_joiner()
        assert read_people(warehouse, NAMES).employee_by_address(address_of(joiner)) is None
        refresh_identities(warehouse, connections, SETTINGS)
        connections.close()
    people = read_people(warehouse, NAMES)
    assert people.employee_by_address(address_of(joiner)) == joiner.employee_id
    linked = 0
    for person in world.people:
        expected = person.employee_id if person.directory_email and person.jira_email else None
        assert people.employee("jira", person.account_id) == expected
        linked += expected is not None
    assert linked


def test_a_team_without_a_lake_and_salesforce_links_the_accounts_that_jira_lists(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    world = World(20, anchor=date(2026, 3, 10), detail=0, people=45)
    path = tmp_path / "people.csv"
    people = [person for person in world.people if person.employee_id]
    lines = [f"{person.employee_id},{person.directory_email}" for person in people]
    path.write_text("\n".join(["employee_id,emails", *lines]))
    with JiraServer(world) as jira:
        reach = JiraRestSettings(
            _env_file=None,
            url=jira.url,
            user=EMAIL,
            token=SecretStr(jira.access.token),
            allow_insecure_auth=True,
        )
        backend = DirectorySettings(_env_file=None, backend="csv")
        with Connections([backend, CsvDirectorySettings(csv=path), reach]) as connections:
            refresh_identities(warehouse, connections, SETTINGS)
    known = read_people(warehouse, NAMES)
    linked = {person.account_id for person in world.people if known.employee("jira", person.account_id)}
    # Jira shows few addresses, and those of people alone.
    assert 5 < len(linked) < len(people)
    for person in world.people:
        if person.account_id in linked:
            assert known.employee("jira", person.account_id) == person.employee_id


def address_of(person: Person) -> str:
    assert person.directory_email is not None
    return person.directory_email


@pytest.mark.parametrize("left", [1, 0])
def test_a_directory_that_lost_the_accounts_of_a_system_is_not_believed(
    listed: Listed, warehouse: Warehouse, left: int
) -> None:
    def write(accounts: int) -> None:
        people = [(f"x{number}", f"lp{number}" if number < accounts else "") for number in range(20)]
        listed.write(
            [{"employee_id": one, "emails": f"{one}@y.org", "launchpad": name} for one, name in people]
        )

    write(20)
    refresh_identities(warehouse, listed.connections, SETTINGS)
    write(left)

    with pytest.raises(TransientError, match=f"accounts of launchpad went from 20 to {left}"):
        refresh_identities(warehouse, listed.connections, SETTINGS)


def test_accounts_that_are_not_read_for_a_source_do_not_seem_lost(
    listed: Listed, warehouse: Warehouse
) -> None:
    listed.write([ANA, *OTHERS])
    feeds = [AccountFeed("jira", (), lambda _: (Account(f"acc-{n}", None) for n in range(50)))]
    refresh_identities(warehouse, listed.connections, SETTINGS, feeds=feeds)

    refresh_identities(warehouse, listed.connections, SETTINGS, feeds=feeds, source="launchpad")


def test_accounts_that_only_another_process_reads_do_not_seem_lost(
    listed: Listed, warehouse: Warehouse
) -> None:
    listed.write([ANA, *OTHERS])
    read = AccountFeed("jira", (), lambda _: (Account(f"acc-{n}", None) for n in range(50)))
    refresh_identities(warehouse, listed.connections, SETTINGS, feeds=[read])

    # Here the source is not configured, or no longer.
    not_configured = AccountFeed("jira", (TrinoSettings,), lambda _: pytest.fail("was read"))
    refresh_identities(warehouse, listed.connections, SETTINGS, feeds=[not_configured], source="launchpad")


def test_accounts_that_the_operator_lets_go_are_missed_for_a_day(
    listed: Listed, warehouse: Warehouse
) -> None:
    listed.write([{**row, "launchpad": row["employee_id"]} for row in OTHERS])
    refresh_identities(warehouse, listed.connections, SETTINGS)
    listed.write(OTHERS)
    for _ in range(2):
        with pytest.raises(TransientError, match=r"launchpad went from 10 to 0.*DIRECTORY_MAX_SHRINK"):
            refresh_identities(warehouse, listed.connections, SETTINGS)

    with warehouse.session() as conn:
        conn.execute("UPDATE analytics.etl_identities SET last_seen = last_seen - interval '25 hours'")
    with pytest.raises(TransientError):
        refresh_identities(warehouse, listed.connections, SETTINGS)
    believing = SETTINGS.model_copy(update={"directory_max_shrink": 1.0})
    refresh_identities(warehouse, listed.connections, believing)

    refresh_identities(warehouse, listed.connections, SETTINGS)


def test_a_team_whose_addresses_all_changed_is_still_believed(listed: Listed, warehouse: Warehouse) -> None:
    """Nobody left: a domain of another name is no reason to hold every run up."""
    listed.write(OTHERS)
    refresh_identities(warehouse, listed.connections, SETTINGS)
    listed.write([{**row, "emails": f"{row['employee_id']}@new.example.com"} for row in OTHERS])

    for _ in range(2):
        refresh_identities(warehouse, listed.connections, SETTINGS)
