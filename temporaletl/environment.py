"""What of the settings is there, and what is missing or wrong? Read once, everything named at once."""

from collections.abc import Iterable
from typing import Any, overload

from pydantic import Field, ValidationError, create_model
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings

from temporaletl.errors import ConfigurationError
from temporaletl.settings import Settings
from temporaletl.wording import say


class RateSettings(Settings):
    """How often a source may be asked: <SOURCE>_REQUESTS_PER_SECOND."""

    requests_per_second: float | None = Field(None, gt=0)


def read_settings(models: Iterable[type[BaseSettings]]) -> tuple[list[BaseSettings], list[str]]:
    """Each of *models* that is complete, then what those need, and a sentence for every other setting."""
    read: list[BaseSettings] = []
    problems: list[str] = []
    waiting = list[type[BaseSettings]](dict.fromkeys(models))
    for model in waiting:
        try:
            read.append(found := model())
        except ValidationError as error:
            problems.extend(_problem(model, entry) for entry in _find_errors(model, error))
        else:
            needs = found.needs if isinstance(found, Settings) else ()
            waiting.extend(further for further in needs if further not in waiting)
    return read, problems


@overload
def require_settings[A: Settings](first: type[A], /) -> tuple[A]: ...
@overload
def require_settings[A: Settings, B: Settings](first: type[A], second: type[B], /) -> tuple[A, B]: ...
@overload
def require_settings[A: Settings, B: Settings, C: Settings, D: Settings](
    first: type[A], second: type[B], third: type[C], fourth: type[D], /
) -> tuple[A, B, C, D]: ...
def require_settings(*models: type[Settings]) -> tuple[BaseSettings, ...]:
    """Each of *models*, complete; ConfigurationError names everything missing at once."""
    read, problems = read_settings(models)
    if problems:
        raise ConfigurationError("set these in the environment or in .env: " + "; ".join(problems))
    return tuple(read)


def read_rates(sources: Iterable[str]) -> dict[str, float]:
    """The requests per second of each source that has a ``<SOURCE>_REQUESTS_PER_SECOND``.

    Raises ConfigurationError where one is not a number above 0.
    """
    found: dict[str, float] = {}
    for source in sources:
        prefix = f"{source.replace('-', '_')}_"
        try:
            rate = RateSettings(_env_prefix=prefix).requests_per_second
        except ValidationError as error:
            [entry] = error.errors(include_input=False)
            raise ConfigurationError(f"{prefix.upper()}REQUESTS_PER_SECOND ({say(entry)})") from error
        if rate is not None:
            found[source] = rate
    return found


def _find_errors(model: type[BaseSettings], error: ValidationError) -> list[ErrorDetails]:
    """What *error* says, and what the settings lack together, which pydantic asks only of right values."""
    found = error.errors(include_input=False)
    places = {entry["loc"][0] for entry in found if entry["loc"]}
    fields = model.model_fields.items()
    wrong = {name: field for name, field in fields if places & {name, field.validation_alias}}
    if wrong:
        anything: dict[str, Any] = dict.fromkeys(wrong, (Any, None))
        lenient = create_model(model.__name__, __base__=model, **anything)
        plain: dict[str, Any] = {}
        for name, field in wrong.items():
            plain[name] = "" if field.is_required() else field.get_default()
        try:
            lenient(**plain)
        except ValidationError as together:
            found += (entry for entry in together.errors(include_input=False) if not entry["loc"])
    return found


def _problem(model: type[BaseSettings], entry: ErrorDetails) -> str:
    if not entry["loc"]:
        return say(entry)
    name = str(entry["loc"][0])
    field = model.model_fields.get(name)
    prefix = str(model.model_config.get("env_prefix") or "")
    env = name.upper() if field is None else f"{prefix}{name}".upper()
    if field is not None and isinstance(field.validation_alias, str):
        env = field.validation_alias
    return f"{env} ({say(entry)})"
