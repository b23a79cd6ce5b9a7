"""What did the operator set? One model a system, read once in ``__main__`` from the environment.

Names that existing deployments use (TEMPORAL_HOST, WPE_DB_*, TRINO_*, GCP_*, SF_*) stay as they are.
"""

from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Literal

from pydantic import AliasChoices, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from temporaletl.contract import WORKER_QUEUE
from temporaletl.errors import ConfigurationError


class Settings(BaseSettings):
    """Read from the environment; an empty value counts as not set."""

    model_config = SettingsConfigDict(
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
        populate_by_name=True,
    )


class TemporalSettings(Settings):
    """Where Temporal is. TLS, API key and profiles: temporalio.envconfig's own TEMPORAL_* names."""

    model_config = SettingsConfigDict(env_prefix="TEMPORAL_")

    host: str = "localhost:7233"
    namespace: str = "default"
    queue: str | None = None
    etl_queue: str = WORKER_QUEUE
    config_file: Path | None = None
    codec_keys: SecretStr | None = None
    metrics_address: str | None = None


class LogSettings(Settings):
    """How much the process says, and in which form."""

    model_config = SettingsConfigDict(env_prefix="LOG_")

    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    format: Literal["auto", "console", "json"] = "auto"


class QueuerSettings(Settings):
    """How the queuer cuts a backlog and how much it keeps in flight."""

    job_size: int = Field(200, ge=1, le=10_000, alias="JOB_SIZE")
    max_jobs_per_page: int = Field(200, ge=1, le=500, alias="MAX_JOBS_PER_PAGE")
    max_children: int = Field(50, ge=1, le=1_000, alias="MAX_CONCURRENT_JOBS")


class WorkerSettings(Settings):
    """How the worker batches. batch_seconds in seconds, batch_bytes in bytes of raw documents."""

    batch_documents: int = Field(500, ge=1, alias="BATCH_DOCUMENTS")
    batch_bytes: int = Field(16_000_000, ge=1, alias="BATCH_BYTES")
    batch_seconds: float = Field(60, gt=0, alias="BATCH_SECONDS")
    max_concurrent_chunks: int = Field(3, ge=1, le=20, alias="MAX_CONCURRENT_CHUNKS")
    worker_slots: int = Field(8, ge=1, alias="WORKER_SLOTS")
    extract_slots: int = Field(4, ge=1, alias="EXTRACT_SLOTS")
    events_since: date | None = Field(None, alias="EVENTS_SINCE")


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
