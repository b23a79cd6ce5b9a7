"""Which events does a Salesforce case tell? The whole case in, every event and every unreadable part out."""

from collections.abc import Iterator, Sequence

from pydantic import JsonValue

from temporaletl.contract import Document
from worker.models.context import Context
from worker.models.event import Event, Reject
from worker.models.times import parse_iso_time
from worker.models.transform import transform_method
from worker.sources.salesforce.case import Case, collect_rows, fragment_of
from worker.sources.salesforce.changes import Change, first_value, read_changes, tell_changes
from worker.sources.salesforce.copies import copy_fields
from worker.sources.salesforce.document import COMMENTS, HISTORY
from worker.sources.salesforce.ids import read_id
from worker.sources.salesforce.people import OWNER, Participants, rows_of
from worker.sources.salesforce.settings import CaseOptions, CasesSettings

_DEFAULTS = CaseOptions()


@transform_method("salesforce", needs=(CasesSettings,))
def transform(document: Document, context: Context) -> Iterator[Event | Reject]:
    """Every event of one case, a pure function of the document, the options and the people.

    The order of the document's comments, history rows and users makes no difference. A part that cannot
    be read becomes a Reject with its event's id, and the rest goes on.
    """
    body = document.body
    key = read_id(body.get("Id")) if isinstance(body, dict) else None
    if not isinstance(body, dict) or key is None:
        yield Reject(None, "not a case")
        return
    options = context.options if isinstance(context.options, CaseOptions) else _DEFAULTS
    case = Case(key, body, Participants(body, options, context), options)

    rejects: list[Reject] = []
    changes = read_changes(rows_of(body, HISTORY), rejects)
    yield from _tell_creation(case, changes)
    yield from _tell_comments(case)
    yield from tell_changes(case, changes)
    yield from _tell_closing(case)
    yield from rejects


def _tell_creation(case: Case, changes: Sequence[Change]) -> Iterator[Event | Reject]:
    event_id = f"case-{case.id}-c"
    rejects: list[Reject] = []
    deed = case.read_deed(case.record, event_id, rejects)
    yield from rejects
    if deed is None or deed[0] is None:
        return
    record = case.record
    properties: dict[str, JsonValue] = {
        **_describe(case),
        "description": record.get("Description"),
        "initial_status": first_value(case, changes, {"status"}, record.get("Status")),
        "initial_priority": first_value(case, changes, {"priority"}, record.get("Priority")),
        "initial_owner": first_value(case, changes, OWNER, record.get("OwnerId")),
    }
    if case.options.case_fields:
        properties["fields"] = copy_fields(case)
    yield case.tell(event_id, "case_created", "creator", deed[0], deed[1], properties)


def _tell_comments(case: Case) -> Iterator[Event | Reject]:
    rejects: list[Reject] = []
    for key, comment in collect_rows(rows_of(case.record, COMMENTS), "comment", rejects):
        event_id = f"case-{case.id}-m{key}"
        deed = case.read_deed(comment, event_id, rejects)
        if deed is None or deed[0] is None:
            continue
        properties: dict[str, JsonValue] = {
            "comment_id": key,
            "content": comment.get("CommentBody"),
            "is_published": comment.get("IsPublished"),
        }
        yield case.tell(event_id, "case_comment_created", "author", deed[0], deed[1], properties)
    yield from rejects


def _tell_closing(case: Case) -> Iterator[Event | Reject]:
    """The closing, by who owns the case now; nothing while it is open, or where a queue owns it."""
    told = case.record.get("ClosedDate")
    if told is None:
        return
    when, owner = parse_iso_time(told), case.people.find(case.record.get("OwnerId"))
    if when is None:
        # No event id: it holds the time. None of the case's rows may be retired.
        yield Reject(None, "closed time unreadable", fragment_of(case.record))
        return
    event_id = f"case-{case.id}-x{round(when.timestamp() * 1000)}"
    if read_id(case.record.get("OwnerId")) is None:
        yield Reject(event_id, "no owner", fragment_of(case.record))
    elif owner is not None and owner.is_person:
        yield case.tell(event_id, "case_closed", "owner", owner, when, _describe(case))


def _describe(case: Case) -> dict[str, JsonValue]:
    record = case.record
    return {
        "subject": record.get("Subject"),
        "status": record.get("Status"),
        "priority": record.get("Priority"),
        "origin": record.get("Origin"),
        "type": record.get("Type"),
        "reason": record.get("Reason"),
    }
