"""What may happen to a world while it is loaded? Drawn plans, and how each of their words is carried out."""

import contextlib
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from hypothesis import strategies as st

from scripts.sandbox.exchange import Request
from scripts.sandbox.faults import Fault, latency, server_error, too_many_requests, truncated
from scripts.sandbox.people import Person
from scripts.sandbox.rows import SPOILT_AT
from scripts.sandbox.trino import TrinoServer
from scripts.sandbox.world import World
from tests.e2e.endings import ENDINGS

type Delivery = Literal["once", "twice", "overlapping"]

CHANGES = (
    "edit_summary", "change_status", "add_comment", "edit_comment", "delete_comment", "add_worklog",
    "backdate_worklog", "delete_worklog", "burst", "grow_burst", "migrate", "add_issue", "join", "spoil",
    "repair",
)  # fmt: skip
TROUBLES = (
    "none", "job refused", "job unavailable", "job throttled", "job cut", "job slow", "run refused", *ENDINGS,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Step:
    """Changes of the world, then a run that meets *trouble*, its jobs delivered as *delivery* says."""

    changes: tuple[str, ...]
    trouble: str
    delivery: Delivery


@dataclass(frozen=True, slots=True)
class Plan:
    """A world, and the steps in which it is loaded."""

    seed: int
    issues: int
    steps: tuple[Step, ...]


def plans() -> st.SearchStrategy[Plan]:
    """Plans of a first load and two more steps, with a good mixture of changes after each."""
    step = st.builds(
        Step,
        changes=st.lists(st.sampled_from(CHANGES), min_size=12, max_size=24).map(tuple),
        trouble=st.sampled_from(TROUBLES),
        delivery=st.sampled_from(("once", "twice", "overlapping")),
    )
    return st.builds(
        Plan,
        seed=st.integers(1, 1_000_000),
        issues=st.integers(24, 48),
        steps=st.lists(step, min_size=3, max_size=3).map(tuple),
    )


HARD = Plan(
    seed=20,
    issues=40,
    steps=(
        Step(CHANGES, "warehouse read only", "once"),
        Step(CHANGES, "both terminated", "once"),
        Step(CHANGES, "run refused", "overlapping"),
    ),
)
"""A back-fill under a warehouse that is read only for a while, a terminated run, and one that fails."""


class Changer:
    """Changes *world* by the words of CHANGES, always the same for the same *seed*.

    An issue is changed again and again rather than another one every time.
    """

    def __init__(self, world: World, seed: int) -> None:
        self._world = world
        self._rng = random.Random(f"changer:{seed}")
        self._bursts: dict[str, tuple[datetime, Person]] = {}

    def change(self, what: str) -> None:
        """Let *what* happen now."""
        world, now = self._world, datetime.now(UTC)
        match what:
            case "add_issue":
                world.add_issue(now)
            case "join":
                with contextlib.suppress(LookupError):  # all have joined
                    world.add_joiner()
            case "spoil":
                # With a change that shows: nobody could find a row that was damaged long after its window.
                issue_id = self._choose()
                world.change_status(issue_id, now)
                world.spoil(issue_id, self._rng.choice(sorted(SPOILT_AT.values())))
            case "repair":
                damaged = [issue_id for issue_id in world.issue_ids if world.damage(issue_id)]
                if damaged:
                    issue_id = self._rng.choice(damaged)
                    world.repair(issue_id)
                    world.change_status(issue_id, now)
            case "backdate_worklog":
                days = timedelta(days=self._rng.randrange(9, 60))
                world.add_worklog(self._choose(), now, started=now - days, created=now - days / 2)
            case "burst":
                author, issue_id = self._rng.choice(world.people), self._choose()
                world.burst(issue_id, now, self._rng.randrange(2, 5), author)
                self._bursts[issue_id] = now, author
            case "grow_burst":
                self._grow_burst(now)
            case _:
                getattr(world, what)(self._choose(), now)

    def _grow_burst(self, now: datetime) -> None:
        issue_id = self._rng.choice(sorted(self._bursts) or [self._choose()])
        last, author = self._bursts.get(issue_id, (now, self._rng.choice(self._world.people)))
        self._world.burst(issue_id, last + timedelta(seconds=2), 2, author)
        self._bursts[issue_id] = last + timedelta(seconds=2), author

    def _choose(self) -> str:
        ids = self._world.issue_ids
        return self._rng.choice(ids[:: 3 if self._rng.randrange(2) else 1])


def plan_trouble(trino: TrinoServer, trouble: str) -> None:
    """Let the next requests meet *trouble*."""
    faults: dict[str, tuple[Fault, int, Callable[[Request], bool]]] = {
        "job refused": (Fault(status=403), 2, asks_for_issues),
        "job unavailable": (server_error(503), 2, asks_for_issues),
        "job throttled": (too_many_requests(1), 1, asks_for_issues),
        "job cut": (truncated(), 2, _reads_on),
        "job slow": (latency(0.5), 3, asks_for_issues),
        "run refused": (Fault(status=403), 1, asks_for_backlog),
    }
    if trouble in faults:
        fault, times, matching = faults[trouble]
        trino.faults.plan(fault, times, matching)


def asks_for_issues(request: Request) -> bool:
    """Whether a job asks for a page of whole issues."""
    return request.method == "POST" and b"SELECT id, key, self, fields, changelog" in request.body


def asks_for_backlog(request: Request) -> bool:
    """Whether a run asks for a page of its backlog."""
    return request.method == "POST" and b"SELECT max(id) AS upto" in request.body


def _reads_on(request: Request) -> bool:
    """Whether somebody fetches the rows of a question."""
    return request.method == "GET" and "/executing/" in request.path
