"""What is at a path of the sandbox's Launchpad? One entry, a collection, or a refusal."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from scripts.sandbox.launchpad.cast import PROJECTS
from scripts.sandbox.launchpad.records import Account, Proposal, name_source
from scripts.sandbox.launchpad.search import (
    Arguments,
    search_proposals,
    search_questions,
    search_reviews,
    search_tasks,
)
from scripts.sandbox.launchpad.show_bugs import (
    show_activity,
    show_bug,
    show_message,
    show_person,
    show_task,
)
from scripts.sandbox.launchpad.show_code import (
    show_comment,
    show_proposal,
    show_review,
    show_source,
)
from scripts.sandbox.launchpad.show_questions import show_question, show_question_message
from scripts.sandbox.launchpad.view import WEB, Entry, RefusedError, View


@dataclass(frozen=True, slots=True)
class Listing:
    """A collection: what is in it, and how to show the part that is asked for."""

    kind: str
    entries: Sequence[Callable[[], Entry]]


type Answered = Entry | Listing

ME_NAME = "ci-bot"
"""Whose the access token is."""

PERSON = re.compile(r"~(?P<name>[^/]+)")
BUG = re.compile(r"bugs/(?P<id>\d+)(?:/(?P<part>\w+))?")
TASK = re.compile(r"(?P<target>[^~].*)/\+bug/(?P<id>\d+)(?:/(?P<part>[\w/]+))?")
PROPOSAL = re.compile(r"(?P<source>~[^/]+/[^/]+/.+)/\+merge/(?P<id>\d+)(?:/(?P<part>[+\w/]+))?")
SOURCE = re.compile(r"~[^/]+/[^/]+/.+")
QUESTION = re.compile(r"(?P<project>[^/~]+)/\+question/(?P<id>\d+)(?:/(?P<part>[\w/]+))?")
LANGUAGE = re.compile(r"\+languages/(?P<code>\w+)")
PROJECT = re.compile(r"(?P<name>[a-z][^/]*)(?:/\+source/[^/]+)?")
ME = re.compile(r"people/\+me")


def find(view: View, path: str, query: Mapping[str, str]) -> Answered:
    """What is at *path* below the root. Raises RefusedError for what is not, or not for this client."""
    rules = (
        (ME, _find_me), (PERSON, _find_person), (BUG, _find_bug), (TASK, _find_task),
        (PROPOSAL, _find_proposal), (QUESTION, _find_question), (SOURCE, _find_source),
        (LANGUAGE, _find_language), (PROJECT, _find_project),
    )  # fmt: skip
    for pattern, answer in rules:
        match = pattern.fullmatch(path)
        if match is not None:
            return answer(view, match, query)
    raise _missing(path)


def _find_person(view: View, match: re.Match[str], query: Mapping[str, str]) -> Answered:
    account = view.tracker.find_account(match["name"])
    if account is None:
        raise _missing(match["name"])
    if view.tracker.is_suspended(account):
        raise RefusedError(410, "User account suspended")
    operation = query.get("ws.op")
    return _ask_person(view, account, operation, query) if operation else show_person(view, account)


def _find_me(view: View, match: re.Match[str], query: Mapping[str, str]) -> Answered:
    account = view.tracker.find_account(ME_NAME)
    if account is None or not view.logged_in:
        raise RefusedError(401, "You need to be logged in to view this URL.")
    return show_person(view, account)


def _ask_person(view: View, account: Account, operation: str, query: Mapping[str, str]) -> Listing:
    arguments = Arguments(view, query)
    match operation:
        case "searchTasks":
            tasks = search_tasks(view, account, arguments)
            return Listing("bug_task", [partial(show_task, view, bug, task) for bug, task in tasks])
        case "getMergeProposals":
            return _list_proposals(view, search_proposals(view, account, arguments))
        case "getRequestedReviews":
            return _list_proposals(view, search_reviews(view, account, arguments))
        case "searchQuestions":
            found = search_questions(view, account, arguments)
            return Listing("question", [partial(show_question, view, question) for question in found])
        case _:
            raise RefusedError(400, f"No such operation: {operation}")


def _find_bug(view: View, match: re.Match[str], query: Mapping[str, str]) -> Answered:
    bug = view.see_bug(int(match["id"]))
    match match["part"]:
        case None:
            return show_bug(view, bug)
        case "activity":
            return Listing("bug_activity", [partial(show_activity, view, bug, line) for line in bug.activity])
        case "messages":
            shown = [partial(show_message, view, bug, at, one) for at, one in enumerate(bug.messages)]
            return Listing("message", shown)
        case "bug_tasks":
            return Listing("bug_task", [partial(show_task, view, bug, task) for task in bug.tasks])
        case "duplicates":
            others = [other for other in view.tracker.bugs if other.duplicate_of == bug.id]
            seen = [other for other in others if view.may_see(other.information_type)]
            return Listing("bug", [partial(show_bug, view, other) for other in seen])
        case "attachments":
            return Listing("bug_attachment", [])
        case part:
            raise _missing(part)


def _find_task(view: View, match: re.Match[str], query: Mapping[str, str]) -> Answered:
    bug = view.see_bug(int(match["id"]))
    task = next((task for task in bug.tasks if task.target == match["target"]), None)
    if task is None:
        raise _missing(match["target"])
    match (match["part"] or "").split("/"):
        case [""]:
            return show_task(view, bug, task)
        case ["related_tasks"]:
            others = [other for other in bug.tasks if other is not task]
            return Listing("bug_task", [partial(show_task, view, bug, other) for other in others])
        case ["comments", index] if index.isdigit() and int(index) < len(bug.messages):
            return show_message(view, bug, int(index), bug.messages[int(index)])
        case ["comments", _, "bug_attachments"]:
            return Listing("bug_attachment", [])
        case _:
            raise _missing(match["part"])


def _find_proposal(view: View, match: re.Match[str], query: Mapping[str, str]) -> Answered:
    proposal = view.see_proposal(int(match["id"]), match["source"])
    match (match["part"] or "").split("/"):
        case [""]:
            return show_proposal(view, proposal)
        case ["all_comments"]:
            shown = [partial(show_comment, view, proposal, comment) for comment in proposal.comments]
            return Listing("code_review_comment", shown)
        case ["votes"]:
            asked = [partial(show_review, view, proposal, review) for review in proposal.reviews]
            return Listing("code_review_vote_reference", asked)
        case ["preview_diffs"]:
            return Listing("preview_diff", [])
        case ["comments", number]:
            for comment in proposal.comments:
                if str(comment.id) == number:
                    return show_comment(view, proposal, comment)
        case ["+review", number]:
            for review in proposal.reviews:
                if str(review.id) == number:
                    return show_review(view, proposal, review)
    raise _missing(match["part"])


def _find_source(view: View, match: re.Match[str], query: Mapping[str, str]) -> Answered:
    for proposal in view.tracker.proposals:
        owner = view.tracker.account(proposal.owner)
        if name_source(proposal, owner) == match[0]:
            return show_source(view, view.see_proposal(proposal.id, match[0]))
    raise _missing(match[0])


def _find_question(view: View, match: re.Match[str], query: Mapping[str, str]) -> Answered:
    question = view.tracker.question(int(match["id"]))
    if question is None or question.project != match["project"]:
        raise _missing(match["id"])
    match (match["part"] or "").split("/"):
        case [""]:
            return show_question(view, question)
        case ["messages"]:
            shown = [
                partial(show_question_message, view, question, at, one)
                for at, one in enumerate(question.messages)
            ]
            return Listing("question_message", shown)
        case ["messages", index] if index.isdigit() and 0 < int(index) <= len(question.messages):
            return show_question_message(view, question, int(index) - 1, question.messages[int(index) - 1])
        case ["messages", _, "bug_attachments"]:
            return Listing("bug_attachment", [])
        case _:
            raise _missing(match["part"])


def _find_language(view: View, match: re.Match[str], query: Mapping[str, str]) -> Answered:
    fields = {"code": match["code"], "english_name": match["code"]}
    return view.entry("language", match[0], fields)


def _find_project(view: View, match: re.Match[str], query: Mapping[str, str]) -> Answered:
    name = match["name"]
    if name == "questions" and query.get("ws.op") == "getByID":
        number = query.get("question_id", "")
        found = view.tracker.question(int(number)) if number.isdigit() else None
        if found is None:
            raise _missing("question")
        return show_question(view, found)
    if name not in PROJECTS:
        raise _missing(name)
    fields = {"name": name, "display_name": name.title(), "title": name.title()}
    return view.entry("project", name, fields, f"https://{WEB}/{name}")


def _list_proposals(view: View, proposals: Sequence[Proposal]) -> Listing:
    shown = [partial(show_proposal, view, proposal) for proposal in proposals]
    return Listing("branch_merge_proposal", shown)


def _missing(name: str | None) -> RefusedError:
    return RefusedError(404, f"Object: <the service root>, name: {name!r}")
