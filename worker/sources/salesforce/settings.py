"""What did the operator say about cases? Whether they are read, and what an event of them tells."""

import re
from functools import cached_property
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, field_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from temporaletl.environment import SWITCHED_OFF
from temporaletl.settings import SalesforceSettings, Settings

_FIELD_NAME: Final = re.compile(r"[A-Za-z]\w*\Z")


class CaseOptions(BaseModel):
    """How cases are told.

    *system_accounts*: users, by id or address, who are no people. *case_fields*: further fields of Case,
    copied to case_created. *base_url*: where people open a case.
    """

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    system_accounts: Annotated[tuple[str, ...], NoDecode] = ()
    case_fields: Annotated[tuple[str, ...], NoDecode] = ()
    base_url: str | None = None

    @field_validator("base_url")
    @classmethod
    def _names_nobody(cls, value: str | None) -> str | None:
        # It stands in every row's url.
        if value is not None and "@" in value:
            raise ValueError("leave out the user and the password before the @")
        return value

    @field_validator("system_accounts", "case_fields", mode="before")
    @classmethod
    def _read_list(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("case_fields")
    @classmethod
    def _are_names(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not all(_FIELD_NAME.match(name) for name in value):
            raise ValueError("give the API names of fields of Case, such as Product__c, separated by commas")
        return value

    @cached_property
    def outsiders(self) -> frozenset[str]:
        """The system accounts: ids as they are, addresses case-folded."""
        return frozenset(
            account.casefold() if "@" in account else account[:15] for account in self.system_accounts
        )


class CasesSettings(Settings, CaseOptions):
    """The switch SALESFORCE_CASES, and the options as SALESFORCE_SYSTEM_ACCOUNTS and the like spell them.

    Lists are comma-separated. Where the switch is on, SF_* say how Salesforce is reached.
    """

    model_config = SettingsConfigDict(env_prefix="SALESFORCE_", extra="ignore", frozen=True)

    cases: bool = False

    @field_validator("cases")
    @classmethod
    def _is_on(cls, value: bool) -> bool:
        if not value:
            raise PydanticCustomError(
                SWITCHED_OFF, "set it to true to read cases; SF_* alone serves the directory"
            )
        return value

    @property
    def needs(self) -> tuple[type[BaseSettings], ...]:
        """What reaches Salesforce."""
        return (SalesforceSettings,)
