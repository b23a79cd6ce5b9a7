"""Change a table that others use: wait for its lock in short tries with long pauses, and say for whom.

Who waits for a table's lock holds up everybody who comes after, readers too. So a try is short and the pauses
are long: others lose less than a twentieth of their time, however long somebody keeps the table.
"""

import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

import structlog
from psycopg import errors, sql

from temporaletl.errors import TemporalETLError
from worker.external.wpe_db.connect import Connection, Warehouse
from worker.external.wpe_db.statements import read_sql

TRY_S: Final = 0.2
"""How long a try waits for locks."""

FIRST_PAUSE_S: Final = 4.0
LONGEST_PAUSE_S: Final = 30.0

_LOOK_AFTER_S: Final = TRY_S / 2
_LOOK_AGAIN_S: Final = 60.0

_log = structlog.get_logger(__name__)


def change_table(warehouse: Warehouse, conn: Connection, what: str, statement: sql.Composed) -> None:
    """Run *statement* in a transaction of its own, as often as it takes until its locks are free."""
    conn.execute("SELECT set_config('lock_timeout', %s, false)", (f"{TRY_S * 1000:.0f}ms",))
    pause_s = FIRST_PAUSE_S
    while True:
        try:
            with _naming_blockers(warehouse, conn, what), conn.transaction():
                conn.execute(statement)
        except (errors.LockNotAvailable, errors.DeadlockDetected) as error:
            # Several workers, or tables, must not try in step.
            wait_s = pause_s * random.uniform(1, 1.5)  # noqa: S311  it keeps no secret
            _log.info(
                "schema change waits", what=what, reason=type(error).__name__, retry_in_s=round(wait_s, 1)
            )
            time.sleep(wait_s)
            pause_s = min(pause_s * 1.5, LONGEST_PAUSE_S)
        else:
            return


def change_concurrently(warehouse: Warehouse, conn: Connection, what: str, statement: sql.Composed) -> None:
    """Run *statement*, which holds up neither readers nor loads while it waits, outside a transaction.

    It waits for older transactions to end and may take hours on a large table: one that is cut off would
    begin again at every start.
    """
    conn.execute("SELECT set_config('lock_timeout', '0', false), set_config('statement_timeout', '0', false)")
    with _naming_blockers(warehouse, conn, what):
        conn.execute(statement)


@contextmanager
def _naming_blockers(warehouse: Warehouse, conn: Connection, what: str) -> Iterator[None]:
    """Log whom *conn* waits for during the block, looked at by another session."""
    over, pid = threading.Event(), conn.info.backend_pid

    def watch() -> None:
        pause_s = _LOOK_AFTER_S
        while not over.wait(pause_s):
            with suppress(TemporalETLError):
                _log_blockers(warehouse, pid, what)
            pause_s = _LOOK_AGAIN_S

    # Nobody waits for it: it may have to wait for a session.
    threading.Thread(target=watch, name="etl-schema-watch", daemon=True).start()
    try:
        yield
    finally:
        over.set()


def _log_blockers(warehouse: Warehouse, pid: int, what: str) -> None:
    with warehouse.session("etl-schema-watch") as conn:
        blockers = conn.execute(read_sql("blockers"), {"pid": pid}).fetchall()
    for blocker, name, state, since in blockers:
        _log.warning(
            "a schema change waits until another session ends its transaction",
            what=what,
            session=blocker,
            application_name=name,
            state=state,
            since=since,
        )
