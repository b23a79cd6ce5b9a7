"""Tell at a start which tables of ours loads cannot work on, or not for long, before a load fails there."""

from collections.abc import Iterable, Sequence
from typing import Final, cast

from temporaletl.contract import events_table
from temporaletl.errors import ConfigurationError
from temporaletl.findings import Finding
from worker.external.wpe_db.connect import Connection
from worker.external.wpe_db.failures import bypass_hint
from worker.external.wpe_db.statements import history_table, read_sql

_NEARLY: Final = 0.9
"""The share of a table's numbers from which on somebody should act: it takes a lock and a rewrite."""


def check_tables(
    conn: Connection, schema: str, sources: Sequence[str], shared: Iterable[str]
) -> list[Finding]:
    """Return what somebody should look at in the tables of *sources*, and those that they share, if there.

    Raises ConfigurationError, with what to do, where loads could not work on them: they are no plain
    tables, hide rows from our role, or have no more numbers for rows.
    """
    asked = {
        "schema": schema,
        "events": [events_table(source) for source in sources],
        "others": [*map(history_table, sources), *shared],
    }
    for table, kind, hides in conn.execute(read_sql("unfit_tables"), asked).fetchall():
        if kind is not None:
            raise ConfigurationError(
                f"{schema}.{table} in the warehouse is {kind}, and loads need a plain table with one unique"
                " event_id: rename it and start a worker, which makes a table that you may copy the rows into"
            )
        if hides:
            raise ConfigurationError(
                f"row-level security of {schema}.{table} in the warehouse is active for the role"
                f" {conn.info.user}. {bypass_hint(conn.info.user)}"
            )
    return [
        finding
        for row in conn.execute(read_sql("row_numbers"), asked).fetchall()
        if (finding := _check_numbers(schema, *cast(tuple[str, str, int | None, int], row))) is not None
    ]


def _check_numbers(schema: str, table: str, statements: str, last: int | None, limit: int) -> Finding | None:
    if last is None or last < limit * _NEARLY:
        return None
    remedy = (
        f"Run as the table's owner, while no worker runs: {statements} It rewrites the table; a view that"
        " shows id has to be dropped before, and made again"
    )
    if last >= limit:
        raise ConfigurationError(
            f"{schema}.{table} in the warehouse has no more numbers for the id of a row ({limit}). {remedy}"
        )
    used = f"{last / limit:.0%}"
    return Finding(
        None, f"{schema}.{table} in the warehouse has used {used} of the numbers for the id of a row", remedy
    )
