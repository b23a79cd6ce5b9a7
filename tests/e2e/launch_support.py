"""How a test starts a command of the product: from any folder, with exactly the settings it names."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from scripts.showcase.processes import LEAVE_WITHIN_S, ROOT, clean_environment

PACKAGES = ("temporaletl", "queuer", "worker")


class Launched:
    """One command of the product while it runs, and what it said."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self.log = log
        self._process = process

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def said(self) -> str:
        """Everything it said, on both outputs."""
        return self.log.read_text(errors="replace")

    def wait_for(self, text: str, within_s: float = 60) -> str:
        """What it said, as soon as *text* is part of it."""
        deadline = time.monotonic() + within_s
        while text not in (said := self.said):
            assert self._process.poll() is None, f"it ended with {self._process.returncode}: {said}"
            assert time.monotonic() < deadline, f"it never said {text!r}, but: {said}"
            time.sleep(0.01)
        return said

    def wait(self, within_s: float = 60) -> int:
        """Its exit code."""
        return self._process.wait(within_s)

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self._process.send_signal(number)


@contextlib.contextmanager
def launch(
    folder: Path, *arguments: str, environment: Mapping[str, str], cwd: Path | None = None
) -> Iterator[Launched]:
    """``python <arguments>``, its log in *folder*; ended at the end of the block.

    With *cwd* it finds what is there and nothing else; without, this repository's packages.
    """
    log = folder / f"{time.monotonic_ns()}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=cwd or folder,
            env={
                **clean_environment(folder),
                **({} if cwd else {"PYTHONPATH": str(ROOT)}),
                "LOG_FORMAT": "json",
                **environment,
            },
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        yield Launched(process, log)
    finally:
        # Asked first: what it has started itself goes with it.
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(LEAVE_WITHIN_S)
        process.kill()
        process.wait()


def run_command(
    folder: Path,
    *arguments: str,
    environment: Mapping[str, str],
    cwd: Path | None = None,
    within_s: float = 60,
) -> tuple[int, str]:
    """The exit code of ``python <arguments>``, and what it said."""
    with launch(folder, *arguments, environment=environment, cwd=cwd) as command:
        return command.wait(within_s), command.said


def copy_packages(folder: Path, packages: tuple[str, ...] = PACKAGES) -> Path:
    """*folder* with a copy of the product's packages in it and nothing else."""
    for package in packages:
        shutil.copytree(ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def closed_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def waited_for_processor_s(pid: int) -> float:
    """How long a process's main thread was ready to run while others had the processors; 0 where unknown."""
    try:
        return int(Path(f"/proc/{pid}/schedstat").read_text().split()[1]) / 1e9
    except (OSError, IndexError):
        return 0.0


def python_path(root: Path = ROOT) -> dict[str, str]:
    """What lets schedule.py, started in queuer/, find the packages."""
    return {"PYTHONPATH": os.fspath(root)}
