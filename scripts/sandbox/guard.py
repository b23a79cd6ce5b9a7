"""Runs one server and ends it when asked, or when whoever asked for it is gone.

Run as a file of its own: ``python guard.py SIGNAL GRACE_S UID GID FOLDER COMMAND...``. It prints the
server's process id, then waits until its standard input ends (which a SIGKILL of the parent causes
too) or the server does, which it says on standard error, the server's log. Then it sends SIGNAL, after
GRACE_S seconds SIGKILL, and closes its standard output; FOLDER, which may hold that log, goes when
nobody asks any more.
UID and GID are -1 to stay who we are; FOLDER is empty where there is nothing to remove.
"""

import contextlib
import ctypes
import os
import select
import shutil
import signal
import subprocess
import sys

PR_SET_PDEATHSIG = 1


def guard(stop_signal: int, grace_s: float, uid: int, gid: int, folder: str, command: list[str]) -> int:
    """The exit code of *command*, which does not outlive our standard input."""
    server = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        user=uid if uid >= 0 else None,
        group=gid if gid >= 0 else None,
        extra_groups=[] if uid >= 0 else None,
        # We have one thread, so neither the hook nor the death signal (sent when the *thread* that
        # forked ends) can go wrong here; both could in the process that asked for the server.
        preexec_fn=_die_with_parent if sys.platform == "linux" else None,
        start_new_session=True,
    )
    sys.stdout.write(f"{server.pid}\n")
    sys.stdout.flush()
    try:
        _wait_until_unwanted(server)
    finally:
        code = _end(server, stop_signal, grace_s)
        os.close(sys.stdout.fileno())
        while os.read(0, 1024):
            pass
        if folder:
            shutil.rmtree(folder, ignore_errors=True)
    return code


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _wait_until_unwanted(server: subprocess.Popen[bytes]) -> None:
    while server.poll() is None:
        readable, _, _ = select.select([0], [], [], 0.2)
        if readable and not os.read(0, 1024):
            return
    sys.stderr.write(f"it ended by itself with {server.returncode}\n")
    sys.stderr.flush()


def _end(server: subprocess.Popen[bytes], stop_signal: int, grace_s: float) -> int:
    with contextlib.suppress(ProcessLookupError):
        server.send_signal(stop_signal)
    try:
        return server.wait(grace_s)
    except subprocess.TimeoutExpired:
        server.kill()
        return server.wait()


if __name__ == "__main__":
    # Ctrl-C in the terminal is for the parent: it ends us through the pipe, in its own order.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    _, name, grace, uid_text, gid_text, folder_text, *rest = sys.argv
    number = signal.Signals[name].value
    sys.exit(guard(number, float(grace), int(uid_text), int(gid_text), folder_text, rest))
