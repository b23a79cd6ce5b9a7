"""Which arguments do the commands refuse? With exit code 2 and a sentence that says what is wrong."""

from pathlib import Path

import pytest

import queuer.__main__
import queuer.schedule

COMMANDS = {"run": queuer.__main__.main, "schedule": queuer.schedule.main}


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
