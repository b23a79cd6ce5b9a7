"""How does a bug change? As Launchpad does it: with a line in the log, and the last change moved or not."""

from dataclasses import replace
from datetime import datetime

from scripts.sandbox.launchpad.bugs import assign_task, move_task, spell, target_of
from scripts.sandbox.launchpad.records import Account, Activity, Bug, Message, Task


def comment(bug: Bug, who: int, when: datetime, text: str) -> Bug:
    """One more message. The log does not mention it."""
    return replace(bug, updated=when, messages=(*bug.messages, Message(who, when, text, f"Re: {bug.title}")))


def change_status(bug: Bug, who: int, when: datetime, status: str) -> Bug:
    """Another status of the first task."""
    task = bug.tasks[0]
    changed = replace(bug, tasks=(move_task(task, status, when), *bug.tasks[1:]))
    return _log(changed, Activity(who, when, f"{target_of(task)}: status", task.status, status))


def assign(bug: Bug, who: int, when: datetime, former: Account | None, to: Account | None) -> Bug:
    """Another assignee of the first task, or none."""
    task = bug.tasks[0]
    changed = replace(bug, tasks=(assign_task(task, to, when), *bug.tasks[1:]))
    return _log(changed, Activity(who, when, f"{target_of(task)}: assignee", spell(former), spell(to)))


def retitle(bug: Bug, who: int, when: datetime, title: str) -> Bug:
    """Another title."""
    return _log(replace(bug, title=title), Activity(who, when, "summary", bug.title, title))


def restrict(bug: Bug, who: int, when: datetime, information_type: str) -> Bug:
    """Made private, or public again."""
    line = Activity(who, when, "information type", bug.information_type, information_type)
    return _log(replace(bug, information_type=information_type), line)


def mark_duplicate(bug: Bug, who: int, when: datetime, of: int) -> Bug:
    """Marked as a duplicate of another bug."""
    former = str(bug.duplicate_of) if bug.duplicate_of else None
    line = Activity(who, when, "marked as duplicate", former, str(of))
    return _log(replace(bug, duplicate_of=of), line)


def target(bug: Bug, who: int, when: datetime, series: str, assignee: int) -> Bug:
    """One more task, in a series of the first task's project."""
    task = Task(
        f"{bug.tasks[0].target}/{series}", who, when, assignee=assignee, dates={"date_assigned": when}
    )
    line = Activity(who, when, "nominated for series", None, target_of(task))
    return _log(replace(bug, tasks=(*bug.tasks, task)), line)


def edit_message(bug: Bug, index: int, when: datetime, text: str) -> Bug:
    """Another content of one message. The bug's last change stays, as in Launchpad."""
    return _replace_message(bug, index, replace(bug.messages[index], content=text, edited=when))


def delete_message(bug: Bug, index: int, when: datetime) -> Bug:
    """The content of one message gone, the message itself not. The bug's last change stays."""
    return _replace_message(bug, index, replace(bug.messages[index], content="", deleted=when))


def _replace_message(bug: Bug, index: int, message: Message) -> Bug:
    return replace(bug, messages=(*bug.messages[:index], message, *bug.messages[index + 1 :]))


def _log(bug: Bug, line: Activity) -> Bug:
    return replace(bug, updated=line.when, activity=(*bug.activity, line))
