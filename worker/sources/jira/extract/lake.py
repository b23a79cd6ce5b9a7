"""How are Jira issues read from the lake? Out of jira.issues, whole, in pages of ids."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from pydantic import JsonValue

from temporaletl.contract import Document, DocumentReject, Page
from temporaletl.errors import QueryError
from temporaletl.jira.connect import Absence
from temporaletl.statements import read_statement
from temporaletl.trino import Row, Value, ask, connect_trino
from worker.models.size import TOO_LARGE
from worker.sources.jira.document import document_id, read_row
from worker.sources.jira.query import JiraQuery

PAGE_DOCUMENTS = 100
"""Issues a question: large enough to spare the lake scans, small enough to hold as objects."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST = datetime(9999, 12, 31, tzinfo=UTC)


def extract_from_lake(query: JiraQuery, cursor: JsonValue) -> Iterator[Page]:
    """The issues of *query* in id order, at most PAGE_DOCUMENTS a question; the cursor is the last id.

    An answer whose texts are larger than one document may be becomes several pages. Issues that were named
    but are not in the lake are skipped and counted.
    """
    if cursor is not None and not isinstance(cursor, str):
        raise QueryError(
            "the cursor of jira-issues is not an issue id (was JIRA_BACKEND changed?): run the job anew"
        )
    connection = connect_trino(query.connections, query.connections.pacer(query.source_kind_id))
    done = cursor or ""
    while True:
        name, values = _question(query, done)
        statement = read_statement(__package__, name)
        found, last = 0, False
        for rows, is_end in _gather(ask(connection, statement, values), query.max_document_bytes):
            ids = [str(row[0]) for row in rows]
            found += len(ids)
            # A slice ends with an issue of its own, so that it is usually known to be read to its end.
            last = is_end and (found < PAGE_DOCUMENTS or ids[-1] == query.upto)
            read = [_read(row, query.max_document_bytes) for row in rows]
            rows.clear()
            missing = _missing(query, done, ids, last=last)
            done = ids[-1] if ids else done
            documents = tuple(part for part in read if not isinstance(part, DocumentReject))
            rejects = tuple(part for part in read if isinstance(part, DocumentReject))
            if documents or rejects or missing:
                yield Page(documents, done, rejects, {Absence.GONE.value: missing} if missing else {})
        if last:
            return


def _gather(rows: Iterator[Row], max_bytes: int) -> Iterator[tuple[list[Row], bool]]:
    """The rows in lists that end where they reach *max_bytes*, and whether a list is the last one."""
    gathered: list[Row] = []
    size = 0
    for row in rows:
        if size >= max_bytes:
            yield gathered, False
            gathered, size = [], 0
        gathered.append(row)
        size += _size(row)
    yield gathered, True


def _read(row: Row, max_bytes: int) -> Document | DocumentReject:
    """The document of a row, or why it is none: texts that are too large are not even parsed."""
    if _size(row) > max_bytes:
        return DocumentReject(document_id(str(row[0])), TOO_LARGE)
    return read_row(*row)


def _size(row: Row) -> int:
    return sum(len(text) for text in row if isinstance(text, str))


def _question(query: JiraQuery, done: str) -> tuple[str, list[Value]]:
    if query.ids is not None:
        return "named.sql", [list(query.ids), done, PAGE_DOCUMENTS]
    since, end = query.window.since, query.window.end
    if query.updated_from is not None:
        # A slice that was cut for REST, and what changed since where it has no end.
        since = _EPOCH + timedelta(milliseconds=query.updated_from) if query.updated_from else None
        end = _LAST if query.updated_to is None else _EPOCH + timedelta(milliseconds=query.updated_to)
    return "range.sql", [
        max(done, query.after or ""),
        query.upto,
        query.upto,
        None if since is None else since.isoformat(sep=" "),
        end.isoformat(sep=" "),
        PAGE_DOCUMENTS,
    ]


def _missing(query: JiraQuery, done: str, ids: list[str], *, last: bool) -> int:
    """How many of the named issues this page had to hold and does not."""
    end = None if last or not ids else ids[-1]
    due = {wanted for wanted in query.ids or () if wanted > done and (end is None or wanted <= end)}
    return len(due.difference(ids))
