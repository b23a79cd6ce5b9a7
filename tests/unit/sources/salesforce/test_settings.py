"""What the operator may say about cases, and what both processes make of it."""

import os

import pytest

from queuer.sources.salesforce import settings as queuer_settings
from temporaletl.environment import read_settings
from temporaletl.settings import SalesforceSettings, Settings
from worker.sources.salesforce import settings as worker_settings

MODELS = [queuer_settings.CasesSettings, worker_settings.CasesSettings]


@pytest.fixture(autouse=True)
def empty(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    for name in [name for name in os.environ if name.startswith(("SF_", "SALESFORCE_"))]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path_factory.mktemp("empty"))


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("value", [None, "", "false"])
def test_cases_are_read_only_where_somebody_says_so(
    monkeypatch: pytest.MonkeyPatch, model: type[Settings], value: str | None
) -> None:
    monkeypatch.setenv("SF_CLIENT_SECRET", "x")
    if value is not None:
        monkeypatch.setenv("SALESFORCE_CASES", value)
    read, problems = read_settings([model])
    assert read == []
    assert problems == ["SALESFORCE_CASES (set it to true to read cases; SF_* alone serves the directory)"]


@pytest.mark.parametrize("model", MODELS)
def test_where_cases_are_read_salesforce_has_to_be_configured(
    monkeypatch: pytest.MonkeyPatch, model: type[Settings]
) -> None:
    monkeypatch.setenv("SALESFORCE_CASES", "true")
    read, problems = read_settings([model])
    assert [type(found) for found in read] == [model]
    assert len(problems) == 1
    assert "SF_CLIENT_SECRET" in problems[0]
    assert read[0].needs == (SalesforceSettings,)  # type: ignore[attr-defined]


def test_lists_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SALESFORCE_CASES", "true")
    monkeypatch.setenv("SALESFORCE_SYSTEM_ACCOUNTS", "Robot@example.com, 005Sb00000001MhIAI,")
    monkeypatch.setenv("SALESFORCE_CASE_FIELDS", "Product__c,Region__c")
    settings = worker_settings.CasesSettings()
    assert settings.case_fields == ("Product__c", "Region__c")
    assert settings.outsiders == {"robot@example.com", "005Sb00000001Mh"}


@pytest.mark.parametrize("value", ["Owner.Name", "Id FROM User", "1st", "a b"])
def test_a_field_that_is_no_field_name_is_named(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("SALESFORCE_CASES", "true")
    monkeypatch.setenv("SALESFORCE_CASE_FIELDS", value)
    _, problems = read_settings([worker_settings.CasesSettings])
    assert "SALESFORCE_CASE_FIELDS" in problems[0]
