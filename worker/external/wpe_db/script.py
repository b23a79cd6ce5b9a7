"""Write the whole layout as statements that an administrator can run: all DDL and every GRANT.

They can be run on an empty database and on one of an earlier layout, as often as wanted: what is there stays.
"""

from collections.abc import Iterable, Iterator, Sequence

from psycopg import sql

from temporaletl.contract import events_table
from worker.external.wpe_db.catalogue import NOTHING, Catalogue
from worker.external.wpe_db.columns import TODAY, Column, Layout, is_optional
from worker.external.wpe_db.layout import (
    make_events,
    make_functions,
    make_history,
    make_index,
    make_triggers,
    missing_indexes,
)
from worker.external.wpe_db.statements import compose, define_columns, history_table, name_literal
from worker.external.wpe_db.waits import TRY_S


def write_script(
    schema: str, sources: Sequence[str], role: str, found: Catalogue = NOTHING, layout: Layout = TODAY
) -> Iterator[str]:
    """Yield the statements that give *schema* all of *layout*, and *role* what a worker needs of it.

    All but the indexes in one transaction, so that no trigger is there without the columns that it keeps. It
    ends without having changed anything where somebody keeps a table for longer than TRY_S: others would
    have to wait behind it. Indexes of *found* that serve under another name are not made again.
    """
    for statement in _list_statements(schema, sources, role, found, layout):
        yield f"{statement.as_string(None).rstrip().removesuffix(';')};"


def _list_statements(
    schema: str, sources: Sequence[str], role: str, found: Catalogue, layout: Layout
) -> Iterator[sql.Composable]:
    number, oldest = sql.Literal(layout.number), sql.Literal(layout.oldest)
    yield sql.SQL("BEGIN")
    yield sql.SQL("SET LOCAL lock_timeout = {}").format(sql.Literal(f"{TRY_S * 1000:.0f}ms"))
    meta = name_literal(schema, "etl_meta")
    yield compose("script/refuse_newer", schema, meta_name=meta, number=number)
    yield compose("script/create_schema", schema, schema_name=name_literal(schema))
    for table, columns in layout.shared.items():
        yield compose(f"schema/{table}", schema, columns=define_columns(columns))
        if not is_optional(columns):
            yield from _add_later(schema, table, (column for column in columns if column.optional))
    for source in sources:
        yield make_history(schema, source, layout)
        later = (column for column in layout.history if column.optional)
        yield from _add_later(schema, history_table(source), later)
        yield make_events(schema, source, layout)
        later = (column for column in layout.events if column.optional or not column.earlier)
        yield from _add_later(schema, events_table(source), later)
    yield compose("write_layout", schema, number=number, oldest=oldest)
    for source in sources:
        for _, function in make_functions(NOTHING, schema, source, layout).values():
            yield function
        yield from make_triggers(schema, source)
    yield from _grant(schema, sources, role, layout)
    yield sql.SQL("COMMIT")
    for source in sources:
        for suffix in missing_indexes(found, source):
            yield make_index(schema, source, suffix, " IF NOT EXISTS")


def _add_later(schema: str, table: str, columns: Iterable[Column]) -> Iterator[sql.Composed]:
    """Yield the statement that adds *columns* to a table of an earlier layout, where there are some."""
    added = [sql.SQL("ADD COLUMN IF NOT EXISTS {}").format(define_columns([column])) for column in columns]
    if added:
        name = sql.Identifier(schema, table)
        yield sql.SQL("ALTER TABLE {}\n    {}").format(name, sql.SQL(",\n    ").join(added))


def _grant(schema: str, sources: Sequence[str], role: str, layout: Layout) -> Iterator[sql.Composed]:
    """Yield what grants *role* the work on tables that another role owns.

    The history is written by its function, which runs as its owner.
    """
    names = {"schema": sql.Identifier(schema), "role": sql.Identifier(role)}
    yield sql.SQL("GRANT USAGE ON SCHEMA {schema} TO {role}").format(**names)
    for table in [*layout.shared, *map(events_table, sources)]:
        yield sql.SQL("GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO {role}").format(
            table=sql.Identifier(schema, table), **names
        )
    to_role = sql.Literal(f" TO {sql.Identifier(role).as_string(None)}")
    for source in sources:
        yield compose("script/grant_sequence", schema, source, to_role=to_role)
    yield compose("script/grant_temporary", schema, role_name=sql.Literal(role), to_role=to_role)
