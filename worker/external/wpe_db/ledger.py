"""Which documents of a batch are news? The ledger of documents decides, and moves forward."""

from collections.abc import Sequence, Set
from dataclasses import dataclass
from typing import Any, cast

from worker.external.wpe_db.connect import Connection
from worker.external.wpe_db.statements import compose
from worker.models.batch import Documents, Ledger, spell_array


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the ledger said to each document of a batch, by position.

    *new* are those of the *changed* that it had not known; *stale* ones were read before what it holds.
    """

    changed: Set[int]
    new: Set[int]
    stale: Set[int]
    unchanged: Set[int]


def advance_ledger(conn: Connection, ledger: Ledger, *, block_id: str, run: int) -> Verdict:
    """Move the ledger forward to what the batch says, where the batch is not older.

    A look without a lock finds the documents that are just as the ledger has them, usually all; only
    the others are written, in the order of their ids.
    """
    documents = ledger.documents
    if not len(documents):
        return Verdict(set(), set(), set(), set())
    every = range(len(documents))
    asked = {"source": ledger.source_kind_id, **_spell_columns(documents, every)}
    looked = conn.execute(compose("look_up_documents", conn.schema), asked).fetchall()
    different = {cast(int, at): bool(older) for at, older in looked}
    moving = [at for at in every if different.get(at) is False]
    changed: set[int] = set()
    new: set[int] = set()
    written: set[int] = set()
    if moving:
        positions = {documents.ids[at]: at for at in moving}
        asked |= _spell_columns(documents, moving) | {"block_id": block_id, "run": run}
        for name, is_new, is_changed in conn.execute(compose("upsert_documents", conn.schema), asked):
            at = positions[cast(str, name)]
            written.add(at)
            if is_changed:
                changed.add(at)
            if is_new:
                new.add(at)
    stale = set(different) - written
    return Verdict(changed, new, stale, set(every) - changed - stale)


def _spell_columns(documents: Documents, chosen: Sequence[int]) -> dict[str, Any]:
    """The chosen documents as array texts: far cheaper than lists that the driver has to look through."""

    def pick(column: Sequence[object]) -> str:
        return spell_array([str(column[at]) for at in chosen])

    return {
        "ids": pick(documents.ids),
        "updated": pick(documents.updated),
        "extracted": pick(documents.extracted),
        "hashes": pick(documents.hashes),
        "versions": pick(documents.versions),
        "specific_versions": pick(documents.specific_versions),
        "unknown": pick(documents.unknown),
        "deleted": pick(documents.deleted),
        "event_counts": pick(documents.event_counts),
    }
