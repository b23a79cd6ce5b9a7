"""Is this activity still wanted? Beats for a blocking activity, and tells it when to stop.

A cancel reaches a ``def`` activity only with a heartbeat, and cannot interrupt a call in C; so a thread
beats beside it and, when the answer is no, closes what the activity waits for.
"""

import contextvars
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

from temporalio import activity

BEAT_S = 0.5
SHUTDOWN_PATIENCE_S = 2.0
"""How long a call may still take once the worker shuts down, before it is cut off."""


@contextmanager
def beating(cut_off: Callable[[], None] | None = None) -> Iterator[threading.Event]:
    """Beat while the block runs; the event is set when the activity should hand back what it has.

    *cut_off* is called from the beating thread when the activity is cancelled, or still runs
    SHUTDOWN_PATIENCE_S after the worker began to shut down.
    """
    ended, wanted_back = threading.Event(), threading.Event()

    def beat() -> None:
        shutdown_at: float | None = None
        while not ended.is_set():
            activity.heartbeat()
            activity.wait_for_worker_shutdown_sync(timedelta(seconds=BEAT_S)) if shutdown_at is None else (
                ended.wait(BEAT_S)
            )
            if activity.is_worker_shutdown() and shutdown_at is None:
                shutdown_at = time.monotonic()
                wanted_back.set()
            late = shutdown_at is not None and time.monotonic() - shutdown_at > SHUTDOWN_PATIENCE_S
            if activity.is_cancelled() or late:
                wanted_back.set()
                if cut_off is not None and not ended.is_set():
                    cut_off()
                return

    thread = threading.Thread(
        target=contextvars.copy_context().run, args=(beat,), name="heartbeat", daemon=True
    )
    thread.start()
    try:
        yield wanted_back
    finally:
        ended.set()
