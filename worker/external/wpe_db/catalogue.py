"""What does the warehouse's schema hold already? Read from its catalogue, without any lock."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, cast

from psycopg import sql

from worker.external.wpe_db.connect import Connection
from worker.external.wpe_db.statements import compose, read_sql


@dataclass(frozen=True, slots=True)
class Index:
    """An index as the catalogue has it; *columns* are its keys in order, '' for an expression."""

    table: str
    name: str
    valid: bool
    unique: bool
    columns: tuple[str, ...]
    partial: bool


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Tables with their columns, indexes, triggers (table, name) and functions with their source.

    *meta*: the numbers in etl_meta, as far as they can be read.
    """

    exists: bool
    columns: Mapping[str, frozenset[str]]
    indexes: tuple[Index, ...]
    triggers: frozenset[tuple[str, str]]
    functions: Mapping[str, str]
    meta: Mapping[str, int]

    @property
    def layout(self) -> int:
        """The newest layout whose worker has served the schema."""
        return self.meta.get("layout", 1)

    @property
    def oldest_layout(self) -> int:
        """The layout of the oldest worker that may load."""
        return self.meta.get("oldest_layout", 1)

    def has_index(self, table: str, columns: tuple[str, ...], *, unique: bool = False) -> bool:
        """Whether a valid index over all rows of *table* begins with just these key columns."""
        return any(
            index.table == table
            and index.valid
            and not index.partial
            and index.columns == columns
            and (index.unique or not unique)
            for index in self.indexes
        )


NOTHING: Final = Catalogue(
    False, MappingProxyType({}), (), frozenset(), MappingProxyType({}), MappingProxyType({})
)
"""The catalogue of a schema that is not there."""


def read_catalogue(conn: Connection, schema: str) -> Catalogue:
    """The catalogue of *schema* now."""
    asked = {"schema": schema}

    def ask(statement: str | sql.Composed) -> list[tuple[Any, ...]]:
        return cast(list[tuple[Any, ...]], conn.execute(statement, asked).fetchall())

    may_read = ask(read_sql("may_read_meta")) == [(True,)]
    return Catalogue(
        exists=bool(ask("SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = %(schema)s")),
        columns={table: frozenset(columns) for table, columns in ask(read_sql("catalogue_columns"))},
        indexes=tuple(
            Index(table, name, valid, unique, tuple(columns), partial)
            for table, name, valid, unique, columns, partial in ask(read_sql("catalogue_indexes"))
        ),
        triggers=frozenset((table, name) for table, name in ask(read_sql("catalogue_triggers"))),
        functions=dict(ask(read_sql("catalogue_functions"))),
        meta=dict(ask(compose("read_meta", schema))) if may_read else {},
    )
