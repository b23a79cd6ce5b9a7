"""How do the tests read what a failing workflow says?"""

from datetime import date
from typing import Any

import pytest
from temporalio.client import WorkflowFailureError, WorkflowHandle
from temporalio.exceptions import ApplicationError

from tests.e2e.deployment import Deployment, poll


def told(error: BaseException) -> str:
    """What the first of our own errors in a chain says."""
    found: BaseException | None = error
    while not isinstance(found, ApplicationError):
        assert found is not None
        found = found.__cause__
    return found.message


async def fail_run(deployment: Deployment, source: str = "jira", **dates: date) -> str:
    """What a run says that fails, and does so at once."""
    with pytest.raises(WorkflowFailureError) as failure:
        await deployment.run(source, **dates, within_s=20)
    return told(failure.value)


async def wait_for_retry(handle: WorkflowHandle[Any, Any], text: str) -> str:
    """What the activity that a workflow waits for says of its last failure, once that holds *text*."""
    said: list[str] = []

    async def retries() -> bool:
        described = await handle.describe()
        pending = described.raw_description.pending_activities
        said[:] = [activity.last_failure.message for activity in pending if activity.attempt > 1]
        return any(text in message for message in said)

    await poll(retries, f"an activity that is tried again says {text!r}")
    return said[0]
