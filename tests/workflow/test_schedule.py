"""Schedules on a real server: what schedule.py makes, and when a run that it starts thinks it is."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleBackfill,
    ScheduleOverlapPolicy,
    ScheduleUpdate,
    ScheduleUpdateInput,
)
from temporalio.service import RPCError, RPCStatusCode

from queuer.external.schedules import Put, Timing, put_schedule, schedule_id
from scripts.sandbox.temporal import TemporalServer
from scripts.showcase.processes import clean_environment
from temporaletl.contract import QUEUER_FLOW, QUEUER_QUEUE
from tests.workflow.stage import Stage, until

ROOT = Path(__file__).parents[2]
NAME = "jira-schedule"


async def run_script(*arguments: str, **environment: str) -> tuple[int, str]:
    """The exit code and the words of ``cd queuer && PYTHONPATH=.. python schedule.py ...``."""
    run = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "schedule.py", *arguments],
        cwd=ROOT / "queuer",
        env={**clean_environment(ROOT / "queuer"), "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return run.returncode, run.stdout + run.stderr


async def read_schedule(client: Client, name: str = NAME) -> Schedule:
    """A schedule as the server holds it."""
    return (await client.get_schedule_handle(name).describe()).schedule


@pytest.fixture
async def no_schedule(dev_client: Client) -> AsyncIterator[None]:
    """No schedule of jira before the test, and none after."""

    async def delete() -> None:
        try:
            await dev_client.get_schedule_handle(NAME).delete()
        except RPCError as error:
            assert error.status is RPCStatusCode.NOT_FOUND, error.message

    await delete()
    yield
    await delete()


@pytest.mark.usefixtures("no_schedule")
async def test_the_script_makes_a_schedule_and_made_again_updates_it(
    dev_client: Client, temporal_server: TemporalServer
) -> None:
    server = {"TEMPORAL_HOST": temporal_server.address}
    made = await run_script("jira", "1", "3", **server)
    first = await read_schedule(dev_client)
    updated = await run_script(
        "jira", "mon-fri", "22", "--timezone", "Europe/Berlin", "--paused", TEMPORAL_QUEUE="mine", **server
    )
    second = await read_schedule(dev_client)

    assert made == (0, "jira-schedule made: days 1 (0 is Sunday) at 03:00 UTC\n")
    action = first.action
    assert isinstance(action, ScheduleActionStartWorkflow)
    assert action.priority.fairness_key == "jira"
    assert (action.workflow, action.id, action.task_queue) == (
        QUEUER_FLOW,
        "jira-queuer-schedule",
        QUEUER_QUEUE,
    )
    [calendar] = first.spec.calendars
    assert [(day.start, day.end) for day in calendar.day_of_week] == [(1, 1)]
    assert [(hour.start, hour.end) for hour in calendar.hour] == [(3, 3)]
    assert [(minute.start, minute.end) for minute in calendar.minute] == [(0, 0)]
    assert first.policy.overlap is ScheduleOverlapPolicy.SKIP
    assert first.policy.catchup_window == timedelta(days=1)
    assert not first.state.paused

    assert updated == (
        0,
        "jira-schedule updated: days 1,2,3,4,5 (0 is Sunday) at 22:00 Europe/Berlin, paused\n",
    )
    action = second.action
    assert isinstance(action, ScheduleActionStartWorkflow)
    assert (action.id, action.task_queue) == ("jira-queuer-schedule", "mine")
    [calendar] = second.spec.calendars
    days = {day for span in calendar.day_of_week for day in range(span.start, span.end + 1)}
    assert days == {1, 2, 3, 4, 5}
    assert (second.spec.time_zone_name, second.state.paused) == ("Europe/Berlin", True)


@pytest.mark.usefixtures("no_schedule")
async def test_without_day_and_hour_it_is_sunday_at_midnight(temporal_server: TemporalServer) -> None:
    code, said = await run_script("jira", TEMPORAL_HOST=temporal_server.address)

    assert (code, said) == (0, "jira-schedule made: days 0 (0 is Sunday) at 00:00 UTC\n")


@pytest.mark.usefixtures("no_schedule")
async def test_what_is_not_named_of_a_schedule_stays_as_it_is(
    dev_client: Client, temporal_server: TemporalServer
) -> None:
    server = {"TEMPORAL_HOST": temporal_server.address}
    await run_script("jira", "1-5", "22", "--timezone", "Asia/Tokyo", TEMPORAL_QUEUE="mine", **server)
    handle = dev_client.get_schedule_handle(NAME)

    def adjust(held: ScheduleUpdateInput) -> ScheduleUpdate:
        held.description.schedule.spec.jitter = timedelta(minutes=10)
        held.description.schedule.policy.catchup_window = timedelta(hours=3)
        return ScheduleUpdate(held.description.schedule)

    await handle.update(adjust)
    first = await read_schedule(dev_client)
    said = [
        await run_script(*arguments, **server)
        for arguments in (("jira", "--paused"), ("jira",), ("jira", "2", "--no-paused"))
    ]
    last = await read_schedule(dev_client)

    week = "days 1,2,3,4,5 (0 is Sunday) at 22:00 Asia/Tokyo"
    assert said == [
        (0, f"jira-schedule updated: {week}, paused\n"),
        (0, f"jira-schedule updated: {week}, paused\n"),
        (0, "jira-schedule updated: days 2 (0 is Sunday) at 22:00 Asia/Tokyo\n"),
    ]
    assert (last.spec.jitter, last.spec.time_zone_name) == (timedelta(minutes=10), "Asia/Tokyo")
    assert (last.policy, last.state.paused) == (first.policy, False)
    before, after = first.action, last.action
    assert isinstance(before, ScheduleActionStartWorkflow)
    assert isinstance(after, ScheduleActionStartWorkflow)
    assert (after.workflow, after.id, after.task_queue) == (before.workflow, before.id, "mine")
    assert (after.args, after.priority, after.static_summary) == (
        before.args,
        before.priority,
        before.static_summary,
    )


async def test_a_namespace_that_is_not_there_exits_1_with_a_sentence(temporal_server: TemporalServer) -> None:
    code, said = await run_script(
        "jira", "1", "3", TEMPORAL_HOST=temporal_server.address, TEMPORAL_NAMESPACE="nowhere"
    )

    assert code == 1
    assert said.startswith("schedule.py: ")
    assert "nowhere" in said
    assert "Traceback" not in said


async def test_an_update_keeps_how_often_an_operator_lets_it_run(dev_client: Client) -> None:
    source = Stage(dev_client).source
    timing = Timing((1,), 3, "UTC")
    made = await put_schedule(dev_client, source, timing, task_queue="q", paused=True)
    handle = dev_client.get_schedule_handle(schedule_id(source))

    def limit(held: ScheduleUpdateInput) -> ScheduleUpdate:
        held.description.schedule.state.limited_actions = True
        held.description.schedule.state.remaining_actions = 5
        return ScheduleUpdate(held.description.schedule)

    await handle.update(limit)
    made_again = await put_schedule(dev_client, source, timing, task_queue="q", paused=False)
    state = (await read_schedule(dev_client, schedule_id(source))).state
    await handle.delete()

    words = "days 1 (0 is Sunday) at 03:00 UTC"
    assert (made, made_again) == (Put(True, words, paused=True), Put(False, words, paused=False))
    assert (state.paused, state.note) == (False, None)
    assert (state.limited_actions, state.remaining_actions) == (True, 5)


async def test_an_update_leaves_a_schedule_paused_that_an_operator_paused(dev_client: Client) -> None:
    source = Stage(dev_client).source
    timing = Timing((1,), 3, "UTC")
    await put_schedule(dev_client, source, timing, task_queue="q", paused=None)
    handle = dev_client.get_schedule_handle(schedule_id(source))
    await handle.pause(note="incident 42")

    put = await put_schedule(dev_client, source, Timing((2,), 4, "UTC"), task_queue="q", paused=None)
    state = (await read_schedule(dev_client, schedule_id(source))).state
    await handle.delete()

    assert put == Put(False, "days 2 (0 is Sunday) at 04:00 UTC", paused=True)
    assert (state.paused, state.note) == (True, "incident 42")


async def test_a_run_takes_the_time_that_its_schedule_meant(dev_stage: Stage) -> None:
    runs = dev_stage.run_parts()
    client, name = dev_stage.client, schedule_id(dev_stage.source)
    timing = Timing((0, 1, 2, 3, 4, 5, 6), 3, "UTC")
    async with dev_stage.serve(dev_stage.job_parts(), runs):
        await put_schedule(client, dev_stage.source, timing, task_queue=dev_stage.queuer_queue, paused=True)
        handle = client.get_schedule_handle(name)
        start = datetime(2025, 3, 3, tzinfo=UTC)
        await handle.backfill(
            ScheduleBackfill(start, start + timedelta(days=3), overlap=ScheduleOverlapPolicy.BUFFER_ALL)
        )
        await until(lambda: len(runs.closed) == 3)
        await handle.delete()

    meant = [datetime(2025, 3, day, 3, tzinfo=UTC) for day in (3, 4, 5)]
    assert sorted(opened.nominal for opened in runs.opened) == meant
    assert {opened.workflow_id for opened in runs.opened} == {
        f"{dev_stage.source}-queuer-schedule-{moment:%Y-%m-%dT%H:%M:%SZ}" for moment in meant
    }


async def test_a_run_by_hand_takes_the_time_that_it_is(dev_stage: Stage) -> None:
    runs = dev_stage.run_parts()
    async with dev_stage.serve(dev_stage.job_parts(), runs):
        await (await dev_stage.start_run(date_start=date(2025, 1, 1))).result()

    [opened] = runs.opened
    assert abs(opened.nominal - datetime.now(UTC)) < timedelta(minutes=1)
