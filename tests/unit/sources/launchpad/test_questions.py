"""A question and its messages, clause by clause."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.unit.sources.launchpad.shapes import API, answer, person, question

type Tell = Callable[..., Any]


def test_a_question_is_asked_by_its_owner_with_the_known_properties(tell: Tell) -> None:
    event = tell("questions", question(assignee_link=person("bob"))).events["q-7-c"]

    assert (event.event_type, event.relation_type, event.employee_id) == (
        "question_created",
        "owner",
        "E-ana",
    )
    assert event.event_properties == {
        "question_id": 7,
        "title": "How?",
        "description": "text",
        "date_due": None,
        "language_link": f"{API}+languages/en",
        "target_link": f"{API}proj",
        "web_link": "https://answers.launchpad.net/proj/+question/7",
    }
    assert event.relation_properties == {"assignee": "E-bob"}


@pytest.mark.parametrize(("link", "who"), [(None, None), (person("zoe"), "?zoe")])
def test_an_assignee_is_nobody_or_a_pseudonym(tell: Tell, link: Any, who: str | None) -> None:
    event = tell("questions", question(assignee_link=link)).events["q-7-c"]

    assert event.relation_properties == {"assignee": who}


def test_messages_answer_and_one_that_solves_says_so(tell: Tell) -> None:
    told = tell("questions", question([answer(1), answer(2, "ana", new_status="Solved", action="Confirm")]))

    assert {name: event.event_type for name, event in told.events.items()} == {
        "q-7-c": "question_created",
        "q-7-a1": "question_answered",
        "q-7-s2": "question_solved",
    }
    event = told.events["q-7-s2"]
    assert (event.relation_type, event.employee_id) == ("author", "E-ana")
    assert event.event_properties == {
        "question_id": 7,
        "link": "https://answers.launchpad.net/proj/+question/7/messages/2",
        "content": "so",
        "subject": "Re: How?",
        "action": "Confirm",
        "new_status": "Solved",
        "question_link": f"{API}proj/+question/7",
        "bug_attachments_collection_link": f"{API}proj/+question/7/messages/2/bug_attachments",
    }


def test_outsiders_messages_have_pseudonyms(tell: Tell) -> None:
    assert tell("questions", question([answer(owner="zoe")])).events["q-7-a1"].employee_id == "?zoe"


@pytest.mark.parametrize(
    ("more", "event_id"),
    [({"index": 9}, "q-7-a9"), ({"index": None}, "q-7-a3"), ({"index": None, "self_link": None}, "q-7-a1")],
    ids=["index", "link", "place"],
)
def test_a_message_goes_by_launchpads_own_index(tell: Tell, more: Any, event_id: str) -> None:
    assert event_id in tell("questions", question([{**answer(3), **more}])).events


def test_parts_that_cannot_be_read_are_rejected_by_their_ids(tell: Tell) -> None:
    body = question([answer(1, None), answer(2, date_created="now"), answer(3)], date_created=None)
    told = tell("questions", body)

    assert told.rejects == {("q-7-c", "no time"), ("q-7-a1", "no author"), ("q-7-a2", "no time")}
    assert set(told.events) == {"q-7-a3"}


@pytest.mark.parametrize("body", [{}, {"question": {"id": None}, "messages": []}, {"question": {"id": 7}}])
def test_what_is_no_question_is_one_reject(tell: Tell, body: Any) -> None:
    assert tell("questions", body).rejects == {(None, "not a question")}
