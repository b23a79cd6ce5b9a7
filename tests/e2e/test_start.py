"""Do the processes start quickly, and from a folder that holds no more than an image does?"""

import time
from collections.abc import Mapping
from pathlib import Path
from statistics import median

import pytest

from scripts.showcase.processes import ROOT
from tests.e2e.deployment import Deployment
from tests.e2e.launch_support import copy_packages, launch, waited_for_processor_s

START_WITHIN_S = 3
STARTS = 3


@pytest.fixture(scope="module")
async def environment(shared_deployment: Deployment) -> Mapping[str, str]:
    """Settings of a deployment whose warehouse has its tables."""
    return shared_deployment.environment


def time_start(package: str, folder: Path, environment: Mapping[str, str], cwd: Path = ROOT) -> float:
    """Seconds from the creation of the process to its first poll.

    Without those in which it could have run but others had the processors: they say nothing about it.
    """
    began = time.monotonic()
    with launch(folder, "-m", package, environment=environment, cwd=cwd) as process:
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
