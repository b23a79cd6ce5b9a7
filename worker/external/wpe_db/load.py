"""How does a staged batch become rows, exactly once, so that the warehouse converges?

One transaction, each step a statement of its own, because a statement sees one snapshot: the batch is
noted, the ledger of documents moves forward where the batch is not older, the rows of changed documents
are streamed, what they no longer yield is retired, rejects are written, the block goes.
"""

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any, cast

from psycopg import sql
from psycopg.errors import DeadlockDetected, UniqueViolation
from psycopg.types.json import Jsonb

from temporaletl.contract import Counts, events_table
from temporaletl.errors import BlockLostError
from worker.external.wpe_db.claims import HoldersBusyError, settle_claims
from worker.external.wpe_db.columns import TODAY, Column, choose_names
from worker.external.wpe_db.connect import Connection, Warehouse
from worker.external.wpe_db.earlier import mask_met
from worker.external.wpe_db.ledger import Verdict, advance_ledger
from worker.external.wpe_db.rejects import find_settled, write_rejects
from worker.external.wpe_db.statements import compose, define_columns, list_names, read_sql
from worker.models.batch import Ledger, decompress, read_ledger
from worker.models.shaped import hide_addresses
from worker.models.values import CleanText

FIRST_SEEN = frozenset({"event_id", "loaded_at"})
"""What a row keeps from when it was first seen."""


MAX_DEADLOCKS = 5
"""How often in a row a load begins again before it leaves that to its activity's retry."""


@dataclass(frozen=True, slots=True)
class _Stored:
    """What became of the streamed rows; *refused* ones stay with a document that was read later."""

    inserted: int = 0
    updated: int = 0
    equal: int = 0
    refused: int = 0
    retired: int = 0


def _hide() -> CleanText:
    return hide_addresses


def load_block(
    warehouse: Warehouse,
    block_id: str,
    *,
    source_kind_id: str,
    run: int,
    clean_text: Callable[[], CleanText] = _hide,
) -> Counts:
    """Load one transformed block, and answer what it did; a block loaded before answers as then.

    What *clean_text* answers masks rows of the earlier layout that the load replaces and the history takes.

    The session is named after the block: an earlier session of that name (a client frozen inside COPY
    holds its locks for ever) is ended first. Raises BlockLostError when staging lost the block.
    """
    with warehouse.session(_session_name(block_id)) as conn:
        _end_others(conn, block_id)
        holders, deadlocks = frozenset[str](), 0
        while True:
            try:
                with conn.transaction():
                    return _load(conn, block_id, source_kind_id, run, holders, clean_text)
            except HoldersBusyError as busy:
                # More each time: those of the time before were locked.
                holders |= busy.holders
            except DeadlockDetected:
                # Two loads that claim each other's rows, and give some of their own up: one begins again.
                deadlocks += 1
                if deadlocks > MAX_DEADLOCKS:
                    raise


def end_load(warehouse: Warehouse, block_id: str) -> None:
    """End a load of the block that is under way, whatever it waits for: its transaction is rolled back."""
    with warehouse.session() as conn:
        _end_others(conn, block_id)


def _end_others(conn: Connection, block_id: str) -> None:
    conn.execute(read_sql("end_session"), {"name": _session_name(block_id)})


def _session_name(block_id: str) -> str:
    return f"etl-load {block_id}"


def _load(
    conn: Connection,
    block_id: str,
    source: str,
    run: int,
    holders: Set[str],
    clean_text: Callable[[], CleanText],
) -> Counts:
    named: dict[str, Any] = {"block_id": block_id, "source": source, "run": run}
    conn.execute(read_sql("prepare_load"))
    if not conn.execute(compose("open_batch", conn.schema), named).rowcount:
        row = conn.execute(compose("read_batch", conn.schema), named).fetchone()
        return Counts.model_validate(row[0] if row else {})
    ledger = read_ledger(_read_part(conn, "read_ledger_part", block_id))
    # The lock that its rows will need, before the ledger's: TRUNCATE and its trigger take that order too.
    conn.execute(compose("lock_events", conn.schema, source))
    settled = find_settled(conn, ledger)
    verdict = advance_ledger(conn, ledger, block_id=block_id, run=run, holders=holders)
    done = _Stored()
    if verdict.changed:
        done = _store(conn, ledger, verdict, block_id=block_id, run=run, clean_text=clean_text)
    new_rejects = write_rejects(conn, ledger, settled, run=run)
    counts = _count(ledger, verdict, done, new_rejects)
    conn.execute(compose("drop_block", conn.schema), named)
    conn.execute(compose("close_batch", conn.schema), {**named, "counts": Jsonb(counts.model_dump())})
    return counts


def _read_part(conn: Connection, statement: str, block_id: str) -> bytes:
    row = conn.execute(compose(statement, conn.schema), {"block_id": block_id}).fetchone()
    if row is None or row[0] is None:
        raise BlockLostError(
            f"staging holds no rows of block {block_id} (a crash of the warehouse's server empties it): "
            "extract its batch again"
        )
    return cast(bytes, row[0])


def _store(
    conn: Connection,
    ledger: Ledger,
    verdict: Verdict,
    *,
    block_id: str,
    run: int,
    clean_text: Callable[[], CleanText],
) -> _Stored:
    row = conn.execute(read_sql("mark_load"), {"run": str(run)}).fetchone()
    now = str(row[1]) if row else ""
    changed = sorted(verdict.changed)
    text = decompress(_read_part(conn, "read_rows_part", block_id))
    if len(changed) < len(ledger.documents):
        text = _choose_lines(text, ledger.row_documents, verdict.changed)
    streamed = sum(ledger.documents.rows[at] for at in changed)
    known = {"run_id": str(run), "loaded_at": now, "updated_at": now}
    tail = "".join(f"\t{known[column.name]}" for column in TODAY.load)
    text = text.replace(b"\n", f"{tail}\n".encode())
    source = ledger.source_kind_id
    if verdict.new >= verdict.changed and _insert_new(conn, ledger, changed, text):
        return _Stored(inserted=streamed)
    given_up = _give_up(ledger, changed)
    fresh, inserted, updated = _merge(conn, source, text, given_up, clean_text)
    return _Stored(
        inserted=inserted,
        updated=updated,
        equal=streamed - fresh,
        refused=fresh - inserted - updated,
        retired=conn.execute(compose("retire_rows", conn.schema, source), given_up).rowcount,
    )


def _choose_lines(text: bytes, row_documents: Sequence[int], wanted: Set[int]) -> bytes:
    lines = text.splitlines(keepends=True)
    return b"".join(line for line, at in zip(lines, row_documents, strict=True) if at in wanted)


def _insert_new(conn: Connection, ledger: Ledger, changed: Sequence[int], text: bytes) -> bool:
    """Stream rows of new documents straight in; False, and nothing done, where some are there already."""
    source, columns = ledger.source_kind_id, choose_names(TODAY.streamed)
    if _present_columns(conn, source) != columns:
        # The lines have a field for every column: a merge leaves out those that the table lacks.
        return False
    asked = {"ids": [ledger.documents.ids[at] for at in changed]}
    row = conn.execute(compose("have_rows", conn.schema, source), asked).fetchone()
    if row is None or row[0]:
        return False
    try:
        with conn.transaction():
            _copy(conn, compose("copy_rows", conn.schema, source, columns=list_names(columns)), text)
    except UniqueViolation:
        return False
    return True


def _merge(
    conn: Connection,
    source: str,
    text: bytes,
    given_up: Mapping[str, Any],
    clean_text: Callable[[], CleanText],
) -> tuple[int, int, int]:
    """Merge rows by event_id; answers how many were not equal, inserted, updated.

    A row moves to another document only where the taker was read no earlier than its holder, or the
    holder gives it up in this load.
    """
    if conn.execute("SELECT to_regclass('pg_temp.etl_load_rows') IS NULL").fetchone() == (True,):
        plain = (Column(column.name, column.type) for column in TODAY.streamed)
        conn.execute(compose("create_rows_table", conn.schema, columns=define_columns(plain)))
    columns = list_names(choose_names(TODAY.streamed))
    _copy(conn, compose("copy_new_rows", conn.schema, columns=columns), text)
    mask_met(conn, source, clean_text)
    fresh, inserted, updated = _merge_once(conn, source, sql.SQL("false"), None)
    if fresh > inserted + updated:
        # Rows of other documents, locked by now: this statement sees what their holders committed while
        # the first one waited for them.
        may_move = compose("may_move", conn.schema, source)
        settle_claims(conn, source, may_move, given_up)
        _, _, moved = _merge_once(conn, source, may_move, given_up)
        updated += moved
    return fresh, inserted, updated


def _merge_once(
    conn: Connection, source: str, may_move: sql.Composable, asked: Mapping[str, Any] | None
) -> tuple[int, int, int]:
    present = _present_columns(conn, source)
    changing = [column for column in present if column not in FIRST_SEEN]
    set_column = sql.SQL("{0} = EXCLUDED.{0}")
    statement = compose(
        "merge_rows",
        conn.schema,
        source,
        columns=list_names(present),
        assignments=sql.SQL(", ").join(set_column.format(sql.Identifier(column)) for column in changing),
        may_move=may_move,
    )
    return cast(tuple[int, int, int], conn.execute(statement, asked).fetchone())


def _give_up(ledger: Ledger, changed: Sequence[int]) -> dict[str, Any]:
    """Which rows documents no longer yield; one with a part that nobody could name keeps all."""
    documents = ledger.documents
    return {
        "ids": [documents.ids[at] for at in changed if documents.hashes[at]],
        "kept": [event_id for at in changed for event_id in documents.kept[at]],
    }


def _copy(conn: Connection, statement: sql.Composed, text: bytes) -> None:
    with conn.cursor() as cursor, cursor.copy(statement) as copy:
        copy.write(text)


def _present_columns(conn: Connection, source: str) -> list[str]:
    return conn.choose_present(events_table(source), choose_names(TODAY.streamed))


def _count(ledger: Ledger, verdict: Verdict, stored: _Stored, new_rejects: int) -> Counts:
    unchanged = stored.equal + sum(ledger.documents.rows[at] for at in verdict.unchanged)
    stale = stored.refused + sum(ledger.documents.rows[at] for at in verdict.stale)
    processed = stored.inserted + stored.updated + unchanged + ledger.duplicates + stale
    return Counts(
        documents=ledger.received,
        items_extracted=processed + ledger.rejected,
        items_processed=processed,
        items_inserted=stored.inserted,
        items_updated=stored.updated,
        items_unchanged=unchanged,
        items_duplicates=ledger.duplicates,
        items_stale=stale,
        retired=stored.retired,
        rejected=new_rejects,
        rejected_again=ledger.rejected - new_rejects,
        unavailable=ledger.skipped,
    )
