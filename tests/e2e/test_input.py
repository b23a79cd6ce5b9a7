"""Is wrong input answered well? With a sentence that says what to do, at once where waiting cannot help."""

import signal
import uuid
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path

import pytest
import requests
from temporalio.client import WorkflowFailureError

from scripts.sandbox import postgres
from scripts.sandbox.exchange import Request
from scripts.sandbox.faults import Fault, hanging
from scripts.sandbox.stack import Sandbox
from scripts.sandbox.world import World
from scripts.showcase.processes import ROOT
from temporaletl.contract import ETL_FLOW, WORKER_QUEUE
from tests.e2e.conftest import Deploy
from tests.e2e.deployment import Deployment
from tests.e2e.failing_support import fail_run, told, wait_for_retry
from tests.e2e.launch_support import closed_port, copy_packages, launch, python_path, run_command
from tests.e2e.plans import asks_for_issues

EXTRACTION = "SELECT id, key, self, fields, changelog"


def test_queuer_run_refuses_wrong_arguments(tmp_path: Path) -> None:
    code, said = run_command(tmp_path, "-m", "queuer", "run", "gitlab", environment={})

    assert code == 2
    assert said.strip().endswith("there is no source 'gitlab'; known: jira, launchpad, salesforce")


def test_schedule_refuses_wrong_arguments(tmp_path: Path) -> None:
    arguments = ("schedule.py", "jira", "8", "3")

    code, said = run_command(tmp_path, *arguments, environment=python_path(), cwd=ROOT / "queuer")

    assert (code, "day_of_week must be 0 to 6" in said, "Traceback" in said) == (2, True, False), said


def test_queuer_run_says_that_temporal_cannot_be_reached(tmp_path: Path) -> None:
    address = f"127.0.0.1:{closed_port()}"

    code, said = run_command(tmp_path, "-m", "queuer", "run", "jira", environment={"TEMPORAL_HOST": address})

    assert code == 1
    assert f"Temporal at {address} (namespace default) cannot be reached" in said
    assert "Traceback" not in said


async def test_a_run_of_an_unknown_source_fails_at_once(deployment: Deployment) -> None:
    assert (
        await fail_run(deployment, "gitlab")
        == "there is no source 'gitlab'; known: jira, launchpad, salesforce"
    )


async def test_a_run_that_ends_before_it_starts_fails_at_once(deployment: Deployment) -> None:
    said = await fail_run(deployment, date_start=date(2026, 2, 2), date_end=date(2026, 2, 1))

    assert said == "the window of jira ends on 2026-02-01, which is not after its start 2026-02-02"


async def test_queuer_run_tells_why_a_run_failed(deployment: Deployment, tmp_path: Path) -> None:
    deployment.trino.faults.plan(Fault(status=403), None, asks_for_issues)
    arguments = ("-m", "queuer", "run", "jira", "--wait")

    code, said = run_command(tmp_path, *arguments, environment=deployment.environment)

    assert code == 1
    assert "0 of 5 jobs done, 5 failed, 0 skipped" in said
    assert "queuer run: the run failed: 5 of 5 jobs failed: " in said
    assert "refused our credentials" in said


async def test_queuer_run_answers_1_when_a_job_failed(deployment: Deployment, tmp_path: Path) -> None:
    deployment.trino.faults.plan(Fault(status=403), 1, asks_for_issues)

    arguments = ("-m", "queuer", "run", "jira", "--wait")
    code, said = run_command(tmp_path, *arguments, environment=deployment.environment)

    assert (code, " jobs done, 1 failed" in said) == (1, True), said
    assert "queuer run: 1 of 5 jobs failed: " in said
    handle = deployment.client.get_workflow_handle(said.partition("started ")[2].split()[0])
    started = (await handle.fetch_history()).events[0].workflow_execution_started_event_attributes
    assert started.priority.fairness_key == "jira"


async def test_ctrl_c_leaves_a_run_that_is_waited_for_alone(deployment: Deployment, tmp_path: Path) -> None:
    deployment.trino.faults.plan(hanging(), None, asks_for_issues)
    arguments = ("-m", "queuer", "run", "jira", "--wait")
    with launch(tmp_path, *arguments, environment=deployment.environment) as command:
        run_id = command.wait_for("\n").partition("started ")[2].split()[0]
        command.send(signal.SIGINT)
        code = command.wait(10)

    assert code == 130
    assert "queuer run: left; a run that was started goes on without us" in command.said
    assert "Traceback" not in command.said
    deployment.trino.faults.clear()
    assert (await deployment.finish(deployment.client.get_workflow_handle(run_id)))["tally"]["failed"] == 0


async def test_a_job_with_wrong_arguments_fails_at_once_and_names_them(deployment: Deployment) -> None:
    args = {"source_kind_id": "jira", "event_type": "tickets", "date_start": "soon", "upto": 7}
    job = {"job_id": "jira-wrong", "query_type": "jira", "args": args}

    with pytest.raises(WorkflowFailureError) as failure:
        await deployment.client.execute_workflow(ETL_FLOW, job, id="jira-wrong", task_queue=WORKER_QUEUE)

    said = told(failure.value)
    assert [name for name in ("event_type", "date_start", "date_end", "upto") if name not in said] == []


async def test_a_run_waits_for_a_trino_that_cannot_be_reached(deployment: Deployment) -> None:
    world, port = deployment.world, deployment.trino.port
    deployment.trino.stop()
    run = await deployment.start()

    said = await wait_for_retry(run, "Trino")
    deployment.replace_world(world)
    result = await deployment.finish(run)

    assert said.startswith(f"Trino at 127.0.0.1:{port} could not be asked")
    told = [line for line in deployment.logs().splitlines() if said[:30] in line]
    assert [line for line in told if '"retried": true' in line and '"level": "warning"' in line] == told != []
    assert "exception" not in "".join(told)
    assert result.tally.failed == 0
    assert result.tally.events.items_inserted > 0


async def test_a_job_whose_credentials_trino_refuses_fails_and_names_them(deployment: Deployment) -> None:
    def is_extraction(request: Request) -> bool:
        return request.method == "POST" and EXTRACTION in request.text

    deployment.trino.faults.plan(Fault(status=401, body=b"Invalid credentials"), 1, is_extraction)

    result = await deployment.run()

    assert result.tally.failed == 1
    [left] = deployment.rows("etl_unfinished")
    assert "refused our credentials (401): check TRINO_AUTH, TRINO_USER" in left["error"]


async def test_a_run_waits_for_an_empty_directory_and_makes_nobody_anonymous(deployment: Deployment) -> None:
    full, empty = deployment.world, World(40, detail=0.5)
    empty.people = [person for person in empty.people if person.employee_id is None]
    deployment.replace_world(empty)
    run = await deployment.start()

    said = await wait_for_retry(run, "directory")
    assert deployment.rows("jira_events") == []
    assert deployment.rows("etl_identities") == []
    deployment.replace_world(full)
    await deployment.finish(run)

    assert "empty" in said
    named = {row["employee_id"] for row in deployment.rows("jira_events")}
    assert len([name for name in named if name.startswith("E")]) > 10


async def test_documents_that_cannot_be_read_are_rejected_and_the_others_loaded(
    deployment: Deployment,
) -> None:
    world = World(40, detail=0.5)
    await deployment.reset(world)
    damaged = {issue_id: world.damage(issue_id) for issue_id in world.issue_ids if world.damage(issue_id)}
    assert set(damaged.values()) >= {"fields not JSON", "fields NULL", "id NULL", "changelog not JSON"}

    result = await deployment.run()

    assert result.tally.failed == 0
    assert result.tally.notes == {"rows without id": 1}
    rejects = {
        row["document_id"].partition(":")[2]: row["reason"]
        for row in deployment.rows("etl_rejects")
        if row["stage"] == "extract"
    }
    reasons = {"fields not JSON": "fields not JSON", "fields NULL": "fields missing"}
    reasons["changelog not JSON"] = "changelog not JSON"
    assert rejects == {name: reasons[what] for name, what in damaged.items() if what in reasons}
    loaded = {row["document_id"].partition(":")[2] for row in deployment.rows("etl_documents")}
    whole = {name for name, what in damaged.items() if what in (*reasons, "id NULL")}
    assert loaded == set(world.issue_ids) - whole


@pytest.fixture(scope="module")
def settings(servers: Sandbox) -> Iterator[Mapping[str, str]]:
    """Settings of a worker whose database is there, and empty."""
    name = f"e2e_{uuid.uuid4().hex}"
    servers.postgres.create_database(name)
    given = {**servers.environment(), "WPE_DB_NAME": name, "TRINO_HOST": "127.0.0.1"}
    yield {**given, "SF_CLIENT_ID": "id", "SF_CLIENT_SECRET": "secret"}
    servers.postgres.drop_database(name)


def test_a_worker_names_all_missing_settings_at_once(tmp_path: Path) -> None:
    code, said = run_command(tmp_path, "-m", "worker", environment={}, cwd=tmp_path_with_code(tmp_path))

    assert code == 1
    names = ("WPE_DB_HOST", "WPE_DB_NAME", "WPE_DB_USER", "WPE_DB_DSN", "ANONYMISATION_KEY")
    assert [name for name in names if name not in said] == []


def tmp_path_with_code(folder: Path) -> Path:
    """A copy of the worker away from any .env of the repository."""
    return copy_packages(folder / "app", ("temporaletl", "worker"))


async def test_a_source_with_half_its_settings_is_named_and_its_flows_fail_at_once(deploy: Deploy) -> None:
    half = await deploy(TRINO_HOST="", SF_CLIENT_SECRET="")

    said = half.logs()
    assert said.count("source jira is not served: settings are missing or wrong") == 2
    assert [name for name in ("TRINO_HOST", "SF_CLIENT_SECRET") if name not in said] == []
    assert "etl-extract-jira" not in said
    assert "TRINO_HOST (missing)" in await fail_run(half)
    args = {"source_kind_id": "jira", "event_type": "issues"}
    args |= {"date_start": "2026-01-01", "date_end": "2026-01-02"}
    with pytest.raises(WorkflowFailureError) as failure:
        await half.client.execute_workflow(
            ETL_FLOW,
            {"job_id": "jira-half", "query_type": "jira", "args": args},
            id="jira-half",
            task_queue=WORKER_QUEUE,
        )
    assert "TRINO_HOST (missing)" in told(failure.value)


def test_a_worker_waits_for_temporal_and_says_so(settings: Mapping[str, str], tmp_path: Path) -> None:
    address = f"127.0.0.1:{closed_port()}"

    with launch(tmp_path, "-m", "worker", environment={**settings, "TEMPORAL_HOST": address}) as worker:
        said = worker.wait_for("Temporal cannot be reached yet")
        worker.send(signal.SIGTERM)
        code = worker.wait(10)

    assert address in said
    assert code == 0


def test_a_worker_waits_for_the_warehouse_and_says_so(settings: Mapping[str, str], tmp_path: Path) -> None:
    port, metrics = str(closed_port()), f"127.0.0.1:{closed_port()}"
    environment = {**settings, "WPE_DB_PORT": port, "TEMPORAL_METRICS_ADDRESS": metrics}

    with launch(tmp_path, "-m", "worker", environment=environment) as worker:
        said = worker.wait_for("not ready yet")
        # What its image's supervisor looks at: else it would be started anew again and again.
        assert requests.get(f"http://{metrics}/metrics", timeout=5).status_code == 200
        worker.send(signal.SIGTERM)
        code = worker.wait(10)

    assert f"the warehouse 127.0.0.1:{port}/{settings['WPE_DB_NAME']} could not be reached" in said
    assert "is it up, and are WPE_DB_HOST and WPE_DB_PORT (or WPE_DB_DSN) right?" in said
    assert code == 0


def test_a_worker_leaves_when_the_warehouse_refuses_its_password(
    settings: Mapping[str, str], tmp_path: Path
) -> None:
    environment = {**settings, "WPE_DB_PASSWORD": "not-the-password"}

    code, said = run_command(tmp_path, "-m", "worker", environment=environment)

    assert code == 1
    assert f"refused the role {postgres.OWNER}: check WPE_DB_USER and WPE_DB_PASSWORD" in said
    assert "not-the-password" not in said


def test_a_worker_leaves_with_the_grant_that_it_lacks(
    servers: Sandbox, settings: Mapping[str, str], tmp_path: Path
) -> None:
    role = database = f"e2e_{uuid.uuid4().hex}"
    servers.postgres.create_role(role)
    servers.postgres.create_database(database)
    environment = {**settings, "WPE_DB_USER": role, "WPE_DB_NAME": database}

    code, said = run_command(tmp_path, "-m", "worker", environment=environment)

    servers.postgres.drop_database(database)
    assert code == 1
    assert f'GRANT USAGE, CREATE ON SCHEMA "public" TO "{role}";' in said.replace("\\", "")


@pytest.mark.parametrize("package", ["queuer", "worker"])
def test_a_source_that_cannot_be_imported_stops_the_process_and_is_named(
    package: str, settings: Mapping[str, str], tmp_path: Path
) -> None:
    root = copy_packages(tmp_path / "app", ("temporaletl", package))
    broken = root / package / "sources" / "broken"
    broken.mkdir()
    (broken / "__init__.py").write_text("import there_is_no_such_module\n")

    code, said = run_command(tmp_path, "-m", package, environment=settings, cwd=root)

    assert code == 1
    assert f"source module {package}.sources.broken cannot be imported: ModuleNotFoundError" in said
