"""Operators say where Jira is, and as whom it is asked."""

import pytest

from temporaletl.environment import read_settings
from temporaletl.jira.settings import JiraBackendSettings, JiraRestSettings
from temporaletl.settings import TrinoSettings

SITE = {"JIRA_URL": "https://example.atlassian.net/", "JIRA_TOKEN": "hidden"}


def read(monkeypatch: pytest.MonkeyPatch, **environment: str) -> JiraRestSettings:
    for name, value in {**SITE, **environment}.items():
        monkeypatch.setenv(name, value)
    return JiraRestSettings()


def problems(monkeypatch: pytest.MonkeyPatch, **environment: str) -> list[str]:
    for name, value in {**SITE, **environment}.items():
        monkeypatch.setenv(name, value)
    return read_settings([JiraRestSettings])[1]


def test_without_a_word_issues_are_read_in_the_lake(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JIRA_BACKEND", raising=False)
    assert JiraBackendSettings().needs == (TrinoSettings,)


def test_over_rest_the_lake_is_not_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {**SITE, "JIRA_BACKEND": "rest"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("TRINO_HOST", raising=False)
    models, missing = read_settings([JiraBackendSettings])
    assert [type(model) for model in models] == [JiraBackendSettings, JiraRestSettings]
    assert missing == []


def test_over_rest_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JIRA_BACKEND", "rest")
    for name in SITE:
        monkeypatch.delenv(name, raising=False)
    assert read_settings([JiraBackendSettings])[1] == ["JIRA_URL (missing)", "JIRA_TOKEN (missing)"]


@pytest.mark.parametrize(
    ("environment", "sign_in"),
    [
        ({}, "bearer"),
        ({"JIRA_USER": "etl@example.com"}, "basic"),
        ({"JIRA_USER": "etl@example.com", "JIRA_AUTH": "bearer"}, "bearer"),
    ],
)
def test_a_user_chooses_how_to_sign_in_unless_it_is_said(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], sign_in: str
) -> None:
    assert read(monkeypatch, **environment).sign_in == sign_in


def test_a_scoped_token_is_taken_to_the_gateway(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read(monkeypatch).address == "https://example.atlassian.net"
    scoped = read(monkeypatch, JIRA_CLOUD_ID="1122-33")
    assert scoped.address == "https://api.atlassian.com/ex/jira/1122-33"


def test_a_search_may_order_by_nothing_but_may_speak_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read(monkeypatch, JIRA_JQL='summary ~ "order by"').jql == 'summary ~ "order by"'


@pytest.mark.parametrize(
    ("environment", "problem"),
    [
        ({"JIRA_AUTH": "basic"}, "JIRA_USER (missing"),
        ({"JIRA_URL": "example.atlassian.net"}, "JIRA_URL ("),
        ({"JIRA_URL": "http://example.atlassian.net"}, "JIRA_ALLOW_INSECURE_AUTH"),
        ({"JIRA_CLOUD_ID": "1", "JIRA_GATEWAY_URL": "http://api.example.com"}, "JIRA_GATEWAY_URL"),
        ({"JIRA_CLOUD_ID": "../x"}, "JIRA_CLOUD_ID ("),
        ({"JIRA_API_VERSION": "1"}, "JIRA_API_VERSION ("),
        ({"JIRA_JQL": "project = A ORDER  by key"}, "JIRA_JQL (leave out ORDER BY"),
    ],
)
def test_what_cannot_work_is_named(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], problem: str
) -> None:
    [told] = problems(monkeypatch, **environment)
    assert problem in told
    assert "hidden" not in told
