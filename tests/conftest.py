"""What holds for every test: where its files are, and that no variable of a terminal leads it elsewhere."""

import os
import tempfile
from pathlib import Path

from scripts.sandbox.surroundings import forget_surroundings

MEMORY = Path("/dev/shm")  # noqa: S108 - the folders in it are tempfile's
ROOM = 4 << 30
"""Bytes; a run needs a quarter of it."""


def pytest_configure() -> None:
    """Before any fixture starts a server or opens a session."""
    forget_surroundings()
    # A database is made ten times as fast in memory as on a disk, and a run makes hundreds.
    if "TMPDIR" not in os.environ and _has_room(MEMORY):
        os.environ["TMPDIR"], tempfile.tempdir = str(MEMORY), None


def _has_room(folder: Path) -> bool:
    """Whether files can be made here, also programs, and enough of them."""
    if not os.access(folder, os.W_OK | os.X_OK):
        return False
    found = os.statvfs(folder)
    return not found.f_flag & os.ST_NOEXEC and found.f_bavail * found.f_frsize > ROOM
