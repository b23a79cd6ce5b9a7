"""What does Launchpad keep? Bugs, merge proposals and questions, people in them by account number."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

BUG_STATUSES = (
    "New", "Incomplete", "Opinion", "Invalid", "Won't Fix", "Expired",
    "Confirmed", "Triaged", "In Progress", "Deferred", "Fix Committed", "Fix Released", "Does Not Exist",
)  # fmt: skip
UNRESOLVED = frozenset({"New", "Incomplete", "Confirmed", "Triaged", "In Progress", "Fix Committed"})
IMPORTANCES = ("Unknown", "Undecided", "Critical", "High", "Medium", "Low", "Wishlist")

PROPOSAL_STATUSES = (
    "Work in progress", "Needs review", "Approved", "Rejected",
    "Merged", "Code failed to merge", "Queued", "Superseded",
)  # fmt: skip
ACTIVE_PROPOSALS = frozenset({"Work in progress", "Needs review", "Approved"})
CLOSED_PROPOSALS = frozenset({"Rejected", "Merged", "Superseded"})
VOTES = ("Approve", "Needs Fixing", "Needs Information", "Abstain", "Disapprove", "Needs Resubmitting")

QUESTION_STATUSES = ("Open", "Needs information", "Answered", "Solved", "Expired", "Invalid")
SEARCHED_QUESTIONS = frozenset({"Open", "Needs information", "Answered", "Solved"})

PUBLIC = "Public"
PRIVATE = "Private"
"""Only for whoever has logged in."""

SECRET = "Private Security"  # noqa: S105  an information type
"""For nobody who asks here."""


@dataclass(frozen=True, slots=True)
class Account:
    """One Launchpad account. *number* is that of the world's person, or beyond theirs."""

    number: int
    name: str
    display_name: str
    time_zone: str


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a bug or a question. Deleted ones stay, without content."""

    owner: int
    when: datetime
    content: str
    subject: str | None
    edited: datetime | None = None
    deleted: datetime | None = None
    action: str = "Comment"
    new_status: str = "Open"


@dataclass(frozen=True, slots=True)
class Activity:
    """One line of a bug's log."""

    person: int
    when: datetime
    what: str
    old: str | None = None
    new: str | None = None
    message: str | None = None


@dataclass(frozen=True, slots=True)
class Task:
    """Where a bug is to be mended. *dates* has the field (``date_triaged``) of every state it entered."""

    target: str
    owner: int
    created: datetime
    status: str = "New"
    importance: str = "Undecided"
    assignee: int | None = None
    dates: Mapping[str, datetime] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Bug:
    """A bug with all that belongs to it. Message 0 is the description as it was first given."""

    id: int
    title: str
    description: str
    owner: int
    created: datetime
    updated: datetime
    tasks: tuple[Task, ...]
    messages: tuple[Message, ...]
    activity: tuple[Activity, ...]
    information_type: str = PUBLIC
    duplicate_of: int | None = None
    tags: tuple[str, ...] = ()
    name: str | None = None
    heat: int = 6
    affected: int = 1


@dataclass(frozen=True, slots=True)
class Comment:
    """One comment on a merge proposal, with a vote or without."""

    id: int
    author: int
    when: datetime
    content: str
    vote: str | None = None
    tag: str | None = None
    edited: datetime | None = None
    deleted: datetime | None = None


@dataclass(frozen=True, slots=True)
class Review:
    """One reviewer who was asked; *comment* is what was voted with, if it was."""

    id: int
    reviewer: int
    registrant: int
    when: datetime
    comment: int | None = None


@dataclass(frozen=True, slots=True)
class Proposal:
    """A merge proposal from *source* (a repository or a branch that *owner* has) in Git or Bazaar."""

    id: int
    git: bool
    owner: int
    project: str
    source: str
    registrant: int
    created: datetime
    description: str | None
    status: str = "Work in progress"
    reviewer: int | None = None
    merger: int | None = None
    requested: datetime | None = None
    reviewed: datetime | None = None
    merged: datetime | None = None
    reviewed_revid: str | None = None
    merged_revision: str | None = None
    merged_revno: int | None = None
    prerequisite: str | None = None
    supersedes: int | None = None
    superseded_by: int | None = None
    information_type: str = PUBLIC
    comments: tuple[Comment, ...] = ()
    reviews: tuple[Review, ...] = ()


@dataclass(frozen=True, slots=True)
class Question:
    """A question with the messages that came after it."""

    id: int
    project: str
    title: str
    description: str
    owner: int
    created: datetime
    last_query: datetime
    status: str = "Open"
    assignee: int | None = None
    answerer: int | None = None
    answer: int | None = None
    due: datetime | None = None
    last_response: datetime | None = None
    solved: datetime | None = None
    language: str = "en"
    messages: tuple[Message, ...] = ()


def name_source(proposal: Proposal, owner: Account) -> str:
    """The unique name of a proposal's repository or branch."""
    kind = "+git/" if proposal.git else ""
    return f"~{owner.name}/{proposal.project}/{kind}{proposal.source}"


def name_proposal(proposal: Proposal, owner: Account) -> str:
    """A proposal's path, below its source."""
    return f"{name_source(proposal, owner)}/+merge/{proposal.id}"
