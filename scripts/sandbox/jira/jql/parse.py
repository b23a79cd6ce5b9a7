"""Which issues does a query ask for, in which order? Clauses with AND, OR, NOT and brackets, ORDER BY."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from scripts.sandbox.jira.catalogue import Entry
from scripts.sandbox.jira.jql.conditions import FIELDS, ORDERED, Conditions, Matches, Resolve
from scripts.sandbox.jira.jql.words import JqlError, Words

type Order = tuple[Callable[[Entry], int], bool]

MOST_ORDERS = 7


@dataclass(frozen=True, slots=True)
class Question:
    """What a query asks for. *matches* is None where it asks for everything; *orders* are (key, descending).

    *unknown* says which issues it names that are not there, in Jira's words.
    """

    matches: Matches | None
    orders: Sequence[Order]
    unknown: Sequence[str]

    def place(self, entry: Entry) -> tuple[int, ...]:
        """Where an issue comes in the asked order; the id decides last, newest first where none is asked."""
        places = [-key(entry) if descending else key(entry) for key, descending in self.orders]
        return (*places, entry.id if self.orders else -entry.id)


def parse_jql(
    text: str, zone: ZoneInfo, resolve: Resolve, projects: Iterable[str], step_ms: int = 1
) -> Question:
    """What *text* asks for; dates are of *zone*. Raises JqlError for what Jira, or this part of it, refuses.

    *resolve* finds an issue by id or key; *projects* are the keys and names that are there. Times are
    compared in steps of *step_ms*.
    """
    words, conditions = Words(text), Conditions(zone, resolve, projects, step_ms)
    matches = None if words.is_over or words.comes("order") else _read_any(words, conditions)
    orders = _read_orders(words) if words.take("order") else ()
    if not words.is_over:
        words.refuse("Expecting either 'OR' or 'AND'")
    return Question(matches, orders, tuple(conditions.unknown))


def _read_any(words: Words, conditions: Conditions) -> Matches:
    parts = [_read_all(words, conditions)]
    while words.take("or"):
        parts.append(_read_all(words, conditions))
    return parts[0] if len(parts) == 1 else lambda entry: any(part(entry) for part in parts)


def _read_all(words: Words, conditions: Conditions) -> Matches:
    parts = [_read_one(words, conditions)]
    while words.take("and"):
        parts.append(_read_one(words, conditions))
    return parts[0] if len(parts) == 1 else lambda entry: all(part(entry) for part in parts)


def _read_one(words: Words, conditions: Conditions) -> Matches:
    if words.take("not"):
        negated = _read_one(words, conditions)
        return lambda entry: not negated(entry)
    if words.take_sign("("):
        inner = _read_any(words, conditions)
        words.expect_sign(")")
        return inner
    return _read_clause(words, conditions)


def _read_clause(words: Words, conditions: Conditions) -> Matches:
    name = words.read_value("Expecting a field name").text
    if name.casefold() not in FIELDS:
        raise JqlError(f"Field '{name}' does not exist or you do not have permission to view it.")
    if words.take("not"):
        if not words.take("in"):
            words.refuse("Expecting 'in'")
        unwanted = _read_list(words, conditions, name)
        return lambda entry: not unwanted(entry)
    if words.take("in"):
        return _read_list(words, conditions, name)
    operator = words.read_operator()
    return conditions.compare(name, operator, words.read_value("Expecting a value"))


def _read_list(words: Words, conditions: Conditions, name: str) -> Matches:
    words.expect_sign("(")
    values = [words.read_value("Expecting a value")]
    while words.take_sign(","):
        values.append(words.read_value("Expecting a value"))
    words.expect_sign(")")
    return conditions.among(name, values)


def _read_orders(words: Words) -> list[Order]:
    if not words.take("by"):
        words.refuse("Expecting 'by'")
    orders: list[Order] = []
    while not orders or words.take_sign(","):
        name = words.read_value("Expecting a field name").text
        field = FIELDS.get(name.casefold(), "")
        if field not in ORDERED:
            raise JqlError(f"Not able to sort using field '{name}'.")
        descending = words.take("desc") or not (words.take("asc") or field == "issue")
        orders.append((ORDERED[field], descending))
    if len(orders) > MOST_ORDERS:
        raise JqlError(f"The query can be ordered by at most {MOST_ORDERS} fields.")
    return orders
