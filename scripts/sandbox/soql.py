"""What does a SOQL question select? Enough of the language for flat objects: WHERE, ORDER BY, LIMIT."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic import JsonValue
from sqlglot import exp, parse_one
from sqlglot.errors import SqlglotError

type Record = dict[str, JsonValue]


@dataclass(frozen=True, slots=True)
class SoqlError(Exception):
    """A question that Salesforce would refuse."""

    code: str
    message: str


def select(question: str, objects: Mapping[str, Sequence[Record]]) -> list[Record]:
    """The records that *question* selects, as the REST interface shows them (with ``attributes``)."""
    try:
        tree = parse_one(question)
    except SqlglotError as error:
        raise SoqlError("MALFORMED_QUERY", str(error)[:300]) from error
    table = tree.find(exp.Table)
    if not isinstance(tree, exp.Select) or table is None:
        raise SoqlError("MALFORMED_QUERY", "unexpected token")
    if table.name not in objects:
        raise SoqlError("INVALID_TYPE", f"sObject type '{table.name}' is not supported.")
    records = objects[table.name]
    if not records:
        # An object's fields are those of its records: without any, none can be told to be missing.
        return []
    known = {name.lower(): name for record in records for name in record}
    for column in tree.find_all(exp.Column):
        if column.name.lower() not in known:
            raise SoqlError("INVALID_FIELD", f"No such column '{column.name}' on entity '{table.name}'")
    condition = tree.args.get("where")
    found = [record for record in records if condition is None or _holds(condition.this, record, known)]
    order = tree.args.get("order")
    for term in reversed(order.expressions if order else []):
        field = known[term.this.name.lower()]
        found.sort(key=lambda record: _sortable(record[field]), reverse=bool(term.args.get("desc")))
    limit = tree.args.get("limit")
    found = found[: int(limit.expression.name)] if limit else found
    names = [known[column.name.lower()] for column in tree.selects]
    attributes: Record = {"type": table.name, "url": f"/services/data/v60.0/sobjects/{table.name}"}
    shown: list[Record] = []
    for record in found:
        picked: Record = {name: record[name] for name in names}
        shown.append({"attributes": attributes, **picked})
    return shown


def _holds(condition: exp.Expr, record: Record, known: Mapping[str, str]) -> bool:
    match condition:
        case exp.Paren(this=inner):
            return _holds(inner, record, known)
        case exp.And(this=left, expression=right):
            return _holds(left, record, known) and _holds(right, record, known)
        case exp.Or(this=left, expression=right):
            return _holds(left, record, known) or _holds(right, record, known)
        case exp.Not(this=inner):
            return not _holds(inner, record, known)
        case exp.In(this=column, expressions=values):
            return _value(column, record, known) in [_value(value, record, known) for value in values]
        case exp.Is(this=column, expression=value):
            return _value(column, record, known) == _value(value, record, known)
        case exp.Binary(this=left, expression=right):
            return _compare(condition, _value(left, record, known), _value(right, record, known))
    raise SoqlError("MALFORMED_QUERY", f"unexpected condition {condition.key}")


def _compare(operator: exp.Binary, left: JsonValue, right: JsonValue) -> bool:
    equal = (
        left.lower() == right.lower() if isinstance(left, str) and isinstance(right, str) else left == right
    )
    match operator:
        case exp.EQ():
            return equal
        case exp.NEQ():
            return not equal
    if not (isinstance(left, str) and isinstance(right, str)):
        return False
    match operator:
        case exp.GT():
            return left > right
        case exp.GTE():
            return left >= right
        case exp.LT():
            return left < right
        case exp.LTE():
            return left <= right
    raise SoqlError("MALFORMED_QUERY", f"unexpected operator {operator.key}")


def _value(node: exp.Expr, record: Record, known: Mapping[str, str]) -> JsonValue:
    match node:
        case exp.Column():
            return record[known[node.name.lower()]]
        case exp.Null():
            return None
        case exp.Boolean(this=value):
            return bool(value)
        case exp.Literal():
            return node.name if node.is_string else float(node.name)
    raise SoqlError("MALFORMED_QUERY", f"unexpected value {node.key}")


def _sortable(value: JsonValue) -> tuple[bool, str]:
    return value is not None, str(value)
