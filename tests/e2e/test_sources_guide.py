"""Does the example of docs/sources.md work as it is written there?"""

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from scripts.sandbox.faults import hanging, server_error, too_many_requests, truncated
from tests.e2e.deployment import Deployment, poll
from tests.e2e.forge_support import TOKEN, ForgeServer, Wiki, files_of_the_guide, follow_the_guide
from tests.e2e.launch_support import launch, run_command

NOW = datetime.now(UTC).replace(microsecond=0)
CANCELLED_WITHIN_S = 5


@pytest.fixture(scope="module")
def newcomer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The product with the source that the guide writes."""
    return follow_the_guide(tmp_path_factory.mktemp("newcomer") / "app")


@pytest.fixture
def forge() -> Iterator[ForgeServer]:
    with ForgeServer(Wiki()) as server:
        yield server


@pytest.fixture
def settings(servers_only: Deployment, forge: ForgeServer) -> dict[str, str]:
    ours = {"FORGE_URL": forge.url, "FORGE_TOKEN": TOKEN, "FORGE_REQUESTS_PER_SECOND": "200"}
    return {**servers_only.environment, **ours, "FORGE_READ_TIMEOUT_S": "30"}


@pytest.fixture
def processes(newcomer: Path, settings: dict[str, str], tmp_path: Path) -> Iterator[None]:
    """Both processes with the new source, polling."""
    with (
        launch(tmp_path, "-m", "queuer", environment=settings, cwd=newcomer) as queuer,
        launch(tmp_path, "-m", "worker", environment=settings, cwd=newcomer) as worker,
    ):
        queuer.wait_for("polling")
        assert '"etl-extract-forge"' in worker.wait_for("polling")
        yield


@pytest.mark.usefixtures("processes")
async def test_the_example_follows_a_wiki_through_everything_that_happens_to_it(
    servers_only: Deployment, forge: ForgeServer, newcomer: Path, settings: dict[str, str], tmp_path: Path
) -> None:
    wiki, world, ask = forge.wiki, servers_only.world, servers_only.ask
    known = next(person for person in world.people if person.employee_id)
    joiner = next(person for person in world.people if person.jira_email and not person.employee_id)
    ana = {"account": "ana", "email": known.directory_email}
    zoe = {"account": "zoe", "email": joiner.jira_email}
    for number in range(25):
        wiki.add_page(f"p{number:02}", NOW - timedelta(days=number % 8), ana)
    wiki.add_page("old", NOW - timedelta(days=60), zoe)
    wiki.pages["p05"]["comments"].append({"id": 1, "at": "soon", "author": ana, "text": "?"})
    wiki.hidden.add("p06")
    forge.faults.plan(too_many_requests(retry_after=1))
    forge.faults.plan(server_error(), matching=lambda request: request.path.endswith("p07"))
    forge.faults.plan(truncated(), matching=lambda request: request.path.endswith("p08"))

    def run(*window: str) -> str:
        asked = ("-m", "queuer", "run", "forge", "--wait", *window)
        code, said = run_command(tmp_path, *asked, environment=settings, cwd=newcomer)
        assert code == 0, said
        assert re.search(r"seen and left out: \d pages gone or not for us", said)
        return re.sub(r"(?s).*?jobs done.*?; ", "", said).splitlines()[0]

    def authors() -> dict[str, str]:
        rows = servers_only.rows("forge_events")
        return {row["event_id"]: row["employee_id"] for row in rows}

    # A back-fill: the first run sees everything.
    everything = ("--date-start", str(NOW.date() - timedelta(days=70)))
    assert run(*everything) == "25 documents, 75 events: 75 inserted; 1 rejected"
    seen = [page for page in wiki.pages.values() if page["id"] != "p06"]
    assert set(authors()) == {event for page in seen for event in told(page)}
    assert authors()["p-p04-r1"] == known.employee_id
    assert re.fullmatch("[0-9a-f]{64}", authors()["p-old-r1"])
    [reject] = ask("SELECT event_id, reason FROM etl_rejects")
    assert (reject["event_id"], reject["reason"]) == ("c-1-c", "no time")
    runs = ask("SELECT kind, counts -> 'unavailable' AS unavailable FROM etl_runs ORDER BY kind")
    left_out = {run["kind"]: run["unavailable"] for run in runs if run["unavailable"]}
    assert left_out == {kind: {"pages gone or not for us": 1} for kind in ("ETLFlow", "QueuerFlow")}

    assert run() == "24 documents, 72 events: 72 unchanged; 1 rejected again"
    assert servers_only.rows("forge_events_history") == []

    edited = wiki.touch("p01", datetime.now(UTC))
    edited["revisions"][1]["summary"] = "write to zoe.stranger@example.org"
    edited["revisions"].append({"number": 3, "at": edited["updated"], "author": ana, "summary": "more"})
    wiki.touch("p02", datetime.now(UTC))["comments"].clear()
    wiki.touch("p09", datetime.now(UTC))["deleted"] = True
    wiki.hidden.add("p10")
    said = "23 documents, 66 events: 1 inserted, 1 updated, 64 unchanged; 4 retired, 1 rejected again"
    assert run() == said
    history = {row["event_id"] for row in servers_only.rows("forge_events_history")}
    assert history == {"p-p01-r2", "c-1002-c", *told(wiki.pages["p09"])}
    assert {"p-p01-r3", "p-p10-r1"} <= set(authors())
    assert not ask("SELECT 1 FROM forge_events e WHERE strpos(e::text, 'stranger') > 0")

    # Whoever joins is known from the next run on, also in pages that no window would select.
    assert world.add_joiner().jira_email == joiner.jira_email
    assert run() == "24 documents, 69 events: 3 updated, 66 unchanged; 1 rejected again"
    assert re.fullmatch("E[0-9]+", authors()["p-old-r1"])


def told(page: dict[str, Any]) -> set[str]:
    """The events of a page, but for what cannot be read."""
    revisions = {f"p-{page['id']}-r{revision['number']}" for revision in page["revisions"]}
    return revisions | {f"c-{comment['id']}-c" for comment in page["comments"] if comment["at"] != "soon"}


@pytest.mark.usefixtures("processes")
async def test_cancelling_a_run_of_the_example_ends_a_call_that_hangs(
    servers_only: Deployment, forge: ForgeServer
) -> None:
    forge.wiki.add_page("p00", NOW, {"account": "ana"})
    forge.faults.plan(hanging(), times=None, matching=lambda request: request.path.endswith("p00"))
    run = await servers_only.start("forge")
    await poll(lambda: forge.log.count("/api/pages", status=200), "the list of pages was asked for")

    began = time.monotonic()
    await run.cancel()
    await servers_only.settle()
    await poll(lambda: forge.log.count("/api/pages/p00", status=0), "the call was given up")

    assert time.monotonic() - began < CANCELLED_WITHIN_S


async def test_a_worker_without_the_examples_settings_names_them(
    newcomer: Path, settings: dict[str, str], tmp_path: Path
) -> None:
    incomplete = {name: value for name, value in settings.items() if name != "FORGE_TOKEN"}

    with launch(tmp_path, "-m", "worker", environment=incomplete, cwd=newcomer) as worker:
        said = worker.wait_for("polling")

    assert "FORGE_TOKEN (missing)" in said
    assert "etl-extract-forge" not in said


def test_the_examples_own_test_passes(newcomer: Path, tmp_path: Path) -> None:
    tests = [name for name in files_of_the_guide() if name.startswith("tests/")]

    code, said = run_command(
        tmp_path, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests, environment={}, cwd=newcomer
    )

    assert (code, "4 passed" in said) == (0, True), said


def test_the_example_passes_the_checks_of_the_project(newcomer: Path, tmp_path: Path) -> None:
    files = [*files_of_the_guide()]
    shown = [name for name in files if not name.startswith("tests/")]
    commands = [
        ["ruff", "check", "--no-cache", *files],
        ["ruff", "format", "--check", "--no-cache", *files],
        ["mypy", "--cache-dir", str(tmp_path / "mypy"), *shown],
    ]

    for command in commands:
        done = subprocess.run(
            [sys.executable, "-m", *command], cwd=newcomer, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
