"""How are questions fetched? Those that a member takes part in and that were written to in the window.

The search knows no dates: every question of the member is listed, and chosen by when it was asked, last
asked about, last responded to, or solved.

Requests: one a page of questions found (75), and one a question: its messages, and one for every further
75 of them, and one more for their count. One that is named by id costs one more.
"""

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
from worker.sources.launchpad.links import is_number, number_in
from worker.sources.launchpad.query import LaunchpadQuery

STATUSES: Final = ("Open", "Needs information", "Answered", "Solved", "Expired", "Invalid")
DATES: Final = ("date_created", "date_last_query", "date_last_response", "date_solved")

_BY_ID: Final = "questions?ws.op=getByID&question_id="
"""A question's own link names its project, which can change."""


@extract_method("launchpad-questions")
def extract_questions(query: LaunchpadQuery, cursor: JsonValue) -> Iterator[Page]:
    """The questions of *query*: the question and all of its messages."""
    yield from walk(query, cursor, QUESTIONS)


def _is_meant(question: JsonObject, selection: Selection) -> bool:
    dates, place = _dates(question), selection.cursor
    return place.is_before_end(dates) and place.is_after_start(dates)


def _read_id(question: JsonObject) -> str | None:
    number = number_in(question.get("self_link"), "+question")
    return None if number is None else str(number)


def _dates(question: JsonObject) -> list[datetime | None]:
    return [parse_iso_time(question.get(name)) for name in DATES]


def _fetch(client: LaunchpadClient, item: Item, selection: Selection) -> Fetched:
    document_id = f"questions:{item.upstream_id}"
    question = client.read(f"{_BY_ID}{item.upstream_id}") if item.entry is None else item.entry
    parts = read_parts(
        client,
        document_id,
        question,
        (("messages", "messages_collection_link"),),
        max_bytes=selection.max_document_bytes,
    )
    if isinstance(parts, DocumentReject):
        return parts
    updated = max((moment for moment in _dates(question) if moment is not None), default=None)
    return Document(document_id, updated, {"question": question, **parts})


QUESTIONS: Final = Kind(
    event_type="questions",
    noun="questions",
    operation="searchQuestions",
    arguments=lambda _place: {"status": list(STATUSES)},
    read_id=_read_id,
    is_meant=_is_meant,
    may_be_named=is_number,
    fetch=_fetch,
    trusts_search=True,
)
