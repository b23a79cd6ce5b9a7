"""Quotes around a whole value, which docker --env-file leaves there, change no setting that is no secret."""

import os
import re

import pytest
from pydantic import SecretStr
from pydantic_settings import BaseSettings

from temporaletl.directory.settings import SalesforceDirectorySettings
from temporaletl.environment import read_rates, read_settings, read_temporals_environment
from temporaletl.jira.settings import JiraRestSettings
from temporaletl.quotes import is_quoted, unquote
from temporaletl.settings import (
    IdentitySettings,
    LogSettings,
    Settings,
    TemporalSettings,
    WarehouseSettings,
    WorkerSettings,
)
from worker.sources.jira.settings import JiraSettings

REST = {"JIRA_URL": "https://jira.example", "JIRA_TOKEN": "t"}


@pytest.fixture(autouse=True)
def empty(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(("JIRA_", "SF_", "WPE_DB_", "TEMPORAL_", "LOG_", "EVENTS_", "ANONYMISATION_")):
            monkeypatch.delenv(name)


def test_the_table_says_what_is_taken_off() -> None:
    table = re.findall(r"(?m)^ *(\S.*?) {2,}(\S.*)$", unquote.__doc__ or "")
    examples = [pair for pair in table if not pair[0].startswith("=")]

    assert len(examples) == 5
    assert [(given, unquote(given)) for given, _ in examples] == examples


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        *(('"a"', True), ("'a'", True), ('""', True), (' "a" ', True), ('"a', False), ("'a\"", False)),
        *(('"a"b"', False), ('"a\\"b"', True), ("'a', 'b'", False), ("", False), ('"', False)),
    ],
)
def test_a_pair_of_quotes_stands_around_the_whole_of_a_text(text: str, quoted: bool) -> None:
    assert is_quoted(text) == quoted


@pytest.mark.parametrize(
    ("model", "name", "said", "field", "read"),
    [
        (JiraSettings, "JIRA_COPIED_FIELDS", """'{"labels": "l"}'""", "copied_fields", {"labels": "l"}),
        (JiraSettings, "JIRA_PROMOTED_FIELDS", """'{"Sprint": "s"}'""", "promoted_fields", {"Sprint": "s"}),
        (JiraSettings, "JIRA_FIELDS", """'{"points": "c_1"}'""", "fields", {"points": ("c_1",)}),
        (
            SalesforceDirectorySettings, "SF_DIRECTORY_ACTIVE_STATUSES", '"Active Employee"',
            "active_statuses", ("Active Employee",),
        ),
        (
            SalesforceDirectorySettings, "SF_DIRECTORY_ACCOUNT_FIELDS", """'{"launchpad": "L"}'""",
            "account_fields", {"launchpad": "L"},
        ),
        (SalesforceDirectorySettings, "SF_DIRECTORY_STATUS_FIELD", '"none"', "status_field", None),
        (SalesforceDirectorySettings, "SF_DIRECTORY_EMAIL_FIELDS", "''", "email_fields", ("Email",)),
        (WarehouseSettings, "WPE_DB_SCHEMA", '"analytics"', "db_schema", "analytics"),
        (WarehouseSettings, "WPE_DB_PORT", "'5433'", "port", 5433),
        (WarehouseSettings, "WPE_DB_PASSWORD", "'secret'", "password", SecretStr("'secret'")),
        (JiraRestSettings, "JIRA_JQL", '"project in (A, B)"', "jql", "project in (A, B)"),
        (JiraRestSettings, "JIRA_JQL", '"Team" = "x"', "jql", '"Team" = "x"'),
        (JiraRestSettings, "JIRA_USER", '""', "user", None),
        (TemporalSettings, "TEMPORAL_HOST", '"temporal:7233"', "host", "temporal:7233"),
        (LogSettings, "LOG_LEVEL", '"DEBUG"', "level", "DEBUG"),
    ],
)  # fmt: skip
def test_a_value_with_quotes_is_read_as_one_without(
    monkeypatch: pytest.MonkeyPatch,
    model: type[BaseSettings],
    name: str,
    said: str,
    field: str,
    read: object,
) -> None:
    others = {**REST, "WPE_DB_HOST": "h", "WPE_DB_NAME": "n", "WPE_DB_USER": "u"}
    for variable, value in {**others, name: said}.items():
        monkeypatch.setenv(variable, value)

    [settings], problems = read_settings([model])

    assert problems == []
    assert getattr(settings, field) == read


@pytest.mark.parametrize("said", ['"', "'", '"2025-01-31', "2025-01-31'"])
def test_half_a_pair_is_no_pair(monkeypatch: pytest.MonkeyPatch, said: str) -> None:
    monkeypatch.setenv("EVENTS_SINCE", said)

    assert read_settings([WorkerSettings])[1] == ["EVENTS_SINCE (must be a day such as 2025-01-31)"]


def test_what_is_missing_is_missing_in_quotes_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WPE_DB_HOST", '""')

    [problem] = read_settings([WarehouseSettings])[1]
    assert problem.startswith("WPE_DB_HOST, ")


def test_the_rate_of_a_source_may_have_quotes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JIRA_REQUESTS_PER_SECOND", '"2.5"')

    assert read_rates(["jira"]) == {"jira": 2.5}


def test_a_value_that_code_gives_keeps_its_quotes() -> None:
    assert TemporalSettings(host='"x"').host == '"x"'


def test_temporals_own_names_are_read_without_quotes_and_its_secrets_as_they_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said = {
        "TEMPORAL_ADDRESS": '"a:7233"',
        "TEMPORAL_TLS": "'true'",
        "TEMPORAL_API_KEY": '"k"',
        "OTHER": '"o"',
    }
    for name, value in said.items():
        monkeypatch.setenv(name, value)

    found = read_temporals_environment()

    assert {name: found[name] for name in said} == {
        "TEMPORAL_ADDRESS": "a:7233",
        "TEMPORAL_TLS": "true",
        "TEMPORAL_API_KEY": '"k"',
        "OTHER": '"o"',
    }


def test_every_model_takes_quotes_off() -> None:
    assert issubclass(IdentitySettings, Settings)
    assert [
        model for model in BaseSettings.__subclasses__() if model.__module__.startswith("temporaletl.")
    ] == [Settings]
