"""What did the operator set? One model a system, read once in ``__main__`` from the environment.

Names that existing deployments use (TEMPORAL_HOST, WPE_DB_*, TRINO_*, GCP_*, SF_*) stay as they are.
"""

from collections.abc import Iterable
from typing import Literal

from pydantic import AliasChoices, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from temporaletl.errors import ConfigurationError


class Settings(BaseSettings):
    """Read from the environment and .env; an empty value counts as not set."""

    model_config = SettingsConfigDict(
        env_file=".env",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
        populate_by_name=True,
    )


class TrinoSettings(Settings):
    """How to reach Trino. Time-outs in seconds."""

    model_config = SettingsConfigDict(env_prefix="TRINO_")

    host: str
    port: int = 443
    http_scheme: Literal["http", "https"] = "https"
    user: str = "temporaletl"
    catalog: str | None = None
    auth: Literal["none", "basic", "jwt", "gcp"] = Field("gcp")
    password: SecretStr | None = None
    jwt: SecretStr | None = None
    allow_insecure_auth: bool = False
    connect_timeout_s: float = 10
    read_timeout_s: float = 60


def read_settings[S: BaseSettings](models: Iterable[type[S]]) -> tuple[list[S], list[str]]:
    """Each of *models* that is complete, and a sentence for every setting that is missing or wrong."""
    read: list[S] = []
    problems: list[str] = []
    for model in models:
        try:
            read.append(model())
        except ValidationError as error:
            problems.extend(_problem(model, dict(entry)) for entry in error.errors(include_input=False))
    return read, problems


def require_settings[S: BaseSettings](*models: type[S]) -> list[S]:
    """Each of *models*, complete; ConfigurationError names everything missing at once."""
    read, problems = read_settings(models)
    if problems:
        raise ConfigurationError("set these in the environment or in .env: " + "; ".join(problems))
    return read


def _problem(model: type[BaseSettings], entry: dict[str, object]) -> str:
    location = entry["loc"]
    name = str(location[0]) if isinstance(location, tuple) and location else ""
    field = model.model_fields.get(name)
    prefix = str(model.model_config.get("env_prefix") or "")
    env = name.upper() if field is None else f"{prefix}{name}".upper()
    alias = field.validation_alias if field is not None else None
    if isinstance(alias, AliasChoices):
        env = str(alias.choices[0])
    elif isinstance(alias, str):
        env = alias
    if not name:
        return str(entry["msg"]).removeprefix("Value error, ")
    return f"{env} (missing)" if entry["type"] == "missing" else f"{env} ({entry['msg']})"
