"""What does the lake hold? jira.issues and jira.users in DuckDB, kept as the world is."""

import tempfile
import threading
from collections.abc import Iterable
from pathlib import Path

import duckdb
import orjson

from scripts.sandbox.damaged_json import read_damaged
from scripts.sandbox.issues import FIRST_ID
from scripts.sandbox.process import guard_folder
from scripts.sandbox.rows import Row
from scripts.sandbox.world import World

SETUP = Path(__file__).with_name("lake.sql").read_text()

# What a cursor (a connection of its own) has to be told again.
SESSION = "set TimeZone = 'UTC'; set integer_division = true; use lake;"

CHUNK = 2_000


class Lake:
    """A DuckDB with the world's tables; ``cursor()`` answers after catching up with the world.

    Rows lie in id order in small groups, so that a range of ids reads little. On disk, in a
    temporary folder: 100,000 issues need no memory.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._folder = Path(tempfile.mkdtemp(prefix="sandbox-lake-"))
        self._guard = guard_folder(self._folder)
        self._lock = threading.Lock()
        self._database = duckdb.connect(":memory:")
        try:
            self._database.execute(f"attach '{self._folder / 'lake.db'}' as lake (row_group_size 2048)")
            # A third of a small query's time; and no large table is joined.
            self._database.execute("set disabled_optimizers = 'join_order'")
            self._database.execute(SETUP)
            self._database.execute(SESSION)
            with self._lock:
                self._version, _ = world.changes_since(0)
                self._fill()
        except BaseException:
            self.close()
            raise

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """A cursor of its own that sees the world as it is now."""
        with self._lock:
            version, numbers = self._world.changes_since(self._version)
            if numbers:
                self._replace(sorted(numbers))
                self._version = version
            cursor = self._database.cursor()
        cursor.execute(SESSION)
        return cursor

    def close(self) -> None:
        """Forget everything."""
        with self._lock:
            self._database.close()
        self._guard.stop()

    def _fill(self) -> None:
        # Ids order as text, numbers do not: rows are laid down in id order, in place of an index.
        numbers = sorted(range(1, len(self._world) + 1), key=lambda number: str(FIRST_ID + number))
        for first in range(0, len(numbers), CHUNK):
            self._append(numbers[first : first + CHUNK])
        self._database.executemany("insert into jira.users values (?, ?)", list_users(self._world))
        self._database.execute("checkpoint")

    def _append(self, numbers: Iterable[int]) -> None:
        batch = self._folder / "batch.ndjson"
        with batch.open("wb") as file:
            for number in numbers:
                row = self._world.row(number)
                file.write(_line(number, row))
                self._note_damage(row)
        columns = "number: 'integer', id: 'varchar', key: 'varchar', self: 'varchar', fields: 'varchar'"
        self._database.execute(
            f"insert into jira.numbered select * from read_json('{batch}', format = 'newline_delimited',"
            f" columns = {{{columns}, changelog: 'varchar'}}, maximum_object_size = 8388608)"
        )
        batch.unlink()

    def _note_damage(self, row: Row) -> None:
        for text in (row.fields, row.changelog):
            if remains := read_damaged(text):
                values = [text, remains.sound, remains.whole]
                self._database.execute("insert or ignore into damaged values (hash(?), ?, ?)", values)

    def _replace(self, numbers: list[int]) -> None:
        self._database.execute("begin")
        self._database.execute("delete from jira.numbered where number in (select unnest(?))", [numbers])
        self._append(numbers)
        self._database.execute("commit")


def list_users(world: World) -> list[tuple[str | None, ...]]:
    """The rows of jira.users: account id and address, which only some show."""
    people = [(person.account_id, person.jira_email) for person in world.people]
    return [*people, *((app.account_id, None) for app in world.apps)]


def _line(number: int, row: Row) -> bytes:
    texts = {"key": row.key, "self": row.self, "fields": row.fields, "changelog": row.changelog}
    return orjson.dumps({"number": number, "id": row.id, **texts}, option=orjson.OPT_APPEND_NEWLINE)
