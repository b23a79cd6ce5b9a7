"""The real servers of the sandbox: they start, work, and leave nothing behind."""

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import psutil
import psycopg
import pytest
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client

from scripts.sandbox import postgres as pg
from scripts.sandbox.postgres import PostgresServer, start_postgres
from scripts.sandbox.process import GuardedProcess, GuardedServer, StartError
from scripts.sandbox.stack import Sandbox
from scripts.sandbox.temporal import LAST_QUEUE, start_temporal
from tests.waiting import wait_until

# A run in the background hands SIGINT down ignored.
STARTS_AND_WAITS = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from scripts.sandbox.stack import Sandbox
with Sandbox(20, detail=0) as sandbox:
    print(sandbox.postgres.pid, sandbox.temporal.pid, sandbox.upstreams.trino._lake._folder, flush=True)
    sys.stdin.read()
"""


def is_gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def test_postgres_checks_the_password_of_a_role_without_privileges(postgres: PostgresServer) -> None:
    with psycopg.connect(postgres.dsn()) as connection:
        [superuser] = (
            connection.execute("select usesuper from pg_user where usename = current_user").fetchone() or ()
        )
    assert superuser is False
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(postgres.dsn(password="wrong"))


def test_a_database_is_made_and_dropped_with_its_sessions(postgres: PostgresServer) -> None:
    dsn = postgres.create_database("sandbox_drop")
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("create table t (a int)")
        postgres.drop_database("sandbox_drop")
        with pytest.raises(psycopg.OperationalError):
            connection.execute("select 1")


def test_a_killed_backend_empties_unlogged_tables_and_the_server_recovers() -> None:
    with start_postgres() as server:
        with psycopg.connect(server.dsn(), autocommit=True) as connection:
            connection.execute("create unlogged table u as select 1 as a; create table l as select 1 as a")
            server.kill_backend(connection.info.backend_pid)
        # Before it notices, the server answers as if nothing were.
        wait_until(lambda: count(server, "u") == 0)
        assert count(server, "l") == 1


def count(server: PostgresServer, table: str) -> int | None:
    try:
        with psycopg.connect(server.dsn()) as connection:
            row = connection.execute(f"select count(*) from {table}").fetchone()
    except psycopg.OperationalError:
        return None
    return row[0] if row else None


async def test_temporal_answers_and_keeps_its_state_in_a_file(tmp_path: Path) -> None:
    database = tmp_path / "temporal.db"
    with start_temporal("sandbox", database) as server:
        client = await Client.connect(server.address, namespace="sandbox")
        handle = await client.start_workflow("Nobody", id="kept", task_queue="nobody")
        port = int(server.address.rpartition(":")[2])
    with start_temporal("sandbox", database, port) as server:
        client = await Client.connect(server.address, namespace="sandbox")
        assert (await client.get_workflow_handle("kept").describe()).run_id == handle.result_run_id


async def test_temporal_is_there_when_the_last_of_its_services_is() -> None:
    with start_temporal() as server:
        client = await Client.connect(server.address)
        told = await client.workflow_service.describe_task_queue(
            DescribeTaskQueueRequest(namespace="default", task_queue=TaskQueue(name=LAST_QUEUE))
        )
        assert told.pollers


def test_temporal_starts_behind_a_proxy_that_does_not_lead_here(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with start_temporal() as server:
        server.check()


def test_stopping_removes_process_and_folder() -> None:
    server = start_postgres()
    folder = Path(f"/proc/{server.pid}/cwd").resolve().parent
    assert folder.exists()
    server.stop()
    server.stop()
    assert is_gone(server.pid)
    assert not folder.exists()


def test_a_server_that_ends_by_itself_is_noticed_and_its_log_can_be_read(tmp_path: Path) -> None:
    folder = tmp_path / "server"
    folder.mkdir()
    with GuardedProcess(["sh", "-c", "echo no memory >&2; exit 3"], folder / "log", folder=folder) as process:
        wait_until(lambda: not process.running)
        assert process.tail() == "no memory\nit ended by itself with 3\n"
        with pytest.raises(StartError, match="no memory"):
            process.wait_until(lambda: False)
        with pytest.raises(RuntimeError, match="GuardedServer is gone: no memory"):
            GuardedServer(process).check()
    assert not process.running
    assert not folder.exists()


@pytest.mark.skipif(sys.platform != "linux", reason="looks processes up in /proc")
@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGINT], ids=lambda number: number.name)
def test_nothing_outlives_whoever_started_it(ending: signal.Signals) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", STARTS_AND_WAITS],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert parent.stdout is not None
    assert parent.stdin is not None
    first, second, folder = parent.stdout.readline().decode().split()
    pids = [int(first), int(second)]
    data = Path(f"/proc/{pids[0]}/cwd").resolve().parent
    assert not any(map(is_gone, pids))
    parent.send_signal(ending)
    parent.wait(30)
    parent.stdin.close()
    parent.stdout.close()
    wait_until(lambda: all(map(is_gone, pids)))
    wait_until(lambda: not data.exists() and not Path(folder).exists())


def test_ctrl_c_while_the_database_is_made_leaves_nothing() -> None:
    # PostgreSQL's account reaches no folder of pytest's.
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        command = [sys.executable, "-m", "scripts.sandbox", "--issues", "5", "--detail", "0"]
        running = subprocess.Popen(
            command, env={**os.environ, "TMPDIR": folder}, stdout=subprocess.PIPE, text=True
        )
        children = psutil.Process(running.pid).children
        wait_until(lambda: "initdb" in [process.name() for process in children()])
        running.send_signal(signal.SIGINT)
        said, _ = running.communicate(timeout=30)

        assert (running.returncode, said) == (0, "all gone\n")
        assert list(Path(folder).iterdir()) == []


def test_a_sandbox_starts_what_is_asked_for_and_says_where_it_is() -> None:
    with Sandbox(20, detail=0, parts=("upstreams",), sources=("jira",)) as sandbox:
        environment = sandbox.environment()
        assert environment["TRINO_PORT"] == str(sandbox.upstreams.trino.port)
        assert environment["SF_LOGIN_URL"] == sandbox.upstreams.salesforce.url
        assert not {"WPE_DB_HOST", "TEMPORAL_HOST"} & set(environment)
        with pytest.raises(LookupError, match="no postgres"):
            _ = sandbox.postgres


def test_the_command_prints_addresses_and_ends_on_ctrl_c() -> None:
    running = subprocess.Popen(
        [sys.executable, "-m", "scripts.sandbox", "--issues", "20", "--detail", "0"],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert running.stdout is not None
    lines = []
    while "Ctrl-C" not in (lines or [""])[-1]:
        lines.append(running.stdout.readline())
        assert lines[-1], "it ended early"
    running.send_signal(signal.SIGINT)
    rest, _ = running.communicate(timeout=30)
    assert running.returncode == 0
    assert "all gone" in rest
    printed = "".join(lines)
    for part in ("Temporal ", "Trino ", "Salesforce ", f"{pg.OWNER}:", "export WPE_DB_PORT="):
        assert part in printed
