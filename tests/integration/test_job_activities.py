"""Do a job's activities use what they were handed: the warehouse's clock, and the settings?"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from threading import Barrier, BrokenBarrierError
from typing import override

import psycopg
import pytest
from temporalio.testing import ActivityEnvironment

from queuer.sources.jira.inputs import make_slice_jobs
from scripts.sandbox.trino import TrinoServer
from scripts.sandbox.world import World
from temporaletl.connections import Connections
from temporaletl.registry import discover
from temporaletl.settings import WorkerSettings
from temporaletl.sources import Sources
from tests.integration.lake import ANCHOR, connect, find_all
from tests.integration.loading import Loads
from tests.unit.sources.telling import Directory
from worker.external.wpe_db.connect import Connection, Warehouse
from worker.external.wpe_db.staging import RawBlock, read_raw
from worker.models.activities import JobActivities
from worker.models.messages import BlockRequest, ExtractRequest
from worker.sources.jira.settings import JiraSettings

BEHIND = timedelta(minutes=10)
"""The warehouse's clock, as seen from the worker's."""


@pytest.fixture
def connections() -> Iterator[Connections]:
    """To a lake of a few issues."""
    with (
        TrinoServer(World(6, anchor=ANCHOR, detail=0.3)) as server,
        connect(server, JiraSettings(_env_file=None)) as opened,
    ):
        yield opened


class Job:
    """The one job of a small lake; its activities are called as its workflow calls them."""

    def __init__(
        self,
        warehouse: Warehouse,
        connections: Connections,
        people: Callable[[Connections, str], Directory] | None = None,
        settings: WorkerSettings | None = None,
    ) -> None:
        discover("worker.sources")
        [slice_] = find_all(connections)[0]
        [self._job] = make_slice_jobs(slice_)
        served = Sources(("jira",), (), {})
        settings = settings or WorkerSettings(_env_file=None)
        self._activities = JobActivities(warehouse, connections, served, people or know_nobody, settings)

    def extract(self) -> str:
        """The id of the block that holds the batch."""
        request = ExtractRequest(job=self._job, run=7, batch_no=0)
        staged = ActivityEnvironment().run(self._activities.extract_data, request)
        assert staged.block_id is not None
        return staged.block_id

    def load(self) -> None:
        """Extract, transform and load the batch."""
        block_id = self.extract()
        self.transform(block_id)
        self.load_block(block_id)

    def transform(self, block_id: str) -> None:
        """Put its rows in place of a block's documents."""
        ActivityEnvironment().run(self._activities.transform_data, self._name(block_id))

    def load_block(self, block_id: str) -> None:
        """Load a block's rows."""
        ActivityEnvironment().run(self._activities.load_data, self._name(block_id))

    def _name(self, block_id: str) -> BlockRequest:
        return BlockRequest(job=self._job, run=7, block_id=block_id)


@pytest.fixture
def late_warehouse(database: str, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> Warehouse:
    """One whose clock is behind: its sessions find this one before the server's own."""
    with psycopg.connect(database) as conn:
        conn.execute("CREATE SCHEMA late")
        conn.execute(
            "CREATE FUNCTION late.clock_timestamp() RETURNS timestamptz LANGUAGE sql"
            f" RETURN pg_catalog.clock_timestamp() - interval '{BEHIND.total_seconds()} s'"
        )
    take_session = warehouse.session

    @contextmanager
    def session(*named: str) -> Iterator[Connection]:
        with take_session(*named) as conn:
            conn.execute("SET search_path = late, pg_catalog")
            yield conn

    monkeypatch.setattr(warehouse, "session", session)
    return warehouse


def test_a_document_is_dated_by_the_warehouses_clock(
    late_warehouse: Warehouse, connections: Connections
) -> None:
    before = datetime.now(UTC) - BEHIND

    block_id = Job(late_warehouse, connections).extract()

    with late_warehouse.session() as conn:
        block = read_raw(conn, block_id)
    assert isinstance(block, RawBlock)
    read_at = {document.extracted_at for document in block.read_documents()}
    assert len(read_at) > 0
    assert all(before <= moment <= before + BEHIND / 2 for moment in read_at)


def test_only_events_since_the_set_day_are_loaded(
    loads: Loads, connections: Connections, monkeypatch: pytest.MonkeyPatch
) -> None:
    Job(loads.warehouse, connections).load()
    [(first, middle)] = loads.ask(
        "SELECT min(event_time_utc)::date, percentile_disc(0.5) WITHIN GROUP (ORDER BY event_time_utc)::date"
        " FROM {s}.jira_events"
    )
    assert first < middle
    loads.ask("TRUNCATE {s}.jira_events")
    monkeypatch.setenv("EVENTS_SINCE", middle.isoformat())

    Job(loads.warehouse, connections).load()

    assert loads.ask("SELECT min(event_time_utc)::date FROM {s}.jira_events") == [(middle,)]


class Meeting(Directory):
    """People whom two transforms ask for at the same time, where both are under way."""

    def __init__(self) -> None:
        super().__init__("jira")
        self.both = Barrier(2)
        self.met = False

    @override
    def pseudonym(self, system: str, account: str) -> str:
        if not self.both.broken:
            with suppress(BrokenBarrierError):
                self.both.wait(2)
                self.met = True
        return super().pseudonym(system, account)


@pytest.mark.parametrize(("batch_bytes", "at_once"), [(1, False), (4_000_000, True)])
def test_large_batches_are_shaped_one_after_the_other(
    warehouse: Warehouse, loads: Loads, connections: Connections, batch_bytes: int, at_once: bool
) -> None:
    people = Meeting()
    job = Job(
        warehouse,
        connections,
        lambda _connections, _source: people,
        WorkerSettings(_env_file=None, batch_bytes=batch_bytes),
    )
    blocks = [job.extract(), job.extract()]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(job.transform, blocks))

    assert people.met is at_once
    for block in blocks:
        job.load_block(block)
    assert loads.contents()


def know_nobody(connections: Connections, source: str) -> Directory:
    """Everybody is a pseudonym."""
    return Directory("jira")
