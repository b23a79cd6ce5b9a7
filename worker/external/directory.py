"""Which employee is behind an account? The directory and the systems' accounts, brought together.

What is read here reaches a transform only through ``etl_identities``.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

from pydantic_settings import BaseSettings

from temporaletl.connections import Connections
from temporaletl.errors import ConfigurationError, TransientError
from temporaletl.salesforce import Record, connect_salesforce
from temporaletl.settings import IdentitySettings, SalesforceSettings, TrinoSettings
from temporaletl.trino import ask, connect_trino, read_statement
from worker.external.wpe_db.connect import Warehouse
from worker.external.wpe_db.identities import (
    count_identities,
    lock_identities,
    read_employees,
    write_identities,
)
from worker.models.identity import EMAIL, Identity, Pseudonyms, normalise_address

_ACTIVE: Final = "Active Employee"


@dataclass(frozen=True, slots=True)
class Member:
    """One person of the directory. *accounts*: system to account, where the directory knows it."""

    employee_id: str
    address: str | None
    active: bool = True
    accounts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Account:
    """One account of a system, and the e-mail address it gives where it gives one."""

    account: str
    address: str | None


class Directory(Protocol):
    """Where people and their employee ids come from."""

    def read_members(self) -> Iterator[Member]:
        """Everyone who has or had an employee id."""


@dataclass(frozen=True, slots=True)
class AccountFeed:
    """How the accounts of *system* are read, where the settings it *needs* are configured."""

    system: str
    needs: tuple[type[BaseSettings], ...]
    read: Callable[[Connections], Iterator[Account]]


class SalesforceDirectory:
    """The directory in Salesforce: object Team_Member."""

    def __init__(self, connections: Connections) -> None:
        self._salesforce = connect_salesforce(connections)

    def read_members(self) -> Iterator[Member]:
        """Everyone with a Unique_Id, page by page. Raises as Salesforce.ask does."""
        for record in self._salesforce.ask(read_statement("worker.external", "sql/team_members.soql")):
            yield _read_member(record)


def read_jira_accounts(connections: Connections) -> Iterator[Account]:
    """The accounts of jira.users with their addresses, which are often absent. Raises as ask does."""
    connection = connect_trino(connections)
    for account, address in ask(connection, read_statement("worker.external", "sql/jira_users.sql")):
        yield Account(str(account), _read_address(address))


ACCOUNT_FEEDS: Final = (AccountFeed("jira", (TrinoSettings,), read_jira_accounts),)


def refresh_identities(
    warehouse: Warehouse,
    connections: Connections,
    settings: IdentitySettings,
    *,
    directory: Directory | None = None,
    feeds: Iterable[AccountFeed] = ACCOUNT_FEEDS,
) -> int:
    """Bring ``etl_identities`` up to date and answer how many people became known.

    Reads the directory (Salesforce, unless another is given) and every feed that is configured; writes
    all of it or nothing. Raises ConfigurationError without a directory, and TransientError when a
    system cannot be read, is empty, or lost more than DIRECTORY_MAX_SHRINK of its accounts since it
    was last read: that is an incident upstream, never a reason to make people unknown.
    An account belongs to whom its address is remembered for, and only else to whom the directory names
    today: documents know the address by what is remembered, and both have to give the same person.
    """
    if directory is None:
        connections.settings(SalesforceSettings)
        directory = SalesforceDirectory(connections)
    pseudonyms = Pseudonyms.read(settings)
    found = dict(_read_directory(directory, pseudonyms))
    claimed: _Claimed = {}
    for feed in feeds:
        if _is_configured(feed, connections):
            claimed |= _read_feed(feed, connections, pseudonyms)
    by_system: dict[str, int] = {EMAIL: 0}
    for system, _ in found.keys() | claimed.keys():
        by_system[system] = by_system.get(system, 0) + 1
    with warehouse.session() as conn, conn.transaction():
        lock_identities(conn)
        addresses = {address for _, claims in claimed.values() for address in claims}
        remembered = read_employees(conn, EMAIL, sorted(addresses))
        found |= _settle(claimed, _list_addresses(found) | remembered, pseudonyms)
        for system, count in sorted(by_system.items()):
            _refuse_shrunk(system, count, count_identities(conn, system), settings.directory_max_shrink)
        return write_identities(conn, (found[key] for key in sorted(found)))


type _Found = dict[tuple[str, str], Identity]

type _Claimed = dict[tuple[str, str], tuple[str, tuple[str, ...]]]
"""System and stored account to its pseudonym and those of the addresses it gives."""


def _read_directory(directory: Directory, pseudonyms: Pseudonyms) -> _Found:
    found: _Found = {}
    # Two people with one address: the active one, else the one hired first.
    for member in sorted(
        directory.read_members(), key=lambda member: (not member.active, member.employee_id)
    ):
        accounts = dict(member.accounts)
        if member.address:
            accounts[EMAIL] = pseudonyms.of_address(member.address)
        employee_id = pseudonyms.hide(member.employee_id)
        for system, account in accounts.items():
            name = account if system == EMAIL else pseudonyms.of_account(system, account)
            stored = account if system == EMAIL else pseudonyms.stored_account(system, account)
            found.setdefault((system, stored), Identity(system, stored, employee_id, name))
    return found


def _read_feed(feed: AccountFeed, connections: Connections, pseudonyms: Pseudonyms) -> _Claimed:
    found: _Claimed = {}
    for entry in feed.read(connections):
        name = pseudonyms.of_account(feed.system, entry.account)
        key = (feed.system, pseudonyms.stored_account(feed.system, entry.account))
        claims = found[key][1] if key in found else ()
        if entry.address:
            claims = (*claims, pseudonyms.of_address(entry.address))
        found[key] = (name, claims)
    if not found:
        raise TransientError(
            f"{feed.system} has no accounts: its list of users is being rebuilt or out of our sight"
        )
    return found


def _list_addresses(found: _Found) -> dict[str, str]:
    return {
        account: identity.employee_id
        for (system, account), identity in found.items()
        if system == EMAIL and identity.employee_id is not None
    }


def _settle(claimed: _Claimed, employees: dict[str, str], pseudonyms: Pseudonyms) -> _Found:
    """Who is behind each account, given the *employees* behind the addresses."""
    settled: _Found = {}
    for (system, account), (name, claims) in claimed.items():
        # An account listed twice belongs to the same person whatever the order of the list.
        employee_id = min((employees[claim] for claim in claims if claim in employees), default=None)
        if employee_id is not None:
            employee_id = pseudonyms.hide(employee_id)
        settled[system, account] = Identity(system, account, employee_id, name)
    return settled


def _refuse_shrunk(system: str, count: int, former: int, max_shrink: float) -> None:
    name = "the directory's addresses" if system == EMAIL else f"the accounts of {system}"
    if count == 0:
        raise TransientError(
            f"{name} went from {former} to 0, an empty answer: nothing is written; check the system, and"
            " that our user may see its records"
        )
    if count < former * (1 - max_shrink):
        raise TransientError(
            f"{name} went from {former} to {count}: nothing is written; check the system, or raise"
            f" DIRECTORY_MAX_SHRINK (now {max_shrink:g}) for one run if that is right"
        )


def _is_configured(feed: AccountFeed, connections: Connections) -> bool:
    try:
        for model in feed.needs:
            connections.settings(model)
    except ConfigurationError:
        return False
    return True


def _read_member(record: Record) -> Member:
    launchpad = str(record.get("Launchpad_ID") or "").strip().lower()
    return Member(
        employee_id=str(record["Unique_Id"]),
        address=_read_address(record.get("Email")),
        active=record.get("Employment_Status") == _ACTIVE,
        accounts={"launchpad": launchpad} if launchpad else {},
    )


def _read_address(value: object) -> str | None:
    """An address that can be compared; None for what is none."""
    address = normalise_address(value) if isinstance(value, str) else ""
    local, at, domain = address.partition("@")
    return address if local and at and domain else None
