"""Make a source's schedule, or change it: ``python schedule.py jira 1 3`` runs jira on Mondays at 3.

``python -m queuer.schedule jira 1 3`` does the same from anywhere.
"""

import argparse
import asyncio
import sys
from collections.abc import Sequence

from temporalio.service import RPCError

from queuer.external.schedules import Timing, parse_timing, put_schedule, schedule_id
from queuer.models.params import params_method
from temporaletl.environment import require_settings
from temporaletl.errors import TemporalETLError
from temporaletl.process import INTERRUPTED, leave, read_env_file
from temporaletl.registry import discover
from temporaletl.settings import TemporalSettings
from temporaletl.temporal import connect
from temporaletl.temporal_refusals import explain_refused_call


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 0 when the schedule stands, 2 with a sentence for wrong arguments, 1 for the rest."""
    parser = argparse.ArgumentParser(
        prog="schedule.py",
        usage="python -m queuer.schedule source [day_of_week] [hour] [--timezone NAME] [--[no-]paused]",
        description="Make a source's schedule, or change it: "
        "python -m queuer.schedule jira 1 3 (or python schedule.py jira 1 3) runs jira on Mondays at 03:00.",
        epilog="A new schedule runs on Sundays at 00:00 UTC, unless a day, an hour or a time zone is named. "
        "Of one that is there, what is not named stays as it is.",
    )
    parser.add_argument("source", help="the source_kind_id, such as jira")
    parser.add_argument(
        "day_of_week",
        nargs="?",
        help="0 (Sunday) to 6, a range (1-5, mon-fri) or a list (1,3); a new schedule's default: 0",
    )
    parser.add_argument("hour", nargs="?", help="0 to 23; a new schedule's default: 0")
    parser.add_argument(
        "--timezone", metavar="NAME", help="an IANA name such as Europe/Berlin; a new schedule's default: UTC"
    )
    parser.add_argument(
        "--paused",
        action=argparse.BooleanOptionalAction,
        help="do not run it, or run it again; a new schedule's default: --no-paused",
    )
    asked = parser.parse_args(arguments)
    try:
        for finding in read_env_file():
            print(f"schedule.py: {finding.finding}: {finding.remedy}", file=sys.stderr)
        discover("queuer.sources")
        if asked.source not in params_method:
            known = ", ".join(params_method) or "none"
            parser.error(f"there is no source {asked.source!r}; known: {known}")
        try:
            timing = parse_timing(asked.day_of_week, asked.hour, asked.timezone)
        except ValueError as error:
            parser.error(str(error))
        print(asyncio.run(_put(asked.source, timing, paused=asked.paused)))
    except TemporalETLError as error:
        print(f"schedule.py: {error}", file=sys.stderr)
    except RPCError as error:
        print(f"schedule.py: {explain_refused_call(error)}", file=sys.stderr)
    except KeyboardInterrupt:
        return INTERRUPTED
    else:
        return 0
    return 1


async def _put(source: str, timing: Timing, *, paused: bool | None) -> str:
    [settings] = require_settings(TemporalSettings)
    client = await connect(settings, wait=False)
    put = await put_schedule(client, source, timing, task_queue=settings.queue, paused=paused)
    verb = "made" if put.made else "updated"
    return f"{schedule_id(source)} {verb}: {put.timing}{', paused' if put.paused else ''}"


if __name__ == "__main__":
    leave(main())
