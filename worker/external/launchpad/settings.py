"""How to reach Launchpad: the names of earlier deployments (LP_*), and the server."""

from typing import Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import SettingsConfigDict

from temporaletl.origins import Origins, read_origin
from temporaletl.settings import Settings, refuse_plain
from temporaletl.upstream import MAX_ANSWER_BYTES

PRODUCTION: Final = "https://api.launchpad.net/"
VERSION: Final = "devel"
"""Of the web service: the only one with questions, and with proposals between Git repositories."""

_LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})


class LaunchpadSettings(Settings):
    """How to reach Launchpad. Time-outs in seconds.

    LP_CONSUMER_KEY alone reads anonymously under that application's name; with the access token's key and
    secret it signs in by OAuth. Launchpad's own applications have an empty consumer secret, so that one
    may be absent where the other two are set. LAUNCHPAD_SERVICE_ROOT names another server than
    production's, without its version, LAUNCHPAD_TRUSTED_ORIGINS further servers that its links may lead to.
    """

    model_config = SettingsConfigDict(env_prefix="LAUNCHPAD_")

    consumer_key: str | None = Field(None, validation_alias="LP_CONSUMER_KEY")
    consumer_secret: SecretStr | None = Field(None, validation_alias="LP_CONSUMER_SECRET")
    access_token_key: SecretStr | None = Field(None, validation_alias="LP_ACCESS_TOKEN_KEY")
    access_token_secret: SecretStr | None = Field(None, validation_alias="LP_ACCESS_TOKEN_SECRET")
    service_root: str | None = None
    trusted_origins: Origins = ()
    connect_timeout_s: float = Field(4, gt=0)
    read_timeout_s: float = Field(60, gt=0)
    max_answer_bytes: int = Field(MAX_ANSWER_BYTES, ge=1, validation_alias="MAX_ANSWER_BYTES")

    @property
    def sign_in(self) -> Literal["anonymous", "oauth"]:
        """How we sign in: what is set decides."""
        return "anonymous" if self.access_token_key is None else "oauth"

    @property
    def application(self) -> str:
        """The name that Launchpad knows us by."""
        return self.consumer_key or "temporaletl"

    @property
    def root(self) -> str:
        """The address of the server, without the version and with a slash at its end."""
        return self.service_root or PRODUCTION

    @field_validator("service_root")
    @classmethod
    def _read_root(cls, value: str | None) -> str | None:
        if value is None:
            return None
        root = f"{value.strip().rstrip('/').removesuffix(f'/{VERSION}')}/"
        try:
            read_origin(root)
        except ValueError as error:
            raise ValueError(f"{error}; Launchpad itself is {PRODUCTION}") from None
        return root

    @model_validator(mode="after")
    def _says_where_and_who(self) -> Self:
        secrets = {
            "LP_CONSUMER_SECRET": self.consumer_secret,
            "LP_ACCESS_TOKEN_KEY": self.access_token_key,
            "LP_ACCESS_TOKEN_SECRET": self.access_token_secret,
        }
        if all(value is None for value in secrets.values()):
            if self.consumer_key is None and self.service_root is None:
                raise ValueError(
                    "LP_CONSUMER_KEY (missing: any name for this application, it reads anonymously;"
                    " or set LAUNCHPAD_SERVICE_ROOT)"
                )
            return self
        needed = {"LP_CONSUMER_KEY": self.consumer_key, **secrets}
        del needed["LP_CONSUMER_SECRET"]
        missing = [name for name, value in needed.items() if value is None]
        if missing:
            raise ValueError(f"{', '.join(missing)} (missing, signing in to Launchpad by OAuth needs it)")
        parts = urlsplit(self.root)
        if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
            raise ValueError("LAUNCHPAD_SERVICE_ROOT sends the access token in clear text: use https")
        if parts.scheme == "https":
            refuse_plain("LAUNCHPAD_TRUSTED_ORIGINS", self.trusted_origins)
        return self
