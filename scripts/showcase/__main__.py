"""Runs the demo, which can be ended from its first moment on, whatever its terminal exports."""

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import NoReturn

from scripts.sandbox.process import INTERRUPTED, be_interruptible
from scripts.sandbox.surroundings import forget_surroundings


def run(arguments: Sequence[str]) -> int:
    """The demo's exit code; INTERRUPTED after a signal, whatever was made of it on its way here."""
    # To read all that it is made of takes seconds, in which an error may be swallowed, and nothing runs yet.
    be_interruptible(lambda *_: _leave(_say_stopped()))
    forget_surroundings()
    from scripts.showcase.demo import run_demo

    interrupted = be_interruptible()
    try:
        return run_demo(arguments, interrupted)
    except BaseException:
        if not interrupted():
            raise
    return _say_stopped()


def _say_stopped() -> int:
    # Where the terminal was closed nobody reads it.
    with suppress(OSError):
        print("stopped: nothing is left running", flush=True)
    return INTERRUPTED


def _leave(code: int) -> NoReturn:
    """As temporaletl.process.leave does, and why; that may not have been read yet."""
    with suppress(OSError):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    _leave(run(sys.argv[1:]))
