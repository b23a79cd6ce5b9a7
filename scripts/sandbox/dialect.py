"""What does a Trino statement mean to DuckDB? Parameters put in, functions mended, types named."""

import re
from dataclasses import dataclass
from functools import lru_cache, partial

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.tokenizer_core import TokenType

EXECUTE_IMMEDIATE = re.compile(
    r"\s*EXECUTE\s+IMMEDIATE\s+'(?P<inner>(?:[^']|'')*)'(?:\s+USING\s+(?P<values>.*))?\s*",
    re.DOTALL | re.IGNORECASE,
)
PLACE = re.compile(r"\$parameter_(\d+)\b")


@dataclass(frozen=True, slots=True)
class StatementError(Exception):
    """A statement that Trino would refuse, with Trino's name and code for why."""

    message: str
    name: str = "SYNTAX_ERROR"
    code: int = 1


def translate(statement: str, catalog: str | None, known: str = "lake") -> str:
    """DuckDB's SQL for what a client sends: a query, or EXECUTE IMMEDIATE '...' USING ... with its values.

    Raises StatementError as Trino would fail.
    """
    execute = EXECUTE_IMMEDIATE.fullmatch(statement)
    query = execute["inner"].replace("''", "'") if execute else statement
    try:
        values = _split(execute["values"]) if execute and execute["values"] else []
        translated, places = _translate_query(query, catalog, known)
        if places != len(values):
            message = f"Incorrect number of parameters: expected {places} but found {len(values)}"
            raise StatementError(message, "INVALID_PARAMETER_USAGE", 36)
        return PLACE.sub(lambda place: _translate_value(values[int(place[1])]), translated)
    except SqlglotError as error:
        raise StatementError(f"line 1:1: {str(error)[:500]}") from error


def name_type(duckdb_type: str) -> tuple[str, list[dict[str, object]], str]:
    """Trino's name of a column type, with the arguments and the raw name of its signature."""
    kind = duckdb_type.upper()
    if match := re.fullmatch(r"DECIMAL\((\d+),\s*(\d+)\)", kind):
        precision, scale = int(match[1]), int(match[2])
        arguments: list[dict[str, object]] = [
            {"kind": "LONG", "value": value} for value in (precision, scale)
        ]
        return f"decimal({precision},{scale})", arguments, "decimal"
    if kind.endswith("[]"):
        inner, arguments, raw = name_type(kind[:-2])
        signature = {"rawType": raw, "arguments": arguments}
        return f"array({inner})", [{"kind": "TYPE", "value": signature}], "array"
    plain = {
        "HUGEINT": "bigint", "UBIGINT": "bigint", "UINTEGER": "bigint", "FLOAT": "real", "BLOB": "varbinary",
        '"NULL"': "unknown", "NULL": "unknown", "JSON": "json", "UUID": "uuid",
    }.get(kind, kind.lower())  # fmt: skip
    if plain == "varchar":
        return "varchar", [{"kind": "LONG", "value": 2147483647}], "varchar"
    if plain.startswith("timestamp"):
        zoned = "with time zone" in plain
        name = "timestamp(6) with time zone" if zoned else "timestamp(6)"
        raw = "timestamp with time zone" if zoned else "timestamp"
        return name, [{"kind": "LONG", "value": 6}], raw
    return plain, [], plain


@lru_cache
def _translate_query(query: str, catalog: str | None, known: str) -> tuple[str, int]:
    """A query with ``$parameter_0`` for its first parameter, and how many; once for all its values."""
    tokens = sqlglot.tokenize(query, read="trino")
    places = [token for token in tokens if token.token_type == TokenType.PLACEHOLDER]
    for number, place in reversed(list(enumerate(places))):
        query = f"{query[: place.start]} :parameter_{number} {query[place.end + 1 :]}"
    tree = sqlglot.parse_one(query.rstrip().rstrip(";"), read="trino")
    if isinstance(tree, exp.DML | exp.DDL | exp.Drop | exp.Command) and not isinstance(tree, exp.Query):
        raise StatementError("this sandbox answers questions only", "NOT_SUPPORTED", 13)
    if not isinstance(tree, exp.Query):
        raise StatementError(f"line 1:1: mismatched input '{query[:40]}'")
    _name_columns(tree)
    tree = tree.transform(partial(_place_table, catalog=catalog, known=known)).transform(_mend)
    # A value may begin with a minus too, and two of them begin a comment.
    return tree.sql("duckdb").replace("-$parameter_", "- $parameter_"), len(places)


def _translate_value(value: str) -> str:
    return sqlglot.parse_one(value, read="trino").transform(_mend).sql("duckdb")


def _split(listed: str) -> list[str]:
    """The texts between the commas that are in no bracket."""
    values: list[str] = []
    depth = start = 0
    for token in sqlglot.tokenize(listed, read="trino"):
        if token.token_type in {TokenType.L_PAREN, TokenType.L_BRACKET}:
            depth += 1
        elif token.token_type in {TokenType.R_PAREN, TokenType.R_BRACKET}:
            depth -= 1
        elif token.token_type == TokenType.COMMA and not depth:
            values.append(listed[start : token.start])
            start = token.end + 1
    return [*values, listed[start:]]


def _name_columns(query: exp.Query) -> None:
    """Trino's names of the answer's columns: as written, ``_col0`` where nothing names them."""
    for at, column in enumerate(query.selects):
        if not isinstance(column, exp.Alias) and not column.is_star:
            name = column.name if isinstance(column, exp.Column) else f"_col{at}"
            column.replace(exp.alias_(column.copy(), name, quoted=True))


def _place_table(node: exp.Expr, catalog: str | None, known: str) -> exp.Expr:
    if not isinstance(node, exp.Table) or not node.db:
        return node
    asked = node.catalog or catalog
    if not asked:
        message = "Catalog must be specified when session catalog is not set"
        raise StatementError(message, "MISSING_CATALOG_NAME", 75)
    if asked != known:
        raise StatementError(f"Catalog '{asked}' not found", "CATALOG_NOT_FOUND", 44)
    node.set("catalog", exp.to_identifier("lake"))
    return node


def _mend(node: exp.Expr) -> exp.Expr:
    """Functions of which DuckDB has another idea, replaced by the lake's macros."""
    match node:
        case exp.Try(this=exp.FromISO8601Timestamp(this=text)):
            return _call("trino_try_iso_time", text.transform(_mend))
        case exp.FromISO8601Timestamp(this=text):
            return _call("trino_iso_time", text.transform(_mend))
        case exp.Bracket(args={"offset": 1}) if entry := _entry_of_json(node):
            return entry
        case exp.Greatest(this=first, expressions=others):
            entries = [entry.transform(_mend) for entry in (first, *others)]
            return _call("trino_greatest", exp.Array(expressions=entries))
        case exp.JSONExtractScalar():
            inner, path = node.this.transform(_mend), _path(node)
            if isinstance(inner, exp.Dot) and inner.expression.name == "trino_json" and path.is_string:
                # One parse instead of two: the path of a path is a longer path.
                inner, first = inner.expression.expressions
                path = exp.Literal.string(first.this + path.this.removeprefix("$"))
            return _call("trino_json_scalar", inner, path)
        case exp.JSONExtract():
            return _call("trino_json", node.this.transform(_mend), _path(node))
        case exp.Anonymous(this="json_size", expressions=[text, path]):
            return _call("trino_json_size", text.transform(_mend), path.transform(_mend))
        case exp.TryCast(to=exp.DataType(this=exp.DataType.Type.TIMESTAMPTZ)):
            return _call("trino_try_timestamptz", node.this.transform(_mend))
    return node


def _entry_of_json(node: exp.Expr) -> exp.Expr | None:
    """element_at(try(cast(json_extract(...) as array(json))), n), without making the array first."""
    cast = node.this.this if isinstance(node.this, exp.Try) else node.this
    index = node.expressions[0].sql()
    if not (isinstance(cast, exp.Cast) and isinstance(cast.this, exp.JSONExtract) and _is_number(index)):
        return None
    if cast.to.sql("duckdb") != "JSON[]" or isinstance(cast.this, exp.JSONExtractScalar):
        return None
    at = f"[#{index}]" if int(index) < 0 else f"[{int(index) - 1}]"
    path = exp.Literal.string(_path(cast.this).this + at)
    return _call("trino_json", cast.this.this.transform(_mend), path)


def _is_number(text: str) -> bool:
    return text.lstrip("-").isdigit() and int(text) != 0


def _path(node: exp.Expr) -> exp.Expr:
    """The JSON path as DuckDB spells it."""
    path = node.expression
    if isinstance(path, exp.JSONPath):
        return exp.Literal.string(path.sql("duckdb").strip("'"))
    spelt: exp.Expr = path.transform(_mend)
    return spelt


def _call(name: str, *arguments: exp.Expr) -> exp.Expr:
    function = exp.Anonymous(this=name, expressions=list(arguments))
    return exp.Dot(this=exp.to_identifier("lake"), expression=function)
