"""One run by hand: ``python -m queuer run jira --date-start 2025-01-01 --wait``."""

import argparse
import asyncio
import sys
from contextlib import suppress
from datetime import UTC, date, datetime

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from temporalio.client import WorkflowFailureError, WorkflowHandle
from temporalio.common import Priority
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError

from queuer.models.messages import JOBS_FAILED, QueuerResult, Tally
from queuer.models.params import params_method
from temporaletl.contract import OVERLAP, QUEUER_FLOW, QUEUER_QUEUE, QueuerInput, describe_counts
from temporaletl.environment import require_settings
from temporaletl.errors import TemporalETLError
from temporaletl.failures import told_by
from temporaletl.process import INTERRUPTED, read_env_file
from temporaletl.registry import discover
from temporaletl.settings import TemporalSettings
from temporaletl.temporal import connect
from temporaletl.temporal_refusals import explain_refused_call

POLL_S = 0.5


def add_run_arguments(parser: argparse.ArgumentParser) -> None:
    """What ``run`` takes."""
    parser.add_argument("source", help="the source_kind_id, such as jira")
    parser.add_argument(
        "--date-start",
        type=_parse_date,
        help="first UTC day, such as 2025-01-31; by default 8 days before today, or before the last run that "
        "went well, whichever is earlier",
    )
    parser.add_argument(
        "--date-end", type=_parse_date, help="first UTC day that is left out; by default tomorrow"
    )
    parser.add_argument("--wait", action="store_true", help="show the progress until the run has ended")


def run_once(parser: argparse.ArgumentParser, asked: argparse.Namespace) -> int:
    """Start one run; 0, 1 with a sentence when it cannot start or fails, 2 for wrong arguments.

    Ctrl-C leaves the run alone and answers INTERRUPTED.
    """
    try:
        for finding in read_env_file():
            print(f"queuer run: {finding.finding}: {finding.remedy}", file=sys.stderr)
        discover("queuer.sources")
        if asked.source not in params_method:
            parser.error(f"there is no source {asked.source!r}; known: {', '.join(params_method) or 'none'}")
        _check_window(parser, asked.date_start, asked.date_end, datetime.now(UTC).date())
        request = QueuerInput(
            source_kind_id=asked.source, date_start=asked.date_start, date_end=asked.date_end
        )
        return asyncio.run(_start(request, wait=asked.wait))
    except TemporalETLError as error:
        print(f"queuer run: {error}", file=sys.stderr)
    except WorkflowFailureError as error:
        print(f"queuer run: the run failed: {told_by(error)}", file=sys.stderr)
    except RPCError as error:
        print(f"queuer run: {explain_refused_call(error)}", file=sys.stderr)
    except KeyboardInterrupt:
        print("queuer run: left; a run that was started goes on without us", file=sys.stderr)
        return INTERRUPTED
    return 1


def _check_window(
    parser: argparse.ArgumentParser, date_start: date | None, date_end: date | None, today: date
) -> None:
    """Refuse a window that can hold no change, before a run of it starts."""
    if date_start and date_start > today:
        parser.error(f"--date-start {date_start} is in the future: nothing has changed there yet")
    if date_start and date_end and date_end <= date_start:
        parser.error("--date-end must be after --date-start")
    if date_end and not date_start and date_end <= today - OVERLAP:
        parser.error(f"--date-end {date_end} is before the days of an ordinary run: name --date-start too")


async def _start(request: QueuerInput, *, wait: bool) -> int:
    [settings] = require_settings(TemporalSettings)
    client = await connect(settings, wait=False)
    now = datetime.now(UTC)
    handle: WorkflowHandle[object, QueuerResult] = await client.start_workflow(
        QUEUER_FLOW,
        request,
        id=f"{request.source_kind_id}-queuer-{now:%Y-%m-%dT%H:%M:%S.%f}",
        task_queue=settings.queue or QUEUER_QUEUE,
        result_type=QueuerResult,
        static_summary=f"{request.source_kind_id}: a run by hand",
        priority=Priority(fairness_key=request.source_kind_id),
    )
    print(f"started {handle.id}", flush=True)
    if not wait:
        return 0
    try:
        result = await _follow(handle)
    except WorkflowFailureError as error:
        found = read_result(error)
        if found is not None:
            print_result(found)
        raise
    print_result(result)
    if result.tally.failed:
        print(f"queuer run: {result.tally.describe_failures()}", file=sys.stderr)
    return 1 if result.tally.failed else 0


def read_result(error: WorkflowFailureError) -> QueuerResult | None:
    """The result of a run all of whose jobs failed, which its failure carries; None of any other."""
    cause = error.cause
    if isinstance(cause, ApplicationError) and cause.type == JOBS_FAILED and cause.details:
        return QueuerResult.model_validate(cause.details[0])
    return None


def print_result(result: QueuerResult) -> None:
    """Say on the screen what a run did."""
    tally, events = result.tally, result.tally.events
    print(
        f"{tally.succeeded} of {tally.queued} jobs done, {tally.failed} failed, {tally.skipped} skipped; "
        f"{describe_counts(events)}"
    )
    for reason, number in sorted({**tally.notes, **events.unavailable}.items()):
        print(f"seen and left out: {number} {reason}")


async def _follow(handle: WorkflowHandle[object, QueuerResult]) -> QueuerResult:
    """Show the run's progress until it has ended."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    ended = asyncio.create_task(handle.result())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        bar = progress.add_task("jobs", total=None)
        while not ended.done():
            await asyncio.wait([ended], timeout=POLL_S)
            try:
                tally = await handle.query("progress", result_type=Tally, rpc_timeout=None)
            except RPCError:
                continue
            progress.update(
                bar,
                total=tally.queued or None,
                completed=tally.succeeded + tally.failed + tally.skipped,
                description=f"jobs · {tally.events.items_processed} events",
            )
    return await ended


def _parse_date(text: str) -> date:
    with suppress(ValueError):
        day = date.fromisoformat(text)
        # ISO 8601 has other ways to write a day, in which a slip of the pen is a day too.
        if day.isoformat() == text:
            return day
    raise argparse.ArgumentTypeError(f"{text!r} is not a day such as 2025-01-31")
