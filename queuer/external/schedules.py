"""What does a source's schedule look like? Made, or updated where it is there already."""

import re
from dataclasses import dataclass
from datetime import timedelta
from zoneinfo import available_timezones

from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleCalendarSpec,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleRange,
    ScheduleSpec,
    ScheduleState,
    ScheduleUpdate,
    ScheduleUpdateInput,
)
from temporalio.common import Priority

from temporaletl.contract import QUEUER_FLOW, QueuerInput

CATCH_UP = timedelta(days=1)
"""A run that was missed for longer is not made up for: the next one covers its window."""

_DAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")

_NOBODYS_ZONES = {"localtime", "posixrules", "Factory"}
"""Files of the zone database that name no zone: the server's may be another one than ours."""


@dataclass(frozen=True, slots=True)
class Timing:
    """When a source runs: days of the week (0 is Sunday), an hour, a time zone."""

    days: tuple[int, ...]
    hour: int
    time_zone: str


def parse_timing(day_of_week: str, hour: str, time_zone: str) -> Timing:
    """The timing of ``1``, ``1-5``, ``mon-fri`` or ``1,3`` and an hour; ValueError says what is wrong."""
    if not re.fullmatch(r"[0-9]{1,2}", hour) or int(hour) > 23:
        raise ValueError(f"hour must be 0 to 23, not {hour!r}")
    if time_zone not in available_timezones() - _NOBODYS_ZONES:
        raise ValueError(f"there is no time zone {time_zone!r}; write it like Europe/Berlin")
    days: set[int] = set()
    for part in day_of_week.split(","):
        first, dash, last = part.partition("-")
        start = _parse_day(first, day_of_week)
        end = _parse_day(last, day_of_week) if dash else start
        days.update((start + step) % 7 for step in range((end - start) % 7 + 1))
    return Timing(tuple(sorted(days)), int(hour), time_zone)


def _parse_day(text: str, whole: str) -> int:
    name = text.strip().lower()
    for number, day in enumerate(_DAYS):
        if name in (str(number), day, day[:3]):
            return number
    raise ValueError(
        f"day_of_week must be 0 to 6 (0 is Sunday), a name, a range (1-5, mon-fri) or a list, not {whole!r}"
    )


def schedule_id(source_kind_id: str) -> str:
    """The id of a source's schedule."""
    return f"{source_kind_id}-schedule"


@dataclass(frozen=True, slots=True)
class Put:
    """What came of a schedule: made or updated, and whether it is paused now."""

    made: bool
    paused: bool


async def put_schedule(
    client: Client, source_kind_id: str, timing: Timing, *, task_queue: str, paused: bool | None
) -> Put:
    """Make the source's schedule, or update the one that is there.

    *paused* None leaves a schedule as it is: one that an operator paused by hand stays so.
    """
    schedule = _make_schedule(source_kind_id, timing, task_queue, paused=bool(paused))
    name = schedule_id(source_kind_id)
    try:
        await client.create_schedule(name, schedule)
    except ScheduleAlreadyRunningError:

        def change(held: ScheduleUpdateInput) -> ScheduleUpdate:
            wanted = schedule.state
            # Limits and a pause that an operator set by hand stay.
            schedule.state = held.description.schedule.state
            if paused is not None:
                schedule.state.paused, schedule.state.note = wanted.paused, wanted.note
            return ScheduleUpdate(schedule)

        await client.get_schedule_handle(name).update(change)
        return Put(made=False, paused=schedule.state.paused)
    return Put(made=True, paused=schedule.state.paused)


def _make_schedule(source_kind_id: str, timing: Timing, task_queue: str, *, paused: bool) -> Schedule:
    calendar = ScheduleCalendarSpec(
        day_of_week=[ScheduleRange(day) for day in timing.days], hour=[ScheduleRange(timing.hour)]
    )
    return Schedule(
        action=ScheduleActionStartWorkflow(
            QUEUER_FLOW,
            QueuerInput(source_kind_id=source_kind_id),
            id=f"{source_kind_id}-queuer-schedule",
            task_queue=task_queue,
            static_summary=f"{source_kind_id}: what changed since the last run",
            priority=Priority(fairness_key=source_kind_id),
        ),
        spec=ScheduleSpec(calendars=[calendar], time_zone_name=timing.time_zone),
        policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=CATCH_UP),
        state=ScheduleState(paused=paused, note="paused by schedule.py" if paused else None),
    )
