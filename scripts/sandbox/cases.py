"""Which cases are in Salesforce, and how do they change? Seeded cases of the world's own people."""

import copy
import random
import threading
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from itertools import count, cycle

from scripts.sandbox import cases_edits as edits
from scripts.sandbox.cases_invent import PRIORITIES, STATUSES, CaseSetting, case_id, invent_case, open_case
from scripts.sandbox.cases_records import (
    CaseFile,
    join_users,
    show_history,
    show_user,
    user_email,
    user_id,
)
from scripts.sandbox.people import Person
from scripts.sandbox.soql import Record
from scripts.sandbox.texts import invent_sentence, invent_text
from scripts.sandbox.world import LOADED_DAYS, Change, World

FIRST_NEW_PART = 10_000_000
"""Numbers of comments and history rows that came by a change."""

type _Way = Callable[[str, datetime], Change]
type _Edit = Callable[[CaseFile, datetime], None]


class Cases:
    """Cases of *world*'s people, the same for the same (world, number, seed), until they change.

    Every change moves a part's SystemModstamp to *now* (never back), a comment's its own alone.
    Safe to use from several threads.
    """

    def __init__(self, world: World, number: int = 120, seed: int = 1) -> None:
        self._world = world
        self.robot = world.apps[0]
        self._setting = CaseSetting(seed, world.anchor, tuple(world.people), self.robot)
        self._files = {case_id(at): invent_case(at, self._setting) for at in range(1, number + 1)}
        self._parts = count(FIRST_NEW_PART)
        self._changed: dict[str, None] = {}
        self._rng = random.Random(f"case changes:{seed}")
        self._tables: dict[str, Sequence[Record]] | None = None
        self._addresses: dict[str, Record] = {}
        self._lock = threading.RLock()

    def __len__(self) -> int:
        return len(self._files)

    @property
    def case_ids(self) -> list[str]:
        """The ids of all cases, deleted and hidden ones included."""
        return list(self._files)

    @property
    def changed_ids(self) -> list[str]:
        """The ids of all cases that were changed or added since they were made."""
        return list(self._changed)

    @property
    def emails(self) -> frozenset[str]:
        """Every address that a user has here."""
        return frozenset(map(user_email, (*self._world.people, self.robot)))

    def file(self, case: str) -> CaseFile:
        """A copy of a case with its parts, as they are now."""
        with self._lock:
            return copy.deepcopy(self._files[case])

    def tables(self) -> dict[str, Sequence[Record]]:
        """The rows of Case, CaseComment, CaseHistory and User that our user may see.

        What a row shows of a user is what that user's own row says now.
        """
        with self._lock:
            people = (*self._world.people, self.robot)
            users = {user_id(p): show_user(p) | self._addresses.get(user_id(p), {}) for p in people}
            if self._tables is None or self._tables["User"] != list(users.values()):
                seen = [file for file in self._files.values() if not file.hidden]
                self._tables = {
                    "Case": [join_users(file.record, users) for file in seen],
                    "CaseComment": [join_users(row, users) for file in seen for row in file.comments],
                    "CaseHistory": [join_users(row, users) for file in seen for row in file.history],
                    "User": list(users.values()),
                }
            return self._tables

    def change_address(self, person: Person, address: str) -> None:
        """Give a user another address, as administrators do to those who leave."""
        with self._lock:
            self._addresses[user_id(person)] = {"Email": address}

    def add_comment(self, case: str, now: datetime, body: str | None = None) -> Change:
        """One more comment; the case's own SystemModstamp stays."""
        text = body or invent_text(self._rng, self._world.people)
        return self._change(
            case,
            now,
            "add_comment",
            lambda f, t: edits.add_comment(f, next(self._parts), t, self._who(), text),
        )

    def delete_comment(self, case: str, now: datetime) -> Change:
        """The last living comment is deleted; without one, one comes and goes."""

        def delete(file: CaseFile, when: datetime) -> None:
            if all(comment["IsDeleted"] for comment in file.comments):
                edits.add_comment(file, next(self._parts), when, self._who(), "gone soon")
            edits.delete_comment(file, when)

        return self._change(case, now, "delete_comment", delete)

    def change_status(self, case: str, now: datetime, status: str | None = None) -> Change:
        """Another status."""
        return self._change(
            case,
            now,
            "change_status",
            lambda f, t: edits.change_status(
                f, self._parts, t, self._who(), status or _other(f.record["Status"], STATUSES)
            ),
        )

    def change_priority(self, case: str, now: datetime) -> Change:
        """Another priority."""
        return self._change(
            case,
            now,
            "change_priority",
            lambda f, t: edits.change_field(
                f, self._parts, t, self._who(), "Priority", _other(f.record["Priority"], PRIORITIES)
            ),
        )

    def change_owner(self, case: str, now: datetime, owner: Person | int | None = None) -> Change:
        """Another owner: a user, or the number of a queue."""
        return self._change(
            case,
            now,
            "change_owner",
            lambda f, t: edits.change_owner(
                f, self._parts, t, self._who(), self._who() if owner is None else owner
            ),
        )

    def change_subject(self, case: str, now: datetime) -> Change:
        """Another subject: a change without an event type of its own."""
        text = invent_sentence(self._rng)
        return self._change(
            case,
            now,
            "change_subject",
            lambda f, t: edits.change_field(f, self._parts, t, self._who(), "Subject", text),
        )

    def close(self, case: str, now: datetime) -> Change:
        """The case is closed; a closed one again, at another time."""
        return self._change(
            case, now, "close", lambda f, t: edits.change_status(f, self._parts, t, self._who(), "Closed")
        )

    def reopen(self, case: str, now: datetime) -> Change:
        """The case is open again and has no closing date; an open one changes its status."""
        return self._change(
            case, now, "reopen", lambda f, t: edits.change_status(f, self._parts, t, self._who(), "Working")
        )

    def delete_case(self, case: str, now: datetime) -> Change:
        """The case goes to the recycle bin with all that belongs to it."""
        return self._change(case, now, "delete_case", lambda f, t: edits.mark_deleted(f, t, deleted=True))

    def undelete_case(self, case: str, now: datetime) -> Change:
        """The case comes back; what was deleted before it stays deleted."""
        return self._change(case, now, "undelete_case", lambda f, t: edits.mark_deleted(f, t, deleted=False))

    def hide_case(self, case: str) -> Change:
        """The case is out of our user's sight from now on: private to others, or gone for good."""
        return self._set_hidden(case, hidden=True)

    def show_case(self, case: str) -> Change:
        """The case is in our user's sight; no time of it moves."""
        return self._set_hidden(case, hidden=False)

    def add_case(self, now: datetime) -> Change:
        """A new case, made now."""
        with self._lock:
            number = len(self._files) + 1
            when, who = now.replace(microsecond=0), self._who()
            file = open_case(number, who, when, self._setting, self._rng)
            file.history.append(show_history(next(self._parts), file.id, who, when, "created"))
            return self._put(file, "add_case")

    def change_some(self, number: int, rng: random.Random, now: datetime) -> list[Change]:
        """*number* different cases that we see, drawn from *rng*, changed in each way in turn.

        Every change shows in a warehouse that ordinary runs fill: where one would not, there is another.
        The last change is a new case.
        """
        kinds: Iterable[_Way] = cycle(
            (
                self.add_comment, self.change_status, self.change_owner, self.delete_comment,
                self.change_priority, self.close, self.reopen, self.change_subject, self.delete_case,
            )
        )  # fmt: skip
        seen = [case for case, file in self._files.items() if not file.hidden]
        chosen = zip(rng.sample(seen, min(number - 1, len(seen))), kinds, strict=False)
        changes = [self._showing(kind, case, now)(case, now) for case, kind in chosen]
        return [*changes, self.add_case(now)]

    def _showing(self, kind: _Way, case: str, now: datetime) -> _Way:
        """*kind*, or what shows in its place: only what was loaded can be missed when it goes."""
        file = self._files[case]
        if file.record["IsDeleted"] is True:
            return self.undelete_case
        if kind == self.delete_comment and all(comment["IsDeleted"] for comment in file.comments):
            return self.add_comment
        if kind == self.delete_case and file.last_change < now - timedelta(days=LOADED_DAYS):
            return self.close
        return kind

    def _change(self, case: str, now: datetime, what: str, edit: _Edit) -> Change:
        with self._lock:
            file = self.file(case)
            edit(file, max(now.replace(microsecond=0), file.last_change + timedelta(seconds=1)))
            return self._put(file, what)

    def _set_hidden(self, case: str, *, hidden: bool) -> Change:
        with self._lock:
            file = self.file(case)
            file.hidden = hidden
            return self._put(file, "hide_case" if hidden else "show_case")

    def _put(self, file: CaseFile, what: str) -> Change:
        self._files[file.id] = file
        self._changed[file.id] = None
        self._tables = None
        return Change(file.id, what)

    def _who(self) -> Person:
        return self._rng.choice(self._world.people)


def _other(value: object, choices: Sequence[str]) -> str:
    """The choice after *value*."""
    return choices[(choices.index(str(value)) + 1) % len(choices)] if value in choices else choices[0]
