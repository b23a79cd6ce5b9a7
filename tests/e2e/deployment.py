"""A whole deployment for a test: the product's two processes between servers that are there for it alone."""

import asyncio
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psycopg
from psycopg import sql
from psycopg.rows import dict_row
from psycopg.types.datetime import TimestamptzLoader
from temporalio.api.workflowservice.v1 import RegisterNamespaceRequest
from temporalio.client import Client, WorkflowFailureError, WorkflowHandle, WorkflowHistory
from temporalio.service import RPCError, RPCStatusCode

from queuer.models.messages import QueuerResult
from queuer.start import read_result
from scripts.sandbox.salesforce import SalesforceServer
from scripts.sandbox.stack import ANONYMISATION_KEY, Sandbox
from scripts.sandbox.upstreams import JiraBackend, Source, Upstreams
from scripts.sandbox.world import World
from scripts.showcase.processes import ProductProcess, wait_until_polling
from temporaletl.contract import QUEUER_FLOW, QUEUER_QUEUE, QueuerInput
from temporaletl.settings import TemporalSettings
from temporaletl.temporal import data_converter
from tests.e2e.holding import HoldingTrino

PACKAGES = ("queuer", "worker")
BEFORE_ALL = datetime.min.replace(tzinfo=UTC)

# Small jobs and batches, so that a small world already makes many of both; everything else is asked anew.
SMALL = {
    "JOB_SIZE": "5",
    "BATCH_DOCUMENTS": "2",
    "MAX_CONCURRENT_JOBS": "6",
    "EXTRACT_SLOTS": "8",
    "IDENTITY_TTL_S": "0",
}


class _AnyTime(TimestamptzLoader):
    """Reads also the time of what was never changed."""

    def load(self, data: Any) -> datetime:
        return BEFORE_ALL if bytes(data) == b"-infinity" else super().load(data)


class Deployment:
    """Queuer and worker as real processes, with a database, a namespace and upstreams of their own.

    Entered with ``async with``, which starts *packages*; *environment* is put over the settings of both.
    """

    def __init__(
        self,
        servers: Sandbox,
        folder: Path,
        world: World,
        environment: Mapping[str, str] | None = None,
        *,
        sources: Sequence[Source] = ("jira",),
        jira_backend: JiraBackend = "trino",
        packages: Sequence[str] = PACKAGES,
    ) -> None:
        self.name = f"e2e_{uuid.uuid4().hex}"
        self._servers = servers
        self.postgres = servers.postgres
        self.dsn = self.postgres.dsn(self.name)
        self._open_upstreams = partial(
            Upstreams, sources=sources, jira_backend=jira_backend, open_trino=HoldingTrino
        )
        self._first_world = world
        self.environment = {**servers.environment(), **SMALL, "LOG_FORMAT": "json"}
        self.environment |= {"TEMPORAL_NAMESPACE": self.name, "WPE_DB_NAME": self.name, **(environment or {})}
        self._packages = packages
        self.processes: list[ProductProcess] = []
        self._settings = TemporalSettings(host=servers.temporal.address, namespace=self.name)
        self._folder = folder / self.name
        self._stack = ExitStack()

    async def __aenter__(self) -> Self:
        self._folder.mkdir()
        with self._stack as guard:
            self.postgres.create_database(self.name)
            guard.callback(self.postgres.drop_database, self.name)
            self.upstreams = self._open_upstreams(self._first_world)
            guard.callback(self._stop_upstreams)
            lead = {"ANONYMISATION_KEY": ANONYMISATION_KEY, **self.upstreams.environment()}
            self.environment = {**lead, **self.environment}
            self.client = await open_namespace(self._settings)
            self._database = psycopg.connect(self.dsn, autocommit=True, row_factory=dict_row)
            self._database.adapters.register_loader("timestamptz", _AnyTime)
            guard.callback(self._database.close)
            # First: those that began are stopped also when one of them does not poll.
            guard.callback(self.stop_processes)
            self.start_processes(self._packages)
            self._stack = guard.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    @property
    def world(self) -> World:
        """What is upstream."""
        return self.upstreams.world

    @property
    def trino(self) -> HoldingTrino:
        """The lake's server."""
        found = self.upstreams.trino
        assert isinstance(found, HoldingTrino)
        return found

    @property
    def salesforce(self) -> SalesforceServer:
        """The server of the directory and the cases."""
        return self.upstreams.salesforce

    def start_processes(self, packages: Sequence[str] = PACKAGES, **environment: str) -> None:
        """Start the processes and wait until they poll; *environment* is put over this deployment's."""
        began = [
            ProductProcess(
                package,
                {**self.environment, **environment},
                self._folder / f"{package}-{uuid.uuid4().hex}.log",
            )
            for package in packages
        ]
        self.processes += began
        wait_until_polling(began, self._servers, within_s=60)

    def stop_processes(self) -> list[int]:
        """Ask every process to leave; their exit codes."""
        stopped, self.processes = self.processes, []
        return [process.stop() for process in stopped]

    def logs(self) -> str:
        """What the processes said."""
        return "\n".join(log.read_text(errors="replace") for log in sorted(self._folder.glob("*.log")))

    async def start(
        self, source: str = "jira", date_start: date | None = None, date_end: date | None = None
    ) -> WorkflowHandle[Any, QueuerResult]:
        """Start a run, as ``python -m queuer run`` does."""
        return await self.client.start_workflow(
            QUEUER_FLOW,
            QueuerInput(source_kind_id=source, date_start=date_start, date_end=date_end),
            id=f"{source}-queuer-{uuid.uuid4().hex}",
            task_queue=QUEUER_QUEUE,
            result_type=QueuerResult,
        )

    async def run(
        self,
        source: str = "jira",
        date_start: date | None = None,
        date_end: date | None = None,
        within_s: float = 60,
    ) -> QueuerResult:
        """What a run answers; raises as its workflow does, TimeoutError, RuntimeError when a server ends."""
        return await self.finish(await self.start(source, date_start, date_end), within_s)

    async def run_in_vain(self, source: str = "jira", date_start: date | None = None) -> QueuerResult:
        """What a run answers all of whose jobs failed; its workflow failed too."""
        try:
            await self.run(source, date_start)
        except WorkflowFailureError as error:
            result = read_result(error)
            if result is None:
                raise
            return result
        raise AssertionError("not every job of the run failed")

    async def finish[T](self, handle: WorkflowHandle[Any, T], within_s: float = 60) -> T:
        """The result of a workflow, waited for while the processes live."""
        ended = asyncio.create_task(handle.result())
        deadline = time.monotonic() + within_s
        try:
            while not ended.done():
                await asyncio.wait([ended], timeout=0.25)
                self._servers.check()
                for process in self.processes:
                    process.check()
                if time.monotonic() > deadline and not ended.done():
                    left = await self.describe_running()
                    raise TimeoutError(
                        f"{handle.id} did not end within {within_s} s: {left}\n{self.logs()[-2000:]}"
                    )
            return await ended
        finally:
            ended.cancel()

    async def is_settled(self) -> bool:
        """Whether no workflow runs."""
        return (await self.client.count_workflows("ExecutionStatus = 'Running'")).count == 0

    async def settle(self) -> None:
        """Wait until no workflow runs any more: a run does not wait for jobs of another."""
        await poll(self.is_settled, "every workflow has ended", within_s=60)

    async def describe_running(self) -> str:
        """What runs and what it waits for, for the message of a test that waited too long."""
        lines = []
        async for one in self.client.list_workflows("ExecutionStatus = 'Running'"):
            handle = self.client.get_workflow_handle(one.id, run_id=one.run_id)
            described = (await handle.describe()).raw_description
            events = [event.event_type async for event in handle.fetch_history_events()]
            waits = [(each.activity_type.name, each.attempt) for each in described.pending_activities]
            lines.append(f"{one.id}: {waits}, {len(described.pending_children)} children, {events[-4:]}")
        return "\n".join(lines)

    async def terminate_all(self) -> None:
        """End whatever still runs."""
        async for one in self.client.list_workflows("ExecutionStatus = 'Running'"):
            try:
                await self.client.get_workflow_handle(one.id, run_id=one.run_id).terminate()
            except RPCError as error:
                if error.status != RPCStatusCode.NOT_FOUND:
                    raise
        await self.settle()

    async def histories(self) -> list[WorkflowHistory]:
        """Every workflow history of the namespace, whole."""
        return [
            await self.client.get_workflow_handle(one.id, run_id=one.run_id).fetch_history()
            async for one in self.client.list_workflows()
        ]

    def ask(self, question: str, *values: object) -> list[dict[str, Any]]:
        """The rows that answer a question to the warehouse (``%s`` for each of *values*)."""
        cursor = self._database.execute(question, values or None)
        return cursor.fetchall() if cursor.description else []

    def rows(self, table: str, order: str = "1") -> list[dict[str, Any]]:
        """Every row of a table."""
        return self.ask(f"SELECT * FROM {table} ORDER BY {order}")

    def tables(self) -> list[str]:
        """The names of the warehouse's tables."""
        rows = self.ask("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
        return [row["tablename"] for row in rows]

    def empty_warehouse(self, *, keep: Sequence[str] = ("etl_identities",)) -> None:
        """TRUNCATE every table but those in *keep*."""
        names = sql.SQL(", ").join(sql.Identifier(table) for table in self.tables() if table not in keep)
        self._database.execute(sql.SQL("TRUNCATE {}").format(names))

    def replace_world(self, world: World) -> None:
        """Show another world at the same addresses."""
        ports = self.upstreams.ports
        self._stop_upstreams()
        self.upstreams = self._open_upstreams(world, ports=ports)

    async def reset(self, world: World) -> None:
        """As new, with *world* upstream: nothing runs, nothing is planned, the warehouse is empty."""
        await self.terminate_all()
        self.replace_world(world)
        self.empty_warehouse(keep=())

    def _stop_upstreams(self) -> None:
        if "trino" in self.upstreams.ports:
            self.trino.release()
        self.upstreams.stop()


async def open_namespace(settings: TemporalSettings) -> Client:
    """A client of a new namespace, once the server takes workflows for it."""
    converter = data_converter(settings)
    client = await Client.connect(settings.host, namespace=settings.namespace, data_converter=converter)
    request = RegisterNamespaceRequest(namespace=settings.namespace)
    request.workflow_execution_retention_period.FromTimedelta(timedelta(days=1))
    await client.workflow_service.register_namespace(request)
    await poll(lambda: _is_served(client), "the new namespace is served")
    return client


async def poll(condition: Callable[[], Any], what: str, within_s: float = 30) -> None:
    """Wait until *condition*, awaited where it is a coroutine, holds; TimeoutError names *what* did not."""
    deadline = time.monotonic() + within_s
    while True:
        answer = condition()
        if await answer if asyncio.iscoroutine(answer) else answer:
            return
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {within_s} s in vain: {what}")
        await asyncio.sleep(0.03)


async def _is_served(client: Client) -> bool:
    try:
        await client.count_workflows()
        await client.get_workflow_handle("nobody").describe()
    except RPCError as error:
        return error.status == RPCStatusCode.NOT_FOUND and "namespace" not in str(error).lower()
    return True
