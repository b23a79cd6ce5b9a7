"""How are rejects written? Each once, with how often and when it was last seen.

A reject whose document was read well since it was last seen is over: the same one later is a new one,
and counts its sightings anew.
"""

from collections.abc import Collection
from typing import cast

from worker.external.wpe_db.connect import Connection
from worker.external.wpe_db.statements import compose
from worker.models.batch import Ledger


def find_settled(conn: Connection, ledger: Ledger) -> list[str]:
    """The digests of those of the batch's rejects that were seen before, and are over.

    It has to be asked before the batch moves the ledger of documents.
    """
    if not ledger.rejects:
        return []
    asked = {"source": ledger.source_kind_id, "digests": [reject.digest for reject in ledger.rejects]}
    return [cast(str, row[0]) for row in conn.execute(compose("settled_rejects", conn.schema), asked)]


def write_rejects(conn: Connection, ledger: Ledger, settled: Collection[str], *, run: int) -> int:
    """Remember the batch's rejects, in the order of their keys; answer how many are new ones.

    *settled* is what find_settled answered.
    """
    if not ledger.rejects:
        return 0
    written = conn.execute(
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
            "settled": list(settled),
        },
    )
    return sum(row == (True,) for row in written)
