"""Which issues does a JQL text ask for, in which order? The part of the language that clients page with."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Never
from zoneinfo import ZoneInfo

from scripts.sandbox.jira.catalogue import Entry, count_ms

type Matches = Callable[[Entry], bool]
type Resolve = Callable[[str], Entry | None]

MOST_ORDERS = 7

_TOKEN = re.compile(
    r"""\s*(?:(?P<quoted>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(?P<sign><=|>=|!=|=|<|>|\(|\)|,)"""
    r"""|(?P<word>[^\s()<>=!,"']+))"""
)
_DATES = ("%Y/%m/%d %H:%M", "%Y-%m-%d %H:%M", "%Y/%m/%d", "%Y-%m-%d")
_FIELDS = {
    "project": "project",
    "id": "issue", "key": "issue", "issue": "issue", "issuekey": "issue",
    "updated": "updated", "updateddate": "updated",
    "created": "created", "createddate": "created",
}  # fmt: skip
_KEYS: dict[str, Callable[[Entry], int]] = {
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


class JqlError(Exception):
    """The query is refused; each of *messages* is one of Jira's own."""

    def __init__(self, *messages: str) -> None:
        super().__init__("; ".join(messages))
        self.messages = messages


@dataclass(frozen=True, slots=True)
class Question:
    """What a query asks for. *matches* is None where it asks for everything; *orders* are (key, descending).

    *unknown* says which issues it names that are not there, in Jira's words.
    """

    matches: Matches | None
    orders: Sequence[tuple[Callable[[Entry], int], bool]]
    unknown: Sequence[str]

    def place(self, entry: Entry) -> tuple[int, ...]:
        """Where an issue comes in the asked order; the id decides last, newest first where none is asked."""
        places = [-key(entry) if descending else key(entry) for key, descending in self.orders]
        return (*places, entry.id if self.orders else -entry.id)


def parse_jql(text: str, zone: ZoneInfo, resolve: Resolve, projects: Iterable[str]) -> Question:
    """What *text* asks for; dates without an offset are of *zone*. Raises JqlError.

    *resolve* finds an issue by id or key; *projects* are the keys and names that are there.
    """
    return _Parser(text, zone, resolve, frozenset(name.casefold() for name in projects)).parse()


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    kind: str
    at: int

    def is_word(self, word: str) -> bool:
        return self.kind == "word" and self.text.casefold() == word


class _Parser:
    def __init__(self, text: str, zone: ZoneInfo, resolve: Resolve, projects: frozenset[str]) -> None:
        self._tokens = list(_split(text))
        self._at = 0
        self._zone = zone
        self._resolve = resolve
        self._projects = projects
        self._unknown: list[str] = []

    def parse(self) -> Question:
        matches = None
        if not (self._peek("") or self._peek("order")):
            matches = self._either()
        orders = self._orders() if self._take_word("order") else []
        if not self._peek(""):
            self._refuse("Expecting either 'OR' or 'AND'")
        return Question(matches, orders, tuple(self._unknown))

    def _either(self) -> Matches:
        parts = [self._all()]
        while self._take_word("or"):
            parts.append(self._all())
        return parts[0] if len(parts) == 1 else lambda entry: any(part(entry) for part in parts)

    def _all(self) -> Matches:
        parts = [self._one()]
        while self._take_word("and"):
            parts.append(self._one())
        return parts[0] if len(parts) == 1 else lambda entry: all(part(entry) for part in parts)

    def _one(self) -> Matches:
        if self._take_word("not"):
            negated = self._one()
            return lambda entry: not negated(entry)
        if self._take_sign("("):
            inner = self._either()
            self._expect(")")
            return inner
        return self._clause()

    def _clause(self) -> Matches:
        name = self._next("Expecting a field name")
        field = _FIELDS.get(name.text.casefold())
        if field is None:
            raise JqlError(f"Field '{name.text}' does not exist or you do not have permission to view it.")
        negated = self._take_word("not")
        if negated or self._peek("in"):
            if not self._take_word("in"):
                self._refuse("Expecting 'in'")
            values = self._list()
            if field not in {"project", "issue"}:
                raise JqlError(f"The operator 'in' is not supported by the '{name.text}' field.")
            found = self._membership(field, name.text, values)
            return (lambda entry: not found(entry)) if negated else found
        sign = self._next("Expecting an operator")
        if sign.kind != "sign" or sign.text not in _COMPARE:
            self._refuse("Expecting an operator", sign)
        value = self._next("Expecting a value")
        return self._comparison(field, name.text, sign.text, value)

    def _comparison(self, field: str, name: str, sign: str, value: _Token) -> Matches:
        compare = _COMPARE[sign]
        if field == "project":
            if sign not in {"=", "!="}:
                raise JqlError(f"The operator '{sign}' is not supported by the '{name}' field.")
            found = self._membership(field, name, [value])
            return found if sign == "=" else lambda entry: not found(entry)
        if field == "issue":
            entry_of = self._issue(name, value)
            limit = -1 if entry_of is None else entry_of.id
            return lambda entry: limit >= 0 and compare(entry.id, limit)
        key, moment = _KEYS[field], self._moment(name, value)
        return lambda entry: compare(key(entry), moment)

    def _membership(self, field: str, name: str, values: Sequence[_Token]) -> Matches:
        if field == "project":
            wanted = {value.text.casefold() for value in values}
            unknown = [value.text for value in values if value.text.casefold() not in self._projects]
            if unknown:
                raise JqlError(
                    *(f"The value '{value}' does not exist for the field '{name}'." for value in unknown)
                )
            return lambda entry: (
                not wanted.isdisjoint({entry.project.casefold(), entry.project_name.casefold()})
            )
        numbers = {found.number for found in (self._issue(name, value) for value in values) if found}
        return lambda entry: entry.number in numbers

    def _issue(self, name: str, value: _Token) -> Entry | None:
        entry = self._resolve(value.text)
        if entry is None and value.text.isdigit():
            self._unknown.append(f"A value with ID '{value.text}' does not exist for the field '{name}'.")
        elif entry is None and re.fullmatch(r"[A-Za-z]\w*-\d+", value.text):
            self._unknown.append(f"An issue with key '{value.text}' does not exist for field '{name}'.")
        elif entry is None:
            raise JqlError(f"The issue key '{value.text}' for field '{name}' is invalid.")
        return entry

    def _moment(self, name: str, value: _Token) -> int:
        if value.kind == "word" and re.fullmatch(r"-?\d{1,15}", value.text):
            return int(value.text)
        for form in _DATES:
            try:
                local = datetime.strptime(value.text, form).replace(tzinfo=self._zone)
            except ValueError:
                continue
            return count_ms(local)
        raise JqlError(
            f"Date value '{value.text}' for field '{name}' is invalid. Valid formats include: "
            "'yyyy/MM/dd HH:mm', 'yyyy-MM-dd HH:mm', 'yyyy/MM/dd', 'yyyy-MM-dd', or a period format "
            "e.g. '-5d', '4w 2d'."
        )

    def _list(self) -> list[_Token]:
        self._expect("(")
        values = [self._next("Expecting a value")]
        while self._take_sign(","):
            values.append(self._next("Expecting a value"))
        self._expect(")")
        return values

    def _orders(self) -> list[tuple[Callable[[Entry], int], bool]]:
        if not self._take_word("by"):
            self._refuse("Expecting 'by'")
        orders = []
        while True:
            name = self._next("Expecting a field name")
            key = _KEYS.get(_FIELDS.get(name.text.casefold(), ""))
            if key is None:
                raise JqlError(f"Not able to sort using field '{name.text}'.")
            # Without a direction Jira takes the newest first for dates and the lowest key first.
            descending = key is not _KEYS["issue"]
            if self._take_word("desc"):
                descending = True
            elif self._take_word("asc"):
                descending = False
            orders.append((key, descending))
            if not self._take_sign(","):
                break
        if len(orders) > MOST_ORDERS:
            raise JqlError(f"The query can be ordered by at most {MOST_ORDERS} fields.")
        return orders

    def _peek(self, word: str) -> bool:
        if self._at >= len(self._tokens):
            return not word
        return bool(word) and self._tokens[self._at].is_word(word)

    def _take_word(self, word: str) -> bool:
        found = self._peek(word)
        self._at += found
        return found

    def _take_sign(self, sign: str) -> bool:
        found = self._at < len(self._tokens) and self._tokens[self._at].text == sign
        found = found and self._tokens[self._at].kind == "sign"
        self._at += found
        return found

    def _expect(self, sign: str) -> None:
        if not self._take_sign(sign):
            self._refuse(f"Expecting '{sign}'")

    def _next(self, otherwise: str) -> _Token:
        if self._at >= len(self._tokens):
            self._refuse(otherwise)
        token = self._tokens[self._at]
        if token.kind == "sign" and token.text in {"(", ")", ","}:
            self._refuse(otherwise)
        self._at += 1
        return token

    def _refuse(self, expected: str, token: _Token | None = None) -> Never:
        if token is None and self._at < len(self._tokens):
            token = self._tokens[self._at]
        if token is None:
            raise JqlError(f"Error in the JQL Query: {expected} before the end of the query.")
        raise JqlError(
            f"Error in the JQL Query: {expected} but got '{token.text}'. (line 1, character {token.at + 1})"
        )


def _split(text: str) -> Iterator[_Token]:
    at, end = 0, len(text.rstrip())
    while at < end:
        found = _TOKEN.match(text, at)
        if found is None:
            raise JqlError(f"Error in the JQL Query: The character at position {at + 1} cannot be read.")
        kind = found.lastgroup or ""
        token = found[kind]
        if kind == "quoted":
            token = re.sub(r"\\(.)", r"\1", token[1:-1])
        yield _Token(token, kind, found.start(kind))
        at = found.end()
