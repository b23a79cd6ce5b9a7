"""How do a world's issues and users get into a real Trino? As the sandbox's lake has them."""

from collections.abc import Iterable, Iterator

from scripts.sandbox.lake import list_users
from scripts.sandbox.rows import Row
from scripts.sandbox.world import World
from scripts.trino.server import CATALOG, RealTrino

STATEMENT_CHARACTERS = 4_000_000
"""An INSERT's length: a row costs 40 times as much alone, and longer statements gain nothing."""

_TABLES = {
    "jira.issues": "id varchar, key varchar, self varchar, fields varchar, changelog varchar",
    "jira.users": "accountId varchar, emailAddress varchar",
}


def fill_tables(trino: RealTrino, world: World, catalog: str = CATALOG) -> None:
    """Make jira.issues and jira.users of *catalog* anew, with what *world* shows now."""
    trino.ask("CREATE SCHEMA IF NOT EXISTS jira", catalog)
    contents = (map(_list_values, world.rows()), list_users(world))
    for (name, columns), rows in zip(_TABLES.items(), contents, strict=True):
        trino.ask(f"DROP TABLE IF EXISTS {name}", catalog)
        trino.ask(f"CREATE TABLE {name} ({columns})", catalog)
        for values in _gather(rows):
            trino.ask(f"INSERT INTO {name} VALUES {values}", catalog)


def _list_values(row: Row) -> tuple[str | None, ...]:
    return (row.id, row.key, row.self, row.fields, row.changelog)


def _gather(rows: Iterable[tuple[str | None, ...]]) -> Iterator[str]:
    """The rows as lists of literals, each as long as a statement may be."""
    gathered: list[str] = []
    length = 0
    for row in rows:
        text = f"({', '.join(map(_spell, row))})"
        if gathered and length + len(text) > STATEMENT_CHARACTERS:
            yield ", ".join(gathered)
            gathered, length = [], 0
        gathered.append(text)
        length += len(text)
    if gathered:
        yield ", ".join(gathered)


def _spell(value: str | None) -> str:
    # Typed, so that a column of nothing but NULLs is one of text.
    return "CAST(NULL AS varchar)" if value is None else f"'{value.replace("'", "''")}'"
