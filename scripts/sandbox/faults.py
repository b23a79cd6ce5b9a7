"""What goes wrong, and when? Faults for the next requests of one server, and a log of what was asked."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime

from scripts.sandbox.exchange import Request


@dataclass(frozen=True, slots=True)
class Fault:
    """How one request is answered wrongly.

    delay_s is waited first. With a *status* that is the answer; *truncate* sends half of the right
    body under its full length; *hang* accepts and answers nothing; *respond* alone is told apart by
    the server itself.
    """

    delay_s: float = 0
    status: int | None = None
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    truncate: bool = False
    hang: bool = False


def latency(seconds: float) -> Fault:
    """The right answer, later."""
    return Fault(delay_s=seconds)


def too_many_requests(retry_after: float | datetime | None = None) -> Fault:
    """429, with a Retry-After in seconds or as an HTTP date (aware, UTC), or without one."""
    if retry_after is None:
        return Fault(status=429, body=b"slow down")
    value = (
        format_datetime(retry_after, usegmt=True) if isinstance(retry_after, datetime) else f"{retry_after:g}"
    )
    return Fault(status=429, headers=(("Retry-After", value),), body=b"slow down")


def server_error(status: int = 503) -> Fault:
    """500, 502, 503 or 504 with a page that is no JSON."""
    return Fault(status=status, body=b"<html><body>upstream is unwell</body></html>")


def truncated() -> Fault:
    """Half of the right body; the connection ends before the announced length."""
    return Fault(truncate=True)


def hanging() -> Fault:
    """No answer at all, until the client goes or the server stops."""
    return Fault(hang=True)


@dataclass(frozen=True, slots=True)
class Logged:
    """One request that was answered (status 0: not at all). *at* is of the monotonic clock."""

    at: float
    method: str
    path: str
    status: int
    duration_s: float


type Matches = Callable[[Request], bool]


@dataclass(slots=True)
class _Planned:
    fault: Fault
    left: int | None
    matches: Matches | None


@dataclass(slots=True)
class Faults:
    """The faults planned for one server, set at run time from any thread."""

    _planned: list[_Planned] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def plan(self, fault: Fault, times: int | None = 1, matching: Matches | None = None) -> None:
        """Answer the next *times* requests (None: all) that match with *fault*; first planned, first used."""
        with self._lock:
            self._planned.append(_Planned(fault, times, matching))

    def clear(self) -> None:
        """Forget all that is planned."""
        with self._lock:
            self._planned.clear()

    @property
    def pending(self) -> bool:
        """Whether a planned fault was not used up yet."""
        with self._lock:
            return bool(self._planned)

    def take(self, request: Request) -> Fault | None:
        """The fault for this request, if any; it counts as used."""
        with self._lock:
            for planned in self._planned:
                if planned.matches is None or planned.matches(request):
                    if planned.left is not None:
                        planned.left -= 1
                        if planned.left <= 0:
                            self._planned.remove(planned)
                    return planned.fault
        return None


class RequestLog:
    """What a server was asked, in the order of the answers."""

    def __init__(self) -> None:
        self._entries: list[Logged] = []
        self._lock = threading.Lock()

    def add(self, request: Request, status: int, began: float) -> None:
        """Note an answer."""
        entry = Logged(began, request.method, request.path, status, time.monotonic() - began)
        with self._lock:
            self._entries.append(entry)

    def clear(self) -> None:
        """Forget all entries."""
        with self._lock:
            self._entries.clear()

    @property
    def entries(self) -> tuple[Logged, ...]:
        """All entries so far."""
        with self._lock:
            return tuple(self._entries)

    def count(self, path: str = "", method: str | None = None, status: int | None = None) -> int:
        """How many requests had that beginning of a path, method and status."""
        return sum(
            entry.path.startswith(path) and method in (None, entry.method) and status in (None, entry.status)
            for entry in self.entries
        )
