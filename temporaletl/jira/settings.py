"""How to reach Jira: through which backend, at which address, as whom."""

import re
from typing import Annotated, Literal, Self, override

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from temporaletl.origins import Origins, read_origin
from temporaletl.settings import Settings, TrinoSettings, refuse_plain
from temporaletl.upstream import MAX_ANSWER_BYTES
from temporaletl.wording import matching

type Address = Annotated[
    str, matching(r"https?://[^/\s].*", "must be an address such as https://example.atlassian.net")
]
type CloudId = Annotated[
    str, matching(r"[0-9A-Za-z-]+", "must be letters, digits and -, as the site's tenant_info has it")
]


class JiraBackendSettings(Settings):
    """Where Jira's issues are read: in the lake (trino), or from Jira itself (rest)."""

    model_config = SettingsConfigDict(env_prefix="JIRA_")

    backend: Literal["trino", "rest"] = "trino"

    @property
    @override
    def needs(self) -> tuple[type[BaseSettings], ...]:
        return (TrinoSettings,) if self.backend == "trino" else (JiraRestSettings,)


class JiraRestSettings(Settings):
    """How to reach Jira's REST interface. Time-outs in seconds.

    JIRA_AUTH chooses how to sign in; without it basic where JIRA_USER is set, else bearer. With
    JIRA_CLOUD_ID requests go to JIRA_GATEWAY_URL, which is where scoped tokens are taken.
    JIRA_TRUSTED_ORIGINS are further servers that Jira may send our requests on to.
    """

    model_config = SettingsConfigDict(env_prefix="JIRA_")

    url: Address
    auth: Literal["basic", "bearer"] | None = None
    user: str | None = None
    token: SecretStr
    cloud_id: CloudId | None = None
    gateway_url: Address = "https://api.atlassian.com"
    api_version: Literal["2", "3"] | None = None
    jql: str | None = None
    allow_insecure_auth: bool = False
    trusted_origins: Origins = ()
    connect_timeout_s: float = Field(4, gt=0)
    read_timeout_s: float = Field(60, gt=0)
    max_answer_bytes: int = Field(MAX_ANSWER_BYTES, ge=1, validation_alias="MAX_ANSWER_BYTES")

    @field_validator("url", "gateway_url")
    @classmethod
    def _without_slash(cls, value: str) -> str:
        read_origin(value)
        return value.rstrip("/")

    @field_validator("jql")
    @classmethod
    def _restricts_only(cls, value: str | None) -> str | None:
        # Quoted values may hold the words; the order is ours, because runs are resumed by it.
        if value is not None and re.search(r"\border\s+by\b", re.sub(r"'[^']*'|\"[^\"]*\"", "", value), re.I):
            raise ValueError("leave out ORDER BY: issues are read in the order of their last change")
        return value

    @property
    def sign_in(self) -> Literal["basic", "bearer"]:
        """How we sign in: JIRA_AUTH, or what the settings allow."""
        return self.auth or ("bearer" if self.user is None else "basic")

    @property
    def address(self) -> str:
        """Where requests go: the site, or the gateway for scoped tokens."""
        return self.url if self.cloud_id is None else f"{self.gateway_url}/ex/jira/{self.cloud_id}"

    @model_validator(mode="after")
    def _can_sign_in(self) -> Self:
        if self.sign_in == "basic" and self.user is None:
            raise ValueError("JIRA_USER (missing, JIRA_AUTH=basic needs it)")
        if self.address.startswith("http:") and not self.allow_insecure_auth:
            name = "JIRA_URL" if self.cloud_id is None else "JIRA_GATEWAY_URL"
            raise ValueError(
                f"{name} over http sends JIRA_TOKEN in clear text: use https, or set"
                " JIRA_ALLOW_INSECURE_AUTH=true"
            )
        if not self.allow_insecure_auth:
            refuse_plain("JIRA_TRUSTED_ORIGINS", self.trusted_origins)
        return self
