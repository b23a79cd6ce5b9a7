"""The rows of the earlier tool's layout: those without document_id, that no load of ours has written.

They are masked as what is loaded is, and given the document that their properties name, in small batches
beside running loads; a load masks those that it meets first. So the history never takes an address.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from psycopg import sql

from temporaletl.contract import events_table
from temporaletl.errors import ConfigurationError
from worker.external.wpe_db.columns import TODAY, Part
from worker.external.wpe_db.connect import Connection
from worker.external.wpe_db.statements import compose, keep_function, list_names, read_sql
from worker.models.masking import EarlierRow, mask_rows
from worker.models.values import CleanText

COLUMNS: Final = tuple(column for column in TODAY.events if column.part is Part.KEY or column.may_hold_text)
"""What may hold an address: an event's id too, which a load masks as well."""

type NameDocument = Callable[[EarlierRow], str | None]
"""Which document a row belongs to, by what it says itself."""


@dataclass(frozen=True, slots=True)
class EarlierBatch:
    """What became of some rows: how many were looked at, how many masked, and the last one's number.

    None of both where another worker is at it.
    """

    rows: int
    masked: int
    last: int


@dataclass(frozen=True, slots=True)
class EarlierLeft:
    """How many rows are left: of documents that no load has read yet, and those that name no document."""

    unread: int
    without_document: int


def has_earlier(conn: Connection, source: str) -> bool:
    """Whether rows of the earlier layout are left that have no document."""
    return conn.execute(compose("has_earlier", conn.schema, source)).fetchone() == (True,)


def adopt_batch(
    conn: Connection,
    source: str,
    *,
    after: int,
    limit: int,
    clean_text: CleanText,
    name_document: NameDocument,
) -> EarlierBatch | None:
    """Mask the next *limit* rows after number *after* and give them their documents; None at the end.

    One transaction, which a load of one of these documents waits for. Rows of a document that was read
    before, and did not yield them, are retired.

    Raises: ConfigurationError where the history's trigger function would keep what is masked.
    """
    with conn.transaction():
        if conn.execute(read_sql("take_adoption"), {"table": events_table(source)}).fetchone() != (True,):
            return EarlierBatch(0, 0, after)
        columns = _list_columns()
        asked = {"after": after, "limit": limit}
        found = conn.execute(compose("earlier_page", conn.schema, source, columns=columns), asked).fetchall()
        if not found:
            return None
        rows = _read_rows(found)
        named = {row.id: document for row in rows if (document := name_document(row)) is not None}
        # In the order of every load: the table, the ledger, the rows.
        conn.execute(compose("lock_events", conn.schema, source))
        documents = {"documents": sorted(set(named.values()))}
        conn.execute(compose("note_documents", conn.schema, source), documents)
        masked = _mask(conn, source, rows, clean_text)
        if masked is None:
            raise ConfigurationError(
                f"rows of the earlier tool in {events_table(source)} are not masked: the trigger function "
                f"{keep_function(source)} is of another release; start the worker anew, or see its findings"
            )
        given = {"ids": list(named), "documents": list(named.values())}
        conn.execute(compose("give_documents", conn.schema, source), given)
        for statement in ("retire_given", "forget_given"):
            conn.execute(compose(statement, conn.schema, source), {"ids": given["ids"]})
        return EarlierBatch(len(rows), masked, rows[-1].id)


def mask_met(conn: Connection, source: str, clean_text: Callable[[], CleanText]) -> None:
    """Mask the rows of the earlier layout that those in pg_temp.etl_load_rows are about to replace.

    *clean_text* is asked for only where there are some. Where the trigger function is of another release,
    which the start's findings say, nothing can be done.
    """
    if not has_earlier(conn, source):
        return
    met = compose("earlier_met", conn.schema, source, columns=_list_columns("e."))
    rows = _read_rows(conn.execute(met).fetchall())
    if rows:
        _mask(conn, source, rows, clean_text())


def count_left(conn: Connection, source: str) -> EarlierLeft:
    """Count the rows of the earlier layout that are left."""
    row = conn.execute(compose("count_earlier", conn.schema, source)).fetchone()
    return EarlierLeft(*cast(tuple[int, int], row))


def _mask(conn: Connection, source: str, rows: Sequence[EarlierRow], clean_text: CleanText) -> int | None:
    """Write *rows* without addresses, and answer how many had one; None where the history would keep them."""
    keep = sql.Identifier(conn.schema, keep_function(source)).as_string(conn)
    if conn.execute(read_sql("switch_history_off"), {"keep": f"{keep}()"}).fetchone() is None:
        return None
    masked = mask_rows(rows, [column.name for column in COLUMNS if column.type == "jsonb"], clean_text)
    if masked:
        masked = _tell_apart(conn, source, rows, masked)
        arrays: dict[str, list[Any]] = {"id": [row.id for row in masked]}
        arrays |= {column.name: [row.values[column.name] for row in masked] for column in COLUMNS}
        types = {"id": "bigint"} | {column.name: column.type for column in COLUMNS}
        assign = sql.SQL("{0} = n.{0}")
        statement = compose(
            "mask_rows",
            conn.schema,
            source,
            assignments=sql.SQL(", ").join(assign.format(sql.Identifier(c.name)) for c in COLUMNS),
            arrays=sql.SQL(", ").join(
                sql.SQL("{}::text[]::{}[]").format(sql.Placeholder(name), sql.SQL(type_name))
                for name, type_name in types.items()
            ),
            columns=list_names(column.name for column in COLUMNS),
        )
        conn.execute(statement, arrays)
    conn.execute("SELECT set_config('temporaletl.keep', '', true)")
    return len(masked)


def _tell_apart(
    conn: Connection, source: str, rows: Sequence[EarlierRow], masked: Sequence[EarlierRow]
) -> list[EarlierRow]:
    """Give a masked event id that another row has already its row's number at the end."""
    before = {row.id: row.values["event_id"] for row in rows}
    changed = [row.values["event_id"] for row in masked if row.values["event_id"] != before[row.id]]
    if not changed:
        return list(masked)
    found = conn.execute(compose("taken_ids", conn.schema, source), {"event_ids": changed}).fetchall()
    taken = {event_id for (event_id,) in found}
    apart: list[EarlierRow] = []
    for row in masked:
        event_id = row.values["event_id"]
        if event_id != before[row.id] and event_id in taken:
            row = EarlierRow(row.id, {**row.values, "event_id": f"{event_id}-{row.id}"})
        taken.add(event_id)
        apart.append(row)
    return apart


def _list_columns(prefix: str = "") -> sql.Composed:
    """The columns as texts: JSON as it is written, with its numbers as they are."""
    text = sql.SQL(prefix + "{}::text")
    return sql.SQL(", ").join(text.format(sql.Identifier(column.name)) for column in COLUMNS)


def _read_rows(found: Iterable[tuple[object, ...]]) -> list[EarlierRow]:
    names = [column.name for column in COLUMNS]
    return [
        EarlierRow(cast(int, number), dict(zip(names, cast(Sequence[str | None], values), strict=True)))
        for number, *values in found
    ]
