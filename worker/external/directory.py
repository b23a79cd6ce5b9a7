"""Which employee is behind an account? The directory and the systems' accounts, brought together.

What is read here reaches a transform only through ``etl_identities``.
"""

from collections import Counter
from collections.abc import Collection
from typing import Final

from temporaletl.connections import Connections
from temporaletl.directory.connect import connect_directory
from temporaletl.directory.members import Directory
from temporaletl.errors import TransientError
from temporaletl.settings import IdentitySettings
from worker.external.accounts import ACCOUNT_FEEDS, AccountFeed, choose_feeds
from worker.external.wpe_db.connect import Warehouse
from worker.external.wpe_db.identities import (
    count_identities,
    lock_identities,
    read_employees,
    read_recent_systems,
    write_identities,
)
from worker.models.identity import EMAIL, Identity, Pseudonyms

A_FEW: Final = 5
"""Fewer accounts of a system than these may all vanish: whoever had them left."""


def refresh_identities(
    warehouse: Warehouse,
    connections: Connections,
    settings: IdentitySettings,
    *,
    directory: Directory | None = None,
    feeds: Collection[AccountFeed] = ACCOUNT_FEEDS,
    source: str | None = None,
) -> int:
    """Bring ``etl_identities`` up to date and answer how many people became known.

    Reads the directory (the configured one, unless another is given) and the configured feeds, of
    *source* alone where it is named: no source has to wait for another one's system. Writes all of it
    or nothing. Raises ConfigurationError without a directory, and TransientError when a
    system cannot be read, is empty, or lost more than DIRECTORY_MAX_SHRINK of its accounts since it
    was last read: that is an incident upstream, never a reason to make people unknown.
    An account belongs to whom its address is remembered for, and only else to whom the directory names
    today: documents know the address by what is remembered, and both have to give the same person.
    """
    if directory is None:
        directory = connect_directory(connections)
    pseudonyms = Pseudonyms.read(settings)
    found = dict(_read_directory(directory, pseudonyms))
    claimed: _Claimed = {}
    read = [feed for feed in choose_feeds(feeds, connections) if source in (None, feed.system)]
    for feed in read:
        claimed |= _read_feed(feed, connections, pseudonyms)
    # What the directory names of a system is no sign that it lost the rest, which its feed gives: at
    # another time, in another process, or in former days.
    unread = {feed.system for feed in feeds} - {feed.system for feed in read}
    with warehouse.session() as conn, conn.transaction():
        lock_identities(conn)
        addresses = {address for _, claims in claimed.values() for address in claims}
        remembered = read_employees(conn, EMAIL, sorted(addresses))
        # What the directory itself says of an account is more than an address that it has there.
        found = _settle(claimed, _list_addresses(found) | remembered, pseudonyms) | found
        # People, not spellings: who has another address or account is not lost.
        people = {(system, one.employee_id or account) for (system, account), one in found.items()}
        by_system = Counter(system for system, _ in people)
        for system in sorted({EMAIL, *by_system, *read_recent_systems(conn)} - unread):
            former = count_identities(conn, system)
            _refuse_shrunk(system, by_system[system], former, settings.directory_max_shrink)
        return write_identities(conn, found.values())


type _Found = dict[tuple[str, str], Identity]

type _Claimed = dict[tuple[str, str], tuple[str, tuple[str, ...]]]
"""System and stored account to its pseudonym and those of the addresses it gives."""


def _read_directory(directory: Directory, pseudonyms: Pseudonyms) -> _Found:
    found: _Found = {}
    # Two people with one address: the active one, else who is no test user, else the one hired first.
    for member in sorted(
        directory.read_members(),
        key=lambda member: (not member.active, member.is_test, member.employee_id),
    ):
        employee_id = pseudonyms.hide(member.employee_id)
        for name in map(pseudonyms.of_address, member.addresses):
            found.setdefault((EMAIL, name), Identity(EMAIL, name, employee_id, name))
        for system, accounts in member.accounts.items():
            for account in accounts:
                stored = pseudonyms.stored_account(system, account)
                name = pseudonyms.of_account(system, account)
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
    if system != EMAIL and former < A_FEW:
        return
    if system == EMAIL and count == 0:
        raise TransientError(
            f"{name} went from {former} to 0, an empty answer: nothing is written; check the system, and"
            " that our user may see its records"
        )
    if count < former * (1 - max_shrink):
        raise TransientError(
            f"{name} went from {former} to {count}: nothing is written; check the system, or raise"
            f" DIRECTORY_MAX_SHRINK (now {max_shrink:g}) for a day, if that is right"
        )
