"""Is nothing lost when a process is told to leave, is killed, or a run is cancelled?

In each case something waits in a socket for an answer of Trino's that does not come.
"""

import asyncio
import os
import signal
import time
from datetime import UTC, datetime

import pytest
from temporalio.client import WorkflowExecutionStatus, WorkflowFailureError, WorkflowHandle
from temporalio.exceptions import CancelledError

from queuer.models.messages import QueuerResult
from scripts.sandbox.exchange import Request
from scripts.sandbox.faults import Fault, hanging, latency
from scripts.sandbox.world import World
from scripts.showcase.processes import ProductProcess
from tests.e2e.deployment import Deployment, poll

LEAVE_WITHIN_S = 10
CANCEL_WITHIN_S = 5
ISSUES = 40

EXTRACTION = "SELECT id, key, self, fields, changelog"
BACKLOG = "SELECT max(id) AS upto"

type Rows = dict[str, bytes]


class Hurdle:
    """A fault of every question to Trino that holds *text*, and how many questions met it."""

    def __init__(self, deployment: Deployment, text: str, fault: Fault) -> None:
        self.met = 0
        self._text = text
        self._faults = deployment.trino.faults
        self._faults.plan(fault, None, self._matches)

    def clear(self) -> None:
        """Let everything pass from now on."""
        self._faults.clear()

    def _matches(self, request: Request) -> bool:
        found = request.method == "POST" and self._text in request.text
        self.met += found
        return found


def make_world() -> World:
    return World(ISSUES, detail=0.5, anchor=datetime.now(UTC).date())


def read_rows(deployment: Deployment) -> Rows:
    rows = deployment.ask("SELECT event_id, content_hash FROM jira_events")
    return {row["event_id"]: row["content_hash"] for row in rows}


@pytest.fixture(scope="module")
async def expected(shared_deployment: Deployment) -> Rows:
    """The rows of a run that nothing disturbs."""
    await shared_deployment.reset(make_world())
    await shared_deployment.run()
    rows = read_rows(shared_deployment)
    assert len(rows) > 5 * ISSUES
    return rows


@pytest.fixture
async def ready(expected: Rows, shared_deployment: Deployment) -> Deployment:
    """The module's deployment as new, both processes running, whatever the test before did to them."""
    running = {process.package for process in shared_deployment.processes}
    shared_deployment.start_processes([name for name in ("queuer", "worker") if name not in running])
    await shared_deployment.reset(make_world())
    return shared_deployment


def take(deployment: Deployment, package: str) -> ProductProcess:
    """The process of *package*, which the deployment no longer counts on."""
    [process] = [process for process in deployment.processes if process.package == package]
    deployment.processes.remove(process)
    return process


def ask_to_leave(process: ProductProcess) -> tuple[int, float]:
    """Its exit code, and how many seconds it took to leave."""
    began = time.monotonic()
    return process.stop(), time.monotonic() - began


def assert_complete(deployment: Deployment, result: QueuerResult, expected: Rows) -> None:
    """Every row is there, and the run counted each once."""
    assert read_rows(deployment) == expected
    assert (result.tally.failed, result.tally.skipped) == (0, 0)
    assert result.tally.events.items_inserted == len(expected)
    assert result.tally.events.items_updated == 0


@pytest.mark.parametrize(("package", "text"), [("worker", EXTRACTION), ("queuer", BACKLOG)])
async def test_sigterm_while_trino_does_not_answer_ends_a_process_in_time_and_loses_nothing(
    package: str, text: str, ready: Deployment, expected: Rows
) -> None:
    hurdle = Hurdle(ready, text, hanging())
    run = await ready.start()
    await poll(lambda: hurdle.met, "a question waits for its answer")

    code, took_s = ask_to_leave(take(ready, package))
    hurdle.clear()
    ready.start_processes([package])
    result = await ready.finish(run)

    assert (code, took_s < LEAVE_WITHIN_S) == (0, True), f"exit code {code} after {took_s:.1f} s"
    assert_complete(ready, result, expected)


async def test_a_cancel_while_trino_does_not_answer_is_honoured_in_time(ready: Deployment) -> None:
    hurdle = Hurdle(ready, EXTRACTION, hanging())
    run = await ready.start()
    await poll(lambda: hurdle.met >= 2, "extractions wait for their answers")

    began = time.monotonic()
    await run.cancel()
    await expect_cancelled(run)
    await ready.settle()
    took_s = time.monotonic() - began

    assert took_s < CANCEL_WITHIN_S
    ended = [one async for one in ready.client.list_workflows() if run.id in (one.id, one.parent_id)]
    assert len(ended) > 2
    assert {one.status for one in ended} == {WorkflowExecutionStatus.CANCELED}
    assert {row["status"] for row in ready.rows("etl_runs")} == {"cancelled"}
    assert ready.rows("jira_events") == []
    # The server logs a question without an answer (status 0) once its client has hung up.
    await poll(lambda: ready.trino.log.count(status=0) == hurdle.met, "every call was dropped", within_s=2)


async def test_a_cancelled_run_leaves_the_next_one_everything_to_do(
    ready: Deployment, expected: Rows
) -> None:
    hurdle = Hurdle(ready, EXTRACTION, latency(0.2))
    run = await ready.start()
    await poll(lambda: read_rows(ready), "something is loaded")
    await run.cancel()
    await expect_cancelled(run)
    hurdle.clear()
    some = read_rows(ready)

    await ready.settle()
    result = await ready.run()

    assert 0 < len(some) < len(expected)
    assert read_rows(ready) == expected
    events = result.tally.events
    assert events.items_inserted + events.items_unchanged == len(expected)


async def test_another_worker_finishes_what_a_killed_one_began(ready: Deployment, expected: Rows) -> None:
    hurdle = Hurdle(ready, EXTRACTION, latency(0.3))
    run = await ready.start()
    await poll(lambda: len(ready.rows("etl_batches")) >= 3, "some batches are loaded")
    worker = take(ready, "worker")
    os.kill(worker.pid, signal.SIGKILL)
    worker.stop()
    loaded = len(ready.rows("etl_batches"))
    hurdle.clear()

    ready.start_processes(["worker"])
    result = await ready.finish(run, within_s=100)

    assert loaded < len(ready.rows("etl_batches"))
    assert_complete(ready, result, expected)


async def expect_cancelled(run: WorkflowHandle[object, QueuerResult]) -> None:
    with pytest.raises(WorkflowFailureError) as failure:
        await asyncio.wait_for(run.result(), 30)
    assert isinstance(failure.value.cause, CancelledError)
