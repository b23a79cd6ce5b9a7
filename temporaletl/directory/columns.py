"""What do the columns of a directory say? One row of a table or a file becomes a member.

employee_id, emails, launchpad, jira, salesforce (accounts there), accounts (JSON: system to accounts),
active_from, active_to (its last day), timezone, is_test.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from typing import Final

from temporaletl.directory.members import Member, is_employed, read_addresses, spell_account, split_names

SYSTEMS: Final = ("launchpad", "jira", "salesforce")
"""Systems with a column of their own; others are named in the column accounts."""

REQUIRED: Final = ("employee_id", "emails")
COLUMNS: Final = (*REQUIRED, *SYSTEMS, "accounts", "active_from", "active_to", "timezone", "is_test")

_DAY: Final = re.compile(r"(\d{4}-\d{2}-\d{2})([T ].*)?")
_LATER: Final = re.compile(r"\d{5,}-\d{2}-\d{2}([T ].*)?")
"""A day that databases can say and Python cannot: somebody's way to write that there is no end."""

_OPEN: Final = frozenset({"", "infinity", "-infinity"})
_YES: Final = frozenset({"true", "t", "yes", "y", "1"})
_NO: Final = frozenset({"", "false", "f", "no", "n", "0"})


class ColumnError(ValueError):
    """A value that its *column* cannot hold; it is not quoted."""

    def __init__(self, column: str, wanted: str) -> None:
        super().__init__(f"column {column}: {wanted}")


def read_member(row: Mapping[str, object]) -> Member | None:
    """The member that *row* describes; None without an employee id. Raises ColumnError."""
    employee_id = str(row["employee_id"] if row["employee_id"] is not None else "").strip()
    if not employee_id:
        return None
    begin, end = _day(row, "active_from"), _day(row, "active_to")
    return Member(
        employee_id=employee_id,
        addresses=tuple(dict.fromkeys(_names(row["emails"], "emails", read_addresses))),
        accounts=_accounts(row),
        active=is_employed(begin, end),
        active_from=begin,
        active_to=end,
        timezone=str(row.get("timezone") or "").strip() or None,
        is_test=_is_test(row),
    )


def names_accounts(columns: Iterable[str], system: str) -> bool:
    """Whether a directory with these *columns* can name accounts of *system*."""
    return not {system, "accounts"}.isdisjoint(columns)


def read_day(value: object) -> date | None:
    """The day that *value* gives, a date or text that begins with one; None for none or an open end.

    A day after the year 9999 is the last one that Python can say. Raises ValueError, which does not
    quote it.
    """
    if isinstance(value, datetime):
        return value.date()
    if value is None or isinstance(value, date):
        return value
    text = str(value).strip()
    if text.lower() in _OPEN:
        return None
    if _LATER.fullmatch(text):
        return date.max
    found = _DAY.fullmatch(text)
    try:
        return date.fromisoformat(found[1]) if found is not None else date.fromisoformat("")
    except ValueError:
        # Its own message quotes the value.
        raise ValueError("a date is written YYYY-MM-DD") from None


def read_flag(value: object) -> bool:
    """Whether *value* says yes. Raises ValueError, which does not quote it, where it says neither."""
    text = "" if value is None else str(value).strip().lower()
    if text in _YES | _NO:
        return text in _YES
    raise ValueError("true or false is expected")


def _accounts(row: Mapping[str, object]) -> dict[str, tuple[str, ...]]:
    named = {system: row.get(system) for system in SYSTEMS}
    further = _read_json(row.get("accounts"))
    found: dict[str, tuple[str, ...]] = {}
    for system in dict.fromkeys((*named, *further)):
        listed = (*_names(named.get(system), system), *_names(further.get(system), "accounts"))
        if listed:
            found[system] = tuple(dict.fromkeys(spell_account(system, name) for name in listed))
    return found


def _read_json(value: object) -> Mapping[str, object]:
    try:
        held = json.loads(value) if isinstance(value, str) and value.strip() else value
    except json.JSONDecodeError as error:
        raise ColumnError("accounts", 'a JSON object is expected, like {"launchpad": "name"}') from error
    if held is None or held == "":
        return {}
    if not isinstance(held, Mapping):
        raise ColumnError("accounts", 'a JSON object is expected, like {"launchpad": "name"}')
    return {str(system).strip().lower(): accounts for system, accounts in held.items()}


def _names(
    value: object, column: str, split: Callable[[str], tuple[str, ...]] = split_names
) -> tuple[str, ...]:
    """The names of a list: one text, which *split* takes apart, or an array of such texts."""
    match value:
        case None:
            return ()
        case str():
            return split(value)
        case int() if not isinstance(value, bool):
            return (str(value),)
        case list() | tuple() if all(isinstance(name, str | None) for name in value):
            return tuple(part for name in value if name for part in split(name))
    raise ColumnError(column, "text, or an array of texts, is expected")


def _day(row: Mapping[str, object], column: str) -> date | None:
    try:
        return read_day(row.get(column))
    except ValueError as error:
        raise ColumnError(column, str(error)) from error


def _is_test(row: Mapping[str, object]) -> bool:
    try:
        return read_flag(row.get("is_test"))
    except ValueError as error:
        raise ColumnError("is_test", str(error)) from error
