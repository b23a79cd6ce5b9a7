"""What if jobs are delivered twice? Some of those that began are started a second time."""

import uuid
from datetime import datetime

from temporaletl.contract import ETL_FLOW, WORKER_QUEUE
from tests.e2e.deployment import Deployment

JOBS_AGAIN = 4


async def deliver_again(deployment: Deployment, moment: datetime) -> int:
    """Start some of the jobs that began since *moment* a second time, under another id; how many."""
    jobs = deployment.ask(
        "SELECT job_id, query_type, args FROM etl_runs WHERE kind = 'ETLFlow' AND started >= %s"
        " ORDER BY md5(job_id) LIMIT %s",
        moment,
        JOBS_AGAIN,
    )
    for job in jobs:
        again = f"again-{uuid.uuid4().hex}"
        await deployment.client.start_workflow(ETL_FLOW, job, id=again, task_queue=WORKER_QUEUE)
    return len(jobs)
