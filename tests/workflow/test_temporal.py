"""How do the processes find Temporal, and do they leave whatever still runs?"""

import asyncio
import threading
import time
from contextlib import suppress

import pytest
from temporalio import activity

from scripts.sandbox.temporal import TemporalServer
from temporaletl.contract import ETL_FLOW, Activities, ETLInput
from temporaletl.errors import TransientError
from temporaletl.settings import TemporalSettings
from temporaletl.temporal import GRACE_S, QueueSpec, connect, run_workers
from tests.workflow.stage import Stage, until
from worker.models.flow import ETLFlow

STUCK_S = 30.0


async def test_a_namespace_that_is_not_there_is_named(
    temporal_server: TemporalServer,
) -> None:
    settings = TemporalSettings(host=temporal_server.address, namespace="nowhere", codec_keys=None)

    with pytest.raises(TransientError, match=r"\(namespace nowhere\) .*make the namespace"):
        await connect(settings, wait=False)


async def test_workers_leave_in_time_though_an_activity_never_hands_back(stage: Stage) -> None:
    began, released = threading.Event(), threading.Event()

    @activity.defn(name=Activities.GET_METADATA)
    def hang(job: ETLInput) -> None:
        began.set()
        released.wait(STUCK_S)

    queue = QueueSpec(stage.worker_queue, slots=1, activities=[hang], workflows=[ETLFlow])
    polling = asyncio.create_task(run_workers(stage.client, [queue]))
    job = stage.job()
    await stage.client.start_workflow(ETL_FLOW, job, id=job.job_id, task_queue=stage.worker_queue)
    await until(began.is_set)

    asked = time.monotonic()
    polling.cancel()
    with suppress(asyncio.CancelledError):
        await polling
    took_s = time.monotonic() - asked
    released.set()

    assert took_s < GRACE_S + 4
