"""Which SQL is asked? The .sql files beside this module, with identifiers composed by the driver."""

from collections.abc import Iterable
from functools import cache
from importlib import resources

from psycopg import sql

from temporaletl.contract import events_table
from worker.external.wpe_db.columns import Column


@cache
def read_sql(name: str) -> str:
    """The text of ``sql/<name>.sql``."""
    return (resources.files(__package__) / "sql" / f"{name}.sql").read_text(encoding="utf-8")


def compose(name: str, schema: str, source: str | None = None, **parts: sql.Composable) -> sql.Composed:
    """The statement ``sql/<name>.sql`` for one schema, and for one source where it names its tables.

    The file may hold ``{schema}``; with *source* also ``{events}``, ``{history}``, ``{keep}`` and
    ``{forget}`` (its two trigger functions), all quoted and schema-qualified, ``{events_name}``, which is
    ``{events}`` as a literal, and ``{source}``, a literal too; *parts* are further pieces. A literal brace
    is written twice.
    """
    known: dict[str, sql.Composable] = {"schema": sql.Identifier(schema)}
    if source is not None:
        known.update(source_parts(schema, source))
    return sql.SQL(read_sql(name)).format(**{**known, **parts})


def define_columns(columns: Iterable[Column]) -> sql.Composed:
    """The definitions of *columns*, as CREATE TABLE and ADD COLUMN take them."""
    definitions = (
        sql.SQL("{} {}").format(sql.Identifier(c.name), sql.SQL(f"{c.type} {c.rest}".rstrip()))
        for c in columns
    )
    return sql.SQL(",\n    ").join(definitions)


def list_names(names: Iterable[str], prefix: str = "") -> sql.Composed:
    """The columns of these *names*, with *prefix* (an alias and its dot) before each."""
    return sql.SQL(", ").join(sql.SQL(prefix) + sql.Identifier(name) for name in names)


def source_parts(schema: str, source: str) -> dict[str, sql.Composable]:
    """What the statements of one source call its table, its history and its trigger functions."""
    table = events_table(source)
    return {
        "source": sql.Literal(source),
        "events": sql.Identifier(schema, table),
        "events_name": name_literal(schema, table),
        "history": sql.Identifier(schema, history_table(source)),
        "keep": sql.Identifier(schema, keep_function(source)),
        "forget": sql.Identifier(schema, forget_function(source)),
    }


def name_literal(*names: str) -> sql.Literal:
    """An identifier as a text, as to_regclass and the like take it."""
    return sql.Literal(sql.Identifier(*names).as_string(None))


def history_table(source: str) -> str:
    """The table of an instance's former rows."""
    return f"{events_table(source)}_history"


def keep_function(source: str) -> str:
    """The trigger function that keeps former rows."""
    return f"etl_keep_{events_table(source)}"


def forget_function(source: str) -> str:
    """The trigger function that clears the ledger when the events are truncated."""
    return f"etl_forget_{events_table(source)}"
