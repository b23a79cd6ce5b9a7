"""How the tests refresh who is known, from a directory and accounts that they list."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import override

from pydantic import SecretStr

from temporaletl.connections import Connections
from temporaletl.directory.members import Directory, HolderPage, Member
from temporaletl.settings import IdentitySettings
from worker.external.accounts import Account, AccountFeed
from worker.external.directory import refresh_identities
from worker.external.wpe_db.connect import Warehouse

SETTINGS = IdentitySettings(_env_file=None, anonymisation_key=SecretStr("key"))

ANA = Member("e1", ("ana@example.com",), accounts={"launchpad": ("ana-lp",)})
BO = Member("e2", ("bo@example.com",))


@dataclass(frozen=True)
class Listed(Directory):
    """A directory that is a list."""

    members: Iterable[Member]

    @override
    def read_members(self) -> Iterator[Member]:
        yield from self.members

    @override
    def read_account_holders(
        self, system: str, after: str | None, limit: int, left_since: date
    ) -> HolderPage:
        raise AssertionError("identities are of everyone")


@dataclass(frozen=True)
class Refresh:
    """Refreshes one warehouse from these members and, of Jira, accounts; answers who became known."""

    warehouse: Warehouse

    def __call__(self, *members: Member, accounts: Iterable[Account] = (Account("acc-0", None),)) -> int:
        return refresh_identities(
            self.warehouse, Connections([]), SETTINGS, directory=Listed(members), feeds=[feed(*accounts)]
        )


def feed(*accounts: Account) -> AccountFeed:
    """The accounts that Jira lists."""
    return AccountFeed("jira", (), lambda _: iter(accounts))


def read_all(warehouse: Warehouse) -> list[tuple[object, ...]]:
    """All that is remembered of anybody."""
    with warehouse.session() as conn:
        return conn.execute(
            "SELECT system, account, employee_id, pseudonym, first_seen, last_seen, changed_at"
            " FROM analytics.etl_identities ORDER BY system, account"
        ).fetchall()


def age(warehouse: Warehouse) -> None:
    """Let what was seen have been seen a day earlier."""
    with warehouse.session() as conn:
        conn.execute("UPDATE analytics.etl_identities SET last_seen = last_seen - interval '25 hours'")
