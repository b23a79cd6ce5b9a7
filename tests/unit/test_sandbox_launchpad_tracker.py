"""The seeded Launchpad, its records and how they change, without a server."""

import random
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from xml.etree import ElementTree

import pytest

from scripts.sandbox.launchpad.records import Bug, Proposal, Question
from scripts.sandbox.launchpad.shelf import Change
from scripts.sandbox.launchpad.show_bugs import (
    show_activity,
    show_bug,
    show_message,
    show_person,
    show_task,
)
from scripts.sandbox.launchpad.show_code import show_comment, show_proposal, show_review, show_source
from scripts.sandbox.launchpad.show_questions import show_question, show_question_message
from scripts.sandbox.launchpad.tracker import Tracker
from scripts.sandbox.launchpad.view import Entry, View
from scripts.sandbox.launchpad.wadl import list_keys, write_wadl
from scripts.sandbox.world import World

NOW = datetime(2026, 3, 10, 12, 30, tzinfo=UTC)
BUG, PROPOSAL, QUESTION = 9992, 9992, 9994
NS = "{http://research.sun.com/wadl/2006/10}"


def make_tracker(seed: int = 1) -> Tracker:
    return Tracker(World(10, people=60, anchor=date(2026, 3, 10)), seed=seed)


def snapshot(tracker: Tracker) -> tuple[list[Bug], list[Proposal], list[Question]]:
    return tracker.bugs, tracker.proposals, tracker.questions


def get_bug(tracker: Tracker) -> Bug:
    bug = tracker.bug(BUG)
    assert bug is not None
    return bug


def test_the_same_arguments_give_the_same_launchpad() -> None:
    assert snapshot(make_tracker()) == snapshot(make_tracker())
    assert snapshot(make_tracker()) != snapshot(make_tracker(seed=2))


def test_the_same_changes_give_the_same_launchpad() -> None:
    changed = [make_tracker(), make_tracker()]
    for tracker in changed:
        tracker.change_some(30, random.Random(3), NOW)
    assert snapshot(changed[0]) == snapshot(changed[1])


def test_sizes_differ_as_they_do_in_life() -> None:
    sizes = sorted(len(bug.messages) for bug in make_tracker().bugs)
    assert (sizes[0], sizes[-1]) == (1, 130)
    assert sizes[len(sizes) // 2] < 6
    owners = Counter(bug.owner for bug in make_tracker().bugs)
    assert owners.most_common(1)[0][1] > 8
    assert len(owners) > 10


def test_bug_and_question_of_one_number_are_two() -> None:
    tracker = make_tracker()
    assert {bug.id for bug in tracker.bugs} & {question.id for question in tracker.questions}


def test_the_description_of_every_type_is_what_is_shown() -> None:
    tracker = make_tracker()
    view = View(tracker, "http://127.0.0.1:1/devel/", logged_in=True)
    bug = tracker.bugs[0]
    git, bazaar = (next(p for p in tracker.proposals if p.git is git and p.reviews) for git in (True, False))
    question = next(one for one in tracker.questions if one.messages)
    shown: dict[str, Entry] = {
        "person": show_person(view, tracker.accounts[0]),
        "bug": show_bug(view, bug),
        "bug_task": show_task(view, bug, bug.tasks[0]),
        "bug_activity": show_activity(view, bug, bug.activity[0]),
        "message": show_message(view, bug, 0, bug.messages[0]),
        "branch_merge_proposal": show_proposal(view, bazaar),
        "code_review_comment": show_comment(view, git, git.comments[0]),
        "code_review_vote_reference": show_review(view, git, git.reviews[0]),
        "git_repository": show_source(view, git),
        "branch": show_source(view, bazaar),
        "question": show_question(view, question),
        "question_message": show_question_message(view, question, 0, question.messages[0]),
    }
    for kind, entry in shown.items():
        assert {*entry, "http_etag"} == list_keys(kind), kind
    assert show_proposal(view, git).keys() == show_proposal(view, bazaar).keys()


def test_every_link_of_the_description_leads_somewhere() -> None:
    root = ElementTree.fromstring(write_wadl("http://127.0.0.1:1/devel/"))  # noqa: S314  our own text
    types = {f"#{one.get('id')}" for one in root.findall(f"{NS}resource_type")}
    texts = {f"#{one.get('id')}" for one in root.findall(f"{NS}representation")}
    links = {one.get("resource_type") for one in root.iter(f"{NS}link")} - {None}
    assert links <= types
    assert {one.get("href") for one in root.iter(f"{NS}representation")} - {None} <= texts


@pytest.mark.parametrize(
    ("change", "moves"),
    [
        (lambda t: t.comment_on_bug(BUG, NOW), True),
        (lambda t: t.change_bug_status(BUG, NOW), True),
        (lambda t: t.assign_bug(BUG, NOW), True),
        (lambda t: t.retitle_bug(BUG, NOW), True),
        (lambda t: t.mark_duplicate(BUG, NOW, 9991), True),
        (lambda t: t.hide_bug(BUG, NOW), True),
        (lambda t: t.edit_bug_message(BUG, NOW), False),
        (lambda t: t.delete_bug_message(BUG, NOW), False),
    ],
)
def test_the_last_change_of_a_bug_moves_as_launchpads_does(
    change: Callable[[Tracker], Change], moves: bool
) -> None:
    tracker = make_tracker()
    before = get_bug(tracker)
    assert change(tracker).document_id == f"bugs:{BUG}" == tracker.changed_ids[0]
    after = get_bug(tracker)
    assert after != before
    assert after.updated == (NOW if moves else before.updated)
    assert len(after.activity) - len(before.activity) in (0, 1)


def test_the_log_names_what_changed_and_from_what() -> None:
    tracker = make_tracker()
    before, to = get_bug(tracker), tracker.accounts[3]
    tracker.change_bug_status(BUG, NOW, "Fix Released", by=tracker.accounts[4].name)
    tracker.assign_bug(BUG, NOW, to=to.name)
    status, assignee = get_bug(tracker).activity[-2:]
    assert (status.what.partition(": ")[2], status.old, status.new) == (
        "status",
        before.tasks[0].status,
        "Fix Released",
    )
    assert status.person == tracker.accounts[4].number
    assert assignee.new == f"{to.display_name} ({to.name})"
    assert get_bug(tracker).tasks[0].dates["date_fix_released"] == NOW


def test_a_change_never_moves_a_bug_back() -> None:
    tracker = make_tracker()
    before = get_bug(tracker).updated
    tracker.comment_on_bug(BUG, before - timedelta(days=90))
    assert get_bug(tracker).updated > before


@pytest.mark.parametrize(
    ("change", "moved"),
    [
        (lambda t: t.comment_on_proposal(PROPOSAL, NOW, vote="Approve"), set()),
        (lambda t: t.edit_proposal_comment(PROPOSAL, NOW), set()),
        (lambda t: t.delete_proposal_comment(PROPOSAL, NOW), set()),
        (lambda t: t.supersede_proposal(PROPOSAL, NOW), set()),
        (lambda t: t.request_review(PROPOSAL, NOW), {"requested"}),
        (lambda t: t.review_proposal(PROPOSAL, NOW), {"reviewed"}),
        (lambda t: t.merge_proposal(PROPOSAL, NOW), {"merged"}),
    ],
)
def test_only_its_own_steps_move_the_dates_of_a_proposal(
    change: Callable[[Tracker], Change], moved: set[str]
) -> None:
    tracker = make_tracker()
    before = tracker.proposal(PROPOSAL)
    change(tracker)
    after = tracker.proposal(PROPOSAL)
    assert after != before
    dates = ("created", "requested", "reviewed", "merged")
    assert {name for name in dates if getattr(after, name) != getattr(before, name)} == moved


def test_a_superseded_proposal_and_its_successor_know_each_other() -> None:
    tracker = make_tracker()
    tracker.supersede_proposal(PROPOSAL, NOW)
    former = tracker.proposal(PROPOSAL)
    assert former is not None
    assert former.superseded_by is not None
    successor = tracker.proposal(former.superseded_by)
    assert successor is not None
    assert (successor.supersedes, successor.created, former.status) == (PROPOSAL, NOW, "Superseded")


@pytest.mark.parametrize(
    ("change", "moved"),
    [
        (lambda t: t.answer_question(QUESTION, NOW), {"last_response"}),
        (lambda t: t.ask_again(QUESTION, NOW), {"last_query", "solved"}),
        (lambda t: t.solve_question(QUESTION, NOW), {"last_query", "solved"}),
        (lambda t: t.comment_on_question(QUESTION, NOW), set()),
        (lambda t: t.edit_question_message(QUESTION, NOW, 0), set()),
    ],
)
def test_only_what_is_no_comment_moves_the_dates_of_a_question(
    change: Callable[[Tracker], Change], moved: set[str]
) -> None:
    tracker = make_tracker()
    before = tracker.question(QUESTION)
    change(tracker)
    after = tracker.question(QUESTION)
    assert after != before
    dates = ("created", "last_query", "last_response", "solved")
    assert {name for name in dates if getattr(after, name) != getattr(before, name)} == moved


def test_what_is_added_has_an_id_of_its_own() -> None:
    tracker = make_tracker()
    made = [tracker.add_bug(NOW), tracker.add_proposal(NOW), tracker.add_question(NOW), tracker.add_bug(NOW)]
    assert len({change.document_id.partition(":")[2] for change in made}) == 4
    assert [change.document_id for change in made] == tracker.changed_ids


def test_changes_from_several_threads_are_all_kept() -> None:
    tracker = make_tracker()
    before = len(get_bug(tracker).messages)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: tracker.comment_on_bug(BUG, NOW), range(200)))
    assert len(get_bug(tracker).messages) == before + 200
    assert len({message.when for message in get_bug(tracker).messages[before:]}) == 200
