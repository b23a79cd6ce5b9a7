"""A source's schedule: how it is made, and how one that is there is changed in what was named."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
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

from temporaletl.contract import QUEUER_FLOW, QUEUER_QUEUE, QueuerInput
from temporaletl.errors import ConfigurationError

CATCH_UP = timedelta(days=1)
"""A run that was missed for longer is not made up for: the next one covers its window."""

_DAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")

_NOBODYS_ZONES = {"localtime", "posixrules", "Factory"}
"""Files of the zone database that name no zone: the server's may be another one than ours."""


DEFAULT_DAYS = (0,)
DEFAULT_HOUR = 0
DEFAULT_ZONE = "UTC"
"""A new schedule's timing, where nothing else was named."""


@dataclass(frozen=True, slots=True)
class Timing:
    """When a source runs: days of the week (0 is Sunday), an hour, a time zone; None where not named."""

    days: tuple[int, ...] | None = None
    hour: int | None = None
    time_zone: str | None = None


def parse_timing(day_of_week: str | None, hour: str | None, time_zone: str | None) -> Timing:
    """The timing of ``1``, ``1-5``, ``mon-fri`` or ``1,3`` and an hour; ValueError says what is wrong."""
    if hour is not None and (not re.fullmatch(r"[0-9]{1,2}", hour) or int(hour) > 23):
        raise ValueError(f"hour must be 0 to 23, not {hour!r}")
    if time_zone is not None and time_zone not in available_timezones() - _NOBODYS_ZONES:
        raise ValueError(f"there is no time zone {time_zone!r}; write it like Europe/Berlin")
    days = None if day_of_week is None else _parse_days(day_of_week)
    return Timing(days, None if hour is None else int(hour), time_zone)


def _parse_days(day_of_week: str) -> tuple[int, ...]:
    days: set[int] = set()
    for part in day_of_week.split(","):
        first, dash, last = part.partition("-")
        start = _parse_day(first, day_of_week)
        end = _parse_day(last, day_of_week) if dash else start
        days.update((start + step) % 7 for step in range((end - start) % 7 + 1))
    return tuple(sorted(days))


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
    """What came of a schedule: made or updated, its timing in words, and whether it is paused now."""

    made: bool
    timing: str
    paused: bool


async def put_schedule(
    client: Client, source_kind_id: str, timing: Timing, *, task_queue: str | None, paused: bool | None
) -> Put:
    """Make the source's schedule, or change the one that is there in what is named alone.

    None, for a part of *timing* too, leaves what an operator chose. Raises ConfigurationError where the
    schedule has no calendar in which a day or an hour alone could be changed.
    """
    schedule = _make_schedule(source_kind_id, timing, task_queue, paused=bool(paused))
    name = schedule_id(source_kind_id)
    try:
        await client.create_schedule(name, schedule)
    except ScheduleAlreadyRunningError:

        def change(held: ScheduleUpdateInput) -> ScheduleUpdate:
            nonlocal schedule
            schedule = _change_schedule(held.description.schedule, schedule, timing, task_queue, paused)
            return ScheduleUpdate(schedule)

        await client.get_schedule_handle(name).update(change)
        return Put(False, describe_spec(schedule.spec), schedule.state.paused)
    return Put(True, describe_spec(schedule.spec), schedule.state.paused)


def _make_schedule(source_kind_id: str, timing: Timing, task_queue: str | None, *, paused: bool) -> Schedule:
    return Schedule(
        action=ScheduleActionStartWorkflow(
            QUEUER_FLOW,
            QueuerInput(source_kind_id=source_kind_id),
            id=f"{source_kind_id}-queuer-schedule",
            task_queue=task_queue or QUEUER_QUEUE,
            static_summary=f"{source_kind_id}: what changed since the last run",
            priority=Priority(fairness_key=source_kind_id),
        ),
        spec=ScheduleSpec(
            calendars=[
                ScheduleCalendarSpec(
                    day_of_week=_ranges(timing.days or DEFAULT_DAYS),
                    hour=_ranges((DEFAULT_HOUR if timing.hour is None else timing.hour,)),
                )
            ],
            time_zone_name=timing.time_zone or DEFAULT_ZONE,
        ),
        policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=CATCH_UP),
        state=_make_state(paused=paused),
    )


def _make_state(*, paused: bool) -> ScheduleState:
    return ScheduleState(paused=paused, note="paused by schedule.py" if paused else None)


def _change_schedule(
    held: Schedule, made: Schedule, timing: Timing, task_queue: str | None, paused: bool | None
) -> Schedule:
    """*held* with what was named; limits, pauses and policies that an operator set by hand stay."""
    if isinstance(held.action, ScheduleActionStartWorkflow) and held.action.workflow == QUEUER_FLOW:
        held.action.task_queue = task_queue or held.action.task_queue
    else:
        # It starts something that this product does not have.
        held.action = made.action
    held.spec = change_spec(held.spec, timing)
    if paused is not None:
        wanted = _make_state(paused=paused)
        held.state.paused, held.state.note = wanted.paused, wanted.note
    return held


def change_spec(held: ScheduleSpec, timing: Timing) -> ScheduleSpec:
    """*held* with the days, hour and time zone that *timing* names."""
    calendars, intervals = held.calendars, held.intervals
    if timing.days is not None and timing.hour is not None:
        calendars, intervals = (calendars or [ScheduleCalendarSpec()])[:1], []
    elif (timing.days is not None or timing.hour is not None) and not calendars:
        raise ConfigurationError("the schedule has no calendar to change: name the day and the hour")
    if timing.days is not None:
        days = _ranges(timing.days)
        calendars = [replace(calendar, day_of_week=days) for calendar in calendars]
    if timing.hour is not None:
        hour = _ranges((timing.hour,))
        calendars = [replace(calendar, hour=hour) for calendar in calendars]
    zone = timing.time_zone or held.time_zone_name
    return replace(held, calendars=calendars, intervals=intervals, time_zone_name=zone)


def describe_spec(spec: ScheduleSpec) -> str:
    """When a schedule runs, in words; of what only Temporal's own tools make, that it is there."""
    when = [
        f"days {_list(calendar.day_of_week)} (0 is Sunday) at "
        + " and ".join(f"{hour:02}:{minute:02}" for hour in _numbers(calendar.hour) for minute in minutes)
        for calendar in spec.calendars
        for minutes in [_numbers(calendar.minute)]
    ]
    when += [f"every {interval.every}" for interval in spec.intervals]
    return f"{'; '.join(when) or 'never'} {spec.time_zone_name or DEFAULT_ZONE}"


def _ranges(numbers: Sequence[int]) -> list[ScheduleRange]:
    return [ScheduleRange(number) for number in numbers]


def _numbers(ranges: Sequence[ScheduleRange]) -> list[int]:
    return [n for span in ranges for n in range(span.start, max(span.start, span.end) + 1, span.step or 1)]


def _list(ranges: Sequence[ScheduleRange]) -> str:
    return ",".join(map(str, _numbers(ranges)))
