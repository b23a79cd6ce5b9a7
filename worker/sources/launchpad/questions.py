"""Which events does a question tell? That it was asked, and every message after it."""

from collections.abc import Iterator

from worker.models.event import Event, Reject
from worker.sources.launchpad.links import number_in
from worker.sources.launchpad.people import Participants
from worker.sources.launchpad.telling import Item, JsonObject, objects_in, part_of

_CREATED = ("title", "description", "date_due", "language_link", "target_link", "web_link")
_MESSAGE = (
    *("content", "subject", "action", "new_status", "question_link"),
    "bug_attachments_collection_link",
)


def tell_question(body: JsonObject, people: Participants) -> Iterator[Event | Reject]:
    """Every event of one question."""
    question, messages = part_of(body, "question"), objects_in(body, "messages")
    number = question.get("id")
    if not isinstance(number, int) or isinstance(number, bool) or messages is None:
        yield Reject(None, "not a question")
        return
    item = Item(f"q-{number}", people, {"question_id": number})
    yield from item.tell(
        "c",
        "question_created",
        "owner",
        who=question.get("owner_link"),
        when=question.get("date_created"),
        properties=item.take(question, *_CREATED),
        relation_properties={"assignee": people.employee_at(question.get("assignee_link"))},
    )
    for place, message in enumerate(messages, start=1):
        solves = message.get("new_status") == "Solved"
        yield from item.tell(
            f"{'s' if solves else 'a'}{_index(message, place)}",
            "question_solved" if solves else "question_answered",
            "author",
            who=message.get("owner_link"),
            when=message.get("date_created"),
            properties={"link": message.get("web_link"), **item.take(message, *_MESSAGE)},
        )


def _index(message: JsonObject, place: int) -> int:
    """Launchpad's own index, which counts from 1; else the message's place."""
    index = message.get("index")
    if isinstance(index, int) and not isinstance(index, bool):
        return index
    told = number_in(message.get("self_link"), "messages")
    return place if told is None else told
