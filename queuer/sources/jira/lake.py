"""Which issues of the lake changed inside the window? Slices of ids, cut by Trino itself."""

from pydantic import JsonValue

from queuer.models.params import BacklogPage, BacklogRequest
from temporaletl.connections import Connections
from temporaletl.errors import QueryError
from temporaletl.statements import read_statement
from temporaletl.trino import Row, Value, ask, connect_trino

WITHOUT_ID = "rows without id"


def find_slices_in_lake(request: BacklogRequest, cursor: JsonValue) -> BacklogPage:
    """One page of slices of the issues whose last change lies in the window, in id order.

    A slice spans the ids after ``after`` (null: from the first) up to ``upto``, both as text. One scan
    of jira.issues a page; the first page also counts the rows without an id that Jira can have. The
    cursor is the last id.
    """
    if cursor is not None and not isinstance(cursor, str):
        raise QueryError(
            "the Jira backlog's cursor is not an issue id (was JIRA_BACKEND changed?): start the run anew"
        )
    connections = request.connections
    page_size = request.job_size * request.max_params
    since = request.window.since
    values: list[Value] = [
        cursor or "",
        None if since is None else since.isoformat(sep=" "),
        request.window.end.isoformat(sep=" "),
        page_size,
        request.job_size,
    ]
    rows = _ask(connections, request.source_kind_id, "jira_slices.sql", values)
    notes = {}
    if cursor is None:
        [[without_id]] = _ask(connections, request.source_kind_id, "jira_without_id.sql", [])
        notes = {WITHOUT_ID: int(without_id)} if without_id else {}
    common: dict[str, JsonValue] = {
        "source_kind_id": request.source_kind_id,
        "date_start": request.window.date_start.isoformat(),
        "date_end": request.window.date_end.isoformat(),
    }
    params: list[dict[str, JsonValue]] = []
    after = cursor
    for upto, count in rows:
        params.append({**common, "after": after, "upto": str(upto), "count": int(count)})
        after = str(upto)
    full = sum(int(count) for _, count in rows) >= page_size
    return BacklogPage(params=params, cursor=after if full else None, notes=notes)


def _ask(connections: Connections, source: str, name: str, values: list[Value]) -> list[Row]:
    connection = connect_trino(connections, connections.pacer(source))
    statement = read_statement("queuer.external.trino", name)
    return list(ask(connection, statement, values))
