"""What does this Jira do to its clients, on demand? Oddities that are no broken answers, set at run time."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from scripts.sandbox.exchange import Request
from scripts.sandbox.faults import Fault, Matches, too_many_requests

type ListName = Literal["comments", "worklogs", "histories"]

REASONS = ("jira-burst-based", "jira-quota-tenant-based", "jira-quota-global-based")


@dataclass(frozen=True, slots=True)
class State:
    """The oddities that hold now. Issues go by number."""

    forbidden: frozenset[int] = frozenset()
    deleted: frozenset[int] = frozenset()
    listed: frozenset[int] = frozenset()
    short: tuple[tuple[int, ListName, int], ...] = ()
    repeat_token: bool = False
    empty_pages: bool = False
    strict_ids: bool = True
    may_browse_users: bool = True
    bulk: bool = True
    tracks_time: bool = True
    hidden: frozenset[tuple[int, str]] = frozenset()
    nulled: frozenset[tuple[int, str]] = frozenset()
    token_age: int = 0

    def is_readable(self, number: int) -> bool:
        """Whether an issue answers when it is read by itself."""
        return number not in self.forbidden and number not in self.deleted

    def is_listed(self, number: int) -> bool:
        """Whether a search shows an issue; its index may lag behind a deletion."""
        return number not in self.forbidden and (number not in self.deleted or number in self.listed)

    def missing(self, number: int, name: ListName) -> int:
        """How many entries of a list its total counts but no page delivers."""
        return sum(by for at, kind, by in self.short if (at, kind) == (number, name))


class Tricks:
    """The State of one server, changed from any thread, and what happens between two requests."""

    def __init__(self) -> None:
        self._state = State()
        self._planned: list[tuple[Matches, Callable[[], object]]] = []
        self._lock = threading.Lock()

    @property
    def state(self) -> State:
        """As it is now."""
        with self._lock:
            return self._state

    def change(self, change: Callable[[State], State]) -> None:
        """Put another state in place."""
        with self._lock:
            self._state = change(self._state)

    def plan(self, call: Callable[[], object], matching: Matches) -> None:
        """Run *call* once, when the next request that matches was answered and before the answer is sent."""
        with self._lock:
            self._planned.append((matching, call))

    def run_planned(self, request: Request) -> None:
        """Run what was planned for after this request."""
        with self._lock:
            due = [entry for entry in self._planned if entry[0](request)]
            self._planned = [entry for entry in self._planned if entry not in due]
        for _, call in due:
            call()


def rate_limited(retry_after: float | datetime | None = None, reason: str = REASONS[0]) -> Fault:
    """429 as Jira Cloud sends it: Retry-After in seconds or as an HTTP date, and which limit was met."""
    fault = too_many_requests(retry_after)
    headers = (*fault.headers, ("RateLimit-Reason", reason), ("Content-Type", "application/json"))
    return replace(fault, headers=headers, body=b'{"errorMessages":["Rate limit exceeded"],"errors":{}}')
