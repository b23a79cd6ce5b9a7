"""Operators spell the options in the environment."""

import pytest
from pydantic import ValidationError

from worker.sources.jira.settings import (
    ACCEPTANCE,
    STORY_POINTS,
    JiraOptions,
    JiraSettings,
    NamedField,
)


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
    assert settings.find_named("customfield_10016", "Estimate", is_custom=True) is STORY_POINTS
    assert settings.find_named("customfield_2", "AC", is_custom=True) is ACCEPTANCE
    assert settings.find_named("fixVersions", "Fix Version", is_custom=False) == NamedField(
        "Fix Version", "fix_version_changed", "fix_version"
    )
    assert settings.outsiders == {"abc", "build@example.com"}
    assert "developer" in settings.person_fields
    assert isinstance(settings, JiraOptions)


def test_a_promoted_field_can_be_given_a_name() -> None:
    options = JiraOptions(promoted_fields={"customfield_10020": "Sprint"})
    assert options.find_named("customfield_10020", "Sprint", is_custom=True) == NamedField(
        "customfield_10020", "sprint_changed", "sprint"
    )


MAPPED = JiraOptions(
    fields={"priority": ("customfield_5", "Status")},
    promoted_fields={"labels": "labels", "Team": "team", "customfield_6": "severity"},
)


@pytest.mark.parametrize(
    ("field_id", "name", "is_custom", "suffix"),
    [
        ("priority", "Priorität", False, "priority"),
        ("Priority", "Priority", False, "priority"),
        (None, "PRIORITY", False, "priority"),
        (None, "Summary", True, None),
        ("customfield_9", "Summary", True, None),
        ("workflow", "summary", False, None),
        ("customfield_9", "Story Points", True, "points"),
        (None, "acceptance criteria", True, "acceptance"),
        ("customfield_5", "Whatever", True, "priority"),
        # The settings mean a custom field that is called like a system field by its id alone.
        ("customfield_9", "Status", True, None),
        ("status", "Status", False, "priority"),
        ("customfield_9", "Labels", True, None),
        ("labels", "labels", False, "labels"),
        ("customfield_9", "Team", True, "team"),
        ("customfield_6", "Priority", True, "severity"),
    ],
)
def test_a_field_is_known_by_its_id_before_its_name(
    field_id: str | None, name: str, is_custom: bool, suffix: str | None
) -> None:
    found = MAPPED.find_named(field_id, name, is_custom=is_custom)
    assert (found.suffix if found else None) == suffix


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
