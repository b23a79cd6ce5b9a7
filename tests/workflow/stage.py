"""Where the flows play: both of them polled on queues of a test's own, with stand-in activities."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from temporalio.client import Client, WorkflowHandle

from queuer.models.flow import QueuerFlow
from queuer.models.messages import QueuerResult
from temporaletl.contract import ETL_FLOW, QUEUER_FLOW, ETLInput, ETLSummary, JobsPage, QueuerInput
from temporaletl.temporal import QueueSpec, run_workers
from tests.workflow.parts import JobParts, RunParts, invent_job
from worker.models.flow import ETLFlow


@dataclass
class Stage:
    """A source and queues that no other test has."""

    client: Client
    source: str = field(default_factory=lambda: f"s{uuid.uuid4().hex[:12]}")

    @property
    def queuer_queue(self) -> str:
        """The queue that runs are started on."""
        return f"{self.source}-queuer"

    @property
    def worker_queue(self) -> str:
        """The queue that jobs are started on, and extracted on."""
        return f"{self.source}-worker"

    def job_parts(self, **settings: Any) -> JobParts:
        """Stand-ins for the activities of jobs."""
        return JobParts(self.worker_queue, self.source, **settings)

    def run_parts(self, **settings: Any) -> RunParts:
        """Stand-ins for the activities of runs."""
        return RunParts(self.worker_queue, **settings)

    def job(self, number: int = 0) -> ETLInput:
        """The job with that number of this source."""
        return invent_job(self.source, number)

    def page(self, *numbers: int, **notes: int) -> JobsPage:
        """A backlog page with the jobs of these numbers."""
        return JobsPage(jobs=tuple(self.job(number) for number in numbers), notes=notes)

    @asynccontextmanager
    async def serve(
        self,
        jobs: JobParts,
        runs: RunParts | None = None,
        *,
        job_flow: type = ETLFlow,
        run_flow: type = QueuerFlow,
        **options: Any,
    ) -> AsyncIterator[None]:
        """Poll both queues inside the block, as the two processes do."""
        asked_of_worker = [*jobs.activities(), *(runs.worker_activities() if runs else ())]
        queues: Sequence[QueueSpec] = [
            QueueSpec(
                self.worker_queue,
                slots=100,
                activities=asked_of_worker,
                workflows=[job_flow],
                options=dict(options),
            )
        ]
        if runs is not None:
            own = runs.own_activities()
            queues = [
                *queues,
                QueueSpec(
                    self.queuer_queue, slots=20, activities=own, workflows=[run_flow], options=dict(options)
                ),
            ]
        polling = asyncio.create_task(run_workers(self.client, queues))
        try:
            yield
        finally:
            polling.cancel()
            with suppress(asyncio.CancelledError):
                await polling

    async def start_job(self, number: int = 0) -> WorkflowHandle[Any, ETLSummary]:
        """Start a job by itself."""
        job = self.job(number)
        return await self.client.start_workflow(
            ETL_FLOW, job, id=job.job_id, task_queue=self.worker_queue, result_type=ETLSummary
        )

    async def start_run(self, **window: Any) -> WorkflowHandle[Any, QueuerResult]:
        """Start a run of this source."""
        return await self.client.start_workflow(
            QUEUER_FLOW,
            QueuerInput(source_kind_id=self.source, **window),
            id=f"{self.source}-queuer",
            task_queue=self.queuer_queue,
            result_type=QueuerResult,
        )


async def until(condition: Any, within_s: float = 20) -> None:
    """Wait until *condition*, a function without arguments, holds."""
    async with asyncio.timeout(within_s):
        while not condition():  # noqa: ASYNC110 - what a test waits for has no event of its own
            await asyncio.sleep(0.01)
