"""The queuer process: ``python -m queuer``; and one run by hand: ``python -m queuer run jira --wait``."""

import argparse
import sys
from collections.abc import Sequence

import structlog

from queuer.models.activities import QueuerActivities
from queuer.models.flow import QueuerFlow
from queuer.models.inputs import transform_inputs_method
from queuer.models.params import params_method
from queuer.start import add_run_arguments, run_once
from temporaletl.connections import Connections
from temporaletl.contract import QUEUER_QUEUE
from temporaletl.environment import read_environment, read_rates, require_settings
from temporaletl.findings import Findings
from temporaletl.http import Pacer
from temporaletl.names import find_odd_names
from temporaletl.process import leave, names_in_env_file, run_process
from temporaletl.registry import discover
from temporaletl.settings import QueuerSettings, TemporalSettings
from temporaletl.sources import check_sources, log_left_out
from temporaletl.temporal import QueueSpec, connect, run_workers

log = structlog.get_logger(__name__)


async def run_queuer(findings: Findings) -> None:
    """Poll the queuer's queue."""
    discover("queuer.sources")
    sources = check_sources([params_method, transform_inputs_method])
    findings.add(find_odd_names(read_environment(), names_in_env_file(), sources.known))
    findings.add(sources.findings)
    log_left_out(log, sources)
    temporal, settings = require_settings(TemporalSettings, QueuerSettings, problems=sources.refusals)
    client = await connect(temporal, wait=True)
    pacers = {name: Pacer(rate) for name, rate in read_rates(sources.ready).items()}
    connections = Connections(sources.settings, pacers)
    activities = QueuerActivities(connections, sources, settings, temporal.etl_queue)
    queue = QueueSpec(
        task_queue=temporal.queue or QUEUER_QUEUE,
        slots=settings.slots,
        workflows=[QueuerFlow],
        activities=[activities.get_metadata, activities.extract_parameters],
    )
    await run_workers(client, [queue])


def main(arguments: Sequence[str] | None = None) -> int:
    """The process's exit code: 0, 1 when it could not go on or the run failed, 2 for wrong arguments."""
    parser = argparse.ArgumentParser(prog="python -m queuer", description=__doc__)
    commands = parser.add_subparsers(dest="command")
    run = commands.add_parser("run", help="start one run of a source now")
    add_run_arguments(run)
    asked = parser.parse_args(arguments)
    if asked.command == "run":
        return run_once(run, asked)
    return run_process("queuer", run_queuer)


if __name__ == "__main__":
    leave(main(sys.argv[1:]))
