"""An address in a setting holds no secret, and a server over http gets none of ours."""

from typing import Any

import pytest

from temporaletl.environment import read_settings
from temporaletl.jira.settings import JiraRestSettings
from temporaletl.settings import SalesforceSettings, Settings, TrinoSettings
from worker.external.launchpad.settings import LaunchpadSettings
from worker.sources.jira.settings import JiraSettings
from worker.sources.salesforce.settings import CasesSettings

COMPLETE: dict[type[Settings], dict[str, str]] = {
    TrinoSettings: {"TRINO_HOST": "trino.example", "TRINO_PASSWORD": "x"},
    JiraRestSettings: {"JIRA_URL": "https://jira.example", "JIRA_TOKEN": "x"},
    SalesforceSettings: {"SF_CLIENT_ID": "us", "SF_CLIENT_SECRET": "x"},
    LaunchpadSettings: {
        "LP_CONSUMER_KEY": "us",
        "LP_ACCESS_TOKEN_KEY": "x",
        "LP_ACCESS_TOKEN_SECRET": "x",
    },
    JiraSettings: {},
    CasesSettings: {"SALESFORCE_CASES": "true"},
}
TRUST = {
    TrinoSettings: "TRINO_TRUSTED_ORIGINS",
    JiraRestSettings: "JIRA_TRUSTED_ORIGINS",
    SalesforceSettings: "SF_TRUSTED_ORIGINS",
    LaunchpadSettings: "LAUNCHPAD_TRUSTED_ORIGINS",
}


def read(monkeypatch: pytest.MonkeyPatch, model: type[Settings], **values: str) -> tuple[Any, list[str]]:
    for name, value in {**COMPLETE[model], **values}.items():
        monkeypatch.setenv(name, value)
    models, problems = read_settings([model])
    return (models or [None])[0], problems


@pytest.mark.parametrize(
    ("model", "name"),
    [
        (TrinoSettings, "TRINO_HOST"),
        (TrinoSettings, "GCP_TOKEN_URI"),
        (JiraRestSettings, "JIRA_URL"),
        (JiraRestSettings, "JIRA_GATEWAY_URL"),
        (SalesforceSettings, "SF_LOGIN_URL"),
        (LaunchpadSettings, "LAUNCHPAD_SERVICE_ROOT"),
        (JiraSettings, "JIRA_BASE_URL"),
        (CasesSettings, "SALESFORCE_BASE_URL"),
    ],
)
@pytest.mark.parametrize("user", ["etl:hidden@", "hidden@", "etl:hidden%40x@"])
def test_credentials_in_an_address_are_refused_and_not_said(
    monkeypatch: pytest.MonkeyPatch, model: type[Settings], name: str, user: str
) -> None:
    _, [problem] = read(monkeypatch, model, **{name: f"https://{user}host.example"})

    assert problem.startswith(f"{name} (leave out the user and the password")
    assert "hidden" not in problem


@pytest.mark.parametrize("model", TRUST, ids=lambda model: model.__name__)
def test_further_servers_are_named_by_their_addresses(
    monkeypatch: pytest.MonkeyPatch, model: type[Settings]
) -> None:
    text = "https://A.example/path, https://b.example:8443"
    settings, problems = read(monkeypatch, model, **{TRUST[model]: text})

    assert problems == []
    assert [str(found) for found in settings.trusted_origins] == [
        "https://a.example",
        "https://b.example:8443",
    ]


@pytest.mark.parametrize("model", TRUST, ids=lambda model: model.__name__)
@pytest.mark.parametrize("text", ["http://a.example", "a.example", "https://hidden@a.example"])
def test_a_further_server_that_cannot_be_trusted_is_refused(
    monkeypatch: pytest.MonkeyPatch, model: type[Settings], text: str
) -> None:
    _, [problem] = read(monkeypatch, model, **{TRUST[model]: text})

    assert problem.startswith(TRUST[model])
    assert "hidden" not in problem


def test_trinos_host_may_be_an_address(monkeypatch: pytest.MonkeyPatch) -> None:
    settings, _ = read(monkeypatch, TrinoSettings, TRINO_HOST="https://trino.example:8443")
    assert str(settings.origin) == "https://trino.example:8443"

    _, [problem] = read(monkeypatch, TrinoSettings, TRINO_HOST="http://trino.example")
    assert "clear text" in problem
