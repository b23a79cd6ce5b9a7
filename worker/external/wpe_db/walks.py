"""The walks of ``etl_walks``: which windows runs have not walked to the end, and how far they came.

Where the role may not make that table, runs go on without it, and forget what they did not finish.
"""

from collections.abc import Mapping
from datetime import date
from typing import Final, cast

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb
from pydantic import JsonValue

from temporaletl.contract import Walk, WalkNote, Window
from worker.external.wpe_db.connect import Connection
from worker.external.wpe_db.runs import clean_error
from worker.external.wpe_db.statements import compose
from worker.external.wpe_db.unfinished import MAX_ATTEMPTS

WALKS_PER_RUN: Final = 20
"""How many walks one run goes on with; the rest waits for the next one."""


def make_walk(conn: Connection, source: str, run: int, window: Window, *, named_dates: bool) -> None:
    """Keep that run *run* is to walk *window*; *named_dates*: a person chose it. Made once, however often."""
    said = {"source": source, "run": run, **window.model_dump(), "named_dates": named_dates}
    _ask(conn, "make_walk", said)


def take_walks(conn: Connection, source: str, run: int, window: Window) -> None:
    """Give run *run* the walks that ended runs left, but for those that its own *window* covers."""
    limits = {"max_attempts": MAX_ATTEMPTS, "limit": WALKS_PER_RUN}
    _ask(conn, "take_walks", {"source": source, "run": run, **window.model_dump(), **limits})


def read_walks(conn: Connection, run: int) -> tuple[Walk, ...]:
    """The walks of run *run*: those that it took over, oldest first, then its own."""
    found = _ask(conn, "read_walks", {"run": run})
    rows = () if found is None else found.fetchall()
    return tuple(
        Walk(
            id=cast(int, made_for),
            window=Window(date_start=cast(date, date_start), date_end=cast(date, date_end)),
            cursor=cast(JsonValue, cursor),
        )
        for made_for, date_start, date_end, cursor in rows
    )


def note_walk(conn: Connection, note: WalkNote) -> None:
    """Keep how far a run came on a walk that it has; after an error it has it no more."""
    asked = {"walk": note.walk.id, "run": note.run}
    if note.done:
        _ask(conn, "forget_walk", asked)
        return
    said = {"cursor": Jsonb(note.walk.cursor), "error": clean_error(note.error)}
    _ask(conn, "note_walk", {**asked, **said})


def hold_walk(conn: Connection, run: int) -> None:
    """Let the walk of run *run*, which a person ended, wait until somebody asks, if its dates were named."""
    _ask(conn, "hold_walk", {"run": run})


def finish_walks(conn: Connection, run: int) -> None:
    """Forget the walk of run *run*, which is done, and those that are done with it."""
    _ask(conn, "finish_walks", {"run": run})


def count_exhausted_walks(conn: Connection, source: str) -> int:
    """How many walks of *source* failed too often to be tried again."""
    found = _ask(conn, "count_exhausted_walks", {"source": source, "max_attempts": MAX_ATTEMPTS})
    row = None if found is None else found.fetchone()
    return 0 if row is None else cast(int, row[0])


def _ask(
    conn: Connection, statement: str, values: Mapping[str, object]
) -> psycopg.Cursor[tuple[object, ...]] | None:
    """What *statement* answers; None where the schema has no walks, or none for our role."""
    table = sql.Identifier(conn.schema, "etl_walks").as_string(conn)
    found = conn.execute("SELECT has_table_privilege(to_regclass(%s)::oid, 'INSERT')", (table,)).fetchone()
    if found is None or not found[0]:
        return None
    return conn.execute(compose(statement, conn.schema), values)
