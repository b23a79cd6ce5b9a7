"""The directory in Salesforce, asked over HTTP through the real client: who is in it, page by page."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import orjson
import pytest
from pydantic import SecretStr

from scripts.sandbox import salesforce as sandbox
from scripts.sandbox.faults import Fault, server_error
from scripts.sandbox.people import Person
from scripts.sandbox.salesforce import SalesforceServer
from scripts.sandbox.world import World
from temporaletl.connections import Connections
from temporaletl.directory.connect import connect_directory
from temporaletl.directory.members import Directory, Member
from temporaletl.directory.settings import DirectorySettings, SalesforceDirectorySettings
from temporaletl.errors import ConfigurationError, QueryError, TransientError
from temporaletl.settings import SalesforceSettings

NOW = datetime.now(UTC)
LEFT_SINCE = NOW.date() - timedelta(days=30)


@pytest.fixture
def world() -> World:
    return World(100, anchor=date(2026, 3, 10), detail=0, people=60)


@pytest.fixture
def server(world: World) -> Iterator[SalesforceServer]:
    with SalesforceServer(world, page_rows=9) as running:
        yield running


def open_directory(server: SalesforceServer, **names: object) -> tuple[Connections, Directory]:
    connections = Connections(
        [
            DirectorySettings(_env_file=None),
            SalesforceDirectorySettings(_env_file=None, **names),  # type: ignore[arg-type]
            SalesforceSettings(
                _env_file=None,
                login_url=server.url,
                client_id=sandbox.CLIENT_ID,
                client_secret=SecretStr(sandbox.CLIENT_SECRET),
            ),
        ]
    )
    return connections, connect_directory(connections)


@pytest.fixture
def directory(server: SalesforceServer) -> Iterator[Directory]:
    connections, directory = open_directory(server)
    with connections:
        yield directory


def walk(directory: Directory, limit: int, left_since: date = LEFT_SINCE) -> list[Member]:
    """The members of all pages."""
    found: list[Member] = []
    cursor: str | None = None
    while True:
        page = directory.read_account_holders("launchpad", cursor, limit, left_since)
        assert len(page.members) <= limit
        found += page.members
        cursor = page.cursor
        if cursor is None:
            return found


def ids_of(members: list[Member]) -> list[str]:
    return sorted(member.employee_id for member in members)


def change(world: World, number: int, **changes: object) -> Person:
    """Person *number* with these changes to the record."""
    world.people[number - 1] = replace(world.people[number - 1], **changes)  # type: ignore[arg-type]
    return world.people[number - 1]


def test_everyone_with_an_employee_id_is_a_member_whatever_else_is_known(
    world: World, directory: Directory
) -> None:
    members = {member.employee_id: member for member in directory.read_members()}
    people = [person for person in world.people if person.employee_id]
    assert members.keys() == {person.employee_id for person in people}
    for person in people:
        member = members[person.employee_id or ""]
        assert member.addresses == (person.directory_email,)
        assert member.accounts == ({"launchpad": (person.launchpad_id,)} if person.launchpad_id else {})
        assert (member.active, member.is_test) == (person.active, person.is_test)


@pytest.mark.parametrize("limit", [1, 7, 45, 1000])
def test_pages_hold_every_active_holder_once(world: World, directory: Directory, limit: int) -> None:
    expected = [
        person.employee_id or ""
        for person in world.people
        if person.employee_id and person.launchpad_id and person.active and not person.is_test
    ]
    found = ids_of(walk(directory, limit))
    assert found == sorted(expected)
    assert 10 < len(found) < len(world.people)


def test_a_launchpad_name_is_lower_case(world: World, directory: Directory) -> None:
    change(world, 1, launchpad_id=" Lp-ANA ")
    assert ("lp-ana",) in [member.accounts["launchpad"] for member in walk(directory, 50)]


def test_accounts_that_differ_by_case_or_not_at_all_lose_nobody(world: World, directory: Directory) -> None:
    for number, account in ((1, "Zoe"), (3, "zoe"), (4, "ZOE"), (5, "zoe"), (9, "Zo\u00eb's")):
        change(world, number, launchpad_id=account, is_test=False, active=True)
    found = [member.accounts["launchpad"][0] for member in walk(directory, 1)]
    assert found.count("zoe") == 4
    assert found.count("zo\u00eb's") == 1


def test_a_walk_goes_on_where_a_record_was_deleted_and_another_added(
    world: World, directory: Directory
) -> None:
    before = ids_of(walk(directory, 5))
    first = directory.read_account_holders("launchpad", None, 5, LEFT_SINCE)
    gone = world.people[int(first.members[-1].employee_id[1:]) - 1]
    change(world, gone.number, employee_id=None)
    joiner = change(world, 57, employee_id="E999999", launchpad_id="joiner", active=True, is_test=False)
    rest: list[Member] = []
    cursor = first.cursor
    while cursor is not None:
        page = directory.read_account_holders("launchpad", cursor, 5, LEFT_SINCE)
        rest += page.members
        cursor = page.cursor
    assert ids_of([*first.members, *rest]) == sorted({*before, joiner.employee_id or ""} - {"E000057"})


def test_a_leaver_counts_as_having_left_when_the_record_was_last_changed(
    world: World, directory: Directory
) -> None:
    lately = change(world, 1, active=False, left_at=NOW - timedelta(days=3))
    long_ago = change(world, 3, active=False, left_at=NOW - timedelta(days=90))
    found = {member.employee_id: member for member in walk(directory, 7)}
    assert found[lately.employee_id or ""].active_to == (NOW - timedelta(days=3)).date()
    assert long_ago.employee_id not in found


def test_names_of_another_organisation_are_asked_for_instead(world: World, server: SalesforceServer) -> None:
    leaver = change(world, 1, active=False, left_at=NOW - timedelta(days=3))
    names = {
        "status_field": None,
        "active_to_field": "LastModifiedDate",
        "account_fields": {"jira": "Name", "launchpad": "Launchpad_ID"},
        "email_fields": ("Email", "EMAIL", "Name"),
        "employee_id_field": "unique_ID",
        "timezone_field": "Name",
    }
    connections, directory = open_directory(server, **names)
    with connections:
        members = {member.employee_id: member for member in directory.read_members()}
    found = members[leaver.employee_id or ""]
    assert found.accounts["jira"] == tuple(leaver.name.split())
    assert (found.active, found.active_to) == (False, (NOW - timedelta(days=3)).date())
    assert found.addresses == (leaver.directory_email,)
    assert found.timezone == leaver.name


def test_an_address_beside_a_name_is_understood(world: World, server: SalesforceServer) -> None:
    person = change(world, 1, directory_email="Ana Bly <ana@example.com>; bo@example.com")
    connections, directory = open_directory(server)
    with connections:
        members = {member.employee_id: member for member in directory.read_members()}
    assert members[person.employee_id or ""].addresses == ("ana@example.com", "bo@example.com")


def test_without_a_status_nobody_is_active_before_the_first_day(
    world: World, server: SalesforceServer
) -> None:
    change(world, 1, active=False, left_at=NOW - timedelta(days=3))
    joiner = change(world, 2, active=False, left_at=NOW + timedelta(days=9))
    names = {"status_field": None, "active_from_field": "LastModifiedDate"}
    connections, directory = open_directory(server, **names)
    with connections:
        inactive = [member.employee_id for member in directory.read_members() if not member.active]
    assert inactive == [joiner.employee_id]


def test_a_field_that_the_object_lacks_is_refused(server: SalesforceServer) -> None:
    connections, directory = open_directory(server, test_field="Nothing__c")
    with connections, pytest.raises(QueryError, match="INVALID_FIELD"):
        list(directory.read_members())


def test_a_field_without_dates_is_named_and_not_quoted(server: SalesforceServer, world: World) -> None:
    connections, directory = open_directory(server, active_from_field="Name")
    with connections, pytest.raises(ConfigurationError, match=r"field Name .* no date") as caught:
        list(directory.read_members())
    assert world.people[0].name not in str(caught.value)


def test_a_system_without_a_field_is_named(directory: Directory) -> None:
    with pytest.raises(ConfigurationError, match=r"no accounts of jira: .* SF_DIRECTORY_ACCOUNT_FIELDS"):
        directory.read_account_holders("jira", None, 5, LEFT_SINCE)


def test_a_salesforce_that_does_not_go_on_ends_the_walk(
    server: SalesforceServer, directory: Directory
) -> None:
    first = directory.read_account_holders("launchpad", None, 3, LEFT_SINCE)
    again = orjson.dumps({"totalSize": 1, "done": True, "records": [{"Id": first.cursor}]})
    server.faults.plan(Fault(status=200, body=again), 1, lambda request: "/query" in request.path)
    with pytest.raises(QueryError, match="did not go on"):
        directory.read_account_holders("launchpad", first.cursor, 3, LEFT_SINCE)


def test_an_overloaded_salesforce_is_asked_again_later(
    server: SalesforceServer, directory: Directory
) -> None:
    server.faults.plan(server_error(503), times=None)
    with pytest.raises(TransientError, match="Salesforce"):
        list(directory.read_members())
    with pytest.raises(TransientError, match="Salesforce"):
        directory.read_account_holders("launchpad", None, 5, LEFT_SINCE)
