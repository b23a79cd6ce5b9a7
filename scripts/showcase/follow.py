"""How does a run go? Triggers a schedule, shows the run live, and measures what it left in Temporal."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

from rich.progress import Progress
from temporalio.client import Client, ScheduleActionExecutionStartWorkflow, WorkflowHandle
from temporalio.service import RPCError

from queuer.external.schedules import schedule_id
from queuer.models.messages import QueuerResult, Tally
from scripts.sandbox.upstreams import Source
from scripts.showcase.warehouse import Reader

POLL_S = 0.25
START_WITHIN_S = 30


@dataclass(frozen=True, slots=True)
class Pass:
    """A finished run of a source: its result, and how long it took in seconds."""

    source: Source
    result: QueuerResult
    seconds: float


@dataclass(frozen=True, slots=True)
class Histories:
    """The largest workflow history of a run: its events, and its largest payload in bytes."""

    workflows: int
    events: int
    payload_bytes: int


async def run_pass(
    client: Client, source: Source, reader: Reader, progress: Progress, check: Callable[[], None]
) -> Pass:
    """Trigger *source*'s schedule and show the run until it has ended; *check* raises when hope is lost."""
    began, moment = time.monotonic(), reader.clock()
    bar = progress.add_task(f"{source}: asking for the backlog", total=None)
    handle = await _trigger(client, source)
    ended = asyncio.create_task(handle.result())
    while not ended.done():
        await asyncio.wait([ended], timeout=POLL_S)
        check()
        try:
            tally = await handle.query("progress", result_type=Tally)
        except RPCError:
            continue
        loaded = reader.loaded_since(source, moment)
        rate = loaded.events / max(time.monotonic() - began, 0.1)
        done = tally.succeeded + tally.failed + tally.skipped
        text = (
            f"{source}: jobs {done} of {tally.queued} · {loaded.documents} documents · "
            f"{loaded.events} events · {rate:,.0f} events/s"
        )
        progress.update(bar, description=text, total=tally.queued or None, completed=done)
    return Pass(source, await ended, time.monotonic() - began)


async def _trigger(client: Client, source: str) -> WorkflowHandle[object, QueuerResult]:
    schedule = client.get_schedule_handle(schedule_id(source))
    before = (await schedule.describe()).info.num_actions
    await schedule.trigger()
    deadline = time.monotonic() + START_WITHIN_S
    while time.monotonic() < deadline:
        info = (await schedule.describe()).info
        if info.num_actions > before and info.recent_actions:
            action = info.recent_actions[-1].action
            if isinstance(action, ScheduleActionExecutionStartWorkflow):
                return client.get_workflow_handle(action.workflow_id, result_type=QueuerResult)
        await asyncio.sleep(0.05)
    raise RuntimeError(f"the schedule {schedule_id(source)} started no run within {START_WITHIN_S} s")


async def measure_histories(client: Client) -> Histories:
    """The largest of all histories in the namespace, read whole."""
    workflows = events = payload = 0
    async for execution in client.list_workflows():
        handle = client.get_workflow_handle(execution.id, run_id=execution.run_id)
        history = await handle.fetch_history()
        workflows += 1
        events = max(events, len(history.events))
        payload = max(payload, *(event.ByteSize() for event in history.events))
    return Histories(workflows, events, payload)
