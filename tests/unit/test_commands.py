"""Commands refuse wrong arguments with exit code 2, and wrong settings with 1, each with a sentence."""

from pathlib import Path

import pytest

import queuer.__main__
import queuer.schedule
import worker.__main__

COMMANDS = {"run": queuer.__main__.main, "schedule": queuer.schedule.main, "worker": worker.__main__.main}


@pytest.mark.parametrize(
    ("command", "arguments", "sentence"),
    [
        ("run", "run", "the following arguments are required: source"),
        ("run", "run jira --date-start 2025-13-01", "'2025-13-01' is not a day such as 2025-01-31"),
        ("run", "run jira --date-end 20250131", "'20250131' is not a day such as 2025-01-31"),
        (
            "run",
            "run jira --date-start 2025-02-01 --date-end 2025-02-01",
            "--date-end must be after --date-start",
        ),
        ("run", "run jira --date-start 2999-01-01", "--date-start 2999-01-01 is in the future"),
        (
            "run",
            "run jira --date-start 2999-01-01 --date-end 2999-01-02",
            "--date-start 2999-01-01 is in the future",
        ),
        (
            "run",
            "run jira --date-end 2020-01-01",
            "--date-end 2020-01-01 is before the days of an ordinary run",
        ),
        ("schedule", "", "the following arguments are required: source"),
        ("schedule", "gitlab 1 3", "there is no source 'gitlab'; known: jira, launchpad, salesforce"),
        ("schedule", "jira --timezone Mars", "there is no time zone 'Mars'"),
        ("schedule", "jira 1-", "day_of_week must be 0 to 6"),
        ("schedule", "jira 1 24", "hour must be 0 to 23, not '24'"),
        ("schedule", "jira 1 3 --timezone Mars", "there is no time zone 'Mars'"),
        ("worker", "scheme", "invalid choice: 'scheme'"),
        ("worker", "schema", "name the role of the workers with --role, or in WPE_DB_USER or WPE_DB_DSN"),
        ("worker", "schema --role=", "name the role of the workers with --role"),
    ],
)
def test_wrong_arguments_exit_2_with_a_sentence(
    command: str,
    arguments: str,
    sentence: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)

    with pytest.raises(SystemExit) as ended:
        COMMANDS[command](arguments.split())

    assert ended.value.code == 2
    assert sentence in capsys.readouterr().err


@pytest.mark.parametrize("defaults", ["Sundays at 00:00 UTC", "what is not named stays as it is"])
def test_the_help_of_a_schedule_says_its_defaults(defaults: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        queuer.schedule.main(["--help"])

    assert ended.value.code == 0
    assert defaults in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        (
            {"SOURCES": "jira gitlab"},
            "SOURCES (there is no source 'gitlab'; known: jira, launchpad, salesforce)",
        ),
        ({"WPE_DB_SCHEMA": "a%b"}, "WPE_DB_SCHEMA (must be the name of a schema"),
        ({"WPE_DB_DSN": "postgresql://etl:secret@host:no-port/db"}, "WPE_DB_DSN"),
    ],
)
def test_the_schema_of_wrong_settings_exits_1_with_a_sentence(
    settings: dict[str, str],
    sentence: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    arguments = ["schema"] if "WPE_DB_DSN" in settings else ["schema", "--role", "loader"]

    assert worker.__main__.main(arguments) == 1

    captured = capsys.readouterr()
    assert captured.out == ""
    assert sentence in captured.err


def test_the_schema_is_printed_whole_without_a_warehouse(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WPE_DB_DSN", "postgresql://loader:secret@127.0.0.1:1/db")
    monkeypatch.setenv("WPE_DB_SCHEMA", 'a "b"')

    assert worker.__main__.main(["schema"]) == 0

    said = capsys.readouterr().out
    assert "\n-- The warehouse was not looked at: " in said
    assert 'CREATE TABLE IF NOT EXISTS "a ""b"""."launchpad_events" (' in said
    assert 'ON "a ""b"""."salesforce_events" TO "loader";' in said
    assert "secret" not in said
