"""Do the processes start quickly, and from a folder that holds no more than an image does?"""

import time
from collections.abc import Mapping
from pathlib import Path
from statistics import median

import pytest

from scripts.showcase.processes import ProductProcess, wait_until_polling
from tests.e2e.deployment import Deployment
from tests.e2e.launch_support import copy_packages, launch, run_command, waited_for_processor_s

START_WITHIN_S = 3
STARTS = 3


@pytest.fixture(scope="module")
async def environment(shared_deployment: Deployment) -> Mapping[str, str]:
    """Settings of a deployment whose warehouse has its tables."""
    return shared_deployment.environment


def time_start(package: str, folder: Path, environment: Mapping[str, str]) -> float:
    """Seconds from the creation of the process to its first poll.

    Without those in which it could have run but others had the processors: they say nothing about it.
    """
    began = time.monotonic()
    with launch(folder, "-m", package, environment=environment) as process:
        process.wait_for("polling")
        return time.monotonic() - began - waited_for_processor_s(process.pid)


@pytest.mark.parametrize("package", ["worker", "queuer"])
def test_a_process_polls_soon_after_its_start(
    package: str, environment: Mapping[str, str], tmp_path: Path
) -> None:
    took_s = [time_start(package, tmp_path, environment) for _ in range(STARTS)]

    assert median(took_s) < START_WITHIN_S, f"from start to first poll: {took_s} s"


@pytest.mark.parametrize("package", ["worker", "queuer"])
def test_a_process_needs_only_its_own_package_and_what_both_share(
    package: str, environment: Mapping[str, str], tmp_path: Path
) -> None:
    folder = copy_packages(tmp_path / "app", ("temporaletl", package))

    with launch(tmp_path, "-m", package, environment=environment, cwd=folder) as process:
        said = process.wait_for("polling")

    assert "not served" not in said
    assert "not polled" not in said


def test_a_process_of_the_sandbox_finds_nobody_elses_settings(
    environment: Mapping[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
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
        wait_until_polling([process])

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


def test_a_worker_takes_no_arguments(tmp_path: Path) -> None:
    code, said = run_command(tmp_path, "-m", "worker", "foo", environment={})

    assert code == 2
    assert "unrecognized arguments: foo" in said
