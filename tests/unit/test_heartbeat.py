"""Does a blocking activity hear that it is unwanted, and does the beating end with it?"""

import threading
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest
from temporalio import activity
from temporalio.exceptions import CancelledError
from temporalio.testing import ActivityEnvironment

from temporaletl import heartbeat
from temporaletl.heartbeat import beating

PATIENCE_S = 10


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beats and patience of a test's length."""
    monkeypatch.setattr(heartbeat, "BEAT_S", 0.01)
    monkeypatch.setattr(heartbeat, "SHUTDOWN_PATIENCE_S", 0.1)


@pytest.fixture
def environment() -> Iterator[ActivityEnvironment]:
    """An activity's surroundings; no thread of it is left beating."""
    before = threading.active_count()
    yield ActivityEnvironment()
    for thread in threading.enumerate():
        if thread.name == "heartbeat":
            thread.join(PATIENCE_S)
    assert threading.active_count() == before


def run_in_thread(environment: ActivityEnvironment, work: Callable[[], None]) -> threading.Thread:
    """Start an activity as a worker's pool would."""

    def run() -> None:
        with suppress(CancelledError):
            environment.run(work)

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def test_it_beats_again_and_again_while_the_block_runs(environment: ActivityEnvironment) -> None:
    beats: list[tuple[object, ...]] = []
    enough = threading.Event()

    def count(*details: object) -> None:
        beats.append(details)
        if len(beats) == 3:
            enough.set()

    def work() -> None:
        with beating():
            assert enough.wait(PATIENCE_S)

    environment.on_heartbeat = count
    environment.run(work)

    assert beats[:3] == [(), (), ()]


def test_a_cancel_cuts_off_what_the_activity_waits_for(environment: ActivityEnvironment) -> None:
    answer = threading.Event()
    begun = threading.Event()
    wanted_back: list[bool] = []

    def work() -> None:
        # The cancel is also raised in this thread, which would not be while it waits in a C call.
        with activity.shield_thread_cancel_exception(), beating(answer.set) as stop:
            begun.set()
            assert answer.wait(PATIENCE_S)
            wanted_back.append(stop.is_set())

    running = run_in_thread(environment, work)
    assert begun.wait(PATIENCE_S)
    environment.cancel()
    running.join(PATIENCE_S)

    assert wanted_back == [True]


def test_a_shutdown_asks_for_what_there_is_before_it_cuts_off(environment: ActivityEnvironment) -> None:
    answer = threading.Event()
    begun = threading.Event()
    cut_when_asked: list[bool] = []

    def work() -> None:
        with beating(answer.set) as stop:
            begun.set()
            assert stop.wait(PATIENCE_S)
            cut_when_asked.append(answer.is_set())
            assert answer.wait(PATIENCE_S)

    running = run_in_thread(environment, work)
    assert begun.wait(PATIENCE_S)
    environment.worker_shutdown()
    running.join(PATIENCE_S)

    assert cut_when_asked == [False]
    assert answer.is_set()


def test_an_activity_that_hands_back_in_time_is_not_cut_off(environment: ActivityEnvironment) -> None:
    cut = threading.Event()
    begun = threading.Event()

    def work() -> None:
        with beating(cut.set) as stop:
            begun.set()
            assert stop.wait(PATIENCE_S)

    running = run_in_thread(environment, work)
    assert begun.wait(PATIENCE_S)
    environment.worker_shutdown()
    running.join(PATIENCE_S)

    assert not cut.wait(0.3)


def test_an_activity_that_fails_ends_its_beating_too(environment: ActivityEnvironment) -> None:
    def work() -> None:
        with beating():
            raise ValueError("wrong")

    with pytest.raises(ValueError, match="wrong"):
        environment.run(work)
