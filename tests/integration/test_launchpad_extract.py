"""What jobs fetch from Launchpad: whole documents, each once, those the window means, from any cursor."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import chain, pairwise
from typing import Any

import pytest

from scripts.sandbox.faults import Fault
from scripts.sandbox.launchpad.records import PUBLIC, SECRET
from temporaletl.contract import BEGINNING
from tests.integration.launchpad_jobs import TODAY, TYPES, Jobs, day, on, start
from worker.models.context import Context
from worker.models.event import Event
from worker.sources.launchpad.extract.bugs import STATUSES
from worker.sources.launchpad.transform import transform

NOW = datetime.now(UTC)


@pytest.fixture
def jobs() -> Iterator[Jobs]:
    with start() as server:
        yield Jobs(server)


def find_owner(jobs: Jobs, number: int) -> str:
    return jobs.tracker.account(number).name


def everything(jobs: Jobs, event_type: str) -> dict[str, Any]:
    """The documents of all members' jobs without a start."""
    found: dict[str, Any] = {}
    for account in jobs.tracker.accounts:
        found |= jobs.documents(event_type, account.name, date_start=BEGINNING)
    return found


def test_a_bug_comes_with_its_tasks_its_activity_and_its_messages(jobs: Jobs) -> None:
    bug = jobs.tracker.bugs[0]
    document = jobs.documents("bugs", ids=[str(bug.id)])[f"bugs:{bug.id}"]
    body: Any = document.body

    assert len(body["activity"]) == len(bug.activity) == 250
    assert len(body["messages"]) == len(bug.messages) == 130
    assert len(body["tasks"]) == len(bug.tasks)
    assert document.updated == bug.updated


def test_a_bug_is_found_by_whoever_is_to_mend_it_in_a_series_alone(jobs: Jobs) -> None:
    number = jobs.tracker.bugs[0].id
    names = (account.name for account in jobs.tracker.accounts)
    mender = next(name for name in names if f"bugs:{number}" not in jobs.documents("bugs", name))
    jobs.tracker.target_bug(number, NOW, "trunk", mender)
    assert f"bugs:{number}" in jobs.documents("bugs", mender)


def test_every_public_item_is_found_by_somebodys_job(jobs: Jobs) -> None:
    tracker = jobs.tracker

    assert set(everything(jobs, "bugs")) == {
        f"bugs:{bug.id}" for bug in tracker.bugs if bug.information_type == PUBLIC
    }
    assert set(everything(jobs, "merge_proposals")) == {
        f"merge_proposals:{jobs.proposal_path(one.id)}"
        for one in tracker.proposals
        if one.information_type == PUBLIC
    }
    assert set(everything(jobs, "questions")) == {f"questions:{one.id}" for one in tracker.questions}


def test_a_signed_in_job_also_finds_what_is_private(jobs: Jobs) -> None:
    found = everything(Jobs(jobs.server, oauth=True), "bugs")

    assert set(found) == {f"bugs:{b.id}" for b in jobs.tracker.bugs if b.information_type != SECRET}


@pytest.mark.parametrize("event_type", TYPES)
def test_the_same_document_comes_whoevers_job_finds_it_and_by_its_id(jobs: Jobs, event_type: str) -> None:
    found = everything(jobs, event_type)
    ids = [name.partition(":")[2] for name in found]

    named = jobs.documents(event_type, ids=ids)

    assert {name: one.updated for name, one in named.items()} == {n: d.updated for n, d in found.items()}
    for name, document in named.items():
        assert strip_tags(document.body) == strip_tags(found[name].body)


def strip_tags(body: Any) -> Any:
    """A document without the tags that a single answer has and a list's entry has not."""
    return json.loads(json.dumps(body), object_hook=lambda found: without(found, "http_etag"))


def without(found: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in found.items() if key != name}


@pytest.mark.parametrize("event_type", TYPES)
def test_a_job_goes_on_from_each_of_its_cursors(event_type: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("worker.sources.launchpad.extract.walk.PAGE_ITEMS", 2)
    with start(page_rows=2) as server:
        jobs = Jobs(server)
        pages = list(jobs.pages(event_type, date_start=BEGINNING))
        assert len(pages) > 2
        ids = [[document.id for document in page.documents] for page in pages]

        for at, page in enumerate(pages):
            cursor = json.loads(json.dumps(page.cursor))
            rest = jobs.pages(event_type, cursor=cursor, date_start=day(1))
            assert [d.id for p in rest for d in p.documents] == list(chain(*ids[at + 1 :]))
    assert max(len(json.dumps(page.cursor)) for page in pages) < 1_000


@pytest.mark.parametrize("event_type", TYPES)
def test_named_documents_go_on_from_each_cursor(
    jobs: Jobs, event_type: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("worker.sources.launchpad.extract.walk.PAGE_ITEMS", 2)
    ids = sorted(name.partition(":")[2] for name in jobs.documents(event_type, date_start=BEGINNING))[:5]
    pages = list(jobs.pages(event_type, ids=ids))

    for page in pages:
        again = [d.id for p in jobs.pages(event_type, cursor=page.cursor, ids=ids) for d in p.documents]
        before = [d.id for p in pages[: pages.index(page) + 1] for d in p.documents]
        assert len(before) + len(again) == len(ids)


@pytest.mark.parametrize("status", STATUSES)
def test_a_bug_is_found_in_every_status(jobs: Jobs, status: str) -> None:
    bug = jobs.tracker.bugs[1]
    jobs.tracker.put(replace(bug, tasks=(replace(bug.tasks[0], status=status),)))

    assert f"bugs:{bug.id}" in jobs.documents("bugs", find_owner(jobs, bug.owner))


def test_a_bug_whose_tasks_lie_on_two_pages_comes_once_from_every_cursor() -> None:
    with start(bugs=9, page_rows=1) as server:
        jobs = Jobs(server)
        bug = next(bug for bug in jobs.tracker.bugs if len(bug.tasks) > 1 and bug.information_type == PUBLIC)
        who = jobs.tracker.account(bug.owner)
        jobs.tracker.put(replace(bug, tasks=tuple(replace(task, owner=who.number) for task in bug.tasks)))
        pages = list(jobs.pages("bugs", who.name, date_start=BEGINNING))
        ids = [[document.id for document in page.documents] for page in pages]
        assert sum(f"bugs:{bug.id}" in page for page in ids) == 1

        for at, page in enumerate(pages):
            rest = jobs.pages("bugs", who.name, cursor=page.cursor)
            assert [d.id for p in rest for d in p.documents] == list(chain(*ids[at + 1 :]))


def test_the_window_holds_on_every_page_of_a_search() -> None:
    with start(page_rows=1) as server:
        jobs = Jobs(server)
        old = NOW - timedelta(days=90)
        owner = jobs.tracker.accounts[0]
        for question in jobs.tracker.questions:
            quiet = replace(question, owner=owner.number, created=old, last_query=old, last_response=None)
            jobs.tracker.put(replace(quiet, solved=None))

        assert jobs.documents("questions", owner.name) == {}
        assert len(jobs.documents("questions", owner.name, date_start=BEGINNING)) == 12


def test_a_bug_that_changed_before_the_window_is_not_fetched(jobs: Jobs) -> None:
    bug = jobs.tracker.bugs[1]
    owner = find_owner(jobs, bug.owner)
    midnight = datetime(TODAY.year, TODAY.month, TODAY.day, tzinfo=UTC) - timedelta(days=3)

    jobs.tracker.put(replace(bug, updated=midnight))
    assert f"bugs:{bug.id}" in jobs.documents("bugs", owner, date_start=day(3))
    jobs.tracker.put(replace(bug, updated=midnight - timedelta(microseconds=1)))
    assert f"bugs:{bug.id}" not in jobs.documents("bugs", owner, date_start=day(3))


@pytest.mark.parametrize("event_type", TYPES)
def test_windows_in_the_past_and_up_to_now_cover_every_document(jobs: Jobs, event_type: str) -> None:
    bounds = [BEGINNING, day(6), day(4), day(2), TODAY, TODAY + timedelta(days=1)]
    windows = [
        set(jobs.documents(event_type, date_start=since, date_end=until)) for since, until in pairwise(bounds)
    ]

    assert set().union(*windows) == set(jobs.documents(event_type, date_start=BEGINNING))
    if event_type != "merge_proposals":
        assert sum(map(len, windows)) == len(set().union(*windows))


def test_a_question_is_found_by_any_of_its_dates(jobs: Jobs) -> None:
    question = jobs.tracker.questions[0]
    owner, old, new = find_owner(jobs, question.owner), NOW - timedelta(days=90), NOW - timedelta(days=1)
    quiet = replace(
        question, created=old, last_query=old, last_response=None, solved=None, status="Expired", messages=()
    )

    jobs.tracker.put(quiet)
    assert f"questions:{question.id}" not in jobs.documents("questions", owner)
    for changed in ({"last_query": new}, {"last_response": new}, {"solved": new}):
        jobs.tracker.put(replace(quiet, **changed))  # type: ignore[arg-type]
        found = jobs.documents("questions", owner)
        assert found[f"questions:{question.id}"].updated == new


@pytest.mark.parametrize(
    ("status", "age_days", "is_found"),
    [
        ("Needs review", 400, True),
        ("Work in progress", 400, True),
        ("Merged", 400, False),
        ("Merged", 50, True),
        ("Rejected", 50, True),
        ("Superseded", 70, True),
    ],
)
def test_a_proposal_is_read_while_it_is_open_and_for_a_while_after(
    jobs: Jobs, status: str, age_days: int, is_found: bool
) -> None:
    proposal = jobs.tracker.proposals[0]
    then = NOW - timedelta(days=age_days)
    jobs.tracker.put(
        replace(
            proposal, status=status, created=then, requested=None, reviewed=None, merged=None, comments=()
        )
    )
    found = jobs.documents("merge_proposals", find_owner(jobs, proposal.owner))

    assert (f"merge_proposals:{jobs.proposal_path(proposal.id)}" in found) is is_found


def test_an_edit_that_moves_no_date_of_a_proposal_is_seen_by_its_reading(jobs: Jobs) -> None:
    assert {d.updated for d in jobs.documents("merge_proposals").values()} == {None}


def test_what_a_search_showed_leaves_in_the_page_whose_time_was_read_before_it() -> None:
    """Else it would seem newer than what somebody else read in between."""
    with start(proposals=200, page_rows=40) as server:
        jobs = Jobs(server)
        pages = jobs.pages("merge_proposals")
        seen = {document.id for document in next(pages).documents}
        for proposal in jobs.tracker.proposals:
            if proposal.status == "Needs review":
                jobs.tracker.merge_proposal(proposal.id, datetime.now(UTC))
        later = [document for page in pages for document in page.documents]

    assert seen and later
    bodies: list[Any] = [document.body for document in later]
    assert "Needs review" not in {body["proposal"]["queue_status"] for body in bodies}


def test_a_list_that_is_shorter_than_launchpad_counts_is_a_reject(jobs: Jobs) -> None:
    bug = jobs.tracker.bugs[2]
    short = json.dumps({"entries": [], "start": 0, "total_size": len(bug.messages)}).encode()
    headers = (("Content-Type", "application/json"),)
    fault, messages = Fault(status=200, body=short, headers=headers), on(f"/bugs/{bug.id}/messages")
    jobs.server.faults.plan(fault, times=2, matching=messages)
    assert jobs.rejects("bugs", ids=[str(bug.id)]) == set()
    jobs.server.faults.plan(fault, times=3, matching=messages)
    assert jobs.rejects("bugs", ids=[str(bug.id)]) == {(f"bugs:{bug.id}", "messages incomplete")}


def test_a_text_that_is_no_id_of_the_type_is_a_reject_and_never_asked_for(jobs: Jobs) -> None:
    strange = ["../people", "7?ws.op=x", "bugs/7", "-1"]

    for event_type in ("bugs", "questions"):
        assert jobs.rejects(event_type, ids=strange) == {
            (f"{event_type}:{name}", "not an id of this type") for name in strange
        }
    assert jobs.rejects("merge_proposals", ids=["~a/../../x/+merge/7", "7"]) != set()
    assert jobs.server.log.entries == ()


def test_every_event_type_is_told_of_what_is_fetched(jobs: Jobs) -> None:
    class Known:
        def employee(self, system: str, account: str) -> str:
            return f"E-{account}"

        def employee_by_address(self, address: str) -> None:
            return None

        def pseudonym(self, system: str, account: str) -> str:
            return account

        def address_pseudonym(self, address: str) -> str:
            return address

    told = {
        event.event_type if isinstance(event, Event) else event.reason
        for event_type in TYPES
        for document in everything(jobs, event_type).values()
        for event in transform(document, Context(Known()))
    }

    assert told == {
        *("bug_created", "bug_activity", "bug_message"),
        *("merge_proposal_created", "merge_proposal_review_requested", "merge_proposal_reviewed"),
        *("merge_proposal_merged", "merge_proposal_comment", "merge_proposal_vote"),
        *("question_created", "question_answered", "question_solved"),
    }
