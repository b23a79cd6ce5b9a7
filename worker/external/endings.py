"""How workflows of our namespace ended that did not write it themselves, as Temporal tells."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from temporalio.client import Client, WorkflowExecutionStatus, WorkflowFailureError
from temporalio.service import RPCError, RPCStatusCode

from temporaletl.failures import told_by

RPC_TIMEOUT: Final = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class Ending:
    """How a workflow ended.

    Attributes:
        status: as the run log has it.
        error: in words, what is known of it.
        by_person: whether somebody cancelled or terminated it.
        is_known: False where Temporal does not know the workflow (any more).
    """

    status: str
    error: str
    by_person: bool = False
    is_known: bool = True


UNKNOWN: Final = Ending("terminated", "Temporal does not know its workflow any more", is_known=False)

_ENDINGS: Final = {
    WorkflowExecutionStatus.CANCELED: Ending("cancelled", "its workflow was cancelled", by_person=True),
    WorkflowExecutionStatus.TERMINATED: Ending("terminated", "its workflow was terminated", by_person=True),
    WorkflowExecutionStatus.TIMED_OUT: Ending("failed", "its workflow timed out"),
}
_OTHER: Final = Ending("terminated", "its workflow ended without a word")


class Endings:
    """Asks *client*, whose event loop is *loop*, for activities that run on threads."""

    def __init__(self, client: Client, loop: asyncio.AbstractEventLoop) -> None:
        self._client = client
        self._loop = loop

    def read(self, workflow_id: str, run_id: str) -> Ending | None:
        """How the workflow ended whose first run is *run_id*; None where it runs, or nobody can tell."""
        return asyncio.run_coroutine_threadsafe(self._read(workflow_id, run_id), self._loop).result()

    async def _read(self, workflow_id: str, run_id: str) -> Ending | None:
        try:
            found = await self._client.get_workflow_handle(workflow_id).describe(rpc_timeout=RPC_TIMEOUT)
            # A run that continued as new, or was reset, has another id than its first one.
            first = found.raw_description.workflow_execution_info.first_run_id
            if run_id not in (found.run_id, first):
                handle = self._client.get_workflow_handle(workflow_id, run_id=run_id)
                found = await handle.describe(rpc_timeout=RPC_TIMEOUT)
        except RPCError as error:
            return UNKNOWN if error.status is RPCStatusCode.NOT_FOUND else None
        if found.status is None or found.status is WorkflowExecutionStatus.RUNNING:
            return None
        if found.status is WorkflowExecutionStatus.FAILED:
            return Ending("failed", await self._read_failure(workflow_id, found.run_id))
        return _ENDINGS.get(found.status, _OTHER)

    async def _read_failure(self, workflow_id: str, run_id: str) -> str:
        handle = self._client.get_workflow_handle(workflow_id, run_id=run_id)
        try:
            await handle.result(follow_runs=False, rpc_timeout=RPC_TIMEOUT)
        except WorkflowFailureError as error:
            return told_by(error)
        except RPCError:
            pass
        return "its workflow failed"
