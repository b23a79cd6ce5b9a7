"""How does one Trino query run? In a thread of its own, answering page by page, cancellable."""

import base64
import datetime as dt
import re
import threading
import uuid
from collections.abc import Callable, Sequence
from decimal import Decimal

import duckdb

from scripts.sandbox.dialect import StatementError, name_type

type Cell = object
type Rows = list[list[Cell]]

POLL_S = 1.0
CANCELED = StatementError("Query was canceled", "USER_CANCELED", 3)

# DuckDB's failures, as Trino names them.
FAILURES: tuple[tuple[str, str, int, str], ...] = (
    (r"Table with name|Schema .*does not exist", "TABLE_NOT_FOUND", 46, "USER_ERROR"),
    (
        r"Referenced (column|table)|column .* not found|cannot be referenced before",
        "COLUMN_NOT_FOUND",
        47,
        "USER_ERROR",
    ),
    (r"Function .* does not exist|No function matches", "FUNCTION_NOT_FOUND", 6, "USER_ERROR"),
    (r"INVALID_FUNCTION_ARGUMENT", "INVALID_FUNCTION_ARGUMENT", 7, "USER_ERROR"),
    (r"NOT_SUPPORTED", "NOT_SUPPORTED", 13, "USER_ERROR"),
    (r"Conversion Error|Could not convert", "INVALID_CAST_ARGUMENT", 9, "USER_ERROR"),
    (r"Cannot compare|Binder Error", "TYPE_MISMATCH", 58, "USER_ERROR"),
    (r"Parser Error", "SYNTAX_ERROR", 1, "USER_ERROR"),
    (r"Out of Memory", "EXCEEDED_LOCAL_MEMORY_LIMIT", 131074, "INSUFFICIENT_RESOURCES"),
)


class RunningQuery:
    """One query: ``answer(token)`` gives the client's next page, waiting for at most POLL_S."""

    def __init__(
        self, open_cursor: Callable[[], duckdb.DuckDBPyConnection], statement: str, page: int
    ) -> None:
        self.id = _new_id()
        self._open_cursor = open_cursor
        self._statement = statement
        self._page = page
        self._cursor: duckdb.DuckDBPyConnection | None = None
        self._done = threading.Event()
        self._lock = threading.Lock()
        self._cancelled = False
        self._error: dict[str, object] | None = None
        self._pages: dict[int, Rows] = {}
        self._columns: list[dict[str, object]] = []
        threading.Thread(target=self._run, name=f"query-{self.id}", daemon=True).start()

    def answer(self, token: int, base_url: str) -> dict[str, object]:
        """The body for *token*; asked for again, a page is the same page."""
        if not self._done.wait(POLL_S):
            return self._body("RUNNING", base_url, token + 1)
        if self._error is not None:
            return self._body("FAILED", base_url, None) | {"error": self._error}
        with self._lock:
            if token not in self._pages:
                self._pages[token] = self._fetch()
                self._pages.pop(token - 2, None)
            rows = self._pages[token]
        body = self._body("FINISHED" if not rows else "RUNNING", base_url, token + 1 if rows else None)
        body["columns"] = self._columns
        if rows:
            body["data"] = rows
        return body

    def queued(self, base_url: str) -> dict[str, object]:
        """The body of the first answer, before anything was done."""
        return self._body("QUEUED", base_url, 1)

    def cancel(self) -> None:
        """End the query; its client hears USER_CANCELED."""
        self._cancelled = True
        # Again and again: an interrupt that comes just before the statement begins is lost.
        for _ in range(100):
            if self._done.wait(0.02):
                return
            if self._cursor is not None:
                self._cursor.interrupt()

    def _run(self) -> None:
        try:
            self._cursor = self._open_cursor()
            if self._cancelled:
                self._error = describe_error(CANCELED)
                return
            self._cursor.execute(self._statement)
            self._columns = [_column(entry[0], str(entry[1])) for entry in self._cursor.description or ()]
        except StatementError as error:
            self._error = describe_error(error)
        except duckdb.InterruptException:
            self._error = describe_error(CANCELED)
        except duckdb.Error as error:
            self._error = _describe_failure(error)
        finally:
            self._done.set()

    def _fetch(self) -> Rows:
        if self._cursor is None:
            return []
        return [[_cell(value) for value in row] for row in self._cursor.fetchmany(self._page)]

    def _body(self, state: str, base_url: str, token: int | None) -> dict[str, object]:
        return describe_state(self.id, state, base_url, token)


def describe_state(query_id: str, state: str, base_url: str, token: int | None) -> dict[str, object]:
    """What every answer holds; *token* is that of the next page."""
    stats = {"state": state, "queued": state == "QUEUED", "scheduled": state != "QUEUED", "nodes": 1}
    body: dict[str, object] = {
        "id": query_id,
        "infoUri": f"{base_url}/ui/query.html?{query_id}",
        "stats": stats,
    }
    if token is not None:
        body["nextUri"] = f"{base_url}/v1/statement/executing/{query_id}/{token}"
    return body


def refuse(error: StatementError, base_url: str) -> dict[str, object]:
    """The answer to a statement that cannot even start."""
    return describe_state(_new_id(), "FAILED", base_url, None) | {"error": describe_error(error)}


def _new_id() -> str:
    return f"{dt.datetime.now(dt.UTC):%Y%m%d_%H%M%S}_{uuid.uuid4().hex[:11]}"


def describe_error(error: StatementError, kind: str = "USER_ERROR") -> dict[str, object]:
    """The ``error`` object of Trino's answer."""
    failure = {"type": "io.trino.spi.TrinoException", "message": error.message, "stack": [], "suppressed": []}
    return {
        "message": error.message,
        "errorCode": error.code,
        "errorName": error.name,
        "errorType": kind,
        "failureInfo": failure,
    }


def _describe_failure(error: duckdb.Error) -> dict[str, object]:
    message = str(error).split("\n", 1)[0]
    for pattern, name, code, kind in FAILURES:
        if re.search(pattern, message):
            return describe_error(StatementError(message, name, code), kind)
    return describe_error(StatementError(message, "GENERIC_INTERNAL_ERROR", 65536), "INTERNAL_ERROR")


def _column(name: str, duckdb_type: str) -> dict[str, object]:
    type_name, arguments, raw = name_type(duckdb_type)
    return {"name": name, "type": type_name, "typeSignature": {"rawType": raw, "arguments": arguments}}


def _cell(value: Cell) -> Cell:
    """A value as Trino's JSON carries it."""
    match value:
        case dt.datetime():
            text = f"{value.replace(tzinfo=None).isoformat(' ', 'microseconds')}"
            return text if value.tzinfo is None else f"{text} UTC"
        case dt.date() | dt.time() | uuid.UUID() | Decimal():
            return str(value)
        case bytes():
            return base64.b64encode(value).decode()
        case list() | tuple():
            return _cells(value)
    return value


def _cells(values: Sequence[Cell]) -> list[Cell]:
    return [_cell(value) for value in values]
