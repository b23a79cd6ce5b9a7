"""Do both Trinos give one answer? The same rows in the real server and in the sandbox's, asked alike."""

import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any, override

from pydantic import JsonValue

from queuer.models.inputs import transform_inputs_method
from queuer.models.params import BacklogPage, BacklogRequest, params_method
from scripts.sandbox.rows import Row
from scripts.sandbox.trino import CATALOG, TrinoServer
from scripts.sandbox.world import World
from scripts.trino.server import RealTrino
from scripts.trino.tables import fill_tables
from temporaletl.connections import Connections
from temporaletl.contract import Page, Window
from temporaletl.settings import TrinoSettings
from temporaletl.statements import read_statement
from temporaletl.trino import ask, connect_trino
from worker.models.extract import extract_method
from worker.models.query import query_type

ANCHOR = date(2026, 3, 10)
WEEK = Window(date_start=date(2026, 3, 3), date_end=date(2026, 3, 11))
NEVER = Window(date_start=date(2999, 1, 1), date_end=date(2999, 1, 2))
"""A window in which nothing changed."""


class Listed(World):
    """A world whose lake holds exactly these rows."""

    def __init__(self, rows: Sequence[Row]) -> None:
        super().__init__(len(rows), anchor=ANCHOR, people=1)
        self._rows = rows

    @override
    def row(self, number: int) -> Row:
        return self._rows[number - 1]


@dataclass(frozen=True)
class Side:
    """One of the two servers, asked as the product asks."""

    name: str
    settings: TrinoSettings

    @contextmanager
    def connect(self) -> Iterator[Connections]:
        # What decides where issues are read from says "the lake" unless it is told otherwise.
        needed = {*params_method.needs("jira"), *extract_method.needs("jira-issues")} - {TrinoSettings}
        with Connections([self.settings, *(model() for model in needed)]) as connections:
            yield connections

    def ask(self, statement: str, *values: Any) -> list[list[Any]]:
        """The rows of a statement."""
        with self.connect() as connections:
            return [list(row) for row in ask(connect_trino(connections), statement, values)]

    def walk_backlog(self, window: Window, job_size: int, max_params: int) -> list[BacklogPage]:
        """Every page of the backlog."""
        with self.connect() as connections:
            request = BacklogRequest("jira", window, job_size, max_params, connections)
            pages = [params_method["jira"](request, None)]
            while pages[-1].cursor is not None:
                pages.append(params_method["jira"](request, pages[-1].cursor))
            return pages

    def read(self, cursor: JsonValue = None, **args: Any) -> list[Page]:
        """Every page of one job."""
        whole = {"source_kind_id": "jira", "event_type": "issues", **args}
        with self.connect() as connections:
            query = query_type["jira"].model_validate(whole).bind(connections)
            return list(extract_method["jira-issues"](query, cursor))

    def read_jobs(self, pages: Sequence[BacklogPage]) -> list[list[Page]]:
        """What the jobs of a backlog read, job by job."""
        params = (param for page in pages for param in page.params)
        jobs = [job for param in params for job in transform_inputs_method["jira"](param)]
        return [self.read(None, **job.args) for job in jobs]

    def read_accounts(self) -> list[list[Any]]:
        """The accounts of jira.users and their addresses, in order."""
        accounts = self.ask(read_statement("worker.external", "sql/jira_users.sql"))
        return sorted(accounts, key=lambda account: (account[0], account[1] or ""))


@dataclass(frozen=True)
class Pair:
    """Both servers over the same rows."""

    real: Side
    sandbox: Side

    def same[T](self, question: Callable[[Side], T]) -> T:
        """What both answer; a failed assertion where they do not answer alike."""
        real, sandbox = question(self.real), question(self.sandbox)
        assert sandbox == real
        return real


@contextmanager
def show_on_both(trino: RealTrino, world: World) -> Iterator[Pair]:
    """A pair of servers that show *world*; the real one in a catalogue of its own."""
    catalog = f"world_{uuid.uuid4().hex}"
    trino.create_catalog(catalog)
    try:
        fill_tables(trino, world, catalog)
        with TrinoServer(world, page_rows=40) as server:
            yield Pair(
                _side("real", trino.host, trino.port, catalog),
                _side("sandbox", server.host, server.port, CATALOG),
            )
    finally:
        trino.drop_catalog(catalog)


def _side(name: str, host: str, port: int, catalog: str) -> Side:
    settings = TrinoSettings(
        _env_file=None, host=host, port=port, http_scheme="http", auth="none", catalog=catalog
    )
    return Side(name, settings)
