"""Does this process read cases? SF_* alone says no: a team may have Salesforce for its directory only."""

from pydantic import Field, field_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, SettingsConfigDict

from temporaletl.environment import SWITCHED_OFF
from temporaletl.settings import SalesforceSettings, Settings


class CasesSettings(Settings):
    """The switch SALESFORCE_CASES. Where it is on, SF_* say how Salesforce is reached."""

    model_config = SettingsConfigDict(env_prefix="SALESFORCE_")

    cases: bool = Field(False)

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
