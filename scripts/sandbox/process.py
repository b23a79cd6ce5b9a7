"""How does a server of the sandbox start and end? Behind a guard, so that none is left behind."""

import select
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType, TracebackType
from typing import Self

LOOPBACK = "127.0.0.1"

INTERRUPTED = 130
"""The exit code of a command that Ctrl-C ended, as shells have it."""

NOTICE_S = 0.2
"""Who waits for a signal looks so often: one that comes as a wait begins is seen when that wait ends."""


class StartError(Exception):
    """A server of the sandbox did not come up."""


class GuardedProcess:
    """One server process. It ends with ``stop()``, and also when this process ends in any way.

    It runs in a session of its own, so that Ctrl-C reaches only us. *folder* is removed at its end.
    """

    def __init__(
        self,
        command: Sequence[str],
        log: Path,
        *,
        folder: Path | None = None,
        stop_signal: str = "SIGTERM",
        grace_s: float = 5,
        identity: tuple[int, int] | None = None,
    ) -> None:
        uid, gid = identity or (-1, -1)
        guard = [sys.executable, "-I", str(Path(__file__).with_name("guard.py")), stop_signal, str(grace_s)]
        self.log = log
        self._folder = folder
        with log.open("ab") as output:
            self._guard = subprocess.Popen(
                [*guard, str(uid), str(gid), str(folder or ""), *command],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=output,
                start_new_session=True,
            )
        if self._guard.stdout is None:
            raise StartError("the guard has no standard output")
        line = self._guard.stdout.readline()
        if not line:
            self.stop()
            raise StartError(f"{command[0]} could not be started: {self.tail()}")
        self.pid = int(line)

    @property
    def running(self) -> bool:
        """Whether the server still runs."""
        told = self._guard.stdout
        if told is None or told.closed:
            return False
        # The guard closes it when the server ends.
        ended = select.poll()
        ended.register(told, select.POLLIN)
        return not ended.poll(0)

    def tail(self) -> str:
        """The end of the server's log."""
        return self.log.read_text(errors="replace")[-2000:] if self.log.exists() else "(no log)"

    def wait_until(self, ready: Callable[[], bool], within_s: float = 30) -> None:
        """Wait until *ready* answers true; StartError when the server ends first or takes too long."""
        deadline = time.monotonic() + within_s
        while not ready():
            if not self.running:
                raise StartError(f"the server ended while starting: {self.tail()}")
            if time.monotonic() > deadline:
                raise StartError(f"the server was not ready within {within_s} s: {self.tail()}")
            time.sleep(0.03)

    def stop(self) -> None:
        """End the server and wait for it; more often is allowed."""
        for pipe in (self._guard.stdin, self._guard.stdout):
            if pipe is not None:
                pipe.close()
        self._guard.wait()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


class GuardedServer:
    """A server that one guarded process runs, until ``stop()`` or the end of a ``with`` block."""

    def __init__(self, process: GuardedProcess) -> None:
        self._process = process

    @property
    def pid(self) -> int:
        """The server's process id."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether the server still runs."""
        return self._process.running

    @property
    def log(self) -> str:
        """The end of the server's log."""
        return self._process.tail()

    def check(self) -> None:
        """Raise RuntimeError, with the end of its log, when the server has ended."""
        if not self.running:
            raise RuntimeError(f"the {type(self).__name__} is gone: {self.log}")

    def stop(self) -> None:
        """End the server and remove what it holds."""
        self._process.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def be_interruptible(
    react: Callable[[int, FrameType | None], object] = signal.default_int_handler,
) -> Callable[[], bool]:
    """Let SIGINT, SIGTERM and SIGHUP raise KeyboardInterrupt, or *react*; answers whether one came.

    Who is started in the background begins with SIGINT ignored, and could not be ended by it; SIGHUP stays
    ignored where nohup wants it so. Ask when any error comes: DuckDB makes one of its own of the interrupt,
    and so does whoever writes to a terminal that was closed.
    """
    came: list[int] = []

    def interrupt(number: int, frame: FrameType | None) -> None:
        came.append(number)
        react(number, frame)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, interrupt)
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:
        signal.signal(signal.SIGHUP, interrupt)
    return lambda: bool(came)


def guard_folder(folder: Path) -> GuardedProcess:
    """Something whose end, or ours, removes *folder*: for files that this process itself has open."""
    return GuardedProcess(["sleep", "2147483647"], folder / "log", folder=folder, stop_signal="SIGKILL")


def free_ports(count: int) -> list[int]:
    """Ports of the loopback address that nobody listens on now; another process may be faster."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for candidate in sockets:
            candidate.bind((LOOPBACK, 0))
        return [candidate.getsockname()[1] for candidate in sockets]
    finally:
        for candidate in sockets:
            candidate.close()


def start_on_free_ports[T](start: Callable[..., T], count: int, attempts: int = 3) -> T:
    """What *start* answers for *count* free ports; tried again where another process took one."""
    for left in reversed(range(attempts)):
        try:
            return start(*free_ports(count))
        except StartError:
            if not left:
                raise
    raise StartError("no attempt was made")
