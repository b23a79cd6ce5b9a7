"""Which issues does one clause of a query mean? Projects, ids and keys, times; values as Jira takes them."""

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from scripts.sandbox.jira.catalogue import Entry, count_ms, cut_ms
from scripts.sandbox.jira.jql.words import JqlError, Word

type Matches = Callable[[Entry], bool]
type Resolve = Callable[[str], Entry | None]

FIELDS = {
    "project": "project",
    "id": "issue", "key": "issue", "issue": "issue", "issuekey": "issue",
    "updated": "updated", "updateddate": "updated",
    "created": "created", "createddate": "created",
}  # fmt: skip

ORDERED: dict[str, Callable[[Entry], int]] = {
    "updated": lambda entry: entry.updated_ms,
    "created": lambda entry: entry.created_ms,
    "issue": lambda entry: entry.id,
}

_COMPARE: dict[str, Callable[[int, int], bool]] = {
    "=": lambda left, right: left == right,
    "!=": lambda left, right: left != right,
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
}
_DATES = ("%Y/%m/%d %H:%M", "%Y-%m-%d %H:%M", "%Y/%m/%d", "%Y-%m-%d")


class Conditions:
    """Makes matchers of clauses; dates are of *zone*, times go by steps of *step_ms*.

    *resolve* finds an issue by id or key, *projects* are the names and keys that are there. ``unknown``
    says which issues were named that are not.
    """

    def __init__(self, zone: ZoneInfo, resolve: Resolve, projects: Iterable[str], step_ms: int = 1) -> None:
        self._zone = zone
        self._step_ms = step_ms
        self._resolve = resolve
        self._projects = frozenset(name.casefold() for name in projects)
        self.unknown: list[str] = []

    def compare(self, name: str, operator: str, value: Word) -> Matches:
        """``name operator value``."""
        field, compares = _field(name), _COMPARE[operator]
        if field == "project":
            if operator not in {"=", "!="}:
                raise JqlError(f"The operator '{operator}' is not supported by the '{name}' field.")
            among = self.among(name, [value])
            return among if operator == "=" else lambda entry: not among(entry)
        if field == "issue":
            other = self._find_issue(name, value)
            return lambda entry: other is not None and compares(entry.id, other.id)
        of, moment = ORDERED[field], cut_ms(self._read_moment(name, value), self._step_ms)
        return lambda entry: compares(of(entry), moment)

    def among(self, name: str, values: Sequence[Word]) -> Matches:
        """``name in (values)``."""
        match _field(name):
            case "project":
                return self._among_projects(name, values)
            case "issue":
                found = (self._find_issue(name, value) for value in values)
                numbers = {entry.number for entry in found if entry is not None}
                return lambda entry: entry.number in numbers
        raise JqlError(f"The operator 'in' is not supported by the '{name}' field.")

    def _among_projects(self, name: str, values: Sequence[Word]) -> Matches:
        unknown = [value.text for value in values if value.text.casefold() not in self._projects]
        if unknown:
            raise JqlError(
                *(f"The value '{text}' does not exist for the field '{name}'." for text in unknown)
            )
        wanted = {value.text.casefold() for value in values}
        return lambda entry: entry.project.casefold() in wanted or entry.project_name.casefold() in wanted

    def _find_issue(self, name: str, value: Word) -> Entry | None:
        is_id = value.kind == "word" and value.text.isascii() and value.text.isdigit()
        # A quoted number is a key to Jira, and no key at all.
        if not is_id and not re.fullmatch(r"[A-Za-z]\w*-\d+", value.text, re.ASCII):
            raise JqlError(f"The issue key '{value.text}' for field '{name}' is invalid.")
        entry = self._resolve(value.text)
        if entry is None and is_id:
            self.unknown.append(f"A value with ID '{value.text}' does not exist for the field '{name}'.")
        elif entry is None:
            self.unknown.append(f"An issue with key '{value.text}' does not exist for field '{name}'.")
        return entry

    def _read_moment(self, name: str, value: Word) -> int:
        if value.kind == "word" and re.fullmatch(r"-?\d{1,15}", value.text, re.ASCII):
            return int(value.text)
        for form in _DATES:
            try:
                return count_ms(datetime.strptime(value.text, form).replace(tzinfo=self._zone))
            except ValueError:
                continue
        raise JqlError(
            f"Date value '{value.text}' for field '{name}' is invalid. Valid formats include: "
            "'yyyy/MM/dd HH:mm', 'yyyy-MM-dd HH:mm', 'yyyy/MM/dd', 'yyyy-MM-dd', or a period format "
            "e.g. '-5d', '4w 2d'."
        )


def _field(name: str) -> str:
    field = FIELDS.get(name.casefold())
    if field is None:
        raise JqlError(f"Field '{name}' does not exist or you do not have permission to view it.")
    return field
