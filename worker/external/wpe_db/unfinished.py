"""What did earlier runs leave to do? Jobs that failed, and documents to be read again."""

from datetime import timedelta
from typing import Final

from psycopg.types.json import Jsonb

from temporaletl.contract import ETLInput, Unfinished
from worker.external.wpe_db.connect import Connection
from worker.external.wpe_db.runs import clean_error
from worker.external.wpe_db.statements import compose

MAX_ATTEMPTS: Final = 5
"""A job that failed as often is only reported."""

MAX_REJECTIONS: Final = 20
"""A document that was rejected as often is not asked for by its id any more."""

ASKED_FOR: Final = timedelta(days=90)
"""So long after its last rejection it is: one that is gone upstream is never rejected again."""

NAMED_EXHAUSTED: Final = 20


def note_unfinished(conn: Connection, note: Unfinished) -> None:
    """Remember a job that did not finish: one attempt a run, however often the note is delivered."""
    conn.execute(
        compose("note_unfinished", conn.schema),
        {
            "source": note.source_kind_id,
            "job_id": note.job.job_id,
            "input": Jsonb(note.job.model_dump(mode="json")),
            "run": note.run,
            "attempts": int(note.counts_as_attempt),
            "error": clean_error(note.error),
        },
    )


def take_attempts_back(conn: Connection, source: str, run: int) -> None:
    """Count no attempt of run *run*, which is not closed yet, against the jobs that it noted."""
    conn.execute(compose("take_attempts_back", conn.schema), {"source": source, "run": run})


def forget_unfinished(conn: Connection, source: str, job_id: str) -> None:
    """The job is done: no later run asks for it."""
    conn.execute(compose("forget_unfinished", conn.schema), {"source": source, "job_id": job_id})


def unfinished_page(
    conn: Connection, source: str, after: str | None, limit: int, max_attempts: int = MAX_ATTEMPTS
) -> list[ETLInput]:
    """At most *limit* jobs to try again, by job id, after the job id *after*; fewer means the last page."""
    rows = conn.execute(
        compose("unfinished_page", conn.schema),
        {"source": source, "after": after or "", "limit": limit, "max_attempts": max_attempts},
    )
    return [ETLInput.model_validate(row[0]) for row in rows]


def exhausted_jobs(
    conn: Connection, source: str, limit: int = NAMED_EXHAUSTED, max_attempts: int = MAX_ATTEMPTS
) -> list[str]:
    """The ids of the jobs that are tried no more, the oldest first, at most *limit*."""
    rows = conn.execute(
        compose("exhausted_jobs", conn.schema),
        {"source": source, "limit": limit, "max_attempts": max_attempts},
    )
    return [str(row[0]) for row in rows]


def count_exhausted(conn: Connection, source: str, max_attempts: int = MAX_ATTEMPTS) -> int:
    """How many jobs are tried no more."""
    row = conn.execute(
        compose("count_exhausted", conn.schema), {"source": source, "max_attempts": max_attempts}
    ).fetchone()
    return row[0] if row is not None and isinstance(row[0], int) else 0


def reread_page(conn: Connection, source: str, after: str | None, limit: int) -> list[str]:
    """Ids of documents that earlier runs left to be read again, in order, after *after*.

    Those that name somebody unknown who is known by now, and those that were rejected whole and not read
    since, at most MAX_REJECTIONS times and for ASKED_FOR. At most *limit*; fewer means the last page.
    """
    asked = {
        "source": source,
        "after": after or "",
        "limit": limit,
        "patience": MAX_REJECTIONS,
        "asked_for": ASKED_FOR,
    }
    rows = conn.execute(compose("reread_page", conn.schema), asked)
    return [str(row[0]) for row in rows]
