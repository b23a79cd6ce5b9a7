"""What can happen to a bug of the sandbox's Launchpad? One method each."""

from collections.abc import Callable
from datetime import datetime, timedelta

from scripts.sandbox.launchpad import bug_edits
from scripts.sandbox.launchpad.records import PRIVATE, PUBLIC, Activity, Bug, Message, Task
from scripts.sandbox.launchpad.shelf import Change, Shelf

TICK = timedelta(milliseconds=1)


class BugChanges(Shelf):
    """Changes of bugs. Each happens *now*, or just after the bug's last one."""

    def add_bug(self, now: datetime, by: str | None = None) -> Change:
        """A new bug without comments."""
        with self._lock:
            owner, title, text = self._who(by), self.cast.title(self._rng), self.cast.write(self._rng)
            tasks = (Task("harbour", owner, now),)
            messages = (Message(owner, now, text, title),)
            activity = (Activity(owner, now, "bug", message="added bug"),)
            bug = Bug(self._take_id(), title, text, owner, now, now, tasks, messages, activity)
            return self.put(bug, "add_bug")

    def comment_on_bug(
        self, bug_id: int, now: datetime, by: str | None = None, text: str | None = None
    ) -> Change:
        """One more message."""
        said = text or self.cast.write(self._rng)
        return self._edit_bug(
            bug_id, now, "comment_on_bug", lambda b, t: bug_edits.comment(b, self._who(by), t, said)
        )

    def change_bug_status(
        self, bug_id: int, now: datetime, status: str | None = None, by: str | None = None
    ) -> Change:
        """Another status of the first task."""

        def edit(bug: Bug, when: datetime) -> Bug:
            chosen = status or ("Triaged" if bug.tasks[0].status == "Confirmed" else "Confirmed")
            return bug_edits.change_status(bug, self._who(by), when, chosen)

        return self._edit_bug(bug_id, now, "change_bug_status", edit)

    def assign_bug(self, bug_id: int, now: datetime, to: str | None = None, by: str | None = None) -> Change:
        """Another assignee of the first task."""

        def edit(bug: Bug, when: datetime) -> Bug:
            former, chosen = self._accounts.get(bug.tasks[0].assignee or 0), self._accounts[self._who(to)]
            return bug_edits.assign(bug, self._who(by), when, former, chosen)

        return self._edit_bug(bug_id, now, "assign_bug", edit)

    def retitle_bug(
        self, bug_id: int, now: datetime, title: str | None = None, by: str | None = None
    ) -> Change:
        """Another title."""
        chosen = title or self.cast.title(self._rng)
        return self._edit_bug(
            bug_id, now, "retitle_bug", lambda b, t: bug_edits.retitle(b, self._who(by), t, chosen)
        )

    def mark_duplicate(self, bug_id: int, now: datetime, of: int) -> Change:
        """A duplicate of another bug: most searches leave it out from now on."""
        return self._edit_bug(
            bug_id, now, "mark_duplicate", lambda b, t: bug_edits.mark_duplicate(b, self._who(), t, of)
        )

    def target_bug(self, bug_id: int, now: datetime, series: str, to: str | None = None) -> Change:
        """To be mended in a series too, by somebody: most searches leave that task out."""
        return self._edit_bug(
            bug_id, now, "target_bug", lambda b, t: bug_edits.target(b, self._who(), t, series, self._who(to))
        )

    def hide_bug(self, bug_id: int, now: datetime, information_type: str = PRIVATE) -> Change:
        """The bug is private from now on."""
        return self._edit_bug(
            bug_id, now, "hide_bug", lambda b, t: bug_edits.restrict(b, self._who(), t, information_type)
        )

    def show_bug(self, bug_id: int, now: datetime) -> Change:
        """The bug is public from now on."""
        return self._edit_bug(
            bug_id, now, "show_bug", lambda b, t: bug_edits.restrict(b, self._who(), t, PUBLIC)
        )

    def edit_bug_message(
        self, bug_id: int, now: datetime, index: int = -1, text: str | None = None
    ) -> Change:
        """Another content of one message. The bug's date_last_updated stays, as in Launchpad."""
        said = text or self.cast.write(self._rng)
        return self._edit_bug(
            bug_id,
            now,
            "edit_bug_message",
            lambda b, t: bug_edits.edit_message(b, index % len(b.messages), t, said),
        )

    def delete_bug_message(self, bug_id: int, now: datetime, index: int = -1) -> Change:
        """One message loses its content. The bug's date_last_updated stays, as in Launchpad."""
        return self._edit_bug(
            bug_id,
            now,
            "delete_bug_message",
            lambda b, t: bug_edits.delete_message(b, index % len(b.messages), t),
        )

    def delete_bug(self, bug_id: int) -> Change:
        """Gone: 404 for it and all that belonged to it."""
        with self._lock:
            del self._bugs[bug_id]
            return self._note(f"bugs:{bug_id}", "delete_bug")

    def _edit_bug(
        self, bug_id: int, now: datetime, what: str, edit: Callable[[Bug, datetime], Bug]
    ) -> Change:
        with self._lock:
            bug = self._bugs[bug_id]
            return self.put(edit(bug, max(now, bug.updated + TICK)), what)
