"""The creation of an issue copies the fields that the operator chose."""

from typing import Any

import pytest
from pydantic import ValidationError

from worker.sources.jira.settings import JiraOptions, JiraSettings

CREATED = "i-10001-c"


def created(tell: Any, example: dict[str, Any], fields: dict[str, Any], options: JiraOptions) -> Any:
    example["fields"].update(fields)
    return tell(example, options).properties(CREATED)


@pytest.mark.parametrize(
    ("value", "copied"),
    [
        (None, None),
        (8.0, 8.0),
        (True, True),
        ("plain", "plain"),
        (["ui", "größe"], ["ui", "größe"]),
        ({"self": "https://x", "id": "1", "value": "Gold"}, "Gold"),
        ({"value": "Europe", "child": {"value": "Spain"}}, ["Europe", "Spain"]),
        ([{"id": "3", "name": "Sprint 3", "self": "https://x"}], ["Sprint 3"]),
        ({"accountId": "ana", "displayName": "Ana Example"}, "E-ana"),
        ([{"accountId": "bob", "displayName": "Bob"}, {"accountId": "zed"}], ["E-bob", "?zed"]),
        (["jroe", {"accountId": "ana", "displayName": "Ana Example"}], ["?jroe", "E-ana"]),
        ({"key": "eve", "name": "eve.e", "displayName": "Eve Example"}, "E-eve"),
        ({"self": "https://x", "total": 3, "lead": {"accountId": "ana"}}, {"total": 3, "lead": "E-ana"}),
    ],
)
def test_a_field_is_told_as_people_read_it(
    tell: Any, example: dict[str, Any], value: object, copied: object
) -> None:
    options = JiraOptions(copied_fields={"customfield_7": "seven"})
    assert created(tell, example, {"customfield_7": value}, options)["seven"] == copied


def test_a_field_that_the_issue_does_not_have_is_null(tell: Any, example: dict[str, Any]) -> None:
    assert created(tell, example, {}, JiraOptions(copied_fields={"gone": "gone"}))["gone"] is None


def test_a_rich_text_is_told_with_those_it_mentions(tell: Any, example: dict[str, Any]) -> None:
    mention = {"type": "mention", "attrs": {"id": "eve", "text": "@Eve Example"}}
    text = {
        "type": "doc",
        "version": 1,
        "content": [{"type": "paragraph", "content": [{"type": "text", "text": "ask "}, mention]}],
    }
    told = created(tell, example, {"cf": [text, "and [~ana]"]}, JiraOptions(copied_fields={"cf": "notes"}))
    assert told["notes"] == ["ask @{0}", "and @{1}"]
    assert told["notes_mentions"] == ["E-eve", "E-ana"]


def test_one_of_our_fields_is_found_where_it_lies_here(tell: Any, example: dict[str, Any]) -> None:
    options = JiraOptions(
        fields={"story points": ["customfield_1", "customfield_2"]}, copied_fields={"points": "story_points"}
    )
    fields = {"customfield_1": None, "customfield_2": 5.0}
    assert created(tell, example, fields, options)["story_points"] == 5.0


def test_a_key_of_a_person_is_hidden_where_the_operator_says_so(tell: Any, example: dict[str, Any]) -> None:
    options = JiraOptions(copied_fields={"cf": "tester"}, user_fields=("cf",))
    assert created(tell, example, {"cf": "bob"}, options)["tester"] == "E-bob"


def test_someone_unknown_in_a_copied_field_is_waited_for(tell: Any, example: dict[str, Any]) -> None:
    example["fields"]["cf"] = {"accountId": "zed", "displayName": "Zed"}
    assert "?zed" in tell(example, JiraOptions(copied_fields={"cf": "tester"})).unknown


def test_a_value_of_any_depth_raises_nothing(tell: Any, example: dict[str, Any]) -> None:
    value: Any = "deep"
    for _ in range(5_000):
        value = [value]
    assert CREATED in tell({**example, "fields": {**example["fields"], "cf": value}}).events
    options = JiraOptions(copied_fields={"cf": "deep"})
    assert created(tell, example, {"cf": value}, options)["deep"] is not None


def test_without_a_word_nothing_is_copied(tell: Any, example: dict[str, Any]) -> None:
    before = tell(example).properties(CREATED)
    assert created(tell, example, {"cf": "x"}, JiraOptions()) == before


def test_the_environment_names_the_fields(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JIRA_COPIED_FIELDS", "labels, Fix Version")
    assert JiraSettings().copied_fields == {"labels": "labels", "Fix Version": "fix_version"}
    monkeypatch.setenv("JIRA_COPIED_FIELDS", '{"customfield_9": "Team"}')
    assert JiraSettings().copied_fields == {"customfield_9": "team"}


@pytest.mark.parametrize(
    "wrong",
    [{"cf": "summary"}, {"cf": "!"}, {"a": "team", "b": "Team"}, "project", 7, {"cf": "initial_status"}],
)
def test_a_name_that_is_taken_is_refused(wrong: object) -> None:
    with pytest.raises(ValidationError):
        JiraOptions.model_validate({"copied_fields": wrong})
