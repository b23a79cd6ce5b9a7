"""How the tests ask the sandbox's Jira over REST, and what they expect to find."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any

from pydantic import JsonValue, SecretStr

from queuer.models.params import BacklogRequest, Params
from queuer.sources.jira.inputs import make_slice_jobs
from queuer.sources.jira.params import find_changed_slices
from scripts.sandbox.exchange import Request
from scripts.sandbox.jira.server import JiraServer
from scripts.sandbox.world import World
from temporaletl.connections import Connections
from temporaletl.contract import Document, ETLInput, Page, Window
from temporaletl.http import Pacer
from temporaletl.jira.settings import JiraBackendSettings, JiraRestSettings
from worker.models.context import Context
from worker.models.event import Event
from worker.sources.jira.extract.issues import extract_issues
from worker.sources.jira.query import JiraQuery
from worker.sources.jira.settings import JiraOptions
from worker.sources.jira.transform import transform

ANCHOR = date(2026, 3, 10)
WEEK = Window(date_start=date(2020, 1, 1), date_end=date(2026, 3, 11))
"""A window that has every issue of the world: all were updated before the anchor."""

GONE = "issues gone or out of our sight"


def settings_for(server: JiraServer, **values: object) -> JiraRestSettings:
    """The settings of the account that *server* knows, by bearer unless *values* name a user."""
    common = {"url": server.url, "token": SecretStr(server.access.token), "allow_insecure_auth": True}
    return JiraRestSettings(_env_file=None, **{**common, **values})  # type: ignore[arg-type]


def connect(server: JiraServer, *, pacer: Pacer | None = None, **values: object) -> Connections:
    """Connections to *server* over REST."""
    backend = JiraBackendSettings(_env_file=None, backend="rest")
    pacers = {} if pacer is None else {"jira": pacer}
    return Connections([backend, settings_for(server, **values)], pacers)


def find_all(
    connections: Connections, window: Window = WEEK, *, job_size: int = 20, max_params: int = 4
) -> list[Params]:
    """All slices of the backlog, page by page."""
    request = BacklogRequest("jira", window, job_size, max_params, connections)
    params: list[Params] = []
    cursor: JsonValue = None
    while True:
        page = find_changed_slices(request, cursor)
        assert len(page.params) <= max_params
        params += page.params
        if page.cursor is None:
            return params
        cursor = page.cursor


def jobs_of(params: list[Params]) -> list[ETLInput]:
    """The jobs of slices."""
    return [job for slice_ in params for job in make_slice_jobs(slice_)]


def query(connections: Connections, **args: object) -> JiraQuery:
    """A query over WEEK, unless *args* say otherwise."""
    common = {"source_kind_id": "jira", "event_type": "issues"}
    window = {"date_start": WEEK.date_start, "date_end": WEEK.date_end}
    return JiraQuery.model_validate({**common, **window, **args}).bind(connections)


def pages_of(asked: JiraQuery, cursor: JsonValue = None) -> list[Page]:
    """All pages of a query."""
    return list(extract_issues(asked, cursor))


def ids_of(pages: list[Page]) -> list[str]:
    """The upstream ids of all documents, in the order in which they came."""
    return [document.id.removeprefix("issues:") for page in pages for document in page.documents]


def documents_of(pages: list[Page]) -> dict[str, Document]:
    """The documents by upstream id."""
    return {document.id.removeprefix("issues:"): document for page in pages for document in page.documents}


def updated_ms(world: World, issue_id: str) -> int:
    """When an issue was updated, as a search sees it."""
    text = str(world.issue(issue_id).fields["updated"]).replace(" UTC", "+00:00")
    return round(datetime.fromisoformat(text).timestamp() * 1000)


def at(day: int, hour: int = 12, minute: int = 0) -> datetime:
    """A moment in March 2026."""
    return datetime(2026, 3, day, hour, minute, tzinfo=UTC)


class Everyone:
    """Everybody is an employee, named after account or address."""

    def employee(self, system: str, account: str) -> str | None:
        return f"{system}:{account}"

    def employee_by_address(self, address: str) -> str | None:
        return f"mail:{address.casefold()}"

    def pseudonym(self, system: str, account: str) -> str:
        return f"?{system}:{account}"

    def address_pseudonym(self, address: str) -> str:
        return f"?{address}"


def events_of(document: Document, options: JiraOptions | None = None) -> dict[str, Any]:
    """What a document tells, by event id; it has no part that cannot be read."""
    told = list(transform(document, Context(Everyone(), options)))
    assert all(isinstance(entry, Event) for entry in told), told
    return {entry.event_id: entry for entry in told if isinstance(entry, Event)}


def is_search(request: Request) -> bool:
    return "/search" in request.path


def ends_with(name: str) -> Callable[[Request], bool]:
    """Matches requests whose path ends so."""
    return lambda request: request.path.endswith(name)


def part(document: Document, *names: str) -> Any:
    """What lies under *names* in a document."""
    value: Any = document.body
    for name in names:
        assert isinstance(value, Mapping)
        value = value[name]
    return value
