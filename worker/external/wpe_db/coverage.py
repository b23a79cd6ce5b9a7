"""From when on does a job have to look? ``etl_coverage``, one row a slice of a source (a member, say)."""

from datetime import date

from temporaletl.contract import BEGINNING
from worker.external.wpe_db.connect import Connection
from worker.external.wpe_db.statements import compose


def read_coverage(conn: Connection, run: int, coverage: str) -> date | None:
    """The UTC day from which job *run* has to look so that its slice has no gap.

    BEGINNING where the slice never was covered; None where the job's window was over when it began: such
    a window is taken as given.
    """
    asked = {"run": run, "slice": coverage, "beginning": BEGINNING}
    row = conn.execute(compose("read_coverage", conn.schema), asked).fetchone()
    return row[0] if row is not None and isinstance(row[0], date) else None


def advance_coverage(conn: Connection, run: int, coverage: str) -> None:
    """The slice is covered up to when job *run*, which has been completed, began; it never goes back."""
    conn.execute(compose("advance_coverage", conn.schema), {"run": run, "slice": coverage})
