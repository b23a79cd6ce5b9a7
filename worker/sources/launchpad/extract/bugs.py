"""How are Launchpad bugs fetched? Every bug that a member is concerned with and that changed in the window.

Requests: one a page of tasks found (75), and four a bug: itself, its tasks, its activity, its messages,
and one for every further 75 activities or messages, and one more for their count. A bug that changed
after a window in the past costs one.
"""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Final

from pydantic import JsonValue

from temporaletl.contract import Document, DocumentReject, Page
from worker.external.launchpad.client import LaunchpadClient
from worker.models.extract import extract_method
from worker.models.times import parse_iso_time
from worker.sources.launchpad.extract.parts import read_parts
from worker.sources.launchpad.extract.selection import Cursor
from worker.sources.launchpad.extract.walk import Fetched, Item, Kind, Selection, walk
from worker.sources.launchpad.links import bug_of, is_number
from worker.sources.launchpad.query import LaunchpadQuery

STATUSES: Final = (
    *("New", "Incomplete", "Opinion", "Invalid", "Won't Fix", "Expired", "Confirmed", "Triaged"),
    *("In Progress", "Deferred", "Fix Committed", "Fix Released", "Does Not Exist"),
)
"""Every status that can be searched for: Launchpad refuses its own Unknown."""

PARTS: Final = (
    ("tasks", "bug_tasks_collection_link"),
    ("activity", "activity_collection_link"),
    ("messages", "messages_collection_link"),
)


@extract_method("launchpad-bugs")
def extract_bugs(query: LaunchpadQuery, cursor: JsonValue) -> Iterator[Page]:
    """The bugs of *query*, each once: the bug, its tasks, its activity and its messages."""
    yield from walk(query, cursor, BUGS)


def _arguments(place: Cursor) -> Mapping[str, object]:
    # Without a role the search is for any of them: assignee, reporter, owner, subscriber, commenter.
    # Without the two flags it leaves out duplicates, and what is to be mended in a series.
    arguments: dict[str, object] = {
        "status": list(STATUSES),
        "omit_duplicates": False,
        "omit_targeted": False,
        # A bug that changes while we page keeps its place.
        "order_by": ["id"],
    }
    if place.begin is not None:
        # It finds what changed *after* that moment.
        arguments["modified_since"] = place.begin - timedelta(seconds=1)
    return arguments


def _fetch(client: LaunchpadClient, item: Item, selection: Selection) -> Fetched:
    bug = client.read(f"bugs/{item.upstream_id}")
    updated = parse_iso_time(bug.get("date_last_updated"))
    place = selection.cursor
    if updated is not None and not (place.is_before_end([updated]) and place.is_after_start([updated])):
        return None
    document_id = f"bugs:{item.upstream_id}"
    parts = read_parts(
        client,
        document_id,
        bug,
        PARTS,
        max_bytes=selection.max_document_bytes,
        counts={"messages": bug.get("message_count")},
    )
    if isinstance(parts, DocumentReject):
        return parts
    return Document(document_id, updated, {"bug": bug, **parts})


BUGS: Final = Kind(
    event_type="bugs",
    noun="bugs",
    operation="searchTasks",
    arguments=_arguments,
    read_id=lambda task: bug_of(task.get("bug_link")),
    is_meant=lambda _task, _selection: True,
    may_be_named=is_number,
    fetch=_fetch,
    trusts_search=False,
)
