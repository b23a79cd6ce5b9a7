"""How do tests wait for what happens elsewhere? By looking again, with a bound."""

import time
from collections.abc import Callable


def wait_until(condition: Callable[[], bool], within_s: float = 20) -> None:
    """Return once *condition* holds; AssertionError when it does not in time."""
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, f"it did not happen within {within_s} s"
        time.sleep(0.02)
