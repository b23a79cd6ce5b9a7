"""How a process begins and ends: asked to stop it leaves at once, and what it says is one sentence."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
LEAVES_WITHIN_S = 5

SCRIPT = """
import asyncio, sys, time
from temporaletl.errors import ConfigurationError, TransientError
from temporaletl.process import leave, retry_until_up, run_process

def say(word):
    sys.stdout.write(word + "\\n")
    sys.stdout.flush()

async def process(findings):
{body}

if __name__ == "__main__":
    leave(run_process("queuer", process))
"""


def start(folder: Path, body: str, **environment: str) -> subprocess.Popen[str]:
    """A process of the product whose work is *body*, an async function's."""
    script = folder / "process.py"
    script.write_text(SCRIPT.format(body="\n".join(f"    {line}" for line in dedent(body).splitlines())))
    return subprocess.Popen(
        [sys.executable, str(script)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "LOG_LEVEL": "INFO", "LOG_FORMAT": "json", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def stop(
    process: subprocess.Popen[str], number: signal.Signals, word: str = "ready"
) -> tuple[int, float, str]:
    """Send *number* once it said that it is ready: exit code, seconds until then, and the log."""
    assert process.stdout is not None
    try:
        assert process.stdout.readline().strip() == "ready"
        started = time.monotonic()
        process.send_signal(number)
        _, log = process.communicate(timeout=60)
        return process.returncode, time.monotonic() - started, log
    finally:
        process.kill()
        process.wait()


def end(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    """Exit code, output and log of a process that ends by itself."""
    try:
        output, log = process.communicate(timeout=60)
        return process.returncode, output, log
    finally:
        process.kill()
        process.wait()


def entries(log: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.splitlines()]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_process_that_is_asked_to_stop_leaves_with_0(tmp_path: Path, number: signal.Signals) -> None:
    process = start(tmp_path, 'say("ready")\nawait asyncio.Event().wait()')
    code, took_s, log = stop(process, number)

    assert code == 0
    assert took_s < LEAVES_WITHIN_S
    assert [(entry["event"], entry["process"]) for entry in entries(log)] == [
        ("stopping", "queuer"),
        ("left", "queuer"),
    ]


def test_a_process_that_is_asked_to_stop_twice_says_so_once_and_still_ends_its_work(tmp_path: Path) -> None:
    body = """
    import os, signal
    say("ready")
    try:
        await asyncio.Event().wait()
    finally:
        for _ in range(3):
            os.kill(os.getpid(), signal.SIGTERM)
            await asyncio.sleep(0.05)
        say("handed back")
    """
    process = start(tmp_path, body)
    code, _, log = stop(process, signal.SIGTERM)

    assert code == 0
    assert [entry["event"] for entry in entries(log)] == ["stopping", "left"]


def test_a_process_whose_start_is_stuck_in_a_blocking_call_leaves_as_soon(tmp_path: Path) -> None:
    body = """
    def attempt():
        say("ready")
        time.sleep(30)
    await retry_until_up("the warehouse", attempt)
    """
    code, took_s, _ = stop(start(tmp_path, body), signal.SIGTERM)

    assert code == 0
    assert took_s < LEAVES_WITHIN_S


def test_what_is_not_up_yet_is_tried_again_and_its_answer_handed_on(tmp_path: Path) -> None:
    body = """
    tries = []
    def attempt():
        tries.append(1)
        if len(tries) < 2:
            raise TransientError("PostgreSQL at db:5432 cannot be reached")
        return "open"
    say(await retry_until_up("the warehouse", attempt))
    """
    code, output, log = end(start(tmp_path, body))

    assert (code, output) == (0, "open\n")
    [waiting] = entries(log)
    assert (waiting["event"], waiting["system"]) == ("not ready yet", "the warehouse")
    assert waiting["reason"] == "PostgreSQL at db:5432 cannot be reached"


def test_what_cannot_be_right_is_not_tried_again(tmp_path: Path) -> None:
    body = """
    def attempt():
        raise ConfigurationError("the warehouse lacks CREATE on schema public")
    await retry_until_up("the warehouse", attempt)
    """
    code, _, log = end(start(tmp_path, body))

    assert code == 1
    assert [(entry["event"], entry["reason"]) for entry in entries(log)] == [
        ("cannot run", "the warehouse lacks CREATE on schema public")
    ]


def test_a_bug_ends_the_process_with_1_and_without_its_words(tmp_path: Path) -> None:
    code, _, log = end(start(tmp_path, 'raise KeyError("ana@example.com, a record")'))

    assert code == 1
    [told] = entries(log)
    assert told["exception"].endswith("KeyError")
    assert "record" not in log


def test_wrong_log_settings_are_told_and_left(tmp_path: Path) -> None:
    code, output, log = end(start(tmp_path, 'say("works")', LOG_LEVEL="LOUD"))

    assert (code, output) == (0, "works\n")
    assert "LOG_LEVEL" in log


def test_settings_come_from_a_file_where_the_environment_has_none(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("LOG_LEVEL=ERROR\nFROM_FILE=file\n")
    body = 'import os\nsay(os.environ["FROM_FILE"])\nsay(os.environ["LOG_LEVEL"])'

    _, output, _ = end(start(tmp_path, body))

    assert output == "file\nINFO\n"


def test_the_names_of_the_file_are_known_where_it_is_read(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("FROM_FILE=file\nexport JIRA_URL='x'\n# OTHER=1\n\n")
    body = "from temporaletl.process import names_in_env_file\nsay(str(sorted(names_in_env_file())))"

    _, read, _ = end(start(tmp_path, body))
    _, unread, _ = end(start(tmp_path, body, PYTHON_DOTENV_DISABLED="1"))

    assert (read, unread) == ("['FROM_FILE', 'JIRA_URL']\n", "[]\n")


def test_a_line_of_the_file_that_says_nothing_is_a_finding_in_our_words(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("FROM_FILE=file\nJIRA_TOKEN: hunter2\n")

    code, output, log = end(start(tmp_path, "say(str(len([*findings])))"))

    assert (code, output) == (0, "1\n")
    [told] = entries(log)
    assert told["event"] == f"line 2 of {tmp_path / '.env'} is not read: it is not NAME=value"
    assert told["level"] == "warning"
    assert "hunter2" not in log


def test_a_worker_tells_what_its_settings_are_not(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("WPE_DB_HOTS=db\nSOMEBODY_ELSES=1\n")
    ended = subprocess.run(
        [sys.executable, "-m", "worker"],
        cwd=tmp_path,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "LOG_FORMAT": "json",
            "LOG_LEVEL": "LOUD",
            "ANONYMISATION_KEY": "'hunter2'",
            "JIRA_TOKN": "hunter2",
        },
        capture_output=True,
        text=True,
        timeout=60,
    )

    told = {entry["setting"]: entry["remedy"] for entry in entries(ended.stderr) if "setting" in entry}
    assert ended.returncode == 1
    assert told.keys() >= {"LOG_LEVEL", "ANONYMISATION_KEY", "JIRA_TOKN", "WPE_DB_HOTS"}
    assert told["WPE_DB_HOTS"] == "write WPE_DB_HOST where that is meant, else take it out"
    assert entries(ended.stderr)[-1]["event"] == "cannot run"
    assert [word for word in ("hunter2", "SOMEBODY_ELSES") if word in ended.stderr] == []


@pytest.mark.parametrize(
    ("package", "sources", "said"),
    [
        ("queuer", "jira", "SOURCES names jira, which needs TRINO_HOST (missing)"),
        ("worker", "gitlab", "SOURCES (there is no source 'gitlab'; known: jira, launchpad, salesforce)"),
    ],
)
def test_a_source_that_is_wanted_and_cannot_be_served_stops_the_start(
    tmp_path: Path, package: str, sources: str, said: str
) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", package],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "LOG_FORMAT": "json", "SOURCES": sources},
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert ended.returncode == 1
    assert said in entries(ended.stderr)[-1]["reason"]


@pytest.mark.parametrize(
    ("command", "secret"),
    [
        ("worker", b"gehe\xefm"),
        ("queuer", b"gehe\xefm"),
        ("queuer run jira", b"gehe\xefm"),
        ("queuer.schedule jira", b"gehe\0im"),
    ],
)
def test_an_env_file_that_is_no_text_is_named(tmp_path: Path, command: str, secret: bytes) -> None:
    (tmp_path / ".env").write_bytes(b"WPE_DB_PASSWORD=" + secret)
    ended = subprocess.run(
        [sys.executable, "-m", *command.split()],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "LOG_FORMAT": "json"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    said = ended.stdout + ended.stderr
    assert ended.returncode == 1
    assert f"{tmp_path / '.env'} is not written in UTF-8" in said
    assert "Traceback" not in said
    assert "gehe" not in said
