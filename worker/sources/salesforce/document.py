"""How do a case and its rows become one document? Living rows in it, the latest change of all of them."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from pydantic import JsonValue

from temporaletl.contract import Document
from worker.models.times import parse_iso_time
from worker.sources.salesforce.ids import USER, read_id

EVENT_TYPE = "cases"

COMMENTS, HISTORY, USERS = "CaseComments", "Histories", "Users"
"""Where a document has its case's rows, and the users whom they name."""

type Row = Mapping[str, JsonValue]


def document_id(case_id: str) -> str:
    """The id of a case's document."""
    return f"{EVENT_TYPE}:{case_id}"


def build_document(
    case: Row, comments: Iterable[Row], history: Iterable[Row], users: Mapping[str, Row]
) -> Document:
    """The document of one case, as Salesforce returned its rows.

    Deleted comments and history rows are left out, but the time of their deletion counts: without the
    comment the case would seem older than it was with it. A case in the recycle bin is a deleted document.
    """
    comments, history = list(comments), list(history)
    case_id, updated = str(case["Id"]), _last_change(case, comments, history)
    if case.get("IsDeleted") is True:
        return Document(document_id(case_id), updated, {"Id": case_id}, deleted=True)
    body: dict[str, JsonValue] = {
        **case,
        COMMENTS: [dict(row) for row in comments if row.get("IsDeleted") is not True],
        HISTORY: [dict(row) for row in history if row.get("IsDeleted") is not True],
        USERS: [dict(users[user]) for user in find_users((case, *comments, *history)) if user in users],
    }
    return Document(document_id(case_id), updated, body)


def find_users(rows: Iterable[Row]) -> list[str]:
    """The ids of the users whom *rows* name, in whatever field, sorted."""
    found = {read_id(value) for row in rows for value in row.values()}
    return sorted(user for user in found if user is not None and user.startswith(USER))


def _last_change(case: Row, comments: Iterable[Row], history: Iterable[Row]) -> datetime | None:
    changed = parse_iso_time(case.get("SystemModstamp"))
    return None if changed is None else max([changed, *_moments(comments, history)])


def _moments(comments: Iterable[Row], history: Iterable[Row]) -> Iterator[datetime]:
    # History rows are never changed: Salesforce gives them no SystemModstamp.
    for field, rows in (("SystemModstamp", comments), ("CreatedDate", history)):
        for row in rows:
            moment = parse_iso_time(row.get(field))
            if moment is not None:
                yield moment
