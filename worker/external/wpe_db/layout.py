"""Which tables, columns, indexes and triggers does the loader need, and how is each made?"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from psycopg import sql

from temporaletl.contract import events_table
from worker.external.wpe_db.catalogue import Catalogue
from worker.external.wpe_db.statements import compose, forget_function, history_table, keep_function
from worker.models.batch import CONTENT_COLUMNS, ROW_COLUMNS

SHARED_TABLES = (
    "etl_runs",
    "etl_walks",
    "etl_watermarks",
    "etl_coverage",
    "etl_unfinished",
    "etl_identities",
    "etl_staging",
    "etl_batches",
    "etl_documents",
    "etl_rejects",
)

KEPT_COLUMNS = ("id", *ROW_COLUMNS, "run_id", "loaded_at", "updated_at")
"""Every column of ours: what the history keeps, whatever a team added beside them."""

ADDED_COLUMNS = {
    "document_id": "varchar",
    "content_hash": "bytea",
    "run_id": "bigint",
    "loaded_at": "timestamptz",
    "updated_at": "timestamptz",
}
"""What a table of the earlier layout lacks."""

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
    """One statement that is missing. *concurrently*: outside a transaction, on a table in use."""

    what: str
    statement: sql.Composed
    concurrently: bool = False


def missing_steps(found: Catalogue, schema: str, sources: Iterable[str]) -> Iterator[Step]:
    """What has to be done, in order, until *schema* serves *sources*; nothing when it does."""
    if not found.exists:
        yield Step(f"schema {schema}", sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(schema)))
    for table in SHARED_TABLES:
        if table not in found.columns:
            yield Step(f"table {table}", compose(f"schema/{table}", schema))
    if "namespace" not in found.columns.get("etl_runs", {"namespace"}):
        statement = sql.SQL("ALTER TABLE {} ADD COLUMN namespace varchar")
        yield Step("column etl_runs.namespace", statement.format(sql.Identifier(schema, "etl_runs")))
    for source in sources:
        yield from _source_steps(found, schema, source)


def _source_steps(found: Catalogue, schema: str, source: str) -> Iterator[Step]:
    history, events = history_table(source), events_table(source)
    if history not in found.columns:
        indexes = {
            f"{column}_index": sql.Identifier(f"{history}_{column}_idx")
            for column in ("event_id", "replaced_at")
        }
        yield Step(f"table {history}", compose("schema/history", schema, source, **indexes))
    for name, kind, body in (
        (keep_function(source), "keep", _keep_body(schema, source)),
        (forget_function(source), "forget", compose("schema/forget_body", schema, source).as_string(None)),
    ):
        if found.functions.get(name) != body:
            made = compose(f"schema/{kind}_function", schema, source, body=sql.Literal(body))
            yield Step(f"function {name}", made)
    if events not in found.columns:
        yield Step(f"table {events}", _new_events(schema, source))
    else:
        yield from _upgrade_steps(found, schema, source)


def _new_events(schema: str, source: str) -> sql.Composed:
    indexes = [_index(schema, source, name, columns) for name, columns in EVENT_INDEXES.items()]
    triggers = [compose(name, schema, source) for name in TRIGGERS.values()]
    return sql.SQL(";\n").join([compose("schema/events", schema, source), *indexes, *triggers])


def _upgrade_steps(found: Catalogue, schema: str, source: str) -> Iterator[Step]:
    table = events_table(source)
    name = sql.Identifier(schema, table)
    for column, type_name in ADDED_COLUMNS.items():
        if column not in found.columns[table]:
            statement = sql.SQL("ALTER TABLE {} ADD COLUMN {} {}").format(
                name, sql.Identifier(column), sql.SQL(type_name)
            )
            yield Step(f"column {table}.{column}", statement)
    for trigger, file in TRIGGERS.items():
        if (table, trigger) not in found.triggers:
            yield Step(f"trigger {trigger} on {table}", compose(file, schema, source))
    ours = {f"{table}_{suffix}" for suffix in EVENT_INDEXES}
    for index in found.indexes:
        if index.table == table and not index.valid and index.name in ours:
            statement = sql.SQL("DROP INDEX CONCURRENTLY {}").format(sql.Identifier(schema, index.name))
            yield Step(f"invalid index {index.name}", statement, concurrently=True)
    for suffix, columns in EVENT_INDEXES.items():
        if not found.has_index(table, columns, unique=columns == ("event_id",)):
            statement = _index(schema, source, suffix, columns, concurrently=True)
            yield Step(f"index {table}_{suffix}", statement, concurrently=True)


def _index(
    schema: str, source: str, suffix: str, columns: tuple[str, ...], *, concurrently: bool = False
) -> sql.Composed:
    table = events_table(source)
    return sql.SQL("CREATE {unique} INDEX {concurrently} {name} ON {table} ({columns})").format(
        unique=sql.SQL("UNIQUE" if suffix.endswith("_key") else ""),
        concurrently=sql.SQL("CONCURRENTLY" if concurrently else ""),
        name=sql.Identifier(f"{table}_{suffix}"),
        table=sql.Identifier(schema, table),
        columns=sql.SQL(", ").join(map(sql.Identifier, columns)),
    )


def _keep_body(schema: str, source: str) -> str:
    def listed(alias: str, columns: Iterable[str]) -> sql.Composed:
        return sql.SQL(", ").join(sql.SQL(alias) + sql.Identifier(column) for column in columns)

    body = compose(
        "schema/keep_body",
        schema,
        source,
        columns=sql.SQL(", ").join(map(sql.Identifier, KEPT_COLUMNS)),
        former=listed("o.", KEPT_COLUMNS),
        former_content=listed("o.", ("event_id", *CONTENT_COLUMNS)),
        latter_content=listed("n.", ("event_id", *CONTENT_COLUMNS)),
    )
    return body.as_string(None)
