"""Say what a schema lacks of a layout: tables, columns, functions, triggers and indexes, as statements."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from psycopg import sql

from temporaletl.contract import events_table
from worker.external.wpe_db.catalogue import Catalogue
from worker.external.wpe_db.columns import TODAY, Column, Layout, choose_names, is_optional
from worker.external.wpe_db.statements import (
    compose,
    define_columns,
    forget_function,
    history_table,
    keep_function,
    list_names,
)

EVENT_INDEXES = {
    "event_id_key": ("event_id",),
    "document_idx": ("document_id",),
    "time_idx": ("event_time_utc",),
    "who_idx": ("employee_id", "event_time_utc"),
    "updated_idx": ("updated_at",),
}

TRIGGERS = {
    "etl_keep_updated": "schema/update_trigger",
    "etl_keep_retired": "schema/delete_trigger",
    "etl_forget": "schema/truncate_trigger",
}


@dataclass(frozen=True, slots=True)
class Step:
    """One statement that is missing.

    Attributes:
        what: what it makes, for messages.
        statement: the SQL.
        concurrently: it runs outside a transaction, on a table in use.
        optional: loads go on without it where the role may not run it.
    """

    what: str
    statement: sql.Composed
    concurrently: bool = False
    optional: bool = False


def missing_columns(
    found: Catalogue, schema: str, sources: Iterable[str], layout: Layout = TODAY
) -> Iterator[Step]:
    """Yield the steps that give *schema* its shared tables, its history tables and all columns of *layout*.

    Columns of a history table come before those of its events table: a trigger function that keeps a column
    needs both, and is made afterwards, by missing_rest.
    """
    if not found.exists:
        yield Step(f"schema {schema}", sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(schema)))
    for table, columns in layout.shared.items():
        if table in found.columns:
            yield from _add_columns(found, schema, table, columns)
        else:
            statement = compose(f"schema/{table}", schema, columns=define_columns(columns))
            yield Step(f"table {table}", statement, optional=is_optional(columns))
    for source in sources:
        history, events = history_table(source), events_table(source)
        if history in found.columns:
            yield from _add_columns(found, schema, history, layout.history)
        else:
            yield Step(f"table {history}", make_history(schema, source, layout))
        if events in found.columns:
            yield from _add_columns(found, schema, events, layout.events)


def missing_rest(
    found: Catalogue, schema: str, sources: Iterable[str], layout: Layout = TODAY
) -> Iterator[Step]:
    """Yield the steps that are left once the tables have their columns, as far as they could be given them.

    An older worker leaves the functions of a newer layout alone: so the layout's number comes first.
    """
    if "etl_meta" in found.columns and (found.layout < layout.number or found.oldest_layout < layout.oldest):
        number, oldest = sql.Literal(layout.number), sql.Literal(layout.oldest)
        made = compose("write_layout", schema, number=number, oldest=oldest)
        yield Step(f"layout {layout.number}", made, optional=True)
    for source in sources:
        yield from _missing_functions(found, schema, source, layout)
        if events_table(source) in found.columns:
            yield from _missing_triggers_and_indexes(found, schema, source)
        else:
            yield Step(f"table {events_table(source)}", _new_events(schema, source, layout))


def absent_columns(
    found: Catalogue, sources: Iterable[str], layout: Layout = TODAY
) -> frozenset[tuple[str, str]]:
    """Return the columns of *layout*, as (table, column), that the tables of a schema do not have."""
    tables: dict[str, tuple[Column, ...]] = dict(layout.shared)
    for source in sources:
        tables |= {history_table(source): layout.history, events_table(source): layout.events}
    return frozenset(
        (table, column.name)
        for table, columns in tables.items()
        for column in columns
        if column.name not in found.columns.get(table, frozenset())
    )


def _add_columns(found: Catalogue, schema: str, table: str, columns: Iterable[Column]) -> Iterator[Step]:
    """Yield one statement for the columns that loads need, and one for those that they can do without.

    Each waits until nobody reads the table.
    """
    missing = [column for column in columns if column.name not in found.columns[table]]
    for optional in (False, True):
        chosen = [column for column in missing if column.optional is optional]
        if chosen:
            added = (sql.SQL("ADD COLUMN {}").format(define_columns([column])) for column in chosen)
            statement = sql.SQL("ALTER TABLE {} {}").format(
                sql.Identifier(schema, table), sql.SQL(", ").join(added)
            )
            names = ", ".join(choose_names(chosen))
            yield Step(f"column {table}.{names}", statement, optional=optional)


def make_history(schema: str, source: str, layout: Layout = TODAY) -> sql.Composed:
    """The statements that make a source's history table where it is not there."""
    indexes = {
        f"{column}_index": sql.Identifier(f"{history_table(source)}_{column}_idx")
        for column in ("event_id", "replaced_at")
    }
    return compose("schema/history", schema, source, columns=define_columns(layout.history), **indexes)


def _new_events(schema: str, source: str, layout: Layout) -> sql.Composed:
    table = make_events(schema, source, layout)
    indexes = [make_index(schema, source, suffix) for suffix in EVENT_INDEXES]
    return sql.SQL(";\n").join([table, *indexes, *make_triggers(schema, source)])


def make_events(schema: str, source: str, layout: Layout = TODAY) -> sql.Composed:
    """The statements that make a source's events table where it is not there, with an empty ledger."""
    return compose("schema/events", schema, source, columns=define_columns(layout.events))


def make_triggers(schema: str, source: str) -> list[sql.Composed]:
    """The statements that make the triggers of a source's events table, or replace them."""
    return [compose(name, schema, source) for name in TRIGGERS.values()]


def make_functions(
    found: Catalogue, schema: str, source: str, layout: Layout = TODAY
) -> Mapping[str, tuple[str, sql.Composed]]:
    """The body of each trigger function by its name, and the statement that makes or replaces it."""
    bodies = {
        "keep": (keep_function(source), _keep_body(found, schema, source, layout)),
        "forget": (forget_function(source), compose("schema/forget_body", schema, source).as_string(None)),
    }
    return {
        name: (body, compose(f"schema/{kind}_function", schema, source, body=sql.Literal(body)))
        for kind, (name, body) in bodies.items()
    }


def _missing_functions(found: Catalogue, schema: str, source: str, layout: Layout) -> Iterator[Step]:
    for name, (body, made) in make_functions(found, schema, source, layout).items():
        is_there = name in found.functions
        # An administrator may have run it with other line breaks: messages say it on one line.
        is_same = found.functions.get(name, "").split() == body.split()
        if not is_same and not (is_there and found.layout > layout.number):
            yield Step(f"function {name}", made, optional=is_there)


def _missing_triggers_and_indexes(found: Catalogue, schema: str, source: str) -> Iterator[Step]:
    table = events_table(source)
    for trigger, file in TRIGGERS.items():
        if (table, trigger) not in found.triggers:
            yield Step(f"trigger {trigger} on {table}", compose(file, schema, source))
    ours = {f"{table}_{suffix}" for suffix in EVENT_INDEXES}
    for index in found.indexes:
        if index.table == table and not index.valid and index.name in ours:
            statement = sql.SQL("DROP INDEX CONCURRENTLY {}").format(sql.Identifier(schema, index.name))
            yield Step(f"invalid index {index.name}", statement, concurrently=True)
    for suffix in missing_indexes(found, source):
        statement = make_index(schema, source, suffix, " CONCURRENTLY")
        yield Step(f"index {table}_{suffix}", statement, concurrently=True)


def missing_indexes(found: Catalogue, source: str) -> list[str]:
    """Which of EVENT_INDEXES a source's events table lacks; one of another name serves as well."""
    return [
        suffix
        for suffix, columns in EVENT_INDEXES.items()
        if not found.has_index(events_table(source), columns, unique=columns == ("event_id",))
    ]


def make_index(schema: str, source: str, suffix: str, how: str = "") -> sql.Composed:
    """The statement that makes one of EVENT_INDEXES, with *how* (" CONCURRENTLY", " IF NOT EXISTS") in it."""
    table = events_table(source)
    return sql.SQL("CREATE {unique}INDEX{how} {name} ON {table} ({columns})").format(
        unique=sql.SQL("UNIQUE " if suffix.endswith("_key") else ""),
        how=sql.SQL(how),
        name=sql.Identifier(f"{table}_{suffix}"),
        table=sql.Identifier(schema, table),
        columns=list_names(EVENT_INDEXES[suffix]),
    )


def _keep_body(found: Catalogue, schema: str, source: str, layout: Layout) -> str:
    """Return the body of the function that keeps former rows: only of columns that both tables have.

    Of the earlier tool's rows it keeps what a load replaces, which masks them first; what others change
    before they are adopted may hold addresses.
    """
    both = set(choose_names(layout.events))
    for table in (history_table(source), events_table(source)):
        both &= found.columns.get(table, both)
    kept = choose_names(layout.kept, both)
    said = ["event_id", *choose_names(layout.content, both)]
    body = compose(
        "schema/keep_body",
        schema,
        source,
        columns=list_names(kept),
        former=list_names(kept, "o."),
        former_content=list_names(said, "o."),
        latter_content=list_names(said, "n."),
    )
    return body.as_string(None)
