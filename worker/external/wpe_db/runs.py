"""The run log: one row of ``etl_runs`` for each run of a workflow."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, cast

from psycopg import sql
from psycopg.types.json import Jsonb

from temporaletl.addresses import bound_text
from temporaletl.contract import ETLInput, Window
from temporaletl.errors import TransientError
from worker.external.wpe_db.connect import Connection
from worker.external.wpe_db.staging import drop_blocks
from worker.external.wpe_db.statements import compose, list_names

MAX_ERROR_CHARS: Final = 4000
RUNS_ASKED_FOR: Final = 500


def open_run(
    conn: Connection,
    *,
    kind: str,
    workflow_id: str,
    workflow_run_id: str,
    source_kind_id: str,
    job_id: str | None = None,
    query: ETLInput | None = None,
    version: str | None = None,
    specific_version: str | None = None,
    window: Window | None = None,
    namespace: str | None = None,
) -> int:
    """The id of the run's row: made the first time, the same one for every later delivery."""
    said = {
        "kind": kind,
        "source_kind_id": source_kind_id,
        "workflow_id": workflow_id,
        "workflow_run_id": workflow_run_id,
        "job_id": job_id,
        "query_type": None if query is None else query.query_type,
        "args": None if query is None else Jsonb(query.args),
        "version": version,
        "specific_version": specific_version,
        "date_start": None if window is None else window.date_start,
        "date_end": None if window is None else window.date_end,
        "namespace": namespace,
    }
    present = conn.choose_present("etl_runs", said)
    values = sql.SQL(", ").join(map(sql.Placeholder, present))
    statement = compose("open_run", conn.schema, columns=list_names(present), values=values)
    row = conn.execute(statement, said).fetchone()
    if row is None or not isinstance(row[0], int):
        raise TransientError("the warehouse did not number the run")
    return row[0]


def finish_run(
    conn: Connection,
    *,
    run: int,
    status: str,
    counts: Mapping[str, object],
    error: str | None = None,
) -> None:
    """Write how run *run* ended and when. *error* is cut, and e-mail addresses in it are masked."""
    conn.execute(
        compose("finish_run", conn.schema),
        {"run": run, "status": status, "counts": Jsonb(dict(counts)), "error": clean_error(error)},
    )


def end_silent_runs(
    conn: Connection, *, workflow_id: str, workflow_run_id: str, others_before: datetime | None = None
) -> int:
    """End what Temporal has ended without a word of its own (an operator terminated it); drop its blocks.

    The workflow's run *workflow_run_id*, or with *others_before* every run but that one that was opened
    earlier: a workflow id has one open run at a time. Answers how many rows were open until now.
    """
    asked = {"workflow_id": workflow_id, "workflow_run_id": workflow_run_id, "before": others_before}
    with conn.transaction():
        ended = conn.execute(compose("end_silent_runs", conn.schema), asked).fetchall()
        for (run,) in ended:
            drop_blocks(conn, cast(int, run))
    return len(ended)


@dataclass(frozen=True, slots=True)
class RunningRun:
    """A run that is not closed.

    Attributes:
        id: its number.
        workflow_id: its workflow.
        workflow_run_id: the first run of its workflow.
        is_ours: whether it is known to be of our namespace of Temporal.
        is_old: whether it was opened more than a day ago, the shortest time for which Temporal keeps a
            workflow that has ended.
    """

    id: int
    workflow_id: str
    workflow_run_id: str
    is_ours: bool
    is_old: bool


def running_runs(
    conn: Connection, source: str, *, namespace: str, workflow_id: str, workflow_run_id: str
) -> list[RunningRun]:
    """At most RUNS_ASKED_FOR runs and jobs of *source* that are not closed, the oldest first.

    Those of other namespaces are left out, and so is the run *workflow_run_id* that asks.
    """
    asked = {
        "source": source,
        "namespace": namespace,
        "workflow_id": workflow_id,
        "workflow_run_id": workflow_run_id,
        "limit": RUNS_ASKED_FOR,
    }
    rows = conn.execute(compose("running_runs", conn.schema), asked).fetchall()
    return [RunningRun(*cast(tuple[int, str, str, bool, bool], row)) for row in rows]


def end_run(conn: Connection, run: int, *, status: str, error: str) -> None:
    """Close run *run*, which Temporal says is over, unless it is closed; drop its blocks."""
    with conn.transaction():
        said = {"run": run, "status": status, "error": clean_error(error)}
        if conn.execute(compose("end_run", conn.schema), said).rowcount:
            drop_blocks(conn, run)


def clean_error(error: str | None) -> str | None:
    """The text of an error as the ledger keeps it: bounded, storable and without addresses."""
    if error is None:
        return None
    text = error.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()
    return bound_text(text, MAX_ERROR_CHARS)
