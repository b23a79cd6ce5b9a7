"""Which items does a person's search find? As Launchpad's named operations decide, defaults included."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import orjson

from scripts.sandbox.launchpad.bugs import is_in_series
from scripts.sandbox.launchpad.records import (
    ACTIVE_PROPOSALS,
    BUG_STATUSES,
    IMPORTANCES,
    PROPOSAL_STATUSES,
    QUESTION_STATUSES,
    SEARCHED_QUESTIONS,
    UNRESOLVED,
    Account,
    Bug,
    Proposal,
    Question,
    Task,
)
from scripts.sandbox.launchpad.view import RefusedError, View

type Found = tuple[Bug, Task]

RELATIONS = ("assignee", "bug_subscriber", "owner", "bug_commenter", "structural_subscriber")
"""What makes a task a person's own, one of these being enough."""

ORDERS: Mapping[str, Callable[[Found], Any]] = {
    "id": lambda found: found[0].id,
    "title": lambda found: found[0].title,
    "datecreated": lambda found: found[1].created,
    "date_last_updated": lambda found: found[0].updated,
    "importance": lambda found: -IMPORTANCES.index(found[1].importance),
    "status": lambda found: BUG_STATUSES.index(found[1].status),
}
SORTS: Mapping[str, Callable[[Question], Any]] = {
    "by relevancy": lambda question: question.id,
    "newest first": lambda question: -question.created.timestamp(),
    "oldest first": lambda question: question.created.timestamp(),
    "recently updated first": lambda question: -question.last_query.timestamp(),
    "by status": lambda question: (
        QUESTION_STATUSES.index(question.status),
        -question.created.timestamp(),
    ),
}


class Arguments:
    """The arguments of a named operation. launchpadlib writes them as JSON, a person in a browser bare."""

    def __init__(self, view: View, query: Mapping[str, str]) -> None:
        self._view = view
        self._query = query

    def value(self, name: str) -> Any:
        """The value, or None."""
        text = self._query.get(name)
        if text is None:
            return None
        try:
            return orjson.loads(text)
        except orjson.JSONDecodeError:
            return text

    def choices(self, name: str, known: tuple[str, ...]) -> set[str]:
        """The values of a list, each one of *known*."""
        value = self.value(name)
        chosen = [] if value is None else value if isinstance(value, list) else [value]
        for one in chosen:
            if one not in known:
                acceptable = ", ".join(known)
                raise RefusedError(400, f'{name}: Invalid value "{one}". Acceptable values are: {acceptable}')
        return set(chosen)

    def moment(self, name: str) -> datetime | None:
        """A time; without a zone it is UTC."""
        value = self.value(name)
        if value is None:
            return None
        try:
            moment = datetime.fromisoformat(value)
        except (TypeError, ValueError):
            raise RefusedError(400, f"{name}: Value doesn't look like a date.") from None
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)

    def person(self, name: str) -> Account | None:
        """A person, given by link."""
        value = self.value(name)
        if value is None:
            return None
        account = self._view.tracker.find_account(str(value).rpartition("~")[2])
        if account is None:
            raise RefusedError(400, f'{name}: No such object "{value}".')
        return account


def search_tasks(view: View, context: Account, arguments: Arguments) -> list[Found]:
    """The tasks that have to do with *context*; a bug with two of them comes twice.

    Without *status* only unresolved ones, without *omit_duplicates* no duplicates, and with
    *omit_targeted*, which is the default too, none in a series. A relation given as
    an argument narrows the search; it does not replace the others unless it names somebody else.
    """
    given = {name: arguments.person(name) for name in (*RELATIONS, "bug_reporter")}
    relations = [name for name in RELATIONS if given[name] in (None, context)]
    if not relations:
        raise RefusedError(400, f"Cannot search for related tasks to '{context.name}'")
    statuses = arguments.choices("status", BUG_STATUSES) or UNRESOLVED
    since, created = arguments.moment("modified_since"), arguments.moment("created_since")
    before, text = arguments.moment("created_before"), arguments.value("search_text")
    found = [
        (bug, task)
        for bug in view.tracker.bugs
        if view.may_see(bug.information_type)
        and not (arguments.value("omit_duplicates") is not False and bug.duplicate_of)
        and not (since and bug.updated <= since)
        and not (text and str(text) not in f"{bug.id} {bug.title} {bug.description}")
        for task in bug.tasks
        if task.status in statuses
        and not (arguments.value("omit_targeted") is not False and is_in_series(task))
        and not (created and task.created <= created)
        and not (before and task.created >= before)
        and all(who is None or _relates(name, bug, task, who) for name, who in given.items())
        and any(_relates(name, bug, task, context) for name in relations)
    ]
    return _order(found, arguments.value("order_by"))


def search_proposals(view: View, context: Account, arguments: Arguments) -> list[Proposal]:
    """The proposals from repositories and branches of *context*; without *status* the active ones."""
    statuses = arguments.choices("status", PROPOSAL_STATUSES) or ACTIVE_PROPOSALS
    return [
        proposal
        for proposal in reversed(view.tracker.proposals)
        if proposal.owner == context.number
        and proposal.status in statuses
        and view.may_see(proposal.information_type)
    ]


def search_reviews(view: View, context: Account, arguments: Arguments) -> list[Proposal]:
    """The proposals that *context* reviews; without *status* those that wait for review."""
    statuses = arguments.choices("status", PROPOSAL_STATUSES) or {"Needs review"}
    return [
        proposal
        for proposal in reversed(view.tracker.proposals)
        if any(review.reviewer == context.number for review in proposal.reviews)
        and proposal.status in statuses
        and view.may_see(proposal.information_type)
    ]


def search_questions(view: View, context: Account, arguments: Arguments) -> list[Question]:
    """The questions that *context* takes part in; without *status* neither expired nor invalid ones."""
    statuses = arguments.choices("status", QUESTION_STATUSES) or SEARCHED_QUESTIONS
    participation, text = arguments.value("participation"), arguments.value("search_text")
    sort = SORTS.get(arguments.value("sort") or "newest first")
    if sort is None:
        raise RefusedError(400, "sort: Invalid value. Acceptable values are: by relevancy, newest first")
    if participation not in (None, "Owner", "Subscriber", "Assignee", "Commenter", "Answerer"):
        raise RefusedError(400, f'participation: Invalid value "{participation}".')
    found = [
        question
        for question in view.tracker.questions
        if question.status in statuses
        and not (text and str(text) not in f"{question.title} {question.description}")
        and _roles(question, context)
        & ({participation} if participation else {"Owner", "Subscriber", "Assignee", "Commenter", "Answerer"})
    ]
    return sorted(found, key=sort)


def _relates(relation: str, bug: Bug, task: Task, who: Account) -> bool:
    match relation:
        case "assignee":
            return task.assignee == who.number
        case "owner":
            # Launchpad asks for both, so that the tasks of one bug do not all come.
            return task.owner == bug.owner == who.number
        case "bug_reporter" | "bug_subscriber":
            return bug.owner == who.number
        case "bug_commenter":
            return any(message.owner == who.number for message in bug.messages[1:])
        case _:
            return False


def _roles(question: Question, who: Account) -> set[str]:
    roles = {
        "Owner": question.owner == who.number,
        "Subscriber": question.owner == who.number,
        "Assignee": question.assignee == who.number,
        "Commenter": any(message.owner == who.number for message in question.messages),
        "Answerer": question.answerer == who.number,
    }
    return {role for role, holds in roles.items() if holds}


def _order(found: list[Found], order_by: Any) -> list[Found]:
    names = order_by if isinstance(order_by, list) else [order_by or "-importance"]
    for name in reversed(names):
        key = ORDERS.get(str(name).lstrip("-"))
        if key is None:
            raise RefusedError(400, f"Unrecognized order_by: {names}")
        found.sort(key=key, reverse=str(name).startswith("-"))
    return found
