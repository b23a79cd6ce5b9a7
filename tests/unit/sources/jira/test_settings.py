"""Operators spell the options in the environment."""

import pytest
from pydantic import ValidationError

from worker.sources.jira.settings import ACCEPTANCE, STORY_POINTS, JiraOptions, JiraSettings


def test_without_a_word_the_defaults_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JIRA_FIELDS", raising=False)
    assert dict(JiraSettings(_env_file=None)) == dict(JiraOptions())  # type: ignore[call-arg]


def test_the_environment_says_it_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(
        "JIRA_FIELDS", '{"Story points": "customfield_10016", "acceptance": ["customfield_1", "AC"]}'
    )
    monkeypatch.setenv("JIRA_PROMOTED_FIELDS", "Sprint, Fix Version")
    monkeypatch.setenv("JIRA_SYSTEM_ACCOUNTS", "abc, build@example.com")
    monkeypatch.setenv("JIRA_USER_FIELDS", '["Developer"]')
    settings = JiraSettings()
    assert settings.named_fields["customfield_10016"] is STORY_POINTS
    assert settings.named_fields["ac"] is ACCEPTANCE
    assert settings.named_fields["fix version"].event_type == "fix_version_changed"
    assert settings.named_fields["fix version"].suffix == "fix_version"
    assert settings.outsiders == {"abc", "build@example.com"}
    assert "developer" in settings.person_fields
    assert isinstance(settings, JiraOptions)


def test_a_promoted_field_can_be_given_a_name() -> None:
    options = JiraOptions(promoted_fields={"customfield_10020": "Sprint"})
    assert options.named_fields["customfield_10020"].event_type == "sprint_changed"


@pytest.mark.parametrize(
    "wrong",
    [
        {"fields": {"mood": "customfield_1"}},
        {"fields": "not json"},
        {"fields": "[1]"},
        {"promoted_fields": {"X": "status"}},
        {"promoted_fields": "changelog"},
        {"promoted_fields": 7},
    ],
)
def test_what_makes_no_sense_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        JiraOptions.model_validate(wrong)
