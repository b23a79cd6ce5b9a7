"""Make what the loader needs and the warehouse lacks, as its catalogue tells.

Several workers may start at once, beside open loads and readers that hold a table: so nothing is
issued that is there already, each statement has a transaction of its own, and an advisory lock that is
polled for lets one of them do the work.
"""

import time
from collections.abc import Iterable, Sequence
from dataclasses import replace

import structlog
from psycopg import errors, sql

from temporaletl.contract import events_table
from temporaletl.errors import ConfigurationError, TransientError
from temporaletl.findings import Finding
from temporaletl.postgres import describe
from worker.external.wpe_db.catalogue import Catalogue, read_catalogue
from worker.external.wpe_db.columns import TODAY, Layout, is_optional
from worker.external.wpe_db.connect import Connection, Warehouse
from worker.external.wpe_db.fitness import check_tables
from worker.external.wpe_db.layout import Step, absent_columns, missing_columns, missing_rest
from worker.external.wpe_db.statements import read_sql
from worker.external.wpe_db.waits import change_concurrently, change_table

LOCK_WAIT_S = 60.0
"""How long a start waits for another that is at work on the schema."""

_log = structlog.get_logger(__name__)


def ensure_schema(warehouse: Warehouse, sources: Iterable[str], layout: Layout = TODAY) -> list[Finding]:
    """Make the shared tables and those of every one of *sources*, as far as they are missing.

    A table of an earlier layout gets columns, triggers and indexes; nothing is rewritten, `id` keeps its
    type, views stay. Columns that loads can do without and that the role may not add are answered as
    findings, with the statement that the owner has to run; the warehouse's sessions know them as absent.

    Raises:
        ConfigurationError: a privilege is missing (with the statement to run), loads cannot work on a table
            that is there, or the warehouse has a layout that this worker is too old for.
        TransientError: another start is at work since LOCK_WAIT_S.
    """
    wanted = sorted(set(sources))
    findings: list[Finding] = []
    with warehouse.session("etl-schema") as conn:
        found = read_catalogue(conn, warehouse.schema)
        _refuse_newer_layout(found, warehouse.schema, layout)
        findings += check_tables(conn, warehouse.schema, wanted, layout.shared)
        phases = (missing_columns, missing_rest)
        if any(step for phase in phases for step in phase(found, warehouse.schema, wanted, layout)):
            try:
                _take_turn(conn, warehouse.schema)
                for phase in phases:
                    found = read_catalogue(conn, warehouse.schema)
                    for step in phase(found, warehouse.schema, wanted, layout):
                        findings += _issue(warehouse, conn, step)
                found = read_catalogue(conn, warehouse.schema)
            finally:
                # Ends the advisory lock with the session, and its short lock time-out too.
                conn.close()
    with warehouse.session() as conn:
        optional = {table for table, columns in layout.shared.items() if is_optional(columns)}
        needed = [*(table for table in layout.shared if table not in optional), *map(events_table, wanted)]
        lacking = _find_lacking(conn, warehouse.schema, needed)
        if lacking is not None:
            raise ConfigurationError(f"{lacking.finding}; {lacking.remedy}")
        lacking = _find_lacking(conn, warehouse.schema, sorted(optional))
        if lacking is not None:
            findings.append(replace(lacking, finding=f"{lacking.finding}; loads go on without it"))
    warehouse.absent = absent_columns(found, wanted, layout)
    return findings


def find_missing(
    conn: Connection, found: Catalogue, sources: Sequence[str], layout: Layout = TODAY
) -> list[str]:
    """Return what a start would make in the schema, and the privileges that the role lacks there.

    Raises ConfigurationError where the schema has a newer layout than *layout*.
    """
    if found.layout > layout.number:
        raise ConfigurationError(
            f"schema {conn.schema} of the warehouse has layout {found.layout}, and this worker knows layout"
            f" {layout.number}: ask a worker of the newer release"
        )
    missing = [
        step.what
        for phase in (missing_columns, missing_rest)
        for step in phase(found, conn.schema, sources, layout)
    ]
    lacking = _find_lacking(conn, conn.schema, [*layout.shared, *map(events_table, sources)])
    return missing if lacking is None else [*missing, lacking.finding]


def _refuse_newer_layout(found: Catalogue, schema: str, layout: Layout) -> None:
    if found.oldest_layout > layout.number:
        raise ConfigurationError(
            f"schema {schema} of the warehouse has layout {found.layout}, which workers from layout "
            f"{found.oldest_layout} on may load into; this worker knows layout {layout.number}: "
            "start a worker of the newer release instead"
        )


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


def _issue(warehouse: Warehouse, conn: Connection, step: Step) -> list[Finding]:
    """Run *step*. Answers what the role may not do and loads can do without."""
    change = change_concurrently if step.concurrently else change_table
    try:
        change(warehouse, conn, step.what, step.statement)
    except errors.InsufficientPrivilege as error:
        text = describe(error)
        error.args = (text,)
        need, remedy = _name_remedy(conn, step, warehouse.schema, text)
        finding = f"cannot make {step.what} in the warehouse: the role {conn.info.user} lacks {need}"
        if step.optional:
            return [Finding(None, f"{finding}; loads go on without it", remedy)]
        raise ConfigurationError(f"{finding}; {remedy}") from error
    _log.info("schema changed", what=step.what, schema=warehouse.schema)
    return []


def _name_remedy(conn: Connection, step: Step, schema: str, text: str) -> tuple[str, str]:
    """Answer what the role lacks for *step*, and what somebody has to run."""
    role, database = sql.Identifier(conn.info.user), sql.Identifier(conn.info.dbname)
    lines = step.statement.as_string(conn).splitlines()
    # On one line, a comment would swallow all that follows.
    statement = " ".join(" ".join(line for line in lines if not line.startswith("--")).split())
    if statement.startswith("CREATE SCHEMA"):
        need, grant = (
            "CREATE on the database",
            sql.SQL("GRANT CREATE ON DATABASE {} TO {}").format(database, role),
        )
    elif "must be owner" in text or "permission denied for table" in text:
        need, grant = "ownership of it", None
    else:
        need = f"USAGE, CREATE on schema {schema}"
        grant = sql.SQL("GRANT USAGE, CREATE ON SCHEMA {} TO {}").format(sql.Identifier(schema), role)
    advice = f"run as its owner: {statement};"
    if grant is not None:
        advice = f"run as an administrator: {grant.as_string(conn)};"
    return need, advice


def _find_lacking(conn: Connection, schema: str, tables: list[str]) -> Finding | None:
    """Answer the privileges on *tables* that the role lacks, with the statements that grant them."""
    lacking = conn.execute(read_sql("privileges"), {"schema": schema, "tables": tables}).fetchall()
    if not lacking:
        return None
    what = ", ".join(str(what) for what, _grant in lacking)
    grants = " ".join(str(grant) for _what, grant in lacking)
    finding = f"the role {conn.info.user} lacks privileges in the warehouse: {what}"
    return Finding(None, finding, f"run as an administrator: {grants}")
