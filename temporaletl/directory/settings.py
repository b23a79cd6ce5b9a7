"""What did the operator say about the directory of people? Which system keeps it, and by what names."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final, Literal, override

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from temporaletl.settings import SalesforceSettings, Settings
from temporaletl.wording import matching

_NAME: Final = r"[A-Za-z][A-Za-z0-9_]*"
_FIELD: Final = rf"{_NAME}(?:\.{_NAME})*"
"""A field, or one that a relationship leads to (``Manager__r.Email``): names are part of the question."""

type FieldName = Annotated[
    str, matching(_FIELD, "must be the API name of a field, such as Unique_Id or Manager__r.Email")
]


class DirectorySettings(Settings):
    """Which system keeps the directory of people."""

    model_config = SettingsConfigDict(env_prefix="DIRECTORY_")

    backend: Literal["salesforce", "sql", "csv"] = "salesforce"

    @property
    @override
    def needs(self) -> tuple[type[BaseSettings], ...]:
        """The settings of that system."""
        if self.backend == "sql":
            return (SqlDirectorySettings,)
        if self.backend == "csv":
            return (CsvDirectorySettings,)
        return (SalesforceSettings, SalesforceDirectorySettings)


class SalesforceDirectorySettings(Settings):
    """What the directory's object and its fields are called in Salesforce; ``none``: there is no such field.

    Someone is active whose status_field holds one of active_statuses; without that field, whoever has no
    active_to_field in the past. changed_field bounds when a leaver without active_to_field can have left.
    """

    model_config = SettingsConfigDict(env_prefix="SF_DIRECTORY_", env_parse_none_str="none")

    object_name: Annotated[str, matching(_NAME, "must be the API name of an object, such as Team_Member")] = (
        Field("Team_Member", validation_alias="SF_DIRECTORY_OBJECT")
    )
    employee_id_field: FieldName = "Unique_Id"
    email_fields: Annotated[tuple[FieldName, ...], NoDecode] = ("Email",)
    account_fields: Annotated[Mapping[str, FieldName], NoDecode] = Field(
        default_factory=lambda: {"launchpad": "Launchpad_ID"}
    )
    status_field: FieldName | None = "Employment_Status"
    active_statuses: Annotated[tuple[str, ...], NoDecode] = ("Active Employee",)
    test_field: FieldName | None = "Is_Test_User__c"
    active_from_field: FieldName | None = None
    active_to_field: FieldName | None = None
    changed_field: FieldName | None = "LastModifiedDate"
    timezone_field: FieldName | None = None

    @field_validator("email_fields", "active_statuses", mode="before")
    @classmethod
    def _read_list(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        return tuple(part.strip() for part in value.split(",") if part.strip())

    @field_validator("account_fields", mode="before")
    @classmethod
    def _read_json(cls, value: object) -> object:
        try:
            read = json.loads(value) if isinstance(value, str) else value
        except json.JSONDecodeError as error:
            raise ValueError('not JSON: write {"launchpad": "Launchpad_ID"}') from error
        if not isinstance(read, Mapping):
            return read
        return {str(system).strip().lower(): field for system, field in read.items()}


class SqlDirectorySettings(Settings):
    """Which PostgreSQL keeps the directory, and the SELECT that lists it. Time-outs in seconds.

    Without a query, all of a table or view ``directory``. timeout_s bounds the whole of one reading.
    """

    model_config = SettingsConfigDict(env_prefix="DIRECTORY_")

    dsn: SecretStr
    query: str | None = None
    connect_timeout_s: float = Field(4, gt=0)
    timeout_s: float = Field(120, gt=0)


class CsvDirectorySettings(Settings):
    """Which file keeps the directory."""

    model_config = SettingsConfigDict(env_prefix="DIRECTORY_")

    csv: Path
