"""Is a source no more than its folders? Adding them adds it, removing them removes it."""

import contextlib
import re
import shutil
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest
from temporalio.client import WorkflowFailureError

from tests.e2e.deployment import Deployment
from tests.e2e.launch_support import Launched, copy_packages, launch, python_path, run_command

SOURCE = "gazette"
NOTES = 25

FILES = {
    "queuer/sources/gazette/__init__.py": '''
        """A gazette that exists for a test."""
        ''',
    "queuer/sources/gazette/params.py": '''
        """Which notes are there? All of them, five a slice."""

        from pydantic import JsonValue

        from queuer.models.params import BacklogPage, BacklogRequest, params_method


        @params_method("gazette")
        def find_slices(request: BacklogRequest, cursor: JsonValue) -> BacklogPage:
            """Two pages of slices."""
            first = cursor if isinstance(cursor, int) else 0
            common = {
                "source_kind_id": request.source_kind_id,
                "event_type": "notes",
                "date_start": request.window.date_start.isoformat(),
                "date_end": request.window.date_end.isoformat(),
            }
            starts = range(first, min(first + 15, NOTES), 5)
            params = [{**common, "first": start, "end": start + 5} for start in starts]
            return BacklogPage(params, first + 15 if first + 15 < NOTES else None)


        NOTES = 25
        ''',
    "queuer/sources/gazette/inputs.py": '''
        """Which job fetches a slice?"""

        from collections.abc import Iterator

        from queuer.models.inputs import transform_inputs_method
        from queuer.models.params import Params
        from temporaletl.contract import ETLInput, make_job


        @transform_inputs_method("gazette")
        def make_jobs(params: Params) -> Iterator[ETLInput]:
            """One."""
            yield make_job("gazette", params)
        ''',
    "worker/sources/gazette/__init__.py": '''
        """A gazette that exists for a test."""
        ''',
    "worker/sources/gazette/query.py": '''
        """What does a job ask for?"""

        from worker.models.query import Query, query_type


        @query_type("gazette")
        class GazetteQuery(Query):
            """The notes from *first* to before *end*."""

            first: int = 0
            end: int = 0

            @classmethod
            def version(cls) -> str:
                return "1"

            @classmethod
            def specific_version(cls) -> str:
                return "1.0.0"
        ''',
    "worker/sources/gazette/extract/__init__.py": '''
        """How notes are fetched."""
        ''',
    "worker/sources/gazette/extract/notes.py": '''
        """Notes come from nowhere."""

        from collections.abc import Iterator
        from datetime import UTC, datetime

        from pydantic import JsonValue

        from temporaletl.contract import Document, Page
        from worker.models.extract import extract_method
        from worker.sources.gazette.query import GazetteQuery

        MOMENT = datetime(2026, 1, 5, 12, tzinfo=UTC)


        @extract_method("gazette-notes")
        def extract_notes(query: GazetteQuery, cursor: JsonValue) -> Iterator[Page]:
            """Two notes a page."""
            at = cursor if isinstance(cursor, int) else query.first
            while at < query.end:
                ids = range(at, min(at + 2, query.end))
                notes = tuple(Document(f"notes:{i}", MOMENT, {"id": i, "text": f"note {i}"}) for i in ids)
                at = ids.stop
                yield Page(notes, at)
        ''',
    "worker/sources/gazette/transform.py": '''
        """Which events does a note tell?"""

        from collections.abc import Iterator
        from datetime import UTC, datetime

        from temporaletl.contract import Document
        from worker.models.context import Context
        from worker.models.event import Event
        from worker.models.transform import transform_method


        @transform_method("gazette")
        def tell(document: Document, context: Context) -> Iterator[Event]:
            """That it was written."""
            yield Event(
                event_id=f"n-{document.body['id']}-c",
                event_type="note_created",
                relation_type="author",
                employee_id=context.person("gazette", f"writer {document.body['id']}"),
                event_time_utc=datetime(2026, 1, 5, 12, tzinfo=UTC),
                event_properties={"text": document.body["text"]},
            )
        ''',
}


def add_source(root: Path) -> None:
    for name, text in FILES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text).lstrip())


def remove_source(root: Path, source: str) -> None:
    for package in ("queuer", "worker"):
        shutil.rmtree(root / package / "sources" / source)


@contextlib.contextmanager
def processes_of(root: Path, deployment: Deployment, folder: Path) -> Iterator[list[Launched]]:
    """Both processes, started from the packages in *root*."""
    with contextlib.ExitStack() as stack:
        started = [
            stack.enter_context(launch(folder, "-m", package, environment=deployment.environment, cwd=root))
            for package in ("queuer", "worker")
        ]
        for process in started:
            process.wait_for("polling")
        yield started


async def test_adding_its_folders_adds_a_source(servers_only: Deployment, tmp_path: Path) -> None:
    root = copy_packages(tmp_path / "app")
    add_source(root)

    with processes_of(root, servers_only, tmp_path) as (queuer, worker):
        first = (await servers_only.run(SOURCE)).tally
        again = (await servers_only.run(SOURCE)).tally
        said = worker.said

    assert '"etl-extract-gazette"' in said
    assert '"etl-extract-jira"' in said
    left_out = re.findall(r'"source": "(\w+)"[^\n]*"source is left out"', queuer.said + said)
    assert set(left_out) == {"launchpad", "salesforce"}
    assert (first.succeeded, first.failed, first.events.items_inserted) == (NOTES // 5, 0, NOTES)
    assert (again.events.items_inserted, again.events.items_unchanged) == (0, NOTES)
    rows = servers_only.ask("SELECT event_id, event_properties ->> 'text' AS text FROM gazette_events")
    expected = {f"n-{number}-c": f"note {number}" for number in range(NOTES)}
    assert {row["event_id"]: row["text"] for row in rows} == expected
    assert servers_only.rows("gazette_events_history") == []


async def test_removing_its_folders_removes_a_source(servers_only: Deployment, tmp_path: Path) -> None:
    root = copy_packages(tmp_path / "app")
    add_source(root)
    remove_source(root, "jira")
    environment = servers_only.environment

    run = run_command(tmp_path, "-m", "queuer", "run", "jira", environment=environment, cwd=root)
    schedule = run_command(
        tmp_path, "schedule.py", "jira", environment={**environment, **python_path(root)}, cwd=root / "queuer"
    )
    with processes_of(root, servers_only, tmp_path) as (_, worker):
        said = worker.said
        with pytest.raises(WorkflowFailureError) as failure:
            await servers_only.run("jira", within_s=20)

    for code, answer in (run, schedule):
        assert (code, "there is no source 'jira'; known: gazette" in answer) == (2, True), answer
    assert "there is no source 'jira'; known: gazette" in str(failure.value.cause)
    assert '"etl-extract-gazette"' in said
    assert "jira" not in said
