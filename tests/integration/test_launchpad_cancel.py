"""How fast does a cancel reach a Launchpad job? At once, whatever its threads wait for."""

import threading
import time
from collections.abc import Callable, Iterator

import pytest

from scripts.sandbox.faults import hanging
from temporaletl.connections import Connections
from temporaletl.errors import TransientError
from tests.integration.launchpad_jobs import Jobs, on, start


@pytest.fixture
def jobs() -> Iterator[Jobs]:
    with start() as server:
        yield Jobs(server, at_once=3, timeout_s=60)


def cancel(jobs: Jobs, is_waiting: Callable[[], bool]) -> tuple[float, str]:
    """The seconds that a job went on for after it was cancelled, and what it said in the end."""
    connections = jobs.connections.fork()
    said: list[str] = []
    thread = threading.Thread(target=_run, args=(jobs, connections, said))
    thread.start()
    deadline = time.monotonic() + 5
    while not is_waiting():
        assert time.monotonic() < deadline, "the job never got so far"
        time.sleep(0.01)
    cancelled_at = time.monotonic()
    connections.close()
    thread.join(10)
    assert not thread.is_alive()
    return time.monotonic() - cancelled_at, said[0]


def _run(jobs: Jobs, connections: Connections, said: list[str]) -> None:
    try:
        list(jobs.pages("questions", connections=connections))
    except TransientError as error:
        said.append(str(error))


@pytest.mark.parametrize("part", ["/devel/", "~", "/messages"], ids=["description", "search", "items"])
def test_a_cancel_ends_calls_that_hang(jobs: Jobs, part: str) -> None:
    hung = threading.Event()

    def matches(request: object) -> bool:
        if on(part)(request):  # type: ignore[arg-type]
            hung.set()
            return True
        return False

    jobs.server.faults.plan(hanging(), times=None, matching=matches)
    seconds, said = cancel(jobs, hung.is_set)

    assert seconds < 2
    assert "cancelled" in said


def test_a_cancel_ends_a_wait_for_the_pace(jobs: Jobs) -> None:
    paced = Jobs(jobs.server, rate=0.05)
    seconds, said = cancel(paced, lambda: bool(jobs.server.log.entries))

    assert seconds < 2
    assert "cancelled" in said


def test_the_next_job_goes_on_after_a_cancelled_one(jobs: Jobs) -> None:
    jobs.server.faults.plan(hanging(), matching=on("/messages"))
    cancel(jobs, lambda: not jobs.server.faults.pending)

    assert jobs.documents("questions")
