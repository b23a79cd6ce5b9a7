"""Where two answers of Launchpad disagree about how many there are, the larger count decides."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from scripts.sandbox.exchange import Request
from scripts.sandbox.faults import Fault
from temporaletl.errors import TransientError
from tests.integration.launchpad_jobs import EXTRACTS, Jobs, on, start

JSON = (("Content-Type", "application/json"),)


@pytest.fixture
def jobs() -> Iterator[Jobs]:
    with start(bugs=4, proposals=2, questions=2, page_rows=75) as server:
        yield Jobs(server)


def entry(jobs: Jobs, number: int) -> dict[str, Any]:
    return {
        "self_link": f"{jobs.server.url}/devel/bugs/1/comments/{number}",
        "owner_link": f"{jobs.server.url}/devel/~{jobs.busiest}",
        "date_created": "2026-03-01T00:00:00+00:00",
        "content": f"text {number}",
        "subject": "s",
        "web_link": None,
    }


def plan(jobs: Jobs, part: str, *answers: object) -> None:
    """Answer requests for *part* with *answers*, one after the other and then the last one again."""
    for at, answer in enumerate(answers):
        fault = Fault(status=200, headers=JSON, body=json.dumps(answer).encode())
        jobs.server.faults.plan(fault, None if at + 1 == len(answers) else 1, matching=on(part))


def listed(jobs: Jobs, *numbers: int, **more: object) -> dict[str, object]:
    return {"start": 0, "entries": [entry(jobs, number) for number in numbers], **more}


def ask_question(jobs: Jobs) -> tuple[int | None, str | None]:
    """How many messages the one question has, or why it is rejected."""
    [page] = jobs.pages("questions", ids=[str(jobs.tracker.questions[0].id)])
    if page.rejects:
        return None, page.rejects[0].reason
    body: Any = page.documents[0].body
    return len(body["messages"]), None


def test_a_list_is_whole_when_it_has_as_many_as_any_reading_told(jobs: Jobs) -> None:
    plan(jobs, "/messages", listed(jobs, 1, 2, total_size=3), listed(jobs, 1, 2, 3, total_size=3))

    assert ask_question(jobs) == (3, None)


def test_a_smaller_count_told_later_does_not_make_a_list_whole(jobs: Jobs) -> None:
    plan(jobs, "/messages", listed(jobs, 1, 2, total_size=3), listed(jobs, total_size=0))

    assert ask_question(jobs) == (None, "messages incomplete")


def test_never_fewer_are_taken_than_an_earlier_reading_showed(jobs: Jobs) -> None:
    shown = [entry(jobs, number) for number in (1, 2, 3)]
    lacks_count = {"start": 0, "entries": shown}
    plan(jobs, "/messages", lacks_count, listed(jobs, 1, 2, total_size=2))

    assert ask_question(jobs) == (None, "messages incomplete")


def test_a_page_counts_and_its_link_too(jobs: Jobs) -> None:
    link = f"{jobs.server.url}/devel/count-of-it"
    plan(jobs, "count-of-it", 4)
    plan(jobs, "/messages", listed(jobs, 1, 2, 3, total_size=3, total_size_link=link))

    assert ask_question(jobs) == (None, "messages incomplete")


def test_the_first_page_counts_as_well_as_the_last(jobs: Jobs) -> None:
    following = f"{jobs.server.url}/devel/further-page"
    plan(jobs, "further-page", listed(jobs, 3, total_size=3))
    plan(jobs, "/messages", listed(jobs, 1, 2, total_size=4, next_collection_link=following))

    assert ask_question(jobs) == (None, "messages incomplete")


def test_an_entry_on_two_pages_shows_that_the_list_moved(jobs: Jobs) -> None:
    following = f"{jobs.server.url}/devel/further-page"
    plan(jobs, "further-page", listed(jobs, 2, total_size=3))
    plan(jobs, "/messages", listed(jobs, 1, 2, total_size=3, next_collection_link=following))

    assert ask_question(jobs) == (None, "messages incomplete")


def test_a_bug_tells_how_many_messages_it_has(jobs: Jobs) -> None:
    bug = jobs.tracker.bugs[1]
    plan(jobs, "/messages", listed(jobs, *range(len(bug.messages) - 1), total_size=len(bug.messages) - 1))

    assert jobs.rejects("bugs", ids=[str(bug.id)]) == {(f"bugs:{bug.id}", "messages incomplete")}


@pytest.mark.parametrize("counted", ["page", "link"])
def test_a_search_that_ends_before_its_count_is_asked_anew(jobs: Jobs, counted: str) -> None:
    link = f"{jobs.server.url}/devel/count-of-it"
    jobs.documents("questions", "nobody-at-all")
    plan(jobs, "count-of-it", 9)
    page = listed(jobs, **({"total_size": 9} if counted == "page" else {"total_size_link": link}))

    def is_search(request: Request) -> bool:
        return "searchQuestions" in str(request.query)

    body = json.dumps({**page, "resource_type_link": f"{jobs.server.url}/devel/#question-page-resource"})
    jobs.server.faults.plan(Fault(status=200, headers=JSON, body=body.encode()), matching=is_search)

    with pytest.raises(TransientError, match="ends at 0 of 9"):
        list(jobs.pages("questions"))


@pytest.mark.parametrize(("event_type", "part"), [("questions", "/messages"), ("bugs", "/activity")])
def test_a_document_is_gathered_no_further_than_it_may_grow(jobs: Jobs, event_type: str, part: str) -> None:
    """Each page leads to a further one: only the bound ends it."""
    number = jobs.tracker.questions[0].id if event_type == "questions" else jobs.tracker.bugs[1].id
    query = jobs.query(event_type, ids=[str(number)])
    for page in range(1, 200):
        following = f"{jobs.server.url}/devel/x{part}?page={page}"
        answer = listed(jobs, *range(page * 75, page * 75 + 75), next_collection_link=following)
        body = json.dumps(answer).encode()
        jobs.server.faults.plan(Fault(status=200, headers=JSON, body=body), matching=on(part))
    jobs.server.log.clear()

    with jobs.connections.fork() as fork:
        [found] = EXTRACTS[event_type](query.bind(fork, 200_000), None)

    assert [(one.document_id, one.reason) for one in found.rejects] == [
        (f"{event_type}:{number}", "larger than MAX_DOCUMENT_BYTES")
    ]
    assert len([entry for entry in jobs.server.log.entries if part in entry.path]) < 20
