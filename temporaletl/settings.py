"""What did the operator set? One model a system, read once in ``__main__`` from the environment.

Names that existing deployments use (TEMPORAL_HOST, WPE_DB_*, TRINO_*, GCP_*, SF_*) stay as they are.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Final, Literal, Self, override

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from temporaletl.contract import WORKER_QUEUE
from temporaletl.origins import Origin, Origins, read_origin, read_server
from temporaletl.places import is_database, is_host, is_role
from temporaletl.quotes import UnquotedEnvironment
from temporaletl.upstream import MAX_ANSWER_BYTES
from temporaletl.wording import matching


class Settings(BaseSettings):
    """Read from the environment; an empty value counts as not set, quotes around a whole one do not count."""

    model_config = SettingsConfigDict(
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
        populate_by_name=True,
        allow_inf_nan=False,
    )

    @property
    def needs(self) -> tuple[type[BaseSettings], ...]:
        """Further settings that are needed because of what these say."""
        return ()

    @classmethod
    @override
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        prefix = env_settings.env_prefix if isinstance(env_settings, EnvSettingsSource) else None
        return init_settings, UnquotedEnvironment(settings_cls, env_prefix=prefix)


A_SERVER: Final = "must be a host and its port, such as temporal.example:7233, and nothing else"

type Listener = Annotated[
    str,
    matching(
        r"(\[[0-9A-Fa-f:.]+\]|[0-9.]+):[0-9]{1,5}",
        "must be an IP address of this machine and a port, such as 127.0.0.1:9464, and nothing else",
    ),
]


def is_server(text: str) -> bool:
    """Whether *text* is a host, with or without a port, and nothing else."""
    found = re.fullmatch(r"(?:\[[0-9A-Fa-f:.]+\]|[^\s/@:?#%\[\]]+)(?::([0-9]{1,5}))?", text)
    return found is not None and int(found[1] or 0) <= 65535


class TemporalSettings(Settings):
    """Where Temporal is. TLS, API key and profiles: temporalio.envconfig's own TEMPORAL_* names."""

    model_config = SettingsConfigDict(env_prefix="TEMPORAL_")

    host: str = "localhost:7233"
    namespace: str = "default"
    queue: str | None = None
    etl_queue: str = WORKER_QUEUE
    config_file: Path | None = None
    codec_keys: SecretStr | None = None
    metrics_address: Listener | None = None

    @field_validator("host")
    @classmethod
    def _is_a_server(cls, value: str) -> str:
        if not is_server(value):
            raise ValueError(A_SERVER)
        return value


class LogSettings(Settings):
    """How much the process says, and in which form."""

    model_config = SettingsConfigDict(env_prefix="LOG_")

    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    format: Literal["auto", "console", "json"] = "auto"


class SourceSettings(Settings):
    """Which sources are wanted; None: all that are configured."""

    sources: Annotated[tuple[str, ...] | None, NoDecode] = Field(None, alias="SOURCES")

    @field_validator("sources", mode="before")
    @classmethod
    def _read_list(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        return tuple(dict.fromkeys(value.replace(",", " ").lower().split())) or None


class QueuerSettings(Settings):
    """How the queuer cuts a backlog and how much it keeps in flight."""

    job_size: int = Field(200, ge=1, le=10_000, alias="JOB_SIZE")
    max_jobs_per_page: int = Field(200, ge=1, le=500, alias="MAX_JOBS_PER_PAGE")
    max_children: int = Field(50, ge=1, le=1_000, alias="MAX_CONCURRENT_JOBS")
    slots: int = Field(4, ge=1, alias="QUEUER_SLOTS")


class WorkerSettings(Settings):
    """How the worker batches. batch_seconds in seconds, batch_bytes in bytes of raw documents.

    max_document_bytes: how many bytes of JSON one document may have; a larger one is rejected.
    """

    batch_documents: int = Field(500, ge=1, alias="BATCH_DOCUMENTS")
    batch_bytes: int = Field(4_000_000, ge=1, alias="BATCH_BYTES")
    batch_seconds: float = Field(60, gt=0, alias="BATCH_SECONDS")
    max_document_bytes: int = Field(32_000_000, ge=1, alias="MAX_DOCUMENT_BYTES")
    max_concurrent_chunks: int = Field(3, ge=1, le=20, alias="MAX_CONCURRENT_CHUNKS")
    worker_slots: int = Field(4, ge=1, alias="WORKER_SLOTS")
    extract_slots: int = Field(3, ge=1, alias="EXTRACT_SLOTS")
    events_since: date | None = Field(None, alias="EVENTS_SINCE")


class TrinoSettings(Settings):
    """How to reach Trino. Time-outs in seconds.

    TRINO_AUTH chooses how to sign in; without it, whichever secret is set: GCP_PRIVATE_KEY, TRINO_JWT,
    TRINO_PASSWORD, or none. GCP_* are those of a service account's key file. TRINO_HOST may be an address
    with scheme and port, which then count. TRINO_TRUSTED_ORIGINS are further servers that its answers may
    lead to.
    """

    model_config = SettingsConfigDict(env_prefix="TRINO_")

    host: str
    port: int = 443
    http_scheme: Literal["http", "https"] = "https"
    user: str = "temporaletl"
    catalog: str | None = None
    auth: Literal["none", "basic", "jwt", "gcp"] | None = None
    password: SecretStr | None = None
    jwt: SecretStr | None = None
    allow_insecure_auth: bool = False
    trusted_origins: Origins = ()
    connect_timeout_s: float = Field(4, gt=0)
    read_timeout_s: float = Field(60, gt=0)
    query_timeout_s: int = Field(1800, gt=0)
    max_answer_bytes: int = Field(MAX_ANSWER_BYTES, ge=1, validation_alias="MAX_ANSWER_BYTES")
    gcp_account_type: str = Field("service_account", validation_alias="GCP_ACCOUNT_TYPE")
    gcp_project_id: str | None = Field(None, validation_alias="GCP_PROJECT_ID")
    gcp_private_key_id: str | None = Field(None, validation_alias="GCP_PRIVATE_KEY_ID")
    gcp_private_key: SecretStr | None = Field(None, validation_alias="GCP_PRIVATE_KEY")
    gcp_client_id: str | None = Field(None, validation_alias="GCP_CLIENT_ID")
    gcp_client_email: str | None = Field(None, validation_alias="GCP_CLIENT_EMAIL")
    gcp_client_x509_cert_url: str | None = Field(None, validation_alias="GCP_CLIENT_X509_CERT_URL")
    gcp_token_uri: str = Field("https://oauth2.googleapis.com/token", validation_alias="GCP_TOKEN_URI")

    @property
    def sign_in(self) -> Literal["none", "basic", "jwt", "gcp"]:
        """How we sign in: TRINO_AUTH, or what the secrets that are set allow."""
        if self.auth is not None:
            return self.auth
        if self.gcp_private_key is not None:
            return "gcp"
        if self.jwt is not None:
            return "jwt"
        return "none" if self.password is None else "basic"

    @property
    def origin(self) -> Origin:
        """The server that TRINO_HOST, TRINO_PORT and TRINO_HTTP_SCHEME name."""
        return read_server(self.host, self.http_scheme, self.port)

    @field_validator("host")
    @classmethod
    def _is_a_host(cls, value: str) -> str:
        if "@" in value:
            raise ValueError("leave out the user and the password: TRINO_USER and TRINO_PASSWORD have them")
        if value:
            read_server(value, "https", 443)
        return value

    @field_validator("gcp_token_uri")
    @classmethod
    def _is_an_address(cls, value: str) -> str:
        read_origin(value)
        return value

    @model_validator(mode="after")
    def _can_sign_in(self) -> Self:
        needed: dict[str, dict[str, object]] = {
            "none": {},
            "basic": {"TRINO_PASSWORD": self.password},
            "jwt": {"TRINO_JWT": self.jwt},
            "gcp": {"GCP_PRIVATE_KEY": self.gcp_private_key, "GCP_CLIENT_EMAIL": self.gcp_client_email},
        }
        _require(f"TRINO_AUTH={self.sign_in}", needed[self.sign_in])
        if self.sign_in == "none" or self.allow_insecure_auth:
            return self
        if self.host and self.origin.scheme == "http":
            raise ValueError(
                f"TRINO_AUTH={self.sign_in} over TRINO_HTTP_SCHEME=http sends a secret in clear text:"
                " use https, or set TRINO_ALLOW_INSECURE_AUTH=true"
            )
        refuse_plain("TRINO_TRUSTED_ORIGINS", self.trusted_origins)
        return self


class SalesforceSettings(Settings):
    """How to reach Salesforce. Time-outs in seconds.

    SF_AUTH chooses how to sign in; without it, whichever is set: SF_CLIENT_SECRET (OAuth client
    credentials), SF_PRIVATE_KEY (OAuth JWT), SF_USERNAME with SF_PASSWORD and SF_TOKEN (SOAP).
    SF_TRUSTED_ORIGINS are servers besides SF_LOGIN_URL's and Salesforce's own that may get our credentials.
    """

    model_config = SettingsConfigDict(env_prefix="SF_")

    auth: Literal["client_credentials", "jwt", "soap"] | None = None
    login_url: str = "https://login.salesforce.com"
    username: str | None = None
    password: SecretStr | None = None
    token: SecretStr | None = None
    client_id: str | None = None
    client_secret: SecretStr | None = None
    private_key: SecretStr | None = None
    api_version: Annotated[str, matching(r"[0-9]+\.[0-9]", "must be a version such as 62.0")] = "62.0"
    jwt_audience: str | None = None
    trusted_origins: Origins = ()
    connect_timeout_s: float = Field(4, gt=0)
    read_timeout_s: float = Field(60, gt=0)
    max_answer_bytes: int = Field(MAX_ANSWER_BYTES, ge=1, validation_alias="MAX_ANSWER_BYTES")

    @property
    def sign_in(self) -> Literal["client_credentials", "jwt", "soap"]:
        """How we sign in: SF_AUTH, or what the secrets that are set allow."""
        if self.auth is not None:
            return self.auth
        if self.client_secret is not None:
            return "client_credentials"
        if self.private_key is not None:
            return "jwt"
        return "soap" if self.username or self.password else "client_credentials"

    @model_validator(mode="after")
    def _can_sign_in(self) -> Self:
        needed: dict[str, dict[str, object]] = {
            "client_credentials": {"SF_CLIENT_ID": self.client_id, "SF_CLIENT_SECRET": self.client_secret},
            "jwt": {
                "SF_CLIENT_ID": self.client_id,
                "SF_USERNAME": self.username,
                "SF_PRIVATE_KEY": self.private_key,
            },
            "soap": {"SF_USERNAME": self.username, "SF_PASSWORD": self.password},
        }
        _require(f"SF_AUTH={self.sign_in}", needed[self.sign_in])
        if read_origin(self.login_url).scheme == "https":
            refuse_plain("SF_TRUSTED_ORIGINS", self.trusted_origins)
        return self

    @field_validator("login_url")
    @classmethod
    def _is_an_address(cls, value: str) -> str:
        read_origin(value)
        return value


class IdentitySettings(Settings):
    """How people are told apart and, where unknown, named by a pseudonym."""

    anonymisation_key: SecretStr | None = None
    anonymisation_mode: Literal["hmac", "legacy"] = "hmac"
    identity_ttl_s: float = Field(3600, ge=0)
    directory_max_shrink: float = Field(0.2, ge=0, le=1)

    @model_validator(mode="after")
    def _has_key(self) -> Self:
        if self.anonymisation_mode == "hmac":
            _require("ANONYMISATION_MODE=hmac", {"ANONYMISATION_KEY": self.anonymisation_key})
        return self


type SchemaName = Annotated[
    str, matching("[^%]{1,63}", "must be the name of a schema: 1 to 63 characters, and no % among them")
]


class SchemaSettings(Settings):
    """The warehouse's schema alone, for who has to know no more of it."""

    db_schema: SchemaName = Field("public", validation_alias="WPE_DB_SCHEMA")


class WarehouseSettings(Settings):
    """How to reach the warehouse: WPE_DB_DSN, or host, name, user and password. Time-outs in seconds."""

    model_config = SettingsConfigDict(env_prefix="WPE_DB_")

    dsn: SecretStr | None = None
    host: str | None = None
    port: int = Field(5432, ge=1, le=65535)
    name: str | None = None
    user: str | None = None
    password: SecretStr | None = None
    db_schema: SchemaName = Field("public", validation_alias="WPE_DB_SCHEMA")
    connect_timeout_s: float = Field(10, gt=0)
    lock_timeout_s: float = Field(30, gt=0)
    statement_timeout_s: float = Field(600, gt=0)
    idle_in_transaction_timeout_s: float = Field(300, gt=0)
    pool_timeout_s: float = Field(15, gt=0)

    @model_validator(mode="after")
    def _says_where(self) -> Self:
        required = {"WPE_DB_HOST": self.host, "WPE_DB_NAME": self.name, "WPE_DB_USER": self.user}
        missing = [name for name, value in required.items() if not value]
        if self.dsn is None and missing:
            raise ValueError(f"{', '.join(missing)} (missing; or set WPE_DB_DSN)")
        if not is_host(self.host or ""):
            raise ValueError("WPE_DB_HOST (write the host only: user, password and database have their own)")
        if not is_role(self.user or ""):
            raise ValueError("WPE_DB_USER (write the role's name only: WPE_DB_PASSWORD has the password)")
        if not is_database(self.name or ""):
            raise ValueError(
                "WPE_DB_NAME (write the database's name only; WPE_DB_DSN takes the whole string)"
            )
        return self


def refuse_plain(name: str, origins: Iterable[Origin]) -> None:
    """Raise ValueError where a server in the setting *name* would get our secrets in clear text."""
    if any(origin.scheme == "http" for origin in origins):
        raise ValueError(f"{name} (names a server over http, which would get our secrets in clear text)")


def _require(choice: str, secrets: Mapping[str, object]) -> None:
    missing = [name for name, value in secrets.items() if value is None]
    if missing:
        raise ValueError(f"{', '.join(missing)} (missing, {choice} needs it)")
