"""How do a case and its rows become one document? With its living rows and the users whom they name."""

from collections.abc import Iterable, Mapping

from pydantic import JsonValue

from temporaletl.contract import Document
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

    Deleted comments and history rows are left out. A case in the recycle bin is a deleted document.

    No document tells its last change. The latest of all rows goes back when the recycle bin loses a
    deleted comment, or Salesforce an old history row: every later reading would then be refused as older,
    until the case changes again. Each is of the whole case, so when it was read says what is newer. Of two
    at the same time the one that began first may have seen more; the next run's window holds that change.
    """
    comments, history = list(comments), list(history)
    case_id = str(case["Id"])
    if case.get("IsDeleted") is True:
        return Document(document_id(case_id), None, {"Id": case_id}, deleted=True)
    body: dict[str, JsonValue] = {
        **case,
        COMMENTS: [dict(row) for row in comments if row.get("IsDeleted") is not True],
        HISTORY: [dict(row) for row in history if row.get("IsDeleted") is not True],
        USERS: [dict(users[user]) for user in find_users((case, *comments, *history)) if user in users],
    }
    return Document(document_id(case_id), None, body)


def find_users(rows: Iterable[Row]) -> list[str]:
    """The ids of the users whom *rows* name, in whatever field, sorted."""
    found = {read_id(value) for row in rows for value in row.values()}
    return sorted(user for user in found if user is not None and user.startswith(USER))
