"""Where does a batch wait between its three activities? Put, read, replaced by its rows, swept."""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import cast

from psycopg.types.json import Jsonb
from pydantic import JsonValue

from temporaletl.contract import DocumentReject
from temporaletl.errors import BlockLostError, RunEndedError
from worker.external.wpe_db.connect import Connection
from worker.external.wpe_db.statements import compose
from worker.models.batch import compress, decompress, split_batch
from worker.models.raw import StagedDocument, dump_json, load_json, read_document


@dataclass(frozen=True, slots=True)
class RawBlock:
    """A batch as it was extracted: its documents as written, to be read one at a time."""

    lines: list[bytes]
    rejects: list[DocumentReject]
    skipped: Mapping[str, int]

    def read_documents(self) -> Iterator[StagedDocument]:
        """Each document, parsed when its turn comes."""
        return map(read_document, self.lines)


@dataclass(frozen=True, slots=True)
class ShapedBlock:
    """A batch whose rows are there already, with the summary that came with them."""

    summary: JsonValue


def put_block(
    conn: Connection,
    *,
    run: int,
    batch_no: int,
    documents: Sequence[bytes],
    rejects: Sequence[DocumentReject] = (),
    skipped: Mapping[str, int] | None = None,
) -> str:
    """Stage one extracted batch under a fresh block id, and answer that id.

    *documents* as write_document writes them, *skipped* as Page has it. Fresh, so that an attempt that
    wakes up late never overwrites its successor's block. Raises RunEndedError once finish_run was there.
    """
    block_id = str(uuid.uuid4())
    aside = {"rejects": [asdict(reject) for reject in rejects], "skipped": dict(skipped or {})}
    raw = compress(b"\n".join([dump_json(aside), *documents]))
    asked = {"block_id": block_id, "run": run, "batch_no": batch_no, "raw": raw}
    if conn.execute(compose("put_block", conn.schema), asked).rowcount == 0:
        raise RunEndedError(f"run {run} has ended: nothing more is staged for it; start a new one")
    return block_id


def read_raw(conn: Connection, block_id: str) -> RawBlock | ShapedBlock:
    """The batch as it was extracted, or its summary where put_rows was here before.

    Raises BlockLostError when staging does not hold it: a crash of the server empties staging.
    """
    row = conn.execute(compose("read_block", conn.schema), {"block_id": block_id}).fetchone()
    if row is None:
        raise _lost(block_id)
    raw, summary = row
    if raw is None:
        return ShapedBlock(cast(JsonValue, summary))
    head, *lines = decompress(cast(bytes, raw)).split(b"\n")
    aside = load_json(head)
    return RawBlock(lines, [DocumentReject(**reject) for reject in aside["rejects"]], aside["skipped"])


def put_rows(conn: Connection, block_id: str, rows: bytes, summary: Mapping[str, JsonValue]) -> JsonValue:
    """Put what encode_batch made in place of the raw documents, and answer the block's summary.

    Called again it changes nothing and answers as before. Raises BlockLostError as read_raw does.
    """
    ledger, lines = split_batch(rows)
    asked = {"block_id": block_id, "ledger": ledger, "rows": lines, "summary": Jsonb(dict(summary))}
    row = conn.execute(compose("put_rows", conn.schema), asked).fetchone()
    if row is not None:
        return cast(JsonValue, row[0])
    held = read_raw(conn, block_id)
    if isinstance(held, ShapedBlock):
        return held.summary
    raise _lost(block_id)


def drop_blocks(conn: Connection, run: int) -> int:
    """Remove what a job left staged, and answer how many blocks: raw documents wait for nobody.

    After finish_run, in its transaction, it is the last word: put_block stages nothing for that run again.
    """
    return conn.execute(compose("drop_blocks", conn.schema), {"run": run}).rowcount


def sweep_blocks(
    conn: Connection, older_than: timedelta, *, batches_older_than: timedelta = timedelta(days=90)
) -> int:
    """Remove blocks that nobody came back for, and the memory of batches loaded long ago.

    Answers how many blocks went. *batches_older_than* must exceed the time in which Temporal may
    deliver a load once more.
    """
    asked = {"older_than": older_than, "batches_older_than": batches_older_than}
    conn.execute(compose("sweep_batches", conn.schema), asked)
    return conn.execute(compose("sweep_blocks", conn.schema), asked).rowcount


def _lost(block_id: str) -> BlockLostError:
    return BlockLostError(
        f"staging does not hold block {block_id} any more (a crash of the warehouse's server empties it): "
        "extract its batch again"
    )
