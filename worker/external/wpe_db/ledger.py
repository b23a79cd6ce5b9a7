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


def advance_ledger(
    conn: Connection, ledger: Ledger, *, block_id: str, run: int, holders: Set[str] = frozenset()
) -> Verdict:
    """Move the ledger forward to what the batch says, where the batch is not older.

    Every accepted document is written, in the order of their ids: one that is just as the ledger has it
    was read again, and a batch that was read in between must lose (docs/decisions/0004). The rows of
    *holders*, other documents, are locked in the same order and stay as they are.
    """
    documents = ledger.documents
    if not len(documents):
        return Verdict(set(), set(), set(), set())
    positions = {name: at for at, name in enumerate(documents.ids)}
    locked = _choose_known(conn, ledger.source_kind_id, holders - positions.keys())
    asked = {
        "source": ledger.source_kind_id,
        "block_id": block_id,
        "run": run,
        **_spell_columns(documents, locked),
    }
    changed: set[int] = set()
    new: set[int] = set()
    written: set[int] = set()
    for name, is_new, is_changed in conn.execute(compose("upsert_documents", conn.schema), asked):
        at = positions[cast(str, name)]
        written.add(at)
        if is_changed:
            changed.add(at)
        if is_new:
            new.add(at)
    stale = set(positions.values()) - written
    return Verdict(changed, new, stale, written - changed)


def _choose_known(conn: Connection, source: str, holders: Set[str]) -> list[str]:
    """Those that the ledger has: to lock another would make a row of it."""
    if not holders:
        return []
    asked = {"source": source, "holders": list(holders)}
    return [cast(str, name) for (name,) in conn.execute(compose("known_documents", conn.schema), asked)]


def _spell_columns(documents: Documents, locked: Sequence[str]) -> dict[str, Any]:
    """The documents as array texts: far cheaper than lists that the driver has to look through.

    *locked* ones follow as if they had been read before all time: ON CONFLICT locks what it then leaves
    alone. A document that gave an event to another one of the batch cannot vouch for having it.
    """

    def pick(column: Sequence[object], otherwise: str) -> str:
        return spell_array([*map(str, column), *[otherwise] * len(locked)])

    hashes = [
        digest if rows == events else ""
        for digest, rows, events in zip(documents.hashes, documents.rows, documents.event_counts, strict=True)
    ]
    return {
        "ids": spell_array([*documents.ids, *locked]),
        "updated": pick(documents.updated, "-infinity"),
        "extracted": pick(documents.extracted, "-infinity"),
        "hashes": pick(hashes, ""),
        "versions": pick(documents.versions, ""),
        "specific_versions": pick(documents.specific_versions, ""),
        "unknown": pick(documents.unknown, "{}"),
        "deleted": pick(documents.deleted, "False"),
        "event_counts": pick(documents.event_counts, "0"),
    }
