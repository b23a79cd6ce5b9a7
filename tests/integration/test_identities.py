"""What the directory and the accounts say becomes what is known, and is never forgotten."""

import threading
from collections.abc import Callable

import pytest

from temporaletl.connections import Connections
from temporaletl.directory.members import Member
from temporaletl.errors import ConfigurationError, TransientError
from temporaletl.settings import TrinoSettings
from tests.integration.refreshing import ANA, BO, SETTINGS, Listed, Refresh, age, feed, read_all
from worker.external.accounts import Account, AccountFeed
from worker.external.directory import refresh_identities
from worker.external.wpe_db.connect import Warehouse
from worker.external.wpe_db.identities import identities_changed_at, lock_identities, read_people
from worker.models.identity import FrozenPeople, Pseudonyms

NAMES = Pseudonyms.read(SETTINGS)


@pytest.fixture
def refresh(warehouse: Warehouse) -> Refresh:
    return Refresh(warehouse)


@pytest.fixture
def people(warehouse: Warehouse) -> Callable[[], FrozenPeople]:
    return lambda: read_people(warehouse, NAMES)


def test_accounts_are_known_by_the_address_they_give(
    refresh: Refresh, people: Callable[[], FrozenPeople]
) -> None:
    accounts = [Account("acc-1", "Ana+jira@Example.com"), Account("acc-2", None), Account("acc-3", "x@y.org")]
    refresh(ANA, BO, accounts=accounts)
    found = people()
    assert [found.employee("jira", f"acc-{number}") for number in (1, 2, 3)] == ["e1", None, None]
    assert found.employee("launchpad", "ana-lp") == "e1"
    assert found.employee_by_address("BO@example.com") == "e2"


def test_no_address_is_stored(refresh: Refresh, warehouse: Warehouse) -> None:
    refresh(ANA, BO, accounts=[Account("acc-1", "ana@example.com")])
    assert "@" not in str(read_all(warehouse))


def test_no_address_is_stored_as_an_account_or_an_employee_id(
    refresh: Refresh, warehouse: Warehouse, people: Callable[[], FrozenPeople]
) -> None:
    odd = Member("cy@example.com", ("cy@example.com",), accounts={"launchpad": ("cy@example.com",)})
    for _ in range(2):
        refresh(
            ANA,
            odd,
            accounts=[Account("ana@example.com", "ana@example.com"), Account("acc-2", "cy@example.com")],
        )
    assert "@" not in str(read_all(warehouse))
    assert people().employee("jira", "ana@example.com") == "e1"
    hidden = NAMES.of_address("cy@example.com")
    assert people().employee("jira", "acc-2") == hidden
    assert people().employee("launchpad", "cy@example.com") == hidden


def test_an_account_belongs_to_whom_its_address_is_remembered_for(
    refresh: Refresh, people: Callable[[], FrozenPeople]
) -> None:
    refresh(ANA, accounts=[Account("acc-1", None)])
    rehired = Member("e9", ("ana@example.com",))
    refresh(rehired, accounts=[Account("acc-1", "ana@example.com")])
    assert people().employee("jira", "acc-1") == "e1"
    assert people().employee_by_address("ana@example.com") == "e1"


def test_an_account_listed_twice_is_the_same_person_in_any_order(
    refresh: Refresh, people: Callable[[], FrozenPeople]
) -> None:
    twice = [Account("acc-1", "bo@example.com"), Account("acc-1", None), Account("acc-1", "ana@example.com")]
    refresh(ANA, BO, accounts=twice)
    assert people().employee("jira", "acc-1") == "e1"


def test_an_id_once_known_stays_known(refresh: Refresh, people: Callable[[], FrozenPeople]) -> None:
    others = [Member(f"x{number}", (f"x{number}@example.com",)) for number in range(10)]
    refresh(ANA, *others, accounts=[Account("acc-1", "ana@example.com")])
    refresh(*others, accounts=[Account("acc-1", None)])
    assert people().employee("jira", "acc-1") == "e1"
    assert people().employee_by_address("ana@example.com") == "e1"
    refresh(*others, Member("e9", ("ana@example.com",)), accounts=[Account("acc-1", "ana@example.com")])
    assert people().employee("jira", "acc-1") == "e1"


def test_an_id_once_known_outlives_the_day(
    refresh: Refresh, warehouse: Warehouse, people: Callable[[], FrozenPeople]
) -> None:
    refresh(ANA, BO, accounts=[Account("acc-1", "ana@example.com")])
    age(warehouse)
    refresh(ANA, BO, accounts=[Account("acc-1", None)])
    assert people().employee("jira", "acc-1") == "e1"
    age(warehouse)
    refresh(Member("e8", ("ana@example.com",)), BO, accounts=[Account("acc-1", "bo@example.com")])
    assert people().employee("jira", "acc-1") == "e1"
    assert people().employee_by_address("ana@example.com") == "e1"


def test_someone_unknown_becomes_known_and_the_change_is_dated(
    refresh: Refresh, warehouse: Warehouse, people: Callable[[], FrozenPeople]
) -> None:
    accounts = [Account("acc-2", "bo@example.com")]
    assert refresh(ANA, accounts=accounts) == 2
    with warehouse.session() as conn:
        before = identities_changed_at(conn)
    assert people().employee("jira", "acc-2") is None
    assert refresh(ANA, BO, accounts=accounts) == 2
    with warehouse.session() as conn:
        after = identities_changed_at(conn)
    assert before is not None
    assert after is not None
    assert after > before
    assert people().employee("jira", "acc-2") == "e2"


def test_a_refresh_without_news_writes_nothing(refresh: Refresh, warehouse: Warehouse) -> None:
    refresh(ANA, BO)
    before = read_all(warehouse)
    assert refresh(ANA, BO) == 0
    assert read_all(warehouse) == before


def test_last_seen_moves_once_a_day(refresh: Refresh, warehouse: Warehouse) -> None:
    refresh(ANA)
    age(warehouse)
    before = read_all(warehouse)
    assert refresh(ANA) == 0
    assert [row[5] for row in read_all(warehouse)] > [row[5] for row in before]
    assert [row[6] for row in read_all(warehouse)] == [row[6] for row in before]


def test_of_two_people_with_one_address_the_active_one_has_it(
    refresh: Refresh, people: Callable[[], FrozenPeople]
) -> None:
    refresh(Member("e0", ("ana@example.com",), active=False), Member("e5", ("Ana@example.com",)))
    assert people().employee_by_address("ana@example.com") == "e5"


def test_two_refreshes_at_once_neither_block_nor_double(refresh: Refresh, warehouse: Warehouse) -> None:
    members = [Member(f"e{number}", (f"p{number}@example.com",)) for number in range(3000)]
    counts: list[int] = []
    threads = [
        threading.Thread(target=lambda order=order: counts.append(refresh(*members[::order])))
        for order in (1, -1, 1, -1)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(counts) == [0, 0, 0, 3000]
    assert len(read_all(warehouse)) == 3001


def test_a_refresh_waits_for_the_one_that_is_writing(
    warehouse: Warehouse, open_database: Callable[..., Warehouse]
) -> None:
    impatient = open_database(lock_timeout_s=0.1)
    with warehouse.session() as conn, conn.transaction():
        lock_identities(conn)
        with pytest.raises(TransientError):
            refresh_identities(impatient, Connections([]), SETTINGS, directory=Listed([BO]), feeds=[])
    assert refresh_identities(impatient, Connections([]), SETTINGS, directory=Listed([BO]), feeds=[]) == 1


def test_without_a_directory_the_refresh_names_its_settings(warehouse: Warehouse) -> None:
    with pytest.raises(ConfigurationError, match="DirectorySettings"):
        refresh_identities(warehouse, Connections([]), SETTINGS)


def test_a_feed_that_is_not_configured_is_left_out(warehouse: Warehouse) -> None:
    feeds = [AccountFeed("jira", (TrinoSettings,), lambda _: pytest.fail("was read"))]
    made = refresh_identities(warehouse, Connections([]), SETTINGS, directory=Listed([BO]), feeds=feeds)
    assert made == 1


def test_of_two_feeds_of_one_system_the_first_that_is_configured_is_read(
    warehouse: Warehouse, people: Callable[[], FrozenPeople]
) -> None:
    feeds = [
        AccountFeed("jira", (TrinoSettings,), lambda _: pytest.fail("was read")),
        feed(Account("acc-2", "bo@example.com")),
        AccountFeed("jira", (), lambda _: pytest.fail("was read")),
    ]
    refresh_identities(warehouse, Connections([]), SETTINGS, directory=Listed([BO]), feeds=feeds)
    assert people().employee("jira", "acc-2") == "e2"


def test_an_account_that_the_directory_names_is_its_members_whatever_its_address(
    refresh: Refresh, people: Callable[[], FrozenPeople]
) -> None:
    named = Member("e3", (), {"jira": ("acc-1", "acc-2"), "salesforce": ("u1",)})
    refresh(ANA, named, accounts=[Account("acc-1", None), Account("acc-2", "ana@example.com")])
    found = people()
    assert [found.employee("jira", name) for name in ("acc-1", "acc-2")] == ["e3", "e3"]
    assert found.employee("salesforce", "u1") == "e3"
