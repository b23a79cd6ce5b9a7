"""Runs that end badly: the warehouse is read only for a while, and somebody terminates runs or jobs."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime

from psycopg import sql
from temporalio.service import RPCError, RPCStatusCode

from temporaletl.contract import ETL_FLOW, QUEUER_FLOW
from tests.e2e.deployment import Deployment, poll

ENDINGS = ("warehouse read only", "run terminated", "job terminated", "both terminated")
READ_ONLY_S = 1.5


async def end_badly(
    deployment: Deployment, ending: str, moment: datetime, going: asyncio.Future[object]
) -> None:
    """Let *ending* happen once jobs run that began since *moment*; nothing when *going* ends before."""

    def jobs_run() -> bool:
        running = "SELECT 1 FROM etl_runs WHERE kind = 'ETLFlow' AND started >= %s LIMIT 1"
        return going.done() or bool(deployment.ask(running, moment))

    deeds: dict[str, Callable[[], Awaitable[None]]] = {
        "warehouse read only": lambda: make_read_only(deployment),
        "run terminated": lambda: terminate(deployment, QUEUER_FLOW),
        "job terminated": lambda: terminate(deployment, ETL_FLOW),
        "both terminated": lambda: terminate(deployment, QUEUER_FLOW, ETL_FLOW),
    }
    if ending in deeds:
        await poll(jobs_run, "jobs run")
        await deeds[ending]()


async def make_read_only(deployment: Deployment, seconds: float = READ_ONLY_S) -> None:
    """As in a fail-over: sessions end, and new ones may only read for a while."""
    database = sql.Identifier(deployment.name)
    try:
        deployment.ask(
            sql.SQL("ALTER DATABASE {} SET default_transaction_read_only = on").format(database).as_string()
        )
        end_sessions(deployment)
        await asyncio.sleep(seconds)
    finally:
        deployment.ask(
            sql.SQL("ALTER DATABASE {} RESET default_transaction_read_only").format(database).as_string()
        )
        end_sessions(deployment)


def end_sessions(deployment: Deployment) -> None:
    """End every session of the product."""
    deployment.ask(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )


async def terminate(deployment: Deployment, *flows: str) -> None:
    """Terminate every run, and one job that runs, as *flows* say."""
    for flow in flows:
        found = f"ExecutionStatus = 'Running' AND WorkflowType = '{flow}'"
        async for one in deployment.client.list_workflows(found):
            try:
                await deployment.client.get_workflow_handle(one.id, run_id=one.run_id).terminate()
            except RPCError as error:
                if error.status != RPCStatusCode.NOT_FOUND:
                    raise
            if flow == ETL_FLOW:
                break


def ask_for_what_waits(deployment: Deployment) -> int:
    """Ask for what waits since somebody ended it; how many walks."""
    return len(deployment.ask("UPDATE etl_walks SET held = false WHERE held RETURNING 1"))


def assert_nothing_is_left(deployment: Deployment) -> None:
    """No job and no walk waits, and no run passes for one that runs."""
    assert deployment.rows("etl_unfinished") == []
    assert deployment.rows("etl_walks") == []
    assert deployment.ask("SELECT kind, workflow_id FROM etl_runs WHERE finished IS NULL") == []
