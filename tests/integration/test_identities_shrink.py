"""A directory or a list of accounts that shrank at once is not believed; one that shrinks slowly is."""

import pytest

from temporaletl.directory.members import Member
from temporaletl.errors import TransientError
from tests.integration.refreshing import ANA, BO, Refresh, age, read_all
from worker.external.accounts import Account
from worker.external.wpe_db.connect import Warehouse


@pytest.fixture
def refresh(warehouse: Warehouse) -> Refresh:
    return Refresh(warehouse)


@pytest.mark.parametrize(
    ("kept", "advice"),
    # Nobody at all is never right, however much it may shrink.
    [(0, "our user may see its records"), (7, "raise DIRECTORY_MAX_SHRINK")],
)
def test_a_directory_that_shrank_is_not_believed(
    refresh: Refresh, warehouse: Warehouse, kept: int, advice: str
) -> None:
    members = [Member(f"e{number}", (f"p{number}@example.com",)) for number in range(10)]
    refresh(*members)
    before = read_all(warehouse)
    with pytest.raises(TransientError, match="went from 10 to") as caught:
        refresh(*members[:kept], accounts=[Account("new", None)])
    assert advice in str(caught.value)
    assert read_all(warehouse) == before


def test_a_directory_may_shrink_a_little(refresh: Refresh) -> None:
    members = [Member(f"e{number}", (f"p{number}@example.com",)) for number in range(10)]
    refresh(*members)
    refresh(*members[:8])


def test_a_directory_may_shrink_a_little_every_day(refresh: Refresh, warehouse: Warehouse) -> None:
    members = [Member(f"e{n}", (f"p{n}@example.com", f"p{n}@example.org")) for n in range(10)]
    for kept in range(10, 5, -1):
        refresh(*members[:kept])
        age(warehouse)


def test_an_empty_directory_is_not_believed_at_the_first_time_either(refresh: Refresh) -> None:
    with pytest.raises(TransientError):
        refresh()


def test_an_empty_list_of_accounts_is_not_believed_at_the_first_time_either(
    refresh: Refresh, warehouse: Warehouse
) -> None:
    with pytest.raises(TransientError, match="jira has no accounts"):
        refresh(ANA, accounts=[])
    assert read_all(warehouse) == []


def test_accounts_that_shrank_are_not_believed(refresh: Refresh, warehouse: Warehouse) -> None:
    refresh(ANA, accounts=[Account(f"acc-{number}", None) for number in range(10)])
    before = read_all(warehouse)
    for accounts in ([], [Account("acc-1", None)]):
        with pytest.raises(TransientError, match="jira"):
            refresh(ANA, BO, accounts=accounts)
    assert read_all(warehouse) == before


def test_a_few_accounts_may_all_go(refresh: Refresh) -> None:
    accounts = [Account(f"acc-{number}", None) for number in range(4)]
    refresh(ANA, accounts=accounts)
    refresh(ANA, accounts=accounts[:1])
