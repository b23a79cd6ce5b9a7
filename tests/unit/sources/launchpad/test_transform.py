"""Every event type of Launchpad, told alike whenever and in whatever order documents come."""

import copy
import random
from collections.abc import Callable
from typing import Any

from tests.unit.sources.launchpad.shapes import (
    T2,
    T3,
    T4,
    answer,
    bug,
    comment,
    line,
    message,
    person,
    proposal,
    question,
)

type Tell = Callable[..., Any]

DOCUMENTS: list[tuple[str, Any]] = [
    ("bugs", bug([line("assignee", None, "Zoe (zoe)")], [message(0), message(1)])),
    (
        "merge_proposals",
        proposal(
            [comment(5), comment(6, vote="Approve")],
            date_review_requested=T2,
            date_reviewed=T3,
            reviewer_link=person("bob"),
            date_merged=T4,
            merge_reporter_link=person("ana"),
        ),
    ),
    ("questions", question([answer(1), answer(2, new_status="Solved")])),
]


def test_the_documents_tell_every_event_type_of_launchpad(tell: Tell) -> None:
    told = {event.event_type for kind, body in DOCUMENTS for event in tell(kind, body).events.values()}

    assert told == {
        *("bug_created", "bug_activity", "bug_message"),
        *("merge_proposal_created", "merge_proposal_review_requested", "merge_proposal_reviewed"),
        *("merge_proposal_merged", "merge_proposal_comment", "merge_proposal_vote"),
        *("question_created", "question_answered", "question_solved"),
    }


def test_a_document_tells_the_same_twice_and_stays_as_it_is(tell: Tell) -> None:
    for kind, body in DOCUMENTS:
        before = copy.deepcopy(body)

        assert tell(kind, body) == tell(kind, body)
        assert body == before


def test_the_order_of_documents_makes_no_difference(tell: Tell) -> None:
    def events(documents: list[tuple[str, Any]]) -> dict[str, Any]:
        return {name: event for kind, body in documents for name, event in tell(kind, body).events.items()}

    shuffled = random.Random(3).sample(DOCUMENTS, len(DOCUMENTS))

    assert events(shuffled) == events(DOCUMENTS)


def test_no_property_names_a_person(tell: Tell) -> None:
    for kind, body in DOCUMENTS:
        for event in tell(kind, body).events.values():
            values = [*event.event_properties.values(), *event.relation_properties.values()]
            assert not {"ana", "bob", "zoe", person("ana"), person("bob")} & {
                value for value in values if isinstance(value, str)
            }


def test_a_document_of_another_type_is_a_reject(tell: Tell) -> None:
    assert tell("branches", {}).rejects == {(None, "not of a known type")}
