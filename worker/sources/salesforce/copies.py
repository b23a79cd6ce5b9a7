"""Which fields of a case does its creation copy? Those that the operator chose, people by employee id."""

from pydantic import JsonValue

from worker.sources.salesforce.case import Case
from worker.sources.salesforce.people import names_people


def copy_fields(case: Case) -> dict[str, JsonValue]:
    """Today's value of each chosen field under the name that the operator gave it.

    A user or customer becomes an employee id or a pseudonym, as in a change. What is always somebody's
    name or number is null, and so is a field that the case does not have.
    """
    values = {name.casefold(): value for name, value in case.record.items()}
    return {
        name: None if names_people(name) else case.people.hide_person(values.get(name.casefold()))
        for name in case.options.case_fields
    }
