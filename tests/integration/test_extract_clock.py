"""When was a document read? By the warehouse's clock, whatever the worker's says."""

from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from temporalio.testing import ActivityEnvironment

from queuer.sources.jira.inputs import make_slice_jobs
from scripts.sandbox.trino import TrinoServer
from scripts.sandbox.world import World
from temporaletl.connections import Connections
from temporaletl.settings import WorkerSettings
from temporaletl.sources import Sources
from tests.integration.lake import ANCHOR, connect, find_all
from tests.integration.loading import SCHEMA
from worker.external.wpe_db.connect import Warehouse
from worker.external.wpe_db.staging import RawBlock, read_raw
from worker.models.activities import JobActivities
from worker.models.context import People
from worker.models.messages import ExtractRequest

BEHIND = timedelta(minutes=10)
"""The warehouse's clock, as seen from the worker's."""


@pytest.fixture
def late_warehouse(database: str, warehouse: Warehouse) -> Warehouse:
    """One whose clock is behind: what its sessions are told first, instead of the server's own function."""
    with psycopg.connect(database) as conn:
        conn.execute("CREATE SCHEMA late")
        conn.execute(
            "CREATE FUNCTION late.clock_timestamp() RETURNS timestamptz LANGUAGE sql"
            f" RETURN pg_catalog.clock_timestamp() - interval '{BEHIND.total_seconds()} s'"
        )
        name = conn.info.dbname
        conn.execute(f"ALTER DATABASE {name} SET search_path = late, {SCHEMA}, public, pg_catalog")
    return warehouse


def test_a_document_is_dated_by_the_warehouses_clock(late_warehouse: Warehouse) -> None:
    with TrinoServer(World(6, anchor=ANCHOR, detail=0.2)) as server, connect(server) as connections:
        [slice_] = find_all(connections)[0]
        [job] = make_slice_jobs(slice_)
        activities = JobActivities(
            late_warehouse,
            connections,
            Sources(("jira",), (), {}),
            know_nobody,
            WorkerSettings(_env_file=None),
        )
        before = datetime.now(UTC) - BEHIND
        request = ExtractRequest(job=job, run=7, batch_no=0)
        staged = ActivityEnvironment().run(activities.extract_data, request)

    assert staged.block_id is not None
    with late_warehouse.session() as conn:
        block = read_raw(conn, staged.block_id)
    assert isinstance(block, RawBlock)
    read_at = {document.extracted_at for document in block.read_documents()}
    assert len(read_at) >= 1
    assert all(before <= moment <= before + BEHIND / 2 for moment in read_at)


def know_nobody(connections: Connections, source: str) -> People:
    raise AssertionError("an extraction asks for nobody")
