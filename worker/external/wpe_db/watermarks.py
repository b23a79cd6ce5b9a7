"""Until when is a source covered? ``etl_watermarks``, one row a source, which never goes back."""

from datetime import datetime

from worker.external.wpe_db.connect import Connection
from worker.external.wpe_db.statements import compose


def covered_until(conn: Connection, source: str) -> datetime | None:
    """The moment (aware) up to which every change was fetched; None before the first whole run."""
    row = conn.execute(compose("read_watermark", conn.schema), {"source": source}).fetchone()
    return row[0] if row is not None and isinstance(row[0], datetime) else None


def advance_watermark(conn: Connection, source: str, moment: datetime, run: int) -> None:
    """Run *run* moves the watermark of *source* forward to *moment*; an earlier moment changes nothing."""
    conn.execute(
        compose("advance_watermark", conn.schema), {"source": source, "covered_until": moment, "run": run}
    )
