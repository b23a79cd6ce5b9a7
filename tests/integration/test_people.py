"""Who is known is read for one source at a time, once per TTL, and nobody waits who need not."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from pydantic import SecretStr
from temporalio.exceptions import CancelledError
from temporalio.testing import ActivityEnvironment

from scripts.sandbox import salesforce as sandbox
from scripts.sandbox.exchange import Request
from scripts.sandbox.faults import hanging
from scripts.sandbox.salesforce import SalesforceServer
from scripts.sandbox.world import World
from temporaletl.connections import Connections
from temporaletl.directory.settings import DirectorySettings, SalesforceDirectorySettings
from temporaletl.settings import IdentitySettings, SalesforceSettings
from tests.waiting import wait_until
from worker.external.wpe_db.connect import Warehouse
from worker.models.people import KnownPeople

SETTINGS = IdentitySettings(_env_file=None, anonymisation_key=SecretStr("key"), identity_ttl_s=60)
WITHIN_S = 5


class Readings:
    """Counts the readings of one object in Salesforce, and lets them hang while told to."""

    def __init__(self, server: SalesforceServer, name: str) -> None:
        self.count = 0
        self.hang = False
        self._name = name
        server.faults.plan(hanging(), None, self._match)

    def _match(self, request: Request) -> bool:
        matched = f"FROM {self._name}" in request.query.get("q", "")
        self.count += matched
        return matched and self.hang


class Clock:
    """A time that a test moves on."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def server() -> Iterator[SalesforceServer]:
    with SalesforceServer(World(5, detail=0)) as server:
        yield server


@pytest.fixture
def members(server: SalesforceServer) -> Readings:
    return Readings(server, "Team_Member")


@pytest.fixture
def users(server: SalesforceServer) -> Readings:
    return Readings(server, "User")


@pytest.fixture
def connections(server: SalesforceServer) -> Iterator[Connections]:
    salesforce = SalesforceSettings(
        _env_file=None,
        login_url=server.url,
        client_id=sandbox.CLIENT_ID,
        client_secret=SecretStr(sandbox.CLIENT_SECRET),
    )
    directory = [DirectorySettings(_env_file=None), SalesforceDirectorySettings(_env_file=None)]
    with Connections([salesforce, *directory]) as connections:
        yield connections


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def people(warehouse: Warehouse, clock: Clock) -> KnownPeople:
    return KnownPeople(warehouse, SETTINGS, clock)


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(4) as threads:
        yield threads


def test_each_source_has_the_directory_and_its_own_accounts_read_once_per_ttl(
    people: KnownPeople, connections: Connections, clock: Clock, members: Readings, users: Readings
) -> None:
    for source in ("launchpad", "launchpad", "salesforce", "salesforce"):
        people.refresh(connections, source)
    assert (members.count, users.count) == (2, 1)

    clock.now = 60
    people.refresh(connections, "salesforce")
    assert (members.count, users.count) == (3, 2)


def test_a_warehouse_that_knows_nobody_any_more_asks_whatever_the_ttl(
    people: KnownPeople, connections: Connections, warehouse: Warehouse, members: Readings
) -> None:
    assert len(people.current(connections, "launchpad"))
    with warehouse.session() as conn:
        conn.execute("TRUNCATE analytics.etl_identities")

    assert len(people.current(connections, "launchpad"))
    assert members.count == 2


def test_accounts_that_hang_for_one_source_hold_up_neither_another_nor_who_is_known(
    people: KnownPeople, connections: Connections, users: Readings, threads: ThreadPoolExecutor
) -> None:
    people.refresh(connections, "launchpad")
    users.hang = True
    with connections.fork() as hung:
        waiting = threads.submit(people.refresh, hung, "salesforce")
        wait_until(lambda: users.count == 1, WITHIN_S)

        for read in (people.refresh, people.current):
            threads.submit(read, connections, "forge").result(WITHIN_S)
            threads.submit(people.current, connections, "salesforce").result(WITHIN_S)
        assert not waiting.done()


def test_whoever_waits_for_anothers_reading_can_be_cancelled(
    people: KnownPeople, connections: Connections, users: Readings, threads: ThreadPoolExecutor
) -> None:
    users.hang = True
    with connections.fork() as hung:
        first = threads.submit(people.refresh, hung, "salesforce")
        wait_until(lambda: users.count == 1, WITHIN_S)
        activity = ActivityEnvironment()
        second = threads.submit(activity.run, people.refresh, connections, "salesforce")
        with pytest.raises(TimeoutError):
            second.result(0.2)

        activity.cancel()

        with pytest.raises(CancelledError):
            second.result(WITHIN_S)
        assert (first.done(), users.count) == (False, 1)
