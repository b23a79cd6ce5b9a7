"""How the tests ask the sandbox's lake for Jira issues, and what they expect to find."""

import json
from dataclasses import replace
from datetime import date, datetime
from typing import override

from pydantic import JsonValue

from queuer.models.params import BacklogRequest, Params
from queuer.sources.jira.inputs import make_slice_jobs
from queuer.sources.jira.params import find_changed_slices
from scripts.sandbox.damaged_json import read_damaged
from scripts.sandbox.rows import Row
from scripts.sandbox.trino import CATALOG, TrinoServer
from scripts.sandbox.world import World
from temporaletl.connections import Connections
from temporaletl.contract import DocumentReject, Page, Window
from temporaletl.jira.settings import JiraBackendSettings
from temporaletl.settings import Settings, TrinoSettings
from worker.sources.jira.document import read_row
from worker.sources.jira.extract.issues import extract_issues
from worker.sources.jira.query import JiraQuery

ANCHOR = date(2026, 3, 10)
WEEK = Window(date_start=date(2026, 3, 3), date_end=date(2026, 3, 11))
NEVER = Window(date_start=date(2999, 1, 1), date_end=date(2999, 1, 2))
"""A window in which nothing changed."""


def connect(server: TrinoServer, *further: Settings) -> Connections:
    """Connections to the lake of *server*, with *further* settings."""
    settings = TrinoSettings(
        _env_file=None, host=server.host, port=server.port, http_scheme="http", auth="none", catalog=CATALOG
    )
    return Connections([JiraBackendSettings(_env_file=None, backend="trino"), settings, *further])


def find_all(
    connections: Connections, window: Window = WEEK, *, job_size: int = 20, max_params: int = 4
) -> tuple[list[Params], dict[str, int]]:
    """All slices of the backlog, page by page, and the notes."""
    request = BacklogRequest("jira", window, job_size, max_params, connections)
    params: list[Params] = []
    notes: dict[str, int] = {}
    cursor: JsonValue = None
    while True:
        page = find_changed_slices(request, cursor)
        assert len(page.params) <= max_params
        params += page.params
        notes |= page.notes
        if page.cursor is None:
            return params, notes
        cursor = page.cursor


def read_all(connections: Connections, params: list[Params]) -> list[str]:
    """The ids of all documents and rejects that the jobs of *params* read."""
    jobs = [job for slice_ in params for job in make_slice_jobs(slice_)]
    return [
        document_id
        for job in jobs
        for page in extract_issues(JiraQuery.model_validate(job.args).bind(connections), None)
        for document_id in ids_of(page)
    ]


def ids_of(page: Page) -> list[str]:
    ids = [document.id for document in page.documents]
    return sorted(ids + [str(reject.document_id) for reject in page.rejects])


def expected(world: World, window: Window = WEEK) -> list[str]:
    """The documents of *window*, found without any SQL."""
    found: list[str] = []
    for row in world.rows():
        if row.id is None:
            continue
        moment = _updated(row)
        document = read_row(*_columns(row))
        last = moment if isinstance(document, DocumentReject) else document.updated
        if moment is None or (last is not None and window.start <= last < window.end):
            found.append(f"issues:{row.id}")
    return sorted(found)


def _columns(row: Row) -> tuple[object, ...]:
    return (row.id, row.key, row.self, row.fields, row.changelog)


def _updated(row: Row) -> datetime | None:
    # Trino reads a text that breaks off as far as what it looks for.
    remains = read_damaged(row.fields)
    try:
        text = str(json.loads(remains.sound if remains else row.fields or "")["updated"])
        return datetime.fromisoformat(text.replace(" UTC", "+00:00"))
    except (ValueError, LookupError, TypeError):
        return None


def query(connections: Connections, **args: object) -> JiraQuery:
    common = {"source_kind_id": "jira", "event_type": "issues"}
    window = {"date_start": WEEK.date_start, "date_end": WEEK.date_end}
    return JiraQuery.model_validate({**common, **window, **args}).bind(connections)


class Turned(World):
    """A world whose histories lie in the other order: both orders occur in lakes."""

    @override
    def row(self, number: int) -> Row:
        row = super().row(number)
        try:
            changelog = json.loads(row.changelog or "")
        except ValueError:
            return row
        changelog["histories"].reverse()
        return replace(row, changelog=json.dumps(changelog))
