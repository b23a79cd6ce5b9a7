"""What is upstream, and how does it change? A seeded world of people and issues that any server can show."""

import copy
import random
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import count, cycle

from scripts.sandbox import edits
from scripts.sandbox.issues import FIRST_ID, Issue, Setting, invent_issue, spell_time
from scripts.sandbox.people import Person, hire, invent_app, invent_person
from scripts.sandbox.rows import Row, render_row, seeded_damage
from scripts.sandbox.texts import invent_text

FIRST_NEW_PART = 10_000_000_000
"""Ids of comments, worklogs and histories that came by a change."""

LOADED_DAYS = 7
"""What changed so few days ago lies in the window of every ordinary run: each goes back further."""


@dataclass(frozen=True, slots=True)
class Change:
    """What happened to which issue."""

    issue_id: str
    what: str


class World:
    """People and issues, the same for the same (issues, seed, anchor, detail), until they change.

    An issue is made when it is asked for; only changed ones are kept, so that 100,000 issues cost
    nothing. Every change moves the issue's last change to *now* (never back). *detail* scales the size
    of documents: 1 is realistic, 0 leaves bare issues. Safe to use from several threads.
    """

    def __init__(
        self,
        issues: int = 1000,
        seed: int = 1,
        anchor: date | None = None,
        detail: float = 1,
        people: int | None = None,
    ) -> None:
        number_of_people = people or min(2_000, 40 + issues // 50)
        self.anchor = anchor or datetime.now(UTC).date()
        self.people = [invent_person(number, seed) for number in range(1, number_of_people + 1)]
        self.apps = tuple(invent_app(number, seed) for number in range(1, 4))
        self._setting = Setting(seed, self.anchor, tuple(self.people), self.apps, detail)
        self._issues = issues
        self._overrides: dict[int, Issue] = {}
        self._damage: dict[int, str | None] = {}
        self._parts = count(FIRST_NEW_PART)
        self._changes: list[int] = []
        self._rng = random.Random(f"changes:{seed}")
        self._lock = threading.RLock()

    def __len__(self) -> int:
        return self._issues

    @property
    def issue_ids(self) -> list[str]:
        """The ids of all issues, those of rows with a NULL id included."""
        return [str(FIRST_ID + number) for number in range(1, self._issues + 1)]

    def row(self, number: int) -> Row:
        """The lake's row of issue *number* (1 to len)."""
        with self._lock:
            issue = self._overrides.get(number)
            return render_row(issue or invent_issue(number, self._setting), self._damage_of(number))

    def rows(self) -> Iterator[Row]:
        """The lake's rows, one at a time."""
        return (self.row(number) for number in range(1, self._issues + 1))

    def issue(self, issue_id: str) -> Issue:
        """A copy of an issue's parts, as they are now."""
        number = int(issue_id) - FIRST_ID
        with self._lock:
            changed = self._overrides.get(number)
            return copy.deepcopy(changed) if changed else invent_issue(number, self._setting)

    def sound_row(self, number: int) -> Row:
        """The row of issue *number* as it would be without damage."""
        with self._lock:
            return render_row(self._overrides.get(number) or invent_issue(number, self._setting), None)

    def damage(self, issue_id: str) -> str | None:
        """What is wrong with the issue's row, if anything."""
        return self._damage_of(int(issue_id) - FIRST_ID)

    def changes_since(self, version: int) -> tuple[int, set[int]]:
        """The world's version now, and the numbers of the issues changed since *version* (0: ever)."""
        with self._lock:
            return len(self._changes), set(self._changes[version:])

    @property
    def changed_ids(self) -> list[str]:
        """The ids of all issues that were changed or added since the world was made."""
        return [str(FIRST_ID + number) for number in sorted(self.changes_since(0)[1])]

    @property
    def emails(self) -> frozenset[str]:
        """Every address that any system of the world shows, in every spelling."""
        return frozenset(email for person in self.people for email in person.emails)

    def edit_summary(self, issue_id: str, now: datetime, text: str | None = None) -> Change:
        """Another summary."""
        text = text or invent_text(self._rng, self.people)
        return self._change(
            issue_id,
            now,
            "edit_summary",
            lambda i, t: edits.edit_summary(i, self._part(), t, self._who(), text),
        )

    def change_status(self, issue_id: str, now: datetime, status: str = "Done") -> Change:
        """Another status."""
        return self._change(
            issue_id,
            now,
            "change_status",
            lambda i, t: edits.change_status(i, self._part(), t, self._who(), status),
        )

    def add_comment(self, issue_id: str, now: datetime) -> Change:
        """One more comment."""
        return self._change(
            issue_id,
            now,
            "add_comment",
            lambda i, t: edits.add_comment(i, self._part(), t, self._who(), self._rng, self.people),
        )

    def edit_comment(self, issue_id: str, now: datetime, comment_id: str | None = None) -> Change:
        """Another body for that comment, or the first; without comments one is added."""

        def edit(issue: Issue, when: datetime) -> None:
            chosen = comment_id or self._first_part(issue, "comments", when)
            edits.edit_comment(issue, chosen, when, self._who(), self._rng, self.people)

        return self._change(issue_id, now, "edit_comment", edit)

    def delete_comment(self, issue_id: str, now: datetime, comment_id: str | None = None) -> Change:
        """That comment, or the first, is deleted; without comments one comes and goes."""

        def delete(issue: Issue, when: datetime) -> None:
            chosen = comment_id or self._first_part(issue, "comments", when)
            edits.delete_comment(issue, chosen, self._part(), when, self._who(), self._rng)

        return self._change(issue_id, now, "delete_comment", delete)

    def add_worklog(
        self, issue_id: str, now: datetime, started: datetime | None = None, created: datetime | None = None
    ) -> Change:
        """One more worklog, *started* 40 days ago and *created* now unless told otherwise."""

        def add(issue: Issue, when: datetime) -> None:
            begun = started or when - timedelta(days=40)
            edits.add_worklog(issue, self._part(), when, self._who(), started=begun, created=created or when)

        return self._change(issue_id, now, "add_worklog", add)

    def delete_worklog(self, issue_id: str, now: datetime, worklog_id: str | None = None) -> Change:
        """That worklog, or the first, is deleted; without worklogs one comes and goes."""
        return self._change(
            issue_id,
            now,
            "delete_worklog",
            lambda i, t: edits.delete_worklog(i, worklog_id or self._first_part(i, "worklogs", t), t),
        )

    def burst(self, issue_id: str, now: datetime, size: int = 3, author: Person | None = None) -> Change:
        """*size* histories by one author, a second apart, the last one now. Again soon: the burst grows."""

        def add(issue: Issue, when: datetime) -> None:
            numbers = [self._part() for _ in range(size)]
            edits.add_burst(issue, numbers, when, author or self._who(), self._rng, self.people)

        return self._change(issue_id, now, "burst", add)

    def migrate(self, issue_id: str, now: datetime) -> Change:
        """A workflow migration: a history, while `updated` stays."""
        return self._change(
            issue_id, now, "migrate", lambda i, t: edits.migrate(i, self._part(), t, self.people[0])
        )

    def spoil(self, issue_id: str, damage: str) -> Change:
        """Damage the issue's row; *damage* is one of those in rows.SPOILT_AT."""
        return self._set_damage(issue_id, damage, "spoil")

    def repair(self, issue_id: str) -> Change:
        """Mend the issue's row; its last change stays."""
        return self._set_damage(issue_id, None, "repair")

    def add_issue(self, now: datetime) -> Change:
        """A new issue, created and last changed now."""
        with self._lock:
            self._issues += 1
            number = self._issues
            issue = invent_issue(number, self._setting)
            issue.histories.clear()
            edits.put_parts(issue, "comments", [])
            edits.put_parts(issue, "worklogs", [])
            issue.fields["created"] = spell_time(now)
            edits.touch(issue, now)
            self._overrides[number] = issue
            self._damage[number] = None
            self._changes.append(number)
            return Change(issue.id, "add_issue")

    def add_joiner(self) -> Person:
        """Somebody who acts in Jira already, address known there, enters the directory."""
        with self._lock:
            for at, person in enumerate(self.people):
                if person.employee_id is None and person.jira_email:
                    self.people[at] = hire(person)
                    return self.people[at]
        raise LookupError("everyone whose address Jira shows is in the directory already")

    def change_some(self, number: int, rng: random.Random, now: datetime) -> list[Change]:
        """*number* different issues with sound rows, drawn from *rng*, changed in each way in turn.

        Every change shows in a warehouse that ordinary runs fill: an issue without worklogs gets one where
        another would lose one, and one whose `updated` is long ago, which nobody finds over REST, a comment
        where another would migrate.
        """
        kinds: tuple[Callable[[str, datetime], Change], ...] = (
            self.edit_summary, self.delete_comment, self.add_worklog, self.edit_comment, self.change_status,
            self.add_comment, self.delete_worklog, self.burst, self.migrate,
        )  # fmt: skip
        sound = [issue_id for issue_id in self.issue_ids if self.damage(issue_id) is None]
        changes = []
        for issue_id, change in zip(rng.sample(sound, min(number, len(sound))), cycle(kinds), strict=False):
            issue = self.issue(issue_id)
            if change == self.delete_worklog and not edits.parts(issue, "worklogs"):
                changes.append(self.add_worklog(issue_id, now))
            elif change == self.migrate and _updated(issue) < now - timedelta(days=LOADED_DAYS):
                changes.append(self.add_comment(issue_id, now))
            else:
                changes.append(change(issue_id, now))
        return changes

    def _change(
        self, issue_id: str, now: datetime, what: str, edit: Callable[[Issue, datetime], None]
    ) -> Change:
        number = int(issue_id) - FIRST_ID
        with self._lock:
            issue = self.issue(issue_id)
            edit(issue, max(now, _last_change(issue) + timedelta(milliseconds=1)))
            self._overrides[number] = issue
            self._changes.append(number)
        return Change(issue_id, what)

    def _set_damage(self, issue_id: str, damage: str | None, what: str) -> Change:
        number = int(issue_id) - FIRST_ID
        with self._lock:
            self._damage[number] = damage
            self._changes.append(number)
        return Change(issue_id, what)

    def _damage_of(self, number: int) -> str | None:
        return self._damage[number] if number in self._damage else seeded_damage(number)

    def _first_part(self, issue: Issue, name: str, now: datetime) -> str:
        if not edits.parts(issue, name) and name == "comments":
            edits.add_comment(issue, self._part(), now, self._who(), self._rng, self.people)
        elif not edits.parts(issue, name):
            edits.add_worklog(issue, self._part(), now, self._who(), started=now, created=now)
        return str(edits.parts(issue, name)[0]["id"])

    def _part(self) -> int:
        return next(self._parts)

    def _who(self) -> Person:
        return self._rng.choice(self.people)


def _last_change(issue: Issue) -> datetime:
    created = (datetime.fromisoformat(str(history["created"])) for history in issue.histories)
    return max([_updated(issue), *created])


def _updated(issue: Issue) -> datetime:
    return datetime.fromisoformat(str(issue.fields["updated"]).replace(" UTC", "+00:00"))
