"""How do the product's own processes run here? As real subprocesses, watched, and gone afterwards."""

import contextlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

from scripts.sandbox.stack import Sandbox

ROOT = Path(__file__).resolve().parents[2]
LEAVE_WITHIN_S = 15
WATCH_EVERY_S = 0.5

_KEPT = frozenset({"PATH", "LANG", "TZ", "TMPDIR", "LD_LIBRARY_PATH"})


class ProductProcess:
    """``python -m <package>`` of this repository, its log in a file, its peak memory measured."""

    def __init__(self, package: str, environment: Mapping[str, str], log: Path) -> None:
        self.package = package
        self.log = log
        self.peak_bytes = 0
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", package],
                cwd=log.parent,
                env={**clean_environment(log.parent), "PYTHONPATH": str(ROOT), **environment},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                # Ctrl-C is ours to handle: the process is asked to stop in its turn.
                start_new_session=True,
            )
        self._ended = threading.Event()
        threading.Thread(target=self._watch, daemon=True).start()

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def check(self) -> None:
        """Raise RuntimeError, with the end of its log, when the process has ended."""
        if self._process.poll() is not None:
            tail = self.log.read_text(errors="replace")[-2000:]
            raise RuntimeError(f"python -m {self.package} ended with {self._process.returncode}:\n{tail}")

    def stop(self) -> int:
        """Ask it to leave, wait, and answer its exit code; one that does not leave in time is killed."""
        self._ended.set()
        if self._process.poll() is None:
            self._process.terminate()
        try:
            return self._process.wait(LEAVE_WITHIN_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _watch(self) -> None:
        with contextlib.suppress(psutil.Error):
            process = psutil.Process(self._process.pid)
            while not self._ended.wait(WATCH_EVERY_S):
                self.peak_bytes = max(self.peak_bytes, process.memory_info().rss)


def make_schedule(source: str, environment: Mapping[str, str], home: Path) -> str:
    """Make *source*'s weekly schedule with the schedule script, as an operator would; answers its words."""
    done = subprocess.run(
        [sys.executable, str(ROOT / "queuer" / "schedule.py"), source, "1", "3"],
        cwd=home,
        env={**clean_environment(home), "PYTHONPATH": str(ROOT), **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"schedule.py {source} 1 3 failed: {done.stderr.strip()}")
    return done.stdout.strip()


def clean_environment(home: Path) -> dict[str, str]:
    """What a process of the sandbox may know of this machine: no setting of anybody's deployment.

    *home* holds no Temporal profile, and no .env is read: a process that found the user's own would
    work on the deployment that they name.
    """
    kept = {name: value for name, value in os.environ.items() if name in _KEPT or name.startswith("LC_")}
    return {**kept, "HOME": str(home), "PYTHON_DOTENV_DISABLED": "1"}


def wait_until_polling(processes: list[ProductProcess], servers: Sandbox, within_s: float = 30) -> float:
    """Wait until every process says that it polls; answers the seconds it took.

    RuntimeError when a process ends, one of *servers* has ended, or it takes too long.
    """
    began = time.monotonic()
    while any("polling" not in process.log.read_text(errors="replace") for process in processes):
        for process in processes:
            process.check()
        servers.check()
        if time.monotonic() - began > within_s:
            raise RuntimeError(f"the processes did not poll within {within_s} s")
        time.sleep(0.05)
    return time.monotonic() - began
