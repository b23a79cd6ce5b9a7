"""The worker process: ``python -m worker``; and the warehouse's DDL: ``python -m worker schema``."""

import argparse
import asyncio
from collections.abc import Sequence

import structlog

from temporaletl.connections import Connections
from temporaletl.contract import WORKER_QUEUE, extract_queue
from temporaletl.directory.settings import DirectorySettings
from temporaletl.environment import read_environment, read_rates, require_settings
from temporaletl.findings import Findings
from temporaletl.http import Pacer
from temporaletl.names import find_odd_names
from temporaletl.process import leave, names_in_env_file, retry_until_up, run_process
from temporaletl.registry import discover
from temporaletl.settings import IdentitySettings, TemporalSettings, WarehouseSettings, WorkerSettings
from temporaletl.sources import Sources, check_sources, log_left_out
from temporaletl.temporal import QueueSpec, connect, run_workers
from worker.external.endings import Endings
from worker.external.wpe_db.connect import Warehouse, open_warehouse
from worker.external.wpe_db.schema import ensure_schema
from worker.models.activities import JobActivities
from worker.models.extract import extract_method
from worker.models.flow import ETLFlow
from worker.models.people import KnownPeople
from worker.models.query import query_type
from worker.models.runs import RunActivities
from worker.models.transform import transform_method
from worker.models.upgrade import EarlierRows

log = structlog.get_logger(__name__)


async def run_worker(findings: Findings) -> None:
    """Make the warehouse ready, then poll."""
    discover("worker.sources")
    sources = check_sources([query_type, extract_method, transform_method], [DirectorySettings])
    findings.add(find_odd_names(read_environment(), names_in_env_file(), sources.known))
    findings.add(sources.findings)
    log_left_out(log, sources)
    needed = (TemporalSettings, WarehouseSettings, IdentitySettings, WorkerSettings)
    temporal, warehouse_settings, identity, settings = require_settings(*needed, problems=sources.refusals)

    def open_ready() -> Warehouse:
        slots = settings.worker_slots + settings.extract_slots * len(sources.ready)
        warehouse = open_warehouse(warehouse_settings, max_connections=slots + 2)
        findings.add(ensure_schema(warehouse, sources.ready))
        return warehouse

    # Both at once: the metrics, which a supervisor looks at, are there while either is waited for.
    client, warehouse = await asyncio.gather(
        connect(temporal, wait=True), retry_until_up("the warehouse", open_ready)
    )
    pacers = {name: Pacer(rate) for name, rate in read_rates(sources.ready).items()}
    connections = Connections(sources.settings, pacers)
    people = KnownPeople(warehouse, identity)
    jobs = JobActivities(warehouse, connections, sources, people.current, settings)
    endings = Endings(client, asyncio.get_running_loop())
    runs = RunActivities(warehouse, connections, sources, people.refresh, endings.read)
    queue = temporal.queue or WORKER_QUEUE
    adoption = asyncio.create_task(EarlierRows(warehouse, connections, sources, people.current).adopt())
    try:
        await run_workers(client, plan_queues(queue, jobs, runs, sources, settings))
    finally:
        adoption.cancel()


def plan_queues(
    queue: str, jobs: JobActivities, runs: RunActivities, sources: Sources, settings: WorkerSettings
) -> Sequence[QueueSpec]:
    """The worker's own queue, and one for the extractions of each source that is configured."""
    own = QueueSpec(
        task_queue=queue,
        slots=settings.worker_slots,
        workflows=[ETLFlow],
        activities=[
            jobs.get_metadata,
            jobs.transform_data,
            jobs.load_data,
            jobs.write_summary,
            runs.open_run,
            runs.refuse_run,
            runs.note_walk,
            runs.note_unfinished,
            runs.close_run,
        ],
    )
    extracts = [
        QueueSpec(extract_queue(queue, name), slots=settings.extract_slots, activities=[jobs.extract_data])
        for name in sources.ready
    ]
    return [own, *extracts]


def main(arguments: Sequence[str] | None = None) -> int:
    """The process's exit code: 0, 1 when it could not go on, 2 for wrong arguments."""
    parser = argparse.ArgumentParser(prog="python -m worker", description=__doc__)
    commands = parser.add_subparsers(dest="command")
    schema = commands.add_parser(
        "schema", help="print all DDL and GRANTs of the warehouse, for an administrator"
    )
    schema.add_argument(
        "--role", help="the role that workers sign in with; by default that of WPE_DB_USER or WPE_DB_DSN"
    )
    asked = parser.parse_args(arguments)
    if asked.command == "schema":
        # Only here: a worker has no use for it.
        from worker.schema import print_schema

        return print_schema(schema, asked.role)
    return run_process("worker", run_worker)


if __name__ == "__main__":
    leave(main())
