"""What is wrong with a value is said in our words: no library's, and never the value itself."""

import importlib
import pkgutil
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Annotated, Any, Literal

import pytest
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings

import queuer
import temporaletl
import worker
from temporaletl.contract import ETLInput, Model, QueuerInput
from temporaletl.environment import read_settings
from temporaletl.errors import InputError
from temporaletl.failures import name_wrong_parts
from temporaletl.flows import read_input
from temporaletl.settings import Settings
from temporaletl.wording import matching, say

PYDANTICS = ("should ", "Value error", "Assertion failed", "Field required", "valid ", "pattern")
WRONG = (
    *("\x01 quite wrong", "-1", "99999999999999999999", "nan", "inf", "%", "", "none"),
    *("{}", "[1]", '{"a": 1}', '{"a": "%"}', '{"a', "http://[x", "http://u:quite@wrong/ x", "tcp://10.0.0.1"),
)


class Every(BaseModel):
    """A field of each kind that a setting or an input of ours may have."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    whole: Annotated[int, Field(ge=1, le=9)] = 1
    number: Annotated[float, Field(gt=0, lt=1)] = 0.5
    switch: bool = True
    word: Literal["one", "two"] = "one"
    day: date | None = None
    moment: datetime | None = None
    aware: AwareDatetime | None = None
    secret: SecretStr | None = None
    short: Annotated[str, Field(min_length=1, max_length=3)] = "abc"
    few: Annotated[tuple[str, ...], Field(min_length=1, max_length=2)] = ("a",)
    table: Mapping[str, str] = {}
    spelt: Annotated[str, Field(pattern="^a+$")] = "a"
    ours: Annotated[str, matching("a+", "must be letters a")] = "a"
    checked: int = 0

    @field_validator("checked")
    @classmethod
    def _is_even(cls, value: int) -> int:
        if value % 2:
            raise ValueError("must be even")
        return value


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("whole", "x", "must be a whole number"),
        ("whole", 1.5, "must be a whole number"),
        ("whole", 0, "must be 1 or more"),
        ("whole", 10, "must be 9 or less"),
        ("number", "x", "must be a number"),
        ("number", 0, "must be more than 0"),
        ("number", 1, "must be less than 1"),
        ("switch", "x", "must be true or false"),
        ("word", "three", "must be 'one' or 'two'"),
        ("day", "soon", "must be a day such as 2025-01-31"),
        ("day", "2025-01-31T12:00:00", "must be a day such as 2025-01-31"),
        ("moment", "soon", "must be a time such as 2025-01-31T12:00:00Z"),
        ("aware", "2025-01-31T12:00:00", "must say its time zone, such as 2025-01-31T12:00:00Z"),
        ("secret", 3, "must be a text"),
        ("short", "", "must have 1 or more characters"),
        ("short", "abcd", "must have 3 characters or fewer"),
        ("few", [], "must have 1 or more entries"),
        ("few", ["a", "b", "c"], "must have 2 entries or fewer"),
        ("few", 3, "must be a list"),
        ("table", "x", "must be a JSON object"),
        ("spelt", "b", "is not written as it has to be"),
        ("ours", "a\n", "must be letters a"),
        ("checked", 3, "must be even"),
        ("nobody", 3, "nobody knows this name"),
    ],
)
def test_each_kind_of_wrong_value_has_a_sentence_of_ours(field: str, value: object, said: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Every.model_validate({field: value})

    assert [say(entry) for entry in refused.value.errors()] == [said]


def test_what_is_missing_is_called_so() -> None:
    with pytest.raises(ValidationError) as refused:
        QueuerInput.model_validate({})

    assert name_wrong_parts(refused.value) == "source_kind_id: missing"


def below(model: type[Any]) -> Iterable[type[Any]]:
    """Every class below *model* that the product defines."""
    for one in model.__subclasses__():
        if one.__module__.partition(".")[0] in ("temporaletl", "queuer", "worker"):
            yield one
        yield from below(one)


def import_all() -> None:
    for package in (temporaletl, queuer, worker):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not module.name.endswith("__main__"):
                importlib.import_module(module.name)


import_all()


@pytest.mark.parametrize("model", [*below(Settings)], ids=lambda model: model.__name__)
def test_no_setting_is_refused_in_a_librarys_words(
    monkeypatch: pytest.MonkeyPatch, model: type[BaseSettings]
) -> None:
    prefix = str(model.model_config.get("env_prefix") or "")
    for name, field in model.model_fields.items():
        variable = str(field.validation_alias or f"{prefix}{name}").upper()
        for value in WRONG:
            monkeypatch.setenv(variable, value)
            for problem in read_settings([model])[1]:
                assert [words for words in PYDANTICS if words in problem] == [], (variable, value)
                assert "quite" not in problem
                assert "IPv" not in problem
        monkeypatch.delenv(variable)


@pytest.mark.parametrize("model", sorted(below(Model), key=str), ids=lambda model: model.__name__)
def test_no_input_is_refused_in_a_librarys_words(model: type[Model]) -> None:
    names = [*model.model_fields]
    wrong = (*WRONG, None, -1, 1.5, [], [1], {"a": 1}, object())
    tries = [dict.fromkeys(names, value) for value in wrong]
    for given in ({}, None, 3, "quite", [], {"quite_nobody": 1}, *tries):
        try:
            model.model_validate(given)
        except ValidationError as error:
            said = name_wrong_parts(error)
            assert [words for words in PYDANTICS if words in said] == [], given


@pytest.mark.parametrize(
    ("model", "given", "said"),
    [
        (
            QueuerInput,
            {"source_kind_id": "Jira Cloud", "date_start": "soon"},
            "this is no QueuerInput: source_kind_id: must be the name of a source such as jira:"
            " small letters, digits, - and _; date_start: must be a day such as 2025-01-31",
        ),
        (QueuerInput, "jira", "this is no QueuerInput: input: must be a JSON object"),
        (
            ETLInput,
            {"job_id": 7, "query_type": "jira", "more": 1},
            "this is no ETLInput: job_id: must be a text; args: missing; more: nobody knows this name",
        ),
    ],
)
def test_a_flow_says_in_plain_words_what_is_wrong_with_its_input(
    model: type[Model], given: object, said: str
) -> None:
    with pytest.raises(InputError) as refused:
        read_input(model, given)

    assert str(refused.value) == said
