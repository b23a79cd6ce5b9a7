"""How are merge proposals fetched? Those of a member's branches that may have changed in the window.

A proposal has no date of its last change: it is read when one of its own dates lies in the window, while
it is open, and until LAUNCHPAD_GRACE_DAYS after it was closed, because it can be commented on. Every
window reads an open proposal again, which costs little where nothing changed; and a superseded one,
because no date says when it was.

Requests: one a page of proposals found (75), and one a proposal: its comments, and one for every further
75 of them, and one more for their count. One that is named by id costs one more.
"""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Final

from pydantic import JsonValue

from temporaletl.contract import Document, DocumentReject, Page
from worker.external.launchpad.client import JsonObject, LaunchpadClient
from worker.models.extract import extract_method
from worker.models.times import parse_iso_time
from worker.sources.launchpad.extract.parts import read_parts
from worker.sources.launchpad.extract.walk import Fetched, Item, Kind, Selection, walk
from worker.sources.launchpad.links import path_of
from worker.sources.launchpad.query import LaunchpadQuery

CLOSED: Final = ("Rejected", "Merged")
STATUSES: Final = (
    *("Work in progress", "Needs review", "Approved", "Code failed to merge", "Queued"),
    *("Superseded", *CLOSED),
)
DATES: Final = ("date_created", "date_review_requested", "date_reviewed", "date_merged")

_PATH: Final = re.compile(r"~.+/\+merge/\d+")


@extract_method("launchpad-merge_proposals")
def extract_merge_proposals(query: LaunchpadQuery, cursor: JsonValue) -> Iterator[Page]:
    """The merge proposals of *query*: the proposal and all of its comments."""
    yield from walk(query, cursor, MERGE_PROPOSALS)


def _is_meant(proposal: JsonObject, selection: Selection) -> bool:
    dates = _dates(proposal)
    place = selection.cursor
    if not place.is_before_end(dates):
        return False
    if proposal.get("queue_status") not in CLOSED:
        return True
    return place.is_after_start(dates, selection.grace)


def _dates(proposal: JsonObject) -> list[datetime | None]:
    return [parse_iso_time(proposal.get(name)) for name in DATES]


def _fetch(client: LaunchpadClient, item: Item, selection: Selection) -> Fetched:
    document_id = f"merge_proposals:{item.upstream_id}"
    proposal = client.read(item.upstream_id) if item.entry is None else item.entry
    parts = read_parts(
        client,
        document_id,
        proposal,
        (("comments", "all_comments_collection_link"),),
        max_bytes=selection.max_document_bytes,
    )
    if isinstance(parts, DocumentReject):
        return parts
    # None: the time of reading decides which of two readings is newer.
    return Document(document_id, None, {"proposal": proposal, **parts})


MERGE_PROPOSALS: Final = Kind(
    event_type="merge_proposals",
    noun="merge proposals",
    operation="getMergeProposals",
    arguments=lambda _place: {"status": list(STATUSES)},
    read_id=lambda proposal: path_of(proposal.get("self_link")),
    is_meant=_is_meant,
    may_be_named=lambda name: _PATH.fullmatch(name) is not None,
    fetch=_fetch,
    trusts_search=True,
)
