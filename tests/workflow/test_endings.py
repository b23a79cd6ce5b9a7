"""How a workflow ended that did not write it, as a real server tells."""

import asyncio
from datetime import timedelta

import pytest
from temporalio import activity
from temporalio.client import Client, WorkflowFailureError

from temporaletl.contract import Activities
from temporaletl.errors import QueryError
from tests.workflow.stage import Stage, until
from worker.external.endings import UNKNOWN, Ending, Endings


async def read(client: Client, workflow_id: str, run_id: str | None) -> Ending | None:
    """As an activity asks, on a thread."""
    endings = Endings(client, asyncio.get_running_loop())
    return await asyncio.to_thread(endings.read, workflow_id, str(run_id))


async def forever(_: str, __: int) -> None:
    await activity.wait_for_worker_shutdown()


@pytest.mark.parametrize(
    ("end", "ending"),
    [
        ("terminate", Ending("terminated", "its workflow was terminated", by_person=True)),
        ("cancel", Ending("cancelled", "its workflow was cancelled", by_person=True)),
    ],
)
async def test_a_run_that_somebody_ends_is_known_to_run_until_then(
    dev_stage: Stage, end: str, ending: Ending
) -> None:
    jobs = dev_stage.job_parts(hooks={Activities.EXTRACT_DATA: forever})
    runs = dev_stage.run_parts(pages=[dev_stage.page(1)])
    async with dev_stage.serve(jobs, runs):
        handle = await dev_stage.start_run()
        await until(lambda: bool(jobs.cursors))
        while_running = await read(dev_stage.client, handle.id, handle.first_execution_run_id)
        await getattr(handle, end)()
        with pytest.raises(WorkflowFailureError):
            await handle.result()
        after = await read(dev_stage.client, handle.id, handle.first_execution_run_id)

    assert (while_running, after) == (None, ending)


async def test_a_run_that_failed_says_why(dev_stage: Stage) -> None:
    runs = dev_stage.run_parts(pages=[dev_stage.page(1)])

    async def refuse(_: str, __: int) -> None:
        raise QueryError("Trino refused the backlog: check TRINO_CATALOG")

    runs.hooks[Activities.EXTRACT_PARAMETERS] = refuse
    async with dev_stage.serve(dev_stage.job_parts(), runs):
        handle = await dev_stage.start_run()
        with pytest.raises(WorkflowFailureError):
            await handle.result()

    said = "Trino refused the backlog: check TRINO_CATALOG"
    assert await read(dev_stage.client, handle.id, handle.first_execution_run_id) == Ending("failed", said)


async def test_a_run_that_timed_out_says_so(dev_client: Client) -> None:
    stage = Stage(dev_client)
    # Nobody polls.
    handle = await dev_client.start_workflow(
        "QueuerFlow",
        "jira",
        id=stage.source,
        task_queue=stage.queuer_queue,
        execution_timeout=timedelta(seconds=1),
    )
    with pytest.raises(WorkflowFailureError):
        await handle.result()

    ending = Ending("failed", "its workflow timed out")
    assert await read(dev_client, handle.id, handle.first_execution_run_id) == ending


async def test_a_run_that_went_on_as_new_is_asked_for_by_its_first(dev_stage: Stage) -> None:
    jobs = dev_stage.job_parts()
    pages = [dev_stage.page(*range(first, first + 20)) for first in range(0, 60, 20)]
    runs = dev_stage.run_parts(pages=pages)
    held, go_on = asyncio.Event(), asyncio.Event()

    async def hold_the_last(job_id: str, _: int) -> None:
        if job_id == dev_stage.job(59).job_id:
            held.set()
            await go_on.wait()

    jobs.hooks[Activities.GET_METADATA] = hold_the_last
    async with dev_stage.serve(jobs, runs):
        handle = await dev_stage.start_run()
        await held.wait()
        while_running = await read(dev_stage.client, handle.id, handle.first_execution_run_id)
        current = (await dev_stage.client.get_workflow_handle(handle.id).describe()).run_id
        go_on.set()
        await handle.result()
        again = await dev_stage.start_run()
        await again.result()
        after = await read(dev_stage.client, handle.id, handle.first_execution_run_id)

    assert current != handle.first_execution_run_id
    assert while_running is None
    # Its name is another run's by now.
    assert after == Ending("terminated", "its workflow ended without a word")


async def test_a_run_that_nobody_knows_is_unknown(dev_client: Client) -> None:
    assert await read(dev_client, "nobody", "019b0000-0000-7000-8000-000000000000") == UNKNOWN
