"""Which documents of a batch are news? The ledger of documents decides, and moves forward."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, cast

from worker.external.wpe_db.connect import Connection
from worker.external.wpe_db.statements import compose
from worker.models.batch import Ledger, LedgerEntry


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the ledger said to each document of a batch, by position.

    *new* are those of the *changed* that it had not known; *stale* ones were read before what it holds.
    """

    changed: Collection[int]
    new: Collection[int]
    stale: Collection[int]
    unchanged: Collection[int]


def advance_ledger(conn: Connection, ledger: Ledger, *, block_id: str, run: int) -> Verdict:
    """Move the ledger forward to what the batch says, where the batch is not older.

    A look without a lock finds the documents that are just as the ledger has them, usually all; only
    the others are written, in the order of their ids.
    """
    every = range(len(ledger.entries))
    if not ledger.entries:
        return Verdict((), (), (), ())
    asked = {"source": ledger.source_kind_id, **_arrays(ledger.entries)}
    looked = conn.execute(compose("look_up_documents", conn.schema), asked).fetchall()
    different = {cast(int, at): bool(older) for at, older in looked}
    moving = [at for at in sorted(different) if not different[at]]
    changed: set[int] = set()
    new: set[int] = set()
    written: set[int] = set()
    if moving:
        entries = [ledger.entries[at] for at in moving]
        positions = {ledger.entries[at].document_id: at for at in moving}
        asked |= _arrays(entries) | {"block_id": block_id, "run": run}
        asked["event_counts"] = [entry.event_count for entry in entries]
        for name, is_new, is_changed in conn.execute(compose("upsert_documents", conn.schema), asked):
            at = positions[cast(str, name)]
            written.add(at)
            if is_changed:
                changed.add(at)
            if is_new:
                new.add(at)
    stale = set(different) - written
    return Verdict(changed, new, stale, set(every) - changed - stale)


def _arrays(entries: Sequence[LedgerEntry]) -> dict[str, Any]:
    return {
        "ids": [entry.document_id for entry in entries],
        "updated": [entry.upstream_updated for entry in entries],
        "extracted": [entry.extracted_at for entry in entries],
        "hashes": [entry.hash for entry in entries],
        "versions": [entry.version for entry in entries],
        "specific_versions": [entry.specific_version for entry in entries],
        "unknown": [_array_text(entry.unknown) for entry in entries],
        "deleted": [entry.deleted for entry in entries],
    }


def _array_text(items: Sequence[str]) -> str:
    """An array as PostgreSQL spells it: arrays of different length fit no array of arrays."""
    if not items:
        return "{}"
    quoted = (item.replace("\\", "\\\\").replace('"', '\\"') for item in items)
    return '{"' + '","'.join(quoted) + '"}'
