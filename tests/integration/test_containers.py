"""Do the images hold what they should, and does each start as a charm starts it?

The code parts are primed by craft-parts, the library that Rockcraft is made of; the Python part needs
Ubuntu's own packages, so of that one only the definition is checked.
"""

import contextlib
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

craft_parts = pytest.importorskip(
    "craft_parts", reason="craft-parts, which primes the images, is not installed"
)

ROOT = Path(__file__).parents[2]
PROCESSES = ("queuer", "worker")
# Rockcraft 1.21's schema: what a project, a service and a check may say.
PROJECT_KEYS = {
    *("name", "title", "summary", "description", "version", "license", "base", "build-base", "platforms"),
    *("contact", "issues", "source-code", "adopt-info", "package-repositories", "parts", "environment"),
    *("run-user", "services", "checks", "entrypoint-service", "entrypoint-command"),
}
REQUIRED_KEYS = {"name", "version", "summary", "description", "base", "platforms", "parts"}
SERVICE_KEYS = {
    *("override", "command", "summary", "description", "startup", "after", "before", "requires"),
    *("environment", "user", "user-id", "group", "group-id", "working-dir", "on-success", "on-failure"),
    *("on-check-failure", "backoff-delay", "backoff-factor", "backoff-limit", "kill-delay"),
}
CHECK_KEYS = {"override", "level", "period", "timeout", "threshold", "http", "tcp", "exec"}


def read_image(process: str) -> dict[str, Any]:
    image: dict[str, Any] = yaml.safe_load((ROOT / process / "rockcraft.yaml").read_text())
    return image


def prime(process: str, folder: Path) -> Path:
    """Prime the image's code parts into *folder* and answer the image's root."""
    program = Path(__file__).with_name("priming.py")
    subprocess.run([sys.executable, str(program), str(ROOT / process), str(folder)], check=True)
    return folder / "work" / "prime"


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Path]]:
    """The root of each primed image."""
    folder = tmp_path_factory.mktemp("images")
    yield {process: prime(process, folder / process) for process in PROCESSES}
    shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.parametrize("process", PROCESSES)
def test_an_image_says_only_what_rockcraft_knows(process: str) -> None:
    image = read_image(process)

    assert set(image) <= PROJECT_KEYS
    assert set(image) >= REQUIRED_KEYS
    assert [set(service) - SERVICE_KEYS for service in image["services"].values()] == [set()]
    assert [set(check) - CHECK_KEYS for check in image["checks"].values()] == [set()]
    assert (image["base"], image["run-user"]) == ("ubuntu@24.04", "_daemon_")


@pytest.mark.parametrize("process", PROCESSES)
def test_craft_parts_accepts_every_part(process: str) -> None:
    for part in read_image(process)["parts"].values():
        craft_parts.validate_part(part)


@pytest.mark.parametrize("process", PROCESSES)
def test_one_part_installs_the_locked_packages_and_nothing_else(process: str) -> None:
    parts = [part for part in read_image(process)["parts"].values() if part["plugin"] == "python"]

    assert [part["python-requirements"] for part in parts] == [["requirements.txt"]]
    assert [part["python-packages"] for part in parts] == [[]]
    assert parts[0]["stage-packages"] == ["python3-venv"]
    assert "--hash=sha256:" in (ROOT / process / "requirements.txt").read_text()


@pytest.mark.parametrize("process", PROCESSES)
def test_an_image_holds_its_process_and_what_both_share(process: str, images: dict[str, Path]) -> None:
    root = images[process]
    found = {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}
    code = {
        f"app/{path.relative_to(ROOT)}"
        for package in ("temporaletl", process)
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and path.suffix != ".rock"
    } - {f"app/{process}/rockcraft.yaml", f"app/{process}/requirements.txt"}

    assert found == code | {"app/scripts/start-worker.sh"}


@pytest.mark.parametrize("process", PROCESSES)
def test_the_service_is_a_program_of_the_image(process: str, images: dict[str, Path]) -> None:
    service = read_image(process)["services"][process]
    program = images[process] / service["command"].lstrip("/")

    assert program.stat().st_mode & stat.S_IXOTH
    assert (images[process] / service["working-dir"].lstrip("/")).is_dir()


@pytest.mark.parametrize("process", PROCESSES)
def test_the_check_asks_where_the_metrics_are_served(process: str) -> None:
    image = read_image(process)

    address = image["environment"]["TEMPORAL_METRICS_ADDRESS"]
    assert image["checks"]["alive"]["http"]["url"] == f"http://{address}/metrics"


@contextlib.contextmanager
def start(root: Path, log: Path, **settings: str) -> Iterator[subprocess.Popen[bytes]]:
    """The image's process, started from elsewhere without arguments, with *settings* and no others."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [str(root / "app/scripts/start-worker.sh")],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=log.parent,
            env={"PATH": path, "PYTHONDONTWRITEBYTECODE": "1", **settings},
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def wait_for_text(log: Path, text: str, timeout_s: float = 20) -> str:
    """What the process said, as soon as it contains *text*."""
    deadline = time.monotonic() + timeout_s
    while text not in (said := log.read_text()):
        assert time.monotonic() < deadline, f"the process never said {text!r}, but: {said}"
        time.sleep(0.05)
    return said


def closed_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def test_a_worker_without_settings_leaves_and_names_all_that_is_missing(
    images: dict[str, Path], tmp_path: Path
) -> None:
    log = tmp_path / "log"

    with start(images["worker"], log) as process:
        assert process.wait(20) == 1

    message = next(line for line in log.read_text().splitlines() if "WPE_DB_HOST" in line)
    missing = ("WPE_DB_HOST", "WPE_DB_NAME", "WPE_DB_USER", "WPE_DB_DSN", "ANONYMISATION_KEY")
    assert [name for name in missing if name not in message] == []


def test_a_queuer_waits_for_temporal_and_leaves_when_asked(images: dict[str, Path], tmp_path: Path) -> None:
    log = tmp_path / "log"
    address = f"127.0.0.1:{closed_port()}"

    with start(images["queuer"], log, TEMPORAL_HOST=address) as process:
        said = wait_for_text(log, "cannot be reached yet")
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0

    assert address in said


def test_a_queuer_names_the_settings_that_a_source_lacks(images: dict[str, Path], tmp_path: Path) -> None:
    log = tmp_path / "log"

    half = {"TEMPORAL_HOST": f"127.0.0.1:{closed_port()}", "JIRA_BACKEND": "trino"}
    with start(images["queuer"], log, **half):
        assert "TRINO_HOST" in wait_for_text(log, "settings are missing")


def test_start_worker_refuses_a_folder_that_holds_both_processes() -> None:
    refused = subprocess.run(
        [str(ROOT / "scripts/start-worker.sh")], capture_output=True, text=True, check=False
    )

    assert refused.returncode == 2
    assert "both processes" in refused.stderr


@pytest.mark.parametrize(
    ("version", "says"),
    [("1.20.3", "1.21 or newer"), ("0.9", "1.21 or newer"), (None, "rockcraft is not installed")],
)
def test_pack_refuses_a_rockcraft_that_cannot_read_the_shared_folders(
    version: str | None, says: str, tmp_path: Path
) -> None:
    if version:
        program = tmp_path / "rockcraft"
        program.write_text(f"#!/bin/sh\necho rockcraft {version}\n")
        program.chmod(0o755)
    elif shutil.which("rockcraft"):
        pytest.skip("rockcraft is installed here")
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"

    refused = subprocess.run(
        [str(ROOT / "scripts/pack")], capture_output=True, text=True, check=False, env={"PATH": path}
    )

    assert (refused.returncode, says in refused.stderr) == (1, True)


def test_the_check_is_answered_while_a_process_waits_for_temporal(
    images: dict[str, Path], tmp_path: Path
) -> None:
    log = tmp_path / "log"
    settings = {
        "TEMPORAL_HOST": f"127.0.0.1:{closed_port()}",
        "TEMPORAL_METRICS_ADDRESS": f"127.0.0.1:{closed_port()}",
    }

    with start(images["queuer"], log, **settings):
        wait_for_text(log, "cannot be reached yet")
        answer = requests.get(f"http://{settings['TEMPORAL_METRICS_ADDRESS']}/metrics", timeout=5)

    assert answer.status_code == 200
