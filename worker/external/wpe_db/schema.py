"""Is everything there that the loader needs? Compares the catalogue and makes only what is missing.

Several workers may start at once, beside open loads and readers that hold a table: so nothing is
issued that is there already, each statement has a transaction of its own and a short lock time-out,
and an advisory lock that is polled for lets one of them do the work.
"""

import time
from collections.abc import Iterable

import structlog
from psycopg import errors, sql

from temporaletl.contract import events_table
from temporaletl.errors import ConfigurationError, TransientError
from worker.external.wpe_db.catalogue import read_catalogue
from worker.external.wpe_db.connect import Connection, Warehouse
from worker.external.wpe_db.failures import describe
from worker.external.wpe_db.layout import SHARED_TABLES, Step, missing_steps
from worker.external.wpe_db.statements import read_sql

LOCK_WAIT_S = 60.0
"""How long a start waits for another that is at work on the schema."""

ATTEMPTS = 15
"""How often a statement is tried that waited 2 s for a lock in vain."""

_log = structlog.get_logger(__name__)


def ensure_schema(warehouse: Warehouse, sources: Iterable[str]) -> None:
    """Make the shared tables and those of every one of *sources*, as far as they are missing.

    A table of the earlier layout gets columns, triggers and indexes; nothing is rewritten, `id` keeps
    its type, views stay. Raises ConfigurationError with the statement to run where a privilege is
    missing, TransientError where locks were not free in time.
    """
    wanted = sorted(set(sources))
    with warehouse.session("etl-schema") as conn:
        if _missing(conn, warehouse.schema, wanted):
            try:
                _take_turn(conn, warehouse.schema)
                for step in _missing(conn, warehouse.schema, wanted):
                    _issue(conn, step, warehouse.schema)
            finally:
                # Ends the advisory lock with the session, and its short lock time-out too.
                conn.close()
    with warehouse.session() as conn:
        _check_privileges(conn, warehouse.schema, wanted)


def _missing(conn: Connection, schema: str, sources: Iterable[str]) -> list[Step]:
    return list(missing_steps(read_catalogue(conn, schema), schema, sources))


def _take_turn(conn: Connection, schema: str) -> None:
    deadline = time.monotonic() + LOCK_WAIT_S
    while True:
        row = conn.execute(
            "SELECT pg_try_advisory_lock(hashtext('temporaletl'), hashtext(%s))", (schema,)
        ).fetchone()
        if row is not None and row[0]:
            return
        if time.monotonic() > deadline:
            raise TransientError(
                f"another process works on schema {schema} of the warehouse since {LOCK_WAIT_S:g} s"
            )
        time.sleep(0.1)


def _issue(conn: Connection, step: Step, schema: str) -> None:
    # An index built concurrently blocks nobody while it waits for older transactions to end, and may take
    # hours on a large table: one that is cut off would begin again at every start.
    conn.execute("SELECT set_config('lock_timeout', %s, false)", ("60s" if step.concurrently else "2s",))
    if step.concurrently:
        conn.execute("SELECT set_config('statement_timeout', '0', false)")
    for attempt in range(1, ATTEMPTS + 1):
        try:
            if step.concurrently:
                conn.execute(step.statement)
            else:
                with conn.transaction():
                    conn.execute(step.statement)
        except errors.InsufficientPrivilege as error:
            text = describe(error)
            error.args = (text,)
            raise ConfigurationError(_refusal(conn, step, schema, text)) from error
        except (errors.LockNotAvailable, errors.DeadlockDetected) as error:
            _log.info("schema change waits", what=step.what, attempt=attempt, reason=type(error).__name__)
            if attempt == ATTEMPTS or step.concurrently:
                raise
        else:
            _log.info("schema changed", what=step.what, schema=schema)
            return


def _refusal(conn: Connection, step: Step, schema: str, text: str) -> str:
    role, database = sql.Identifier(conn.info.user), sql.Identifier(conn.info.dbname)
    statement = " ".join(step.statement.as_string(conn).split())
    if statement.startswith("CREATE SCHEMA"):
        need, grant = (
            "CREATE on the database",
            sql.SQL("GRANT CREATE ON DATABASE {} TO {}").format(database, role),
        )
    elif "must be owner" in text or "permission denied for table" in text:
        need, grant = "ownership of the table", None
    else:
        need = f"USAGE, CREATE on schema {schema}"
        grant = sql.SQL("GRANT USAGE, CREATE ON SCHEMA {} TO {}").format(sql.Identifier(schema), role)
    advice = f"run as its owner: {statement};"
    if grant is not None:
        advice = f"run as an administrator: {grant.as_string(conn)};"
    return f"cannot make {step.what} in the warehouse: the role {conn.info.user} lacks {need}; {advice}"


def _check_privileges(conn: Connection, schema: str, sources: list[str]) -> None:
    """Say now, with the statement, what a load would fail on later."""
    tables = [*SHARED_TABLES, *map(events_table, sources)]
    lacking = conn.execute(read_sql("privileges"), {"schema": schema, "tables": tables}).fetchall()
    if lacking:
        grants = " ".join(str(grant) for _what, grant in lacking)
        what = ", ".join(str(what) for what, _grant in lacking)
        raise ConfigurationError(
            f"the role {conn.info.user} lacks privileges in the warehouse: {what}; "
            f"run as an administrator: {grants}"
        )
