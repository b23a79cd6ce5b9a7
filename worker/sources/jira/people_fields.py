"""Find the fields of an issue whose changes are told by people, not by their values' texts."""

from collections.abc import Iterable
from dataclasses import dataclass

from pydantic import JsonValue

from worker.sources.jira.histories import History
from worker.sources.jira.issue import Issue
from worker.sources.jira.people import is_user
from worker.sources.jira.values import JsonObject, text_of


@dataclass(frozen=True, slots=True)
class PeopleFields:
    """The fields of one issue that hold people, case-folded.

    Attributes:
        ids: ids of fields.
        names: names of the same fields, for changes that give no id.
        names_without_id: names of fields that a change without an id shows to hold people.
    """

    ids: frozenset[str]
    names: frozenset[str]
    names_without_id: frozenset[str]

    def holds(self, item: JsonObject) -> bool:
        """Whether the values of a change are people."""
        field_id, name = _field_of(item)
        if field_id is None:
            return name in self.names or name in self.names_without_id
        return field_id in self.ids or name in self.names_without_id


def find_people_fields(issue: Issue, histories: Iterable[History]) -> PeopleFields:
    """Return the fields that hold people in this issue, today or in any change.

    One value that is an account makes all values of the field people: another one may be spelled in a
    way that no account has, such as "unknown" for a deleted one, and its text is somebody's name.
    """
    changes = [(_field_of(item.raw), item.raw) for history in histories for item in history.items]
    telling = [field for field, raw in changes if _tells_people(issue, raw)]
    today = {field.casefold() for field, value in issue.fields.items() if _has_user(value)}
    ids = today | {field_id for field_id, _ in telling if field_id is not None}
    return PeopleFields(
        frozenset(ids),
        frozenset(name for (field_id, name), _ in changes if field_id in ids),
        frozenset(name for field_id, name in telling if field_id is None),
    )


def accounts_of(value: JsonValue) -> list[str]:
    """The account ids that a value spells: one, or several as ``[a, b]`` or ``a, b``."""
    if not isinstance(value, str):
        return []
    return [account.strip() for account in value.strip().strip("[]").split(",") if account.strip()]


def _has_user(value: JsonValue) -> bool:
    entries = value if isinstance(value, list) else [value]
    return any(isinstance(entry, dict) and is_user(entry) for entry in entries)


def _tells_people(issue: Issue, item: JsonObject) -> bool:
    """Whether one change alone shows that its values are people: by its field's name, or by its values."""
    if "tmpFromAccountId" in item or "tmpToAccountId" in item:
        return True
    known = issue.options.person_fields
    for name in (item.get("field"), item.get("fieldId")):
        if isinstance(name, str) and name.casefold() in known:
            return True
    accounts = (account for side in ("from", "to") for account in accounts_of(item.get(side)))
    return any(issue.people.is_account(account) for account in accounts)


def _field_of(item: JsonObject) -> tuple[str | None, str]:
    """Return the case-folded id, None where a change gives none, and name of a field."""
    field_id, name = text_of(item.get("fieldId")), text_of(item.get("field"))
    return field_id.casefold() if field_id else None, (name or "").casefold()
