"""Who loses by a merge? A hash in the ledger never outlives the rows that it vouches for."""

from collections.abc import Mapping
from typing import Any, cast

from psycopg import sql
from psycopg.errors import LockNotAvailable

from worker.external.wpe_db.connect import Connection
from worker.external.wpe_db.statements import compose


class HoldersBusyError(Exception):
    """Another load has the ledger rows of *holders*: begin again, with these among the first locks."""

    def __init__(self, holders: frozenset[str]) -> None:
        super().__init__(f"{len(holders)} documents that hold claimed rows are being loaded")
        self.holders = holders


def settle_claims(conn: Connection, source: str, may_move: sql.Composable, asked: Mapping[str, Any]) -> None:
    """Clear the hashes of documents that lose a row to others, or whose claim to one is refused.

    The claimed rows are locked. Ledger rows come before event rows and in the order of their ids, so
    those of holders are never waited for here: raises HoldersBusyError where another load has one.
    """
    found = conn.execute(compose("find_holders", conn.schema, source)).fetchall()
    holders = frozenset(cast(str, name) for (name,) in found)
    try:
        conn.execute(compose("lock_holders", conn.schema, source), {"holders": list(holders)})
    except LockNotAvailable as error:
        raise HoldersBusyError(holders) from error
    conn.execute(compose("forget_hashes", conn.schema, source, may_move=may_move), asked)
