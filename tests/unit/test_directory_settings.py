"""Which settings a directory needs, and what may stand in a question."""

import os

import pytest

from temporaletl.directory.settings import DirectorySettings, SalesforceDirectorySettings
from temporaletl.environment import read_settings


@pytest.fixture(autouse=True)
def empty(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    for name in list(os.environ):
        if name.startswith(("DIRECTORY_", "SF_")):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path_factory.mktemp("empty"))


@pytest.mark.parametrize(
    ("values", "problems"),
    [
        ({}, ["SF_CLIENT_ID, SF_CLIENT_SECRET (missing, SF_AUTH=client_credentials needs it)"]),
        ({"SF_USERNAME": "etl"}, ["SF_PASSWORD (missing, SF_AUTH=soap needs it)"]),
        ({"DIRECTORY_BACKEND": "sql"}, ["DIRECTORY_DSN (missing)"]),
        ({"DIRECTORY_BACKEND": "sql", "DIRECTORY_DSN": "postgresql://x"}, []),
        ({"DIRECTORY_BACKEND": "csv"}, ["DIRECTORY_CSV (missing)"]),
        ({"DIRECTORY_BACKEND": "csv", "DIRECTORY_CSV": "people.csv"}, []),
    ],
)
def test_only_the_settings_of_the_chosen_backend_are_needed(
    monkeypatch: pytest.MonkeyPatch, values: dict[str, str], problems: list[str]
) -> None:
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    assert read_settings([DirectorySettings])[1] == problems


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OBJECT", "Team_Member WHERE 1=1"),
        ("OBJECT", "Team.Member"),
        ("EMPLOYEE_ID_FIELD", "Unique_Id, (SELECT Id FROM Contacts)"),
        ("EMAIL_FIELDS", "Email, Other'"),
        ("ACCOUNT_FIELDS", '{"launchpad": "a b"}'),
        ("ACCOUNT_FIELDS", "Nick__c"),
        ("ACTIVE_TO_FIELD", "Owner."),
        ("STATUS_FIELD", "Status\n"),
    ],
)
def test_only_names_become_part_of_a_question(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"SF_DIRECTORY_{name}", value)
    [problem] = read_settings([SalesforceDirectorySettings])[1]
    assert problem.startswith(f"SF_DIRECTORY_{name}")
    assert value not in problem


def test_fields_may_be_several_and_may_be_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SF_DIRECTORY_OBJECT", "Employee__c")
    monkeypatch.setenv("SF_DIRECTORY_EMAIL_FIELDS", "Email, Contact__r.Email")
    monkeypatch.setenv("SF_DIRECTORY_ACCOUNT_FIELDS", '{"Jira": "Jira__c"}')
    monkeypatch.setenv("SF_DIRECTORY_TEST_FIELD", "none")
    monkeypatch.setenv("SF_DIRECTORY_ACTIVE_STATUSES", "Active Employee, On Leave")
    settings = SalesforceDirectorySettings()
    assert settings.object_name == "Employee__c"
    assert settings.email_fields == ("Email", "Contact__r.Email")
    assert settings.account_fields == {"jira": "Jira__c"}
    assert settings.test_field is None
    assert settings.active_statuses == ("Active Employee", "On Leave")
    assert settings.status_field == "Employment_Status"
