"""What holds for every test: when it runs, where its files are, and that no variable leads it elsewhere."""

import os
import signal
import tempfile
from pathlib import Path
from typing import Any, override

import pytest
from xdist.scheduler import LoadFileScheduling

from scripts.sandbox.surroundings import forget_surroundings

MEMORY = Path("/dev/shm")  # noqa: S108 - the folders in it are tempfile's
ROOM = 4 << 30
"""Bytes; a run needs a quarter of it."""


def pytest_configure() -> None:
    """Before any fixture starts a server or opens a session."""
    forget_surroundings()
    # A shell that runs this in the background lets Ctrl-C be ignored, by the commands of the tests too.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    # Temporal's server, a Go program, spends a sixth less time when it may hold more garbage and when its
    # threads do not look for each other's work.
    os.environ.setdefault("GOGC", "400")
    os.environ.setdefault("GOMAXPROCS", "1")
    # A database is made ten times as fast in memory as on a disk, and a run makes hundreds.
    if "TMPDIR" not in os.environ and _has_room(MEMORY):
        os.environ["TMPDIR"], tempfile.tempdir = str(MEMORY), None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest begins first, so that no process is left alone with it at the end."""
    items.sort(key=lambda item: not item.nodeid.startswith(("tests/e2e/", "tests/real/")))


class ByFile(LoadFileScheduling):
    """A file's tests run in one process; all that ask the real Trino, which takes 20 s to start, in one."""

    @override
    def _split_scope(self, nodeid: str) -> str:
        return "tests/real" if nodeid.startswith("tests/real/") else super()._split_scope(nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """How many processes: one more than cores, as tests wait now and then; past four they only start more."""
    return min((os.cpu_count() or 1) + 1, 4)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFile:
    """How the tests are dealt out."""
    return ByFile(config, log)


def _has_room(folder: Path) -> bool:
    """Whether files can be made here, also programs, and enough of them."""
    if not os.access(folder, os.W_OK | os.X_OK):
        return False
    found = os.statvfs(folder)
    return not found.f_flag & os.ST_NOEXEC and found.f_bavail * found.f_frsize > ROOM
