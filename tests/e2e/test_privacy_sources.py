"""Does an address reach a table, a history or a log, whichever source it comes from?"""

import random
import re
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from temporalio.client import WorkflowFailureError

from scripts.sandbox.exchange import Request
from scripts.sandbox.faults import Fault
from scripts.sandbox.stack import Sandbox
from scripts.sandbox.upstreams import SOURCES
from scripts.sandbox.world import World
from temporaletl.contract import BEGINNING
from tests.e2e.deployment import Deployment
from tests.e2e.leaks import find_addresses, measure_payloads, read_history

ADDRESS = re.compile(r"[\w.+-]+@[\w-]+\.[\w.]+")
MAX_PAYLOAD_BYTES = 64 * 1024


def asks_for_an_item(request: Request) -> bool:
    """Whether a page of cases, or a bug's messages, are asked for."""
    return "FROM CaseComment" in request.query.get("q", "") or request.path.endswith("/messages")


async def test_no_address_of_any_source_is_in_a_table_a_history_or_a_log(
    servers: Sandbox, logs_folder: Path
) -> None:
    world = World(40, detail=0.5, people=8)
    async with Deployment(servers, logs_folder, world, sources=SOURCES) as deployment:
        upstreams, told = deployment.upstreams, sorted(world.emails)[0]
        for server in (upstreams.launchpad, upstreams.salesforce):
            server.faults.plan(Fault(status=500, body=told.encode()), 1, asks_for_an_item)
            server.faults.plan(Fault(status=400, body=told.encode()), 1, asks_for_an_item)
        for source in SOURCES:
            with suppress(WorkflowFailureError):  # the backlog met the refusal
                await deployment.run(source, BEGINNING)
            await deployment.run(source, BEGINNING)
            upstreams.change_some(source, 8, random.Random(source), datetime.now(UTC))
        world.add_joiner()
        events = {source: (await deployment.run(source)).tally for source in SOURCES}
        whole = await deployment.histories()
        histories, payloads = map(read_history, whole), map(measure_payloads, whole)

        assert [tally.failed for tally in events.values()] == [0, 0, 0]
        assert min(tally.events.items_processed for tally in events.values()) > 20
        assert not list(find_addresses(deployment, world))
        assert ADDRESS.findall("\n".join(histories)) == []
        assert max(payloads) < MAX_PAYLOAD_BYTES
        assert "@example" not in deployment.logs()
        # There was something to leak: people write addresses everywhere.
        shown = [str(tasks) for tasks in (*upstreams.tracker.bugs, *upstreams.cases.tables()["CaseComment"])]
        assert sum(told.lower() in " ".join(shown).lower() for told in world.emails) > 3
