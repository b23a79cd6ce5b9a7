"""Every source converges: runs with changes, joiners and trouble between them end as one full load does."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st
from temporalio.client import WorkflowFailureError

from scripts.sandbox.exchange import Request
from scripts.sandbox.faults import Fault, latency, server_error, too_many_requests, truncated
from scripts.sandbox.http_server import LoopbackServer
from scripts.sandbox.stack import Sandbox
from scripts.sandbox.upstreams import JiraBackend, Source
from scripts.sandbox.world import World
from temporaletl.contract import BEGINNING
from tests.e2e.content import compare, read_content
from tests.e2e.deployment import Deployment, poll
from tests.e2e.endings import ENDINGS, ask_for_what_waits, assert_nothing_is_left, end_badly
from tests.e2e.redelivery import deliver_again

TROUBLES: dict[str, Fault | None] = {
    "none": None,
    "unavailable": server_error(503),
    "throttled": too_many_requests(1),
    "cut": truncated(),
    "slow": latency(0.3),
    **dict.fromkeys(ENDINGS),
}


@dataclass(frozen=True, slots=True)
class Step:
    """A run that meets *trouble*, some of its jobs delivered twice, then *changes* documents changed."""

    trouble: str
    twice: bool
    changes: int
    joins: bool


@dataclass(frozen=True, slots=True)
class Read:
    """A source, and the way in which it is read."""

    source: Source
    jira_backend: JiraBackend = "trino"

    def __str__(self) -> str:
        return f"{self.source}-{self.jira_backend}" if self.source == "jira" else self.source


READS = (Read("launchpad"), Read("salesforce"), Read("jira", "rest"))

steps = st.lists(
    st.builds(
        Step,
        trouble=st.sampled_from(sorted(TROUBLES)),
        twice=st.booleans(),
        changes=st.integers(4, 12),
        joins=st.booleans(),
    ),
    min_size=3,
    max_size=3,
)


@pytest.fixture(scope="module")
async def deployments(servers: Sandbox, logs_folder: Path) -> AsyncIterator[dict[str, Deployment]]:
    """One deployment for each way to read a source."""
    async with AsyncExitStack() as stack:
        made = {
            str(read): Deployment(
                servers, logs_folder, World(1), sources=[read.source], jira_backend=read.jira_backend
            )
            for read in READS
        }
        yield {name: await stack.enter_async_context(one) for name, one in made.items()}


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("read", READS, ids=str)
@settings(
    max_examples=2,
    deadline=None,
    # An example takes seconds: it is shown as it was found.
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    print_blob=True,
)
@given(seed=st.integers(1, 1_000_000), plan=steps)
async def test_runs_between_changes_end_as_one_full_load_does(
    deployments: dict[str, Deployment], read: Read, seed: int, plan: list[Step]
) -> None:
    deployment, source = deployments[str(read)], read.source
    # Half of it was last changed before the window of an ordinary run: the first one is a back-fill.
    anchor = datetime.now(UTC).date() - timedelta(days=5)
    await deployment.reset(World(30, seed, anchor, detail=0.5, people=8))
    rng = random.Random(seed)
    for number, step in enumerate(plan):
        await take_step(deployment, source, step, first=number == 0)
        deployment.upstreams.change_some(source, step.changes, rng, datetime.now(UTC))
        if step.joins:
            with suppress(LookupError):  # all have joined
                deployment.world.add_joiner()
    # What changed without moving its time of change is caught by a refresh: a run with an early start.
    result = await deployment.run(source, BEGINNING if read.jira_backend == "rest" else None)
    await deployment.settle()
    assert (result.tally.failed, result.tally.skipped) == (0, 0)
    assert_nothing_is_left(deployment)
    found = read_content(deployment, source)

    deployment.empty_warehouse(keep=["etl_identities"])
    await deployment.run(source, BEGINNING)
    full = read_content(deployment, source)

    assert len(full.rows) > 30
    compare(found, full, {}, set())


async def take_step(deployment: Deployment, source: Source, step: Step, *, first: bool) -> None:
    """One run with what the step has in store; it may fail, but it ends."""
    fault, asked = TROUBLES[step.trouble], choose_server(deployment, source)
    if fault is not None:
        asked.faults.plan(fault, times=2, matching=asks_for_documents)
    moment = deployment.ask("SELECT clock_timestamp() AS now")[0]["now"]
    going = asyncio.ensure_future(
        asyncio.gather(deployment.run(source, BEGINNING if first else None), return_exceptions=True)
    )

    async def has_delivered_again() -> bool:
        return going.done() or await deliver_again(deployment, moment) > 0

    await end_badly(deployment, step.trouble, moment, going)
    if step.twice:
        await poll(has_delivered_again, "jobs show")
    [answer] = await going
    if isinstance(answer, BaseException) and not isinstance(answer, WorkflowFailureError):
        raise answer
    note(f"{step}: {answer!r}")
    await deployment.settle()
    asked.faults.clear()
    # What somebody ended who had named its dates goes on only where somebody asks.
    ask_for_what_waits(deployment)


def choose_server(deployment: Deployment, source: Source) -> LoopbackServer:
    """The server that the source's documents come from."""
    upstreams = deployment.upstreams
    return {
        "launchpad": lambda: upstreams.launchpad,
        "salesforce": lambda: upstreams.salesforce,
        "jira": lambda: upstreams.jira,
    }[source]()


def asks_for_documents(request: Request) -> bool:
    """Whether it is more than a login, or a question about the directory."""
    return "oauth2" not in request.path and "Team_Member" not in request.query.get("q", "")
