"""``scripts/real-trino`` serves the seeded world, says how to reach it, and leaves nothing behind."""

import contextlib
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from scripts.sandbox.world import World
from scripts.trino.server import SHORT_LIVED
from tests.waiting import wait_until

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "scripts.trino", "--issues", "30", "--seed", "3", "--detail", "0.2"]


@pytest.fixture
def running(able: None, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """The command, where a real Trino can run; its files in the test's folder."""
    ours = {"TMPDIR": str(tmp_path), "PYTHONUNBUFFERED": "1", "JAVA_TOOL_OPTIONS": " ".join(SHORT_LIVED)}
    environ = {**os.environ, **ours}
    with subprocess.Popen(COMMAND, cwd=ROOT, env=environ, stdout=subprocess.PIPE, text=True) as command:
        yield command
        command.kill()


def family_of(running: subprocess.Popen[str]) -> list[psutil.Process]:
    return psutil.Process(running.pid).children(recursive=True)


def assert_gone(family: list[psutil.Process], folder: Path) -> None:
    wait_until(lambda: not any(process.is_running() for process in family))
    wait_until(lambda: list(folder.iterdir()) == [])


def test_it_is_reached_as_it_says_and_ctrl_c_leaves_nothing(
    running: subprocess.Popen[str], tmp_path: Path
) -> None:
    assert running.stdout is not None
    told = "".join(iter(running.stdout.readline, "Ctrl-C ends it.\n"))
    family = family_of(running)
    host, port = re.findall(r"export TRINO_(?:HOST|PORT)=(\S+)", told)
    assert host == "127.0.0.1"
    listening = [
        connection.laddr
        for process in family
        for connection in process.net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN
    ]
    assert {address.port for address in listening} == {int(port)}
    assert {address.ip.removeprefix("::ffff:") for address in listening} == {"127.0.0.1"}
    assert "30 rows in jira.issues" in told
    assert f"{len(World(30, 3).people) + 3} in jira.users" in told
    running.send_signal(signal.SIGINT)
    assert running.wait(20) == 0
    assert_gone(family, tmp_path)


def test_killed_while_it_starts_it_leaves_nothing(running: subprocess.Popen[str], tmp_path: Path) -> None:
    def is_java(process: psutil.Process) -> bool:
        with contextlib.suppress(psutil.Error):
            return "java" in Path(process.exe()).name
        return False

    wait_until(lambda: any(map(is_java, family_of(running))))
    family = family_of(running)
    running.kill()
    running.wait(20)
    assert_gone(family, tmp_path)


def test_what_is_missing_is_said_plainly(tmp_path: Path) -> None:
    environ = {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "XDG_CACHE_HOME": str(tmp_path)}
    program = (
        "import sys; from scripts.trino import toolchain; toolchain._JDK_FOLDERS = ();"
        " toolchain.OLDEST_JAVA = 999; from scripts.trino.__main__ import run_real_trino;"
        " sys.exit(run_real_trino([]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr.startswith("No real Trino: a JDK of version 999 or newer is missing")
