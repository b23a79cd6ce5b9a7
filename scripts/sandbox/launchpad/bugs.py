"""What is a bug of the seeded Launchpad? A pure function of (seed, number)."""

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from scripts.sandbox.launchpad.cast import FIRST_ID, JANITOR, PROJECTS, Cast, spread
from scripts.sandbox.launchpad.records import (
    IMPORTANCES,
    PRIVATE,
    PUBLIC,
    SECRET,
    Account,
    Activity,
    Bug,
    Message,
    Task,
)

HUGE = (250, 130)
"""Activity and messages of the first bug."""

TAGS = ("regression", "jammy", "größe", "needs-packaging", "rls-mm-incoming")
WALK = (
    "Confirmed",
    "Triaged",
    "In Progress",
    "Fix Committed",
    "Fix Released",
    "Won't Fix",
    "Incomplete",
    "New",
)
DATED = {
    "Incomplete": "date_incomplete",
    "Confirmed": "date_confirmed",
    "Triaged": "date_triaged",
    "In Progress": "date_in_progress",
    "Fix Committed": "date_fix_committed",
    "Fix Released": "date_fix_released",
}
CLOSED = frozenset({"Fix Released", "Won't Fix", "Invalid", "Expired", "Opinion"})


def invent_bug(number: int, cast: Cast) -> Bug:
    """Bug *number*. All were last changed in the days before the anchor; the first one is huge.

    One in 17 is private, one in 23 secret, one in nine a duplicate of the one before, one in five is
    to be mended in two places.
    """
    rng = random.Random(f"bug:{cast.seed}:{number}")
    entries, comments = (HUGE[0] - 1, HUGE[1] - 1) if number == 1 else (spread(rng, 40), spread(rng, 60))
    updated = cast.last_moment(rng)
    created = updated if entries + comments == 0 else cast.earlier(rng, updated)
    moments = list(cast.between(rng, created, updated, entries + comments))
    rng.shuffle(moments)
    owner, title, text = cast.choose(rng), cast.title(rng), cast.write(rng)
    bug = Bug(
        id=FIRST_ID + number,
        title=title,
        description=text,
        owner=owner.number,
        created=created,
        updated=updated,
        tasks=_invent_tasks(rng, number, owner, created, cast),
        messages=(
            Message(owner.number, created, text, title),
            *_invent_comments(rng, sorted(moments[entries:]), title, cast),
        ),
        activity=(Activity(owner.number, created, "bug", message="added bug"),),
        information_type=SECRET if number % 23 == 11 else PRIVATE if number % 17 == 5 else PUBLIC,
        duplicate_of=FIRST_ID + number - 1 if number % 9 == 4 else None,
        tags=tuple(sorted(rng.sample(TAGS, rng.randrange(3)))),
        name=f"bug-{number}" if number % 13 == 0 else None,
        heat=6 + 2 * spread(rng, 200),
        affected=1 + spread(rng, 30),
    )
    for moment in sorted(moments[:entries]):
        bug = _invent_change(rng, bug, moment, cast)
    return bug


def move_task(task: Task, status: str, when: datetime) -> Task:
    """The task in another status, with the dates that go with it."""
    dates = dict(task.dates)
    if status in DATED:
        dates[DATED[status]] = when
    if status in CLOSED:
        dates["date_closed"] = when
    if status != "New":
        dates.setdefault("date_left_new", when)
    return replace(task, status=status, dates=dates)


def assign_task(task: Task, account: Account | None, when: datetime) -> Task:
    """The task with another assignee."""
    if account is None:
        return replace(task, assignee=None)
    return replace(task, assignee=account.number, dates={**task.dates, "date_assigned": when})


def spell(account: Account | None) -> str | None:
    """An account as a bug's log names it."""
    return None if account is None else f"{account.display_name} ({account.name})"


def is_in_series(task: Task) -> bool:
    """Whether the target is a series of a project (``harbour/trunk``) and not the project or a package."""
    return "/" in task.target.partition("/+source/")[0]


def target_of(task: Task) -> str:
    """The target as a bug's log names it."""
    project, _, package = task.target.partition("/+source/")
    return f"{package} ({project.title()})" if package else project


def _invent_tasks(
    rng: random.Random, number: int, owner: Account, created: datetime, cast: Cast
) -> tuple[Task, ...]:
    importance = rng.choice(IMPORTANCES)
    first = Task(rng.choice(PROJECTS[:4]), owner.number, created, importance=importance)
    if number % 5 != 2:
        return (first,)
    package = f"ubuntu/+source/{rng.choice(PROJECTS[:4])}"
    return (first, Task(package, cast.choose(rng).number, created + timedelta(minutes=1), "Confirmed"))


def _invent_comments(
    rng: random.Random, moments: list[datetime], title: str, cast: Cast
) -> Iterator[Message]:
    for moment in moments:
        message = Message(cast.choose(rng).number, moment, cast.write(rng), f"Re: {title}")
        if rng.randrange(25) == 0:
            message = replace(message, edited=moment + timedelta(minutes=5))
        if rng.randrange(40) == 0:
            message = replace(message, content="", deleted=moment + timedelta(minutes=9))
        yield message


def _invent_change(rng: random.Random, bug: Bug, when: datetime, cast: Cast) -> Bug:
    account, other = cast.choose(rng), cast.choose(rng)
    task, target = bug.tasks[0], target_of(bug.tasks[0])
    match rng.randrange(7):
        case 0 | 1:
            status = rng.choice(WALK)
            line = Activity(account.number, when, f"{target}: status", task.status, status)
            task = move_task(task, status, when)
        case 2:
            former = next((a for a in cast.ranked if a.number == task.assignee), None)
            line = Activity(account.number, when, f"{target}: assignee", spell(former), spell(other))
            task = assign_task(task, other, when)
        case 3:
            importance = rng.choice(IMPORTANCES)
            line = Activity(account.number, when, f"{target}: importance", task.importance, importance)
            task = replace(task, importance=importance)
        case 4:
            line = Activity(account.number, when, "description", cast.write(rng), bug.description)
        case 5:
            line = _subscribe(len(bug.activity), account, other, when)
        case _:
            line = Activity(JANITOR, when, "tags", "", " ".join(bug.tags), None)
    return replace(bug, tasks=(task, *bug.tasks[1:]), activity=(*bug.activity, line))


def _subscribe(turn: int, account: Account, other: Account, when: datetime) -> Activity:
    """A line about a subscriber, whom Launchpad names by what others see, in each form in turn."""
    name = other.display_name
    match turn % 3:
        case 0:
            return Activity(account.number, when, "bug", message=f"added subscriber {name}")
        case 1:
            return Activity(account.number, when, f"removed subscriber {name}")
        case _:
            return Activity(account.number, when, f"subscriber {name}", "Discussion", "Lifecycle")
