"""Who is known is asked for at the start of a run: for its own source, and only while it is wanted."""

import contextlib
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from temporalio.client import WorkflowFailureError

from scripts.sandbox.exchange import Request
from scripts.sandbox.faults import hanging, server_error
from scripts.sandbox.http_server import LoopbackServer
from scripts.sandbox.stack import Sandbox
from scripts.sandbox.world import World
from temporaletl.contract import BEGINNING, ETL_FLOW, WORKER_QUEUE, make_job
from tests.e2e.deployment import Deployment, poll

CANCELLED_WITHIN_S = 5


class Hang:
    """Lets the requests that match hang, and counts them."""

    def __init__(self, server: LoopbackServer, matches: Callable[[Request], bool]) -> None:
        self.met = 0
        self._matches = matches
        server.faults.plan(hanging(), None, self._match)

    def _match(self, request: Request) -> bool:
        matched = self._matches(request)
        self.met += matched
        return matched


def asks_for_members(request: Request) -> bool:
    return "Team_Member" in request.query.get("q", "")


@pytest.fixture(scope="module")
async def both(servers: Sandbox, logs_folder: Path) -> AsyncIterator[Deployment]:
    """Cases and issues over REST: two sources with accounts of their own."""
    world, sources = World(10, detail=0.3), ("salesforce", "jira")
    async with Deployment(servers, logs_folder, world, sources=sources, jira_backend="rest") as deployment:
        yield deployment


@pytest.fixture
async def deployment(both: Deployment) -> AsyncIterator[Deployment]:
    """The module's deployment as new."""
    await both.reset(World(10, detail=0.3))
    yield both
    both.salesforce.faults.clear()
    await both.terminate_all()


async def test_a_cancelled_run_stops_asking_the_directory(deployment: Deployment) -> None:
    directory = deployment.salesforce
    hang = Hang(directory, asks_for_members)
    run = await deployment.start("salesforce")
    await poll(lambda: hang.met, "the directory is asked")
    answered = len(directory.log.entries)
    await run.cancel()

    with contextlib.suppress(WorkflowFailureError):
        await deployment.finish(run, CANCELLED_WITHIN_S)
    # The server logs a request that hung once its client is gone.
    await poll(lambda: len(directory.log.entries) > answered, "the call has ended", CANCELLED_WITHIN_S)


async def test_a_directory_that_hangs_for_one_source_holds_up_no_job_of_another(
    deployment: Deployment,
) -> None:
    await deployment.run("jira")
    hang = Hang(deployment.salesforce, asks_for_members)
    await deployment.start("salesforce")
    await poll(lambda: hang.met, "the directory is asked")
    window = {"date_start": "2000-01-01", "date_end": "2100-01-01"}
    args = {"source_kind_id": "jira", "event_type": "issues", **window, "ids": deployment.world.issue_ids[:2]}
    job = make_job("jira", args)

    handle = await deployment.client.start_workflow(ETL_FLOW, job, id=job.job_id, task_queue=WORKER_QUEUE)

    assert (await deployment.finish(handle, 15))["documents"] == 2


async def test_no_source_waits_for_the_accounts_of_another(deployment: Deployment) -> None:
    deployment.upstreams.jira.faults.plan(server_error(503), times=None)

    result = await deployment.run("salesforce", BEGINNING, within_s=30)

    assert (result.tally.failed, result.tally.events.items_inserted > 20) == (0, True)
    assert {row["system"] for row in deployment.rows("etl_identities")} >= {"email", "salesforce"}
    assert "jira" not in {row["system"] for row in deployment.rows("etl_identities")}


async def test_a_salesforce_user_who_is_known_stays_known_under_another_address(
    deployment: Deployment,
) -> None:
    """Administrators make the addresses of those who leave unusable."""
    await deployment.run("salesforce", BEGINNING)
    known = "SELECT employee_id, array_agg(event_id) AS ids FROM salesforce_events GROUP BY 1"
    before = {row["employee_id"]: set(row["ids"]) for row in deployment.ask(known)}
    [person] = [one for one in deployment.world.people if one.employee_id in before][:1]
    cases = deployment.upstreams.cases
    cases.change_address(person, "somebody@example.com.invalid")
    for case_id in cases.case_ids:
        if not cases.file(case_id).record["IsDeleted"]:
            cases.change_subject(case_id, datetime.now(UTC))

    result = await deployment.run("salesforce")

    after = {row["employee_id"]: set(row["ids"]) for row in deployment.ask(known)}
    assert result.tally.events.documents > 10
    assert person.employee_id is not None
    assert after[person.employee_id] >= before[person.employee_id]
