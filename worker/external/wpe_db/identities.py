"""Who is known? ``etl_identities``: the memory of accounts and the employees behind them."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import batched
from typing import Final

from worker.external.wpe_db.connect import Connection, Warehouse
from worker.external.wpe_db.statements import compose
from worker.models.identity import FrozenPeople, Identity, Pseudonyms

_ROWS_A_STATEMENT: Final = 5000


def read_people(warehouse: Warehouse, pseudonyms: Pseudonyms) -> FrozenPeople:
    """Everybody who is known now, as the look-ups of a transform."""
    with warehouse.session() as conn, conn.transaction():
        return FrozenPeople(_read_known(conn), pseudonyms)


def identities_changed_at(conn: Connection) -> datetime | None:
    """When somebody last became known; None when nobody is. People read after it are still right."""
    row = conn.execute(compose("identities_changed_at", conn.schema)).fetchone()
    return row[0] if row is not None and isinstance(row[0], datetime) else None


def lock_identities(conn: Connection) -> None:
    """Let no one else write identities until this transaction ends."""
    conn.execute(compose("lock_identities", conn.schema))


def count_identities(conn: Connection, system: str) -> int:
    """How many accounts of *system* were found when it was last read."""
    row = conn.execute(compose("count_identities", conn.schema), {"system": system}).fetchone()
    return row[0] if row is not None and isinstance(row[0], int) else 0


def read_recent_systems(conn: Connection) -> set[str]:
    """The systems of which accounts were found when the directory was last read."""
    return {str(system) for (system,) in conn.execute(compose("recent_systems", conn.schema))}


def read_employees(conn: Connection, system: str, accounts: Iterable[str]) -> dict[str, str]:
    """The employees that are remembered for those of the (stored) *accounts* of *system* that are known."""
    known: dict[str, str] = {}
    for part in batched(accounts, _ROWS_A_STATEMENT):
        rows = conn.execute(
            compose("known_employees", conn.schema), {"system": system, "accounts": list(part)}
        )
        known |= {str(account): str(employee_id) for account, employee_id in rows}
    return known


def write_identities(conn: Connection, identities: Iterable[Identity]) -> int:
    """Remember *identities* (each account once) and answer how many people became known.

    An employee id once known is never taken away or exchanged. Who writes beside others holds
    lock_identities, so that the order of the accounts does not matter.
    """
    became_known = 0
    for part in batched(identities, _ROWS_A_STATEMENT):
        rows = conn.execute(
            compose("write_identities", conn.schema),
            {
                "systems": [identity.system for identity in part],
                "accounts": [identity.account for identity in part],
                "employee_ids": [identity.employee_id for identity in part],
                "pseudonyms": [identity.pseudonym for identity in part],
            },
        )
        became_known += sum(bool(row[0]) for row in rows)
    return became_known


def _read_known(conn: Connection) -> Iterator[tuple[str, str, str]]:
    # A cursor on the server: the client would hold all rows beside the look-ups made of them.
    with conn.cursor(name="identities") as cursor:
        cursor.itersize = _ROWS_A_STATEMENT
        cursor.execute(compose("read_identities", conn.schema))
        for system, account, employee_id in cursor:
            yield str(system), str(account), str(employee_id)
