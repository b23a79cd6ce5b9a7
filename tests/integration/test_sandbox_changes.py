"""Does every change of the sandbox's upstreams show in a warehouse that two ordinary runs filled?"""

import random
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, time, timedelta

import pytest

from scripts.sandbox.upstreams import JiraBackend, Source, Upstreams
from scripts.sandbox.world import World
from temporaletl.contract import OVERLAP, Document, Window
from tests.integration import cases, jira_over_rest, lake
from tests.integration.jira_over_rest import Everyone
from tests.integration.launchpad_jobs import TYPES, Jobs
from worker.models.context import Context
from worker.models.event import Event
from worker.models.transform import Transform
from worker.sources.jira.extract.issues import extract_issues
from worker.sources.jira.query import JiraQuery
from worker.sources.jira.transform import transform as transform_issue
from worker.sources.launchpad.transform import transform as transform_item
from worker.sources.salesforce.transform import transform as transform_case

type Rows = dict[str, dict[str, Event]]
"""What the warehouse holds of each document, by event id."""

TODAY = datetime.now(UTC).date()
NOW = datetime.combine(TODAY, time(12), UTC)
WINDOW = Window(date_start=TODAY - OVERLAP, date_end=TODAY + timedelta(days=1))


class Members(Everyone):
    """Of Launchpad only the accounts in the directory are known."""

    def __init__(self, world: World) -> None:
        self._names = {person.launchpad_id for person in world.people if person.employee_id}

    def employee(self, system: str, account: str) -> str | None:
        known = system != "launchpad" or account in self._names
        return super().employee(system, account) if known else None


def read_cases(upstreams: Upstreams) -> Iterator[Document]:
    connections = cases.connect(upstreams.salesforce)
    for job in cases.find_jobs(connections, WINDOW, job_size=50, max_params=50):
        for page in cases.read_job(connections, job):
            yield from page.documents


def read_items(upstreams: Upstreams) -> Iterator[Document]:
    jobs = Jobs(upstreams.launchpad)
    for person in upstreams.world.people:
        if person.employee_id and person.launchpad_id and person.active and not person.is_test:
            for event_type in TYPES:
                window = WINDOW.model_dump()
                yield from jobs.documents(event_type, person.launchpad_id, **window).values()


def read_issues(upstreams: Upstreams) -> Iterator[Document]:
    if "jira" in upstreams.ports:
        connections = jira_over_rest.connect(upstreams.jira)
        slices = jira_over_rest.find_all(connections, WINDOW)
    else:
        connections = lake.connect(upstreams.trino)
        slices, _ = lake.find_all(connections, WINDOW)
    for job in jira_over_rest.jobs_of(slices):
        for page in extract_issues(JiraQuery.model_validate(job.args).bind(connections), None):
            yield from page.documents


def tell(documents: Iterable[Document], transform: Transform, world: World) -> Rows:
    """The events of each document; a deleted one has none."""
    people = Members(world)
    return {
        document.id: {}
        if document.deleted
        else {
            entry.event_id: entry
            for entry in transform(document, Context(people))
            if isinstance(entry, Event)
        }
        for document in documents
    }


def read(upstreams: Upstreams, source: Source) -> Rows:
    """What an ordinary run of *source* would load."""
    match source:
        case "jira":
            return tell(read_issues(upstreams), transform_issue, upstreams.world)
        case "launchpad":
            return tell(read_items(upstreams), transform_item, upstreams.world)
        case "salesforce":
            return tell(read_cases(upstreams), transform_case, upstreams.world)


@pytest.mark.parametrize(
    ("source", "backend", "issues", "changes", "seed"),
    [
        *(("salesforce", "trino", *sizes) for sizes in ((100, 10, 1), (2, 50, 1), (2, 50, 2), (600, 60, 3))),
        *(("launchpad", "trino", *sizes) for sizes in ((60, 25, 1), (2, 50, 2), (2, 6, 3))),
        *(("jira", "trino", *sizes) for sizes in ((60, 50, 1), (2, 50, 2), (120, 120, 3))),
        *(("jira", "rest", *sizes) for sizes in ((60, 50, 1), (120, 120, 3))),
    ],
)
def test_every_change_shows(
    source: Source, backend: JiraBackend, issues: int, changes: int, seed: int
) -> None:
    upstreams = Upstreams(World(issues, seed, TODAY, detail=0.5), [source], jira_backend=backend)
    try:
        before = read(upstreams, source)
        changed = upstreams.change_some(source, changes, random.Random(seed), NOW)
        after = before | read(upstreams, source)
    finally:
        upstreams.stop()

    assert {document for document in after if after[document] != before.get(document, {})} == changed
    assert 0 < len(changed) <= changes
