"""Are the libraries of a real Trino in this user's cache? Fetched by Maven, once, however many ask."""

import fcntl
import os
import re
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from scripts.sandbox.process import GuardedProcess, StartError
from scripts.trino.toolchain import AbsentError, find_maven

POM: Final = Path(__file__).with_name("pom.xml")
FETCH_WITHIN_S: Final = 900

_LIST: Final = "libraries.txt"
_UNREACHABLE: Final = re.compile(
    r"Could not (find|transfer|resolve)|could not be resolved|Cannot access|Unknown host|offline mode"
)
"""What Maven says when it cannot have a library. Any other failure is a fault of ours."""


def have_libraries(environ: Mapping[str, str], jdk: Path) -> Path:
    """The folder with every library that pom.xml asks for, fetched where it is not whole yet.

    Raises AbsentError when Maven is missing or cannot have them, StartError when it fails otherwise.
    """
    cache = cache_folder(environ)
    cache.mkdir(parents=True, exist_ok=True)
    folder = cache / f"trino-{read_trino_version()}"
    with _alone(cache):
        if not is_whole(folder):
            maven = find_maven(environ)
            shutil.rmtree(folder, ignore_errors=True)
            _fetch(maven, jdk, folder)
    return folder / "lib"


def cache_folder(environ: Mapping[str, str]) -> Path:
    """Where this user's caches of ours lie."""
    chosen = environ.get("XDG_CACHE_HOME", "")
    base = Path(chosen) if chosen.startswith("/") else Path(environ.get("HOME") or Path.home(), ".cache")
    return base / "temporaletl"


def read_trino_version() -> str:
    """The version of Trino that pom.xml asks for."""
    version = re.search(r"<trino\.version>([^<]+)<", POM.read_text())
    if version is None:
        raise LookupError(f"{POM} names no trino.version")
    return version[1]


def is_whole(folder: Path) -> bool:
    """Whether *folder* holds what the present pom.xml asks for, every file in its full size."""
    try:
        if (folder / POM.name).read_bytes() != POM.read_bytes():
            return False
        return (folder / _LIST).read_text() == _describe(folder / "lib") != ""
    except OSError:
        return False


def _describe(lib: Path) -> str:
    return "".join(f"{path.stat().st_size} {path.name}\n" for path in sorted(lib.iterdir()))


@contextmanager
def _alone(cache: Path) -> Iterator[None]:
    # The kernel drops the lock when its holder dies, and the folder needs no file for it.
    lock = os.open(cache, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _fetch(maven: Path, jdk: Path, folder: Path) -> None:
    """Fill a folder beside *folder*, which takes that name only when it is whole."""
    part = folder.with_name(f"{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir()
    shutil.copyfile(POM, part / POM.name)
    log, told = part / "log", part / "told"
    told.touch()
    goal = ["dependency:copy-dependencies", f"-DoutputDirectory={part / 'lib'}", "-DincludeScope=runtime"]
    command = [
        "env",
        f"JAVA_HOME={jdk}",
        str(maven),
        "-B",
        "-l",
        str(told),
        "-f",
        str(part / POM.name),
        *goal,
    ]
    try:
        with GuardedProcess(command, log) as process:
            deadline = time.monotonic() + FETCH_WITHIN_S
            while process.running and time.monotonic() < deadline:
                time.sleep(0.05)
            late = process.running
        _judge(told.read_text(errors="replace") + log.read_text(errors="replace"), late=late)
        log.unlink()
        told.unlink()
        (part / _LIST).write_text(_describe(part / "lib"))
        part.rename(folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _judge(told: str, *, late: bool) -> None:
    if late:
        raise AbsentError(f"Maven did not have Trino's libraries after {FETCH_WITHIN_S} s: try again")
    if "BUILD SUCCESS" in told:
        return
    errors = [line for line in told.splitlines() if line.startswith("[ERROR]")]
    said = errors[0][:500] if errors else told[-500:]
    if _UNREACHABLE.search(told):
        raise AbsentError(f"Maven cannot have Trino's libraries: {said}")
    raise StartError(f"Maven failed to fetch Trino's libraries: {said}")
