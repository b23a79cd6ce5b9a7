"""How the tests ask the sandbox's Salesforce for cases, and what they expect to find."""

from collections.abc import Iterator
from datetime import UTC, date, datetime

from pydantic import JsonValue, SecretStr

from queuer.models.params import BacklogRequest, Params
from queuer.sources.salesforce.inputs import make_case_jobs
from queuer.sources.salesforce.params import find_changed_cases
from scripts.sandbox import salesforce as sandbox
from scripts.sandbox.cases import Cases
from scripts.sandbox.cases_records import read_time
from scripts.sandbox.salesforce import SalesforceServer
from temporaletl.connections import Connections
from temporaletl.contract import ETLInput, Page, Window
from temporaletl.http import Pacer
from temporaletl.settings import SalesforceSettings
from worker.sources.salesforce.extract.cases import extract_cases
from worker.sources.salesforce.query import SalesforceQuery
from worker.sources.salesforce.settings import CasesSettings

ANCHOR = date(2026, 3, 10)
NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
EVER = Window(date_start=date(1970, 1, 1), date_end=date(2026, 3, 11))
WEEK = Window(date_start=date(2026, 3, 3), date_end=date(2026, 3, 10))
TODAY = Window(date_start=date(2026, 3, 10), date_end=date(2026, 3, 11))


def connect(
    server: SalesforceServer,
    *,
    per_second: float | None = None,
    read_timeout_s: float = 20,
    **options: object,
) -> Connections:
    """Connections to the Salesforce of *server*."""
    salesforce = SalesforceSettings(
        _env_file=None,
        auth="client_credentials",
        login_url=server.url,
        client_id=sandbox.CLIENT_ID,
        client_secret=SecretStr(sandbox.CLIENT_SECRET),
        read_timeout_s=read_timeout_s,
    )
    cases = CasesSettings(_env_file=None, cases=True, **options)  # type: ignore[arg-type]
    pacers = {} if per_second is None else {"salesforce": Pacer(per_second)}
    return Connections([salesforce, cases], pacers)


def find_pages(
    connections: Connections, window: Window = WEEK, *, job_size: int = 10, max_params: int = 4
) -> Iterator[list[Params]]:
    """The slices of the backlog, page by page."""
    request = BacklogRequest("salesforce", window, job_size, max_params, connections)
    cursor: JsonValue = None
    while True:
        page = find_changed_cases(request, cursor)
        assert len(page.params) <= max_params
        yield list(page.params)
        if page.cursor is None:
            return
        assert page.cursor != cursor
        cursor = page.cursor


def find_jobs(connections: Connections, window: Window = WEEK, **sizes: int) -> list[ETLInput]:
    """All jobs of the backlog."""
    pages = find_pages(connections, window, **sizes)
    return [job for page in pages for params in page for job in make_case_jobs(params)]


def query(connections: Connections, **args: object) -> SalesforceQuery:
    """A query for every case that ever changed, unless told otherwise."""
    common = {"source_kind_id": "salesforce", "event_type": "cases", "upto": "500zzzzzzzzzzzz"}
    window = {"date_start": EVER.date_start, "date_end": EVER.date_end}
    return SalesforceQuery.model_validate({**common, **window, **args}).bind(connections)


def read_job(connections: Connections, job: ETLInput, cursor: JsonValue = None) -> list[Page]:
    """The pages of one job."""
    return list(extract_cases(SalesforceQuery.model_validate(job.args).bind(connections), cursor))


def ids_of(pages: list[Page]) -> list[str]:
    """The ids of all documents."""
    return [document.id for page in pages for document in page.documents]


def changed_in(cases: Cases, window: Window) -> list[str]:
    """The documents of *window* that we see, found without any question."""
    found = []
    for case in cases.case_ids:
        file = cases.file(case)
        stamps = [row["SystemModstamp"] for row in (file.record, *file.comments)]
        stamps += [row["CreatedDate"] for row in file.history]
        if not file.hidden and any(window.start <= read_time(stamp) < window.end for stamp in stamps):
            found.append(f"cases:{case}")
    return sorted(found)
