"""What does the demo make of its arguments, of a failure and of an interrupt? Without any server."""

import tempfile
from pathlib import Path

import psycopg
import pytest

from scripts.showcase import demo


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the demo makes its folder."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def fail_with(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    """Let the demo's servers fail to start."""

    def start(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(demo, "Sandbox", start)


@pytest.mark.parametrize("detail", ["nan", "inf", "-1", "much"])
def test_a_detail_that_is_no_size_is_refused(detail: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        demo.run_demo([f"--detail={detail}"], lambda: False)

    assert f"argument --detail: '{detail}' is not a number from 0 on" in capsys.readouterr().err


def test_a_warehouse_that_refuses_is_told_in_a_sentence_and_the_logs_stay(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], temporary: Path
) -> None:
    fail_with(monkeypatch, psycopg.ProgrammingError("no such schema"))

    code = demo.run_demo([], lambda: False)

    [folder] = temporary.iterdir()
    assert code == 1
    assert f"the demo failed: no such schema; the processes' logs are in {folder}" in capsys.readouterr().out


def test_an_error_made_of_an_interrupt_is_none_of_the_demo(
    monkeypatch: pytest.MonkeyPatch, temporary: Path
) -> None:
    fail_with(monkeypatch, RuntimeError("Query interrupted"))

    with pytest.raises(RuntimeError, match="Query interrupted"):
        demo.run_demo([], lambda: True)

    assert list(temporary.iterdir()) == []
