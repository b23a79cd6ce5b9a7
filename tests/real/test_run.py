"""A whole Jira run whose issues come from a real Trino: the same warehouse as from the sandbox's."""

from datetime import date
from pathlib import Path
from typing import Any

from scripts.sandbox.stack import Sandbox
from scripts.sandbox.world import World
from scripts.trino.server import RealTrino
from scripts.trino.tables import fill_tables
from tests.e2e.deployment import Deployment

LONG_AGO = date(2020, 1, 1)
QUESTIONS = {
    "events": "SELECT * FROM jira_events ORDER BY event_id",
    "documents": "SELECT * FROM etl_documents ORDER BY document_id",
    "rejects": "SELECT * FROM etl_rejects ORDER BY document_id, event_id, stage, reason",
    "jobs": "SELECT * FROM etl_runs WHERE kind = 'ETLFlow' ORDER BY job_id",
    "identities": "SELECT * FROM etl_identities ORDER BY system, account",
}
OF_ITS_RUN = {
    "id", "run", "run_id", "workflow_run_id", "block_id", "loaded_at", "updated_at", "extracted_at",
    "changed_at", "started", "finished", "first_seen", "last_seen", "namespace",
}  # fmt: skip


async def test_a_run_on_the_real_server_leaves_what_one_on_the_sandboxes_does(
    real_trino: RealTrino, tmp_path: Path
) -> None:
    world = World(45, detail=0.5)
    fill_tables(real_trino, world)
    with Sandbox(issues=1, parts=("temporal", "postgres")) as servers:
        sandbox = await run_twice(Deployment(servers, tmp_path, world), asks_sandbox=True)
        elsewhere = Deployment(servers, tmp_path, world, real_trino.environment())
        real = await run_twice(elsewhere, asks_sandbox=False)
    assert {name: len(rows) for name, rows in real.items()} == {
        name: len(rows) for name, rows in sandbox.items()
    }
    assert real == sandbox
    assert len(real["events"]) > 250
    assert real["rejects"]


async def run_twice(deployment: Deployment, *, asks_sandbox: bool) -> dict[str, list[dict[str, Any]]]:
    """What a back-fill and a usual run leave in the warehouse, but for what is of its run."""
    async with deployment:
        results = [await deployment.run(date_start=LONG_AGO), await deployment.run()]
        assert [result.tally.failed for result in results] == [0, 0]
        assert (deployment.trino.log.count("/v1/statement", "POST") > 0) is asks_sandbox
        found = {
            name: [without(row, OF_ITS_RUN) for row in deployment.ask(question)]
            for name, question in QUESTIONS.items()
        }
        found["tallies"] = [result.tally.model_dump() for result in results]
        return found


def without(row: dict[str, Any], names: set[str]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in names}
