"""Which issues are there now? What a search looks at, kept beside the world, and each issue's document."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import orjson

from scripts.sandbox.issues import FIRST_ID, spell_time
from scripts.sandbox.world import World

type Json = dict[str, Any]
type Reshape = Callable[[Json], object]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
KEPT_BODIES = 256


@dataclass(frozen=True, slots=True)
class Entry:
    """What a search knows of an issue; times are milliseconds since 1970."""

    number: int
    key: str
    project: str
    project_name: str
    created_ms: int
    updated_ms: int

    @property
    def id(self) -> int:
        """The issue's id."""
        return FIRST_ID + self.number


class Catalogue:
    """The world's issues, undamaged, as they are at every look. Safe to use from several threads.

    Searches know times in steps of *step_ms*.
    """

    def __init__(self, world: World, step_ms: int = 1) -> None:
        self.step_ms = step_ms
        self._world = world
        self._entries: dict[int, Entry] = {}
        self._by_key: dict[str, int] = {}
        self._reshapings: dict[int, Reshape] = {}
        self._bodies: OrderedDict[int, bytes] = OrderedDict()
        self._held: list[Entry] | None = None
        self._version = -1
        self._holds = 0
        self._lock = threading.RLock()

    def entries(self) -> list[Entry]:
        """What searches see, in no promised order: what is there now, unless that was held."""
        with self._lock:
            self._catch_up()
            return list(self._entries.values()) if self._held is None else self._held

    def hold(self, on: bool) -> None:
        """While *on*, searches see the issues as they are at this moment."""
        with self._lock:
            self._held = None
            self._held = self.entries() if on else None
            self._holds += 1

    @property
    def version(self) -> tuple[int, int]:
        """Differs whenever searches may see something else."""
        with self._lock:
            return self._world.changes_since(0)[0], self._holds

    def find(self, id_or_key: str) -> Entry | None:
        """The issue of that id or key, in any case."""
        with self._lock:
            self._catch_up()
            number = self._by_key.get(id_or_key.upper())
            if number is None and id_or_key.isascii() and id_or_key.isdigit():
                number = int(id_or_key) - FIRST_ID
            return None if number is None else self._entries.get(number)

    def body(self, number: int) -> Json:
        """The whole issue (id, key, fields, changelog), a copy of its own. Times as Jira spells them."""
        with self._lock:
            self._catch_up()
            text = self._bodies.pop(number, None) or self._render(number)
            self._bodies[number] = text
            while len(self._bodies) > KEPT_BODIES:
                self._bodies.popitem(last=False)
            reshape = self._reshapings.get(number)
        body = cast(Json, orjson.loads(text))
        if reshape is not None:
            reshape(body)
        return body

    def reshape(self, number: int, reshape: Reshape) -> None:
        """Show the issue's body as *reshape* leaves it; searches still look at what the world tells."""
        with self._lock:
            self._reshapings[number] = reshape

    def restore(self) -> None:
        """Show and search what the world tells, as it is now."""
        with self._lock:
            self._reshapings.clear()
        self.hold(False)

    def _catch_up(self) -> None:
        if self._version < 0:
            self._version, _ = self._world.changes_since(0)
            for number in range(1, len(self._world) + 1):
                self._note(number)
            return
        version, changed = self._world.changes_since(self._version)
        self._version = version
        for number in changed:
            self._bodies.pop(number, None)
            self._note(number)

    def _note(self, number: int) -> None:
        # Only three fields are needed, but the row is all that the world gives of an issue.
        row = self._world.sound_row(number)
        fields = orjson.loads(row.fields or "{}")
        project = fields["project"]
        self._entries[number] = Entry(
            number,
            row.key,
            project["key"],
            project["name"],
            cut_ms(count_ms(read_time(fields["created"])), self.step_ms),
            cut_ms(count_ms(read_time(fields["updated"])), self.step_ms),
        )
        self._by_key[row.key.upper()] = number

    def _render(self, number: int) -> bytes:
        row = self._world.sound_row(number)
        fields = orjson.loads(row.fields or "{}")
        # Some lakes spell it otherwise; Jira itself does not.
        fields["updated"] = _respell(fields["updated"])
        issue = {"id": row.id, "key": row.key, "fields": fields}
        return orjson.dumps({**issue, "changelog": orjson.loads(row.changelog or "{}")})


def read_time(text: str) -> datetime:
    """The moment that the world spells, in either of its ways."""
    return datetime.fromisoformat(text.replace(" UTC", "+00:00"))


def count_ms(moment: datetime) -> int:
    """Milliseconds since 1970."""
    return (moment - EPOCH) // timedelta(milliseconds=1)


def cut_ms(moment_ms: int, step_ms: int) -> int:
    """The last whole step up to a moment."""
    return moment_ms - moment_ms % step_ms


def _respell(text: str) -> str:
    return spell_time(read_time(text)) if text.endswith(" UTC") else text
