"""How are rejects written? Each once, with how often and when it was last seen."""

from worker.external.wpe_db.connect import Connection
from worker.external.wpe_db.statements import compose
from worker.models.batch import Ledger


def write_rejects(conn: Connection, ledger: Ledger, *, run: int) -> None:
    """Remember the batch's rejects, in the order of their keys."""
    if not ledger.rejects:
        return
    conn.execute(
        compose("upsert_rejects", conn.schema),
        {
            "source": ledger.source_kind_id,
            "run": run,
            "digests": [reject.digest for reject in ledger.rejects],
            "documents": [reject.document_id for reject in ledger.rejects],
            "events": [reject.event_id for reject in ledger.rejects],
            "stages": [reject.stage for reject in ledger.rejects],
            "reasons": [reject.reason for reject in ledger.rejects],
            "fragments": [reject.fragment for reject in ledger.rejects],
        },
    )
