"""Do the processes start quickly, and from a folder that holds no more than an image does?"""

import json
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from statistics import median

import pytest

from scripts.sandbox.stack import Sandbox
from scripts.sandbox.upstreams import SOURCES, Source, Upstreams
from scripts.sandbox.world import World
from scripts.showcase.processes import ProductProcess, wait_until_polling
from tests.e2e.deployment import Deployment
from tests.e2e.launch_support import copy_packages, launch, run_command, waited_for_processor_s

START_WITHIN_S = 3
STARTS = 3


CSV = "employee_id,emails,launchpad\nE-1,ana@example.com,ana\n"


@pytest.fixture(scope="module")
async def environment(servers: Sandbox, logs_folder: Path) -> AsyncIterator[Mapping[str, str]]:
    """Settings of a deployment of all sources, whose warehouse has its tables."""
    async with Deployment(servers, logs_folder, World(1), sources=SOURCES) as deployment:
        yield deployment.environment


def time_start(package: str, folder: Path, environment: Mapping[str, str], app: Path) -> float:
    """Seconds from the creation of the process to its first poll; *app* has the packages, and no bytecode.

    Without those in which it could have run but others had the processors: they say nothing about it.
    """
    began = time.monotonic()
    cold = {**environment, "PYTHONDONTWRITEBYTECODE": "1"}
    with launch(folder, "-m", package, environment=cold, cwd=app) as process:
        process.wait_for("polling")
        return time.monotonic() - began - waited_for_processor_s(process.pid)


@pytest.mark.parametrize("package", ["worker", "queuer"])
def test_a_process_polls_soon_after_its_start(
    package: str, environment: Mapping[str, str], tmp_path: Path
) -> None:
    app = copy_packages(tmp_path / "app", ("temporaletl", package))

    took_s = [time_start(package, tmp_path, environment, app) for _ in range(STARTS)]

    assert median(took_s) < START_WITHIN_S, f"from start to first poll: {took_s} s"


@pytest.mark.parametrize("package", ["worker", "queuer"])
def test_a_process_needs_only_its_own_package_and_what_both_share(
    package: str, environment: Mapping[str, str], tmp_path: Path
) -> None:
    folder = copy_packages(tmp_path / "app", ("temporaletl", package))

    with launch(tmp_path, "-m", package, environment=environment, cwd=folder) as process:
        said = process.wait_for("polling")

    assert "not served" not in said
    assert "left out" not in said
    assert '"warning"' not in said


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("directory", ["salesforce", "csv"])
def test_with_the_settings_of_one_source_only_that_source_is_polled(
    source: Source, directory: str, environment: Mapping[str, str], tmp_path: Path
) -> None:
    every, ours = (name_settings(sources) for sources in (SOURCES, (source,)))
    settings = {name: value for name, value in environment.items() if name not in every - ours}
    if directory == "csv":
        (tmp_path / "people.csv").write_text(CSV)
        settings |= {"DIRECTORY_BACKEND": "csv", "DIRECTORY_CSV": str(tmp_path / "people.csv")}
        if source != "salesforce":
            settings = {name: value for name, value in settings.items() if not name.startswith("SF_")}

    with (
        launch(tmp_path, "-m", "worker", environment=settings) as worker,
        launch(tmp_path, "-m", "queuer", environment=settings) as queuer,
    ):
        said = worker.wait_for("polling")
        queuer.wait_for("polling")

    [polls] = [json.loads(line) for line in said.splitlines() if '"polling"' in line]
    assert polls["queues"] == ["etl-worker-queue", f"etl-extract-{source}"]


def name_settings(sources: Sequence[Source]) -> set[str]:
    """The names of all settings that lead to the upstreams of *sources*."""
    upstreams = Upstreams(World(1), sources)
    upstreams.stop()
    return set(upstreams.environment())


def test_a_process_of_the_sandbox_finds_nobody_elses_settings(
    servers: Sandbox, environment: Mapping[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the demo would write invented people into the warehouse that a user's .env names."""
    (tmp_path / ".env").write_text("WPE_DB_DSN=postgresql://nobody@127.0.0.1:1/theirs\n")
    profile = tmp_path / "user" / ".config" / "temporalio" / "temporal.toml"
    profile.parent.mkdir(parents=True)
    profile.write_text('[profile.default]\naddress = "127.0.0.1:1"\n')
    monkeypatch.setenv("HOME", str(tmp_path / "user"))
    monkeypatch.setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")
    monkeypatch.setenv("LOG_LEVEL", "ERROR")

    log = tmp_path / "sandbox" / "worker.log"
    log.parent.mkdir()
    (log.parent / ".env").write_text("WPE_DB_DSN=postgresql://nobody@127.0.0.1:1/theirs\n")
    with ProductProcess("worker", environment, log) as process:
        wait_until_polling([process], servers)

    assert "127.0.0.1:1" not in log.read_text().replace(environment["TEMPORAL_HOST"], "")


def test_a_process_reads_the_env_file_of_the_nearest_folder_above(
    environment: Mapping[str, str], tmp_path: Path
) -> None:
    folder = copy_packages(tmp_path / "app", ("temporaletl", "worker"))
    settings = dict(environment)
    name = settings.pop("WPE_DB_NAME")
    (tmp_path / ".env").write_text(f"WPE_DB_NAME={name}\n")

    with launch(
        tmp_path,
        "-m",
        "worker",
        environment={**settings, "PYTHON_DOTENV_DISABLED": ""},
        cwd=folder,
    ) as process:
        process.wait_for("polling")


def test_a_worker_takes_no_other_arguments(tmp_path: Path) -> None:
    code, said = run_command(tmp_path, "-m", "worker", "foo", environment={})

    assert code == 2
    assert "invalid choice: 'foo'" in said


async def test_the_processes_meet_on_queues_of_their_own_names(
    servers: Sandbox, logs_folder: Path, tmp_path: Path
) -> None:
    async with Deployment(servers, logs_folder, World(12, detail=0.2), packages=()) as deployment:
        queuer = {"TEMPORAL_QUEUE": "our-queuer", "TEMPORAL_ETL_QUEUE": "our-worker"}
        deployment.start_processes(["queuer"], **queuer)
        deployment.start_processes(["worker"], TEMPORAL_QUEUE="our-worker")

        asked = ("-m", "queuer", "run", "jira", "--wait")
        code, said = run_command(tmp_path, *asked, environment={**deployment.environment, **queuer})

        assert code == 0, said
        assert len(deployment.rows("jira_events")) > 12
        queues = {
            event.activity_task_scheduled_event_attributes.task_queue.name
            for history in await deployment.histories()
            for event in history.events
            if event.HasField("activity_task_scheduled_event_attributes")
        }
        assert queues == {"our-queuer", "our-worker", "our-worker-etl-extract-jira"}
