"""Read the settings once, and name everything that is missing or wrong at once."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, overload

from pydantic import Field, ValidationError, create_model
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, EnvSettingsSource

from temporaletl.errors import ConfigurationError
from temporaletl.names import TEMPORALS_SECRETS, is_injected, rate_prefix
from temporaletl.quotes import UnquotedEnvironment, unquote
from temporaletl.settings import Settings
from temporaletl.wording import say

SWITCHED_OFF = "switched_off"
"""The type of error of a setting that says that its source is not wanted."""


class RateSettings(Settings):
    """How often a source may be asked: <SOURCE>_REQUESTS_PER_SECOND."""

    requests_per_second: float | None = Field(None, gt=0)


def read_environment() -> dict[str, str]:
    """Every variable of this process by its own name, as it stands there."""
    source = EnvSettingsSource(Settings, case_sensitive=True, env_ignore_empty=False)
    return {name: value for name, value in source.env_vars.items() if value is not None}


def read_temporals_environment() -> dict[str, str]:
    """The environment for temporalio.envconfig, which reads TEMPORAL_* by itself: without stray quotes."""
    return {
        name: unquote(value) if name.startswith("TEMPORAL_") and name not in TEMPORALS_SECRETS else value
        for name, value in read_environment().items()
    }


@dataclass(frozen=True, slots=True)
class Reading:
    """What the environment says of some models.

    Attributes:
        settings: those that are complete and right.
        problems: a sentence for everything that is missing or wrong.
        is_configured: whether somebody set any of it.
        is_switched_off: whether a setting says that the source is not wanted.
    """

    settings: tuple[BaseSettings, ...]
    problems: tuple[str, ...]
    is_configured: bool
    is_switched_off: bool


def read_models(models: Iterable[type[BaseSettings]]) -> Reading:
    """Read each of *models*, then what those need because of what they say."""
    read: list[BaseSettings] = []
    problems: list[str] = []
    is_switched_off = False
    waiting = list[type[BaseSettings]](dict.fromkeys(models))
    for model in waiting:
        try:
            read.append(found := model())
        except ValidationError as error:
            entries = _find_errors(model, error)
            problems.extend(_problem(model, entry) for entry in entries)
            is_switched_off |= any(entry["type"] == SWITCHED_OFF for entry in entries)
        else:
            needs = found.needs if isinstance(found, Settings) else ()
            waiting.extend(further for further in needs if further not in waiting)
    return Reading(tuple(read), tuple(problems), any(map(_is_set, waiting)), is_switched_off)


def read_settings(models: Iterable[type[BaseSettings]]) -> tuple[list[BaseSettings], list[str]]:
    """Each of *models* that is complete, then what those need, and a sentence for every other setting."""
    reading = read_models(models)
    return [*reading.settings], [*reading.problems]


@overload
def require_settings[A: Settings](first: type[A], /, *, problems: Iterable[str] = ()) -> tuple[A]: ...
@overload
def require_settings[A: Settings, B: Settings](
    first: type[A], second: type[B], /, *, problems: Iterable[str] = ()
) -> tuple[A, B]: ...
@overload
def require_settings[A: Settings, B: Settings, C: Settings, D: Settings](
    first: type[A], second: type[B], third: type[C], fourth: type[D], /, *, problems: Iterable[str] = ()
) -> tuple[A, B, C, D]: ...
def require_settings(*models: type[Settings], problems: Iterable[str] = ()) -> tuple[BaseSettings, ...]:
    """Each of *models*, complete.

    Raises ConfigurationError, which names everything that is missing or wrong at once, *problems* too.
    """
    reading = read_models(models)
    if every := (*reading.problems, *problems):
        raise ConfigurationError("set these in the environment or in .env: " + "; ".join(every))
    return reading.settings


def read_rates(sources: Iterable[str]) -> dict[str, float]:
    """The requests per second of each source that has a ``<SOURCE>_REQUESTS_PER_SECOND``.

    Raises ConfigurationError where one is not a number above 0.
    """
    found: dict[str, float] = {}
    for source in sources:
        prefix = rate_prefix(source)
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
    if is_injected(read_environment().get(env, "")):
        service = env.removesuffix("_PORT").lower().replace("_", "-")
        return (
            f"{env} (Kubernetes put the address of its service {service!r} there: set {env} in the pod,"
            " or enableServiceLinks: false)"
        )
    return f"{env} ({say(entry)})"


def _is_set(model: type[BaseSettings]) -> bool:
    return any(not is_injected(str(value)) for value in UnquotedEnvironment(model)().values())
