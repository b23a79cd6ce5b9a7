"""What does a SOQL question select? Enough of the language: WHERE, ORDER BY, LIMIT, fields of parents."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from pydantic import JsonValue
from sqlglot import exp, parse_one
from sqlglot.errors import SqlglotError

type Record = dict[str, JsonValue]
type IdOrder = Callable[[str], str]
type _Matches = Callable[[Record], bool]
type _Read = Callable[[Record], object]

_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}
_LITERAL = re.compile(
    r"'(?P<text>(?:\\.|[^'\\])*)'"
    r"|(?<![\w.:+-])(?P<time>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d))"
    r"|(?i:\bFROM\s+(?P<object>\w+))",
    re.DOTALL,
)
_ID = re.compile(r"[0-9A-Za-z]{15}(?:[0-9A-Za-z]{3})?\Z")
_ID_FIELD = re.compile(r"(?:[A-Za-z]+)?Id\Z")
_TIME_FIELD = re.compile(r"(?:[A-Za-z]+Date|SystemModstamp)\Z")


class SoqlError(Exception):
    """A question that Salesforce would refuse."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message


def binary_order(record_id: str) -> str:
    """Ids as most organisations sort them: digits, capitals, small letters. The last three do not count."""
    return record_id[:15]


def small_letters_first(record_id: str) -> str:
    """Ids as some have been seen to sort: digits, small letters, capitals."""
    return record_id[:15].swapcase()


def select(
    question: str,
    objects: Mapping[str, Sequence[Record]],
    *,
    include_deleted: bool = False,
    id_order: IdOrder = binary_order,
) -> list[Record]:
    """The records that *question* selects, as the REST interface shows them (with ``attributes``).

    A record's parents are objects in it (``CreatedBy``); rows whose IsDeleted is true are shown with
    *include_deleted* only.
    """
    tree = _parse(question)
    table = tree.find(exp.Table)
    if table is None or tree.args.get("offset") is not None:
        raise SoqlError("MALFORMED_QUERY", "unexpected token")
    if table.name not in objects:
        raise SoqlError("INVALID_TYPE", f"sObject type '{table.name}' is not supported.")
    records = objects[table.name]
    if not records:
        # An object's fields are those of its records: without any, none can be told to be missing.
        return []
    plan = _Plan(table.name, records, id_order)
    for column in tree.find_all(exp.Column):
        plan.path(column)
    where = tree.args.get("where")
    matches = plan.compile(where.this) if where is not None else lambda _: True
    found = [r for r in records if (include_deleted or r.get("IsDeleted") is not True) and matches(r)]
    order = tree.args.get("order")
    for term in reversed(order.expressions if order else []):
        read = plan.read(term.this)
        found.sort(key=lambda record: _sortable(read(record)), reverse=bool(term.args.get("desc")))
    limit = tree.args.get("limit")
    found = found[: int(limit.expression.name)] if limit else found
    paths = [plan.path(column) for column in tree.selects]
    return [plan.show(record, paths) for record in found]


def _parse(question: str) -> exp.Select:
    try:
        tree = parse_one(_LITERAL.sub(_translate, question))
    except SqlglotError as error:
        raise SoqlError("MALFORMED_QUERY", str(error)[:300]) from error
    if not isinstance(tree, exp.Select):
        raise SoqlError("MALFORMED_QUERY", "unexpected token")
    return tree


def _translate(found: re.Match[str]) -> str:
    """SOQL's literals and object names (Case is a word of SQL) as the parser reads them."""
    if found["object"] is not None:
        return f'FROM "{found["object"]}"'
    if found["time"] is not None:
        return f"SOQL_TIME('{found['time']}')"
    text = re.sub(r"\\(.)", lambda escape: _ESCAPES.get(escape[1], escape[1]), found["text"], flags=re.DOTALL)
    return "'" + text.replace("'", "''") + "'"


class _Plan:
    """How the fields of one object are found and compared."""

    def __init__(self, name: str, records: Sequence[Record], id_order: IdOrder) -> None:
        self._name = name
        self._records = records
        self._known = {field.lower(): field for field in records[0]}
        self._id_order = id_order

    def path(self, column: exp.Expr) -> tuple[str, ...]:
        """A column's field, or relationship and field, as they are spelt."""
        names = [part.name for part in column.parts] if isinstance(column, exp.Column) else [column.name]
        field = self._known.get(names[0].lower())
        if field is not None and len(names) == 1 and not isinstance(self._records[0][field], dict):
            return (field,)
        if field is not None and len(names) == 2:
            parents = (record[field] for record in self._records)
            parent = next((entry for entry in parents if isinstance(entry, dict)), {})
            for known in parent:
                if known.lower() == names[1].lower():
                    return field, known
        raise SoqlError("INVALID_FIELD", f"No such column '{'.'.join(names)}' on entity '{self._name}'")

    def show(self, record: Record, paths: Sequence[tuple[str, ...]]) -> Record:
        """The picked fields of *record*, parents as objects of their own."""
        shown: Record = {"attributes": _attributes(self._name, record.get("Id"))}
        for path in paths:
            value = record[path[0]]
            if len(path) == 1:
                shown[path[0]] = value
            elif not isinstance(value, dict):
                shown[path[0]] = None
            else:
                parent = shown.setdefault(path[0], {"attributes": value.get("attributes")})
                if isinstance(parent, dict):
                    parent[path[1]] = value[path[1]]
        return shown

    def read(self, column: exp.Expr) -> _Read:
        """How a column's value is read for a comparison, by the field's type."""
        path = self.path(column)

        def value_of(record: Record) -> JsonValue:
            value = record[path[0]]
            if len(path) == 1:
                return value
            return value.get(path[1]) if isinstance(value, dict) else None

        if _ID_FIELD.match(path[-1]):
            order = self._id_order
            return lambda record: order(found) if isinstance(found := value_of(record), str) else None
        if _TIME_FIELD.match(path[-1]):
            return lambda record: _moment(found) if isinstance(found := value_of(record), str) else None
        return value_of

    def compile(self, condition: exp.Expr) -> _Matches:
        """A condition as a function of a record."""
        match condition:
            case exp.Paren(this=inner):
                return self.compile(inner)
            case exp.And(this=left, expression=right):
                one, other = self.compile(left), self.compile(right)
                return lambda record: one(record) and other(record)
            case exp.Or(this=left, expression=right):
                one, other = self.compile(left), self.compile(right)
                return lambda record: one(record) or other(record)
            case exp.Not(this=inner):
                one = self.compile(inner)
                return lambda record: not one(record)
            case exp.In(this=column, expressions=values) if values:
                fold, read = self._fold(column), self.read(column)
                wanted = {fold(self._constant(column, value)) for value in values}
                return lambda record: fold(read(record)) in wanted
            case exp.Is(this=column, expression=value) | exp.EQ(this=column, expression=value):
                fold, read = self._fold(column), self.read(column)
                constant = fold(self._constant(column, value))
                return lambda record: fold(read(record)) == constant
            case exp.NEQ(this=column, expression=value):
                fold, read = self._fold(column), self.read(column)
                constant = fold(self._constant(column, value))
                return lambda record: fold(read(record)) != constant
            case exp.Binary(this=column, expression=value):
                return _ordered(condition, self.read(column), self._constant(column, value))
        raise SoqlError("MALFORMED_QUERY", f"unexpected condition {condition.key}")

    def _fold(self, column: exp.Expr) -> Callable[[object], object]:
        """What makes two values of a column equal: texts are, whatever their case; ids are not."""
        return _keep if _ID_FIELD.match(self.path(column)[-1]) else _lower

    def _constant(self, column: exp.Expr, node: exp.Expr) -> object:
        """A literal of the type that the field has; Salesforce refuses any other."""
        field = self.path(column)[-1]
        match node:
            case exp.Null():
                return None
            case exp.Boolean(this=value):
                return bool(value)
            case exp.Anonymous(expressions=[literal]) if _TIME_FIELD.match(field):
                return _moment(literal.name)
            case exp.Literal() if node.is_string and _ID_FIELD.match(field):
                if not _ID.match(node.name):
                    raise SoqlError("INVALID_QUERY_FILTER_OPERATOR", f"invalid ID field: {node.name}")
                return self._id_order(node.name)
            case exp.Literal() if not _TIME_FIELD.match(field) and not _ID_FIELD.match(field):
                return node.name if node.is_string else float(node.name)
        raise SoqlError("INVALID_FIELD", f"value of filter criterion for field '{field}' has the wrong type")


def _ordered(operator: exp.Binary, read: _Read, constant: object) -> _Matches:
    kinds: dict[type[exp.Binary], Callable[[str | datetime, str | datetime], bool]] = {
        exp.GT: lambda left, right: left > right,  # type: ignore[operator]
        exp.GTE: lambda left, right: left >= right,  # type: ignore[operator]
        exp.LT: lambda left, right: left < right,  # type: ignore[operator]
        exp.LTE: lambda left, right: left <= right,  # type: ignore[operator]
    }
    compare = kinds.get(type(operator))
    if compare is None:
        raise SoqlError("MALFORMED_QUERY", f"unexpected operator {operator.key}")

    def matches(record: Record) -> bool:
        value = read(record)
        if isinstance(value, str) and isinstance(constant, str):
            return compare(value, constant)
        return isinstance(value, datetime) and isinstance(constant, datetime) and compare(value, constant)

    return matches


def _keep(value: object) -> object:
    return value


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _attributes(name: str, record_id: JsonValue) -> Record:
    url = f"/services/data/v62.0/sobjects/{name}"
    return {"type": name, "url": f"{url}/{record_id}" if record_id else url}


def _sortable(value: object) -> tuple[bool, str]:
    return value is not None, value.isoformat() if isinstance(value, datetime) else str(value)
