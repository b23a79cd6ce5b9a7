"""How do a world's issues and users get into a real Trino? As the sandbox's lake has them."""

from collections.abc import Iterable, Iterator

from scripts.sandbox.lake import list_users
from scripts.sandbox.rows import Row
from scripts.sandbox.world import World
from scripts.trino.server import RealTrino

STATEMENT_CHARACTERS = 4_000_000
"""An INSERT's length: a row costs 40 times as much alone, and longer statements gain nothing."""

_TABLES = {
    "jira.issues": "id varchar, key varchar, self varchar, fields varchar, changelog varchar",
    "jira.users": "accountId varchar, emailAddress varchar",
}


def fill_tables(trino: RealTrino, world: World) -> None:
    """Make jira.issues and jira.users anew, with what *world* shows now."""
    put_rows(trino, (_list_values(row) for row in world.rows()), list_users(world))


def put_rows(
    trino: RealTrino,
    issues: Iterable[tuple[str | None, ...]],
    users: Iterable[tuple[str | None, ...]] = (),
) -> None:
    """Make jira.issues and jira.users anew, with these rows."""
    trino.ask("CREATE SCHEMA IF NOT EXISTS jira")
    for (name, columns), rows in zip(_TABLES.items(), (issues, users), strict=True):
        trino.ask(f"DROP TABLE IF EXISTS {name}")
        trino.ask(f"CREATE TABLE {name} ({columns})")
        for values in _gather(rows):
            trino.ask(f"INSERT INTO {name} VALUES {values}")


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
