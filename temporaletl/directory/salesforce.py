"""Who does Salesforce say works here? The directory as records of one object.

Pages are cut by Id. Salesforce compares and sorts text without case and by rules of its own, and an account
or an employee id may stand in two records: a page cut by these could skip or repeat people. An Id is
unique, never changes, and is what Salesforce itself cuts large answers by.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Final, override

from temporaletl.directory.columns import read_day, read_flag
from temporaletl.directory.members import (
    Directory,
    HolderPage,
    Member,
    is_asked_for,
    is_employed,
    read_addresses,
    spell_account,
    split_names,
)
from temporaletl.directory.settings import SalesforceDirectorySettings
from temporaletl.errors import ConfigurationError, QueryError
from temporaletl.salesforce import Record, Salesforce, Value, fill_question
from temporaletl.statements import read_statement

_SIGNIFICANT: Final = 15
"""Characters of an Id that tell it apart; the last three only repeat their case."""


class SalesforceDirectory(Directory):
    """The directory in Salesforce, by the names that *names* gives its object and fields."""

    def __init__(self, salesforce: Salesforce, names: SalesforceDirectorySettings) -> None:
        self._salesforce = salesforce
        self._names = names
        fields = (
            *("Id", names.employee_id_field, *names.email_fields, *names.account_fields.values()),
            *(names.status_field, names.test_field, names.active_from_field, names.active_to_field),
            *(names.changed_field, names.timezone_field),
        )
        self._active_statuses = {status.casefold() for status in names.active_statuses}
        # Salesforce refuses a field that is asked for twice, however it is spelt.
        self._fields = ", ".join({name.casefold(): name for name in fields if name}.values())

    @override
    def read_members(self) -> Iterator[Member]:
        """Everyone with an employee id, page by page."""
        for record in self._ask("members"):
            member = self._read(record)
            if member is not None:
                yield member

    @override
    def read_account_holders(
        self, system: str, after: str | None, limit: int, left_since: date
    ) -> HolderPage:
        """As Directory says: *limit* records in the order of their Ids, without those not asked for."""
        account = self._names.account_fields.get(system)
        if account is None:
            raise ConfigurationError(
                f"the directory in Salesforce has no accounts of {system}: name their field in"
                " SF_DIRECTORY_ACCOUNT_FIELDS"
            )
        if after is None:
            records = list(self._ask("first_account_holders", account=account, limit=limit))
        else:
            records = list(self._ask("next_account_holders", account=account, limit=limit, after=after))
        ids = [str(record["Id"]) for record in records]
        if after is not None and after[:_SIGNIFICANT] in {found[:_SIGNIFICANT] for found in ids}:
            raise QueryError(
                f"Salesforce did not go on after a record of {self._names.object_name}: check that"
                " SF_DIRECTORY_OBJECT is an object whose records have Ids of their own"
            )
        members = (self._read(record) for record in records)
        holders = (member for member in members if member and is_asked_for(member, system, left_since))
        return HolderPage(tuple(holders), ids[-1] if len(ids) == limit else None)

    def _ask(self, name: str, **values: Value) -> Iterator[Record]:
        names = self._names
        question = fill_question(
            read_statement(__package__, f"sql/{name}.soql"),
            fields=self._fields,
            object=names.object_name,
            employee_id=names.employee_id_field,
            **values,
        )
        return self._salesforce.ask(question)

    def _read(self, record: Record) -> Member | None:
        names = self._names
        employee_id = _text(record, names.employee_id_field)
        if not employee_id:
            return None
        hired_at, left_at = _day(record, names.active_from_field), _day(record, names.active_to_field)
        if names.status_field is None:
            active = is_employed(hired_at, left_at)
        else:
            active = _text(record, names.status_field).casefold() in self._active_statuses
        if not active and left_at is None:
            # Whoever left cannot have left after the record was last changed.
            left_at = _day(record, names.changed_field)
        addresses = (
            address for field in names.email_fields for address in read_addresses(_text(record, field))
        )
        accounts = {
            system: tuple(spell_account(system, part) for part in split_names(_text(record, field)))
            for system, field in names.account_fields.items()
        }
        return Member(
            employee_id=employee_id,
            addresses=tuple(dict.fromkeys(addresses)),
            accounts={system: listed for system, listed in accounts.items() if listed},
            active=active,
            active_from=hired_at,
            active_to=left_at,
            timezone=_text(record, names.timezone_field) or None,
            is_test=_flag(record, names.test_field),
        )


def _value(record: Record, field: str | None) -> object:
    """What *record* holds in *field*, whose case does not matter; its parents are records in it."""
    found: object = record if field else None
    for name in (field or "").casefold().split("."):
        fields = found.items() if isinstance(found, Mapping) else ()
        found = next((value for key, value in fields if key.casefold() == name), None)
    return found


def _text(record: Record, field: str | None) -> str:
    value = _value(record, field)
    return "" if value is None else str(value).strip()


def _day(record: Record, field: str | None) -> date | None:
    try:
        return read_day(_value(record, field))
    except ValueError as error:
        raise ConfigurationError(
            f"the field {field} of the directory in Salesforce holds something that is no date:"
            " check SF_DIRECTORY_*"
        ) from error


def _flag(record: Record, field: str | None) -> bool:
    try:
        return read_flag(_value(record, field))
    except ValueError as error:
        raise ConfigurationError(
            f"the field {field} of the directory in Salesforce holds neither true nor false: check"
            " SF_DIRECTORY_TEST_FIELD"
        ) from error
