"""What is a merge proposal of the seeded Launchpad? A pure function of (seed, number)."""

import random
from dataclasses import replace
from datetime import datetime

from scripts.sandbox.launchpad.cast import FIRST_ID, PROJECTS, Cast, spread
from scripts.sandbox.launchpad.records import PRIVATE, PROPOSAL_STATUSES, VOTES, Comment, Proposal, Review

PARTS = 1_000
"""Comments and reviews have ids of their own in this range a proposal."""


def invent_proposal(number: int, cast: Cast) -> Proposal:
    """Proposal *number*, in each status in turn, every third in Bazaar, one in 19 private.

    Its last date is in the days before the anchor; only open ones may have dates that are all older,
    and comments that are not. Every eighth is superseded by the next one.
    """
    rng = random.Random(f"proposal:{cast.seed}:{number}")
    status, last = PROPOSAL_STATUSES[(number - 1) % len(PROPOSAL_STATUSES)], cast.last_moment(rng)
    created, requested, decided = cast.between(rng, cast.earlier(rng, last), last, 3)
    owner, reviewer = cast.choose(rng), cast.choose(rng)
    proposal = Proposal(
        id=FIRST_ID + number,
        git=number % 3 != 0,
        owner=owner.number,
        project=rng.choice(PROJECTS),
        source=f"fix-{number}" if number % 3 == 0 else rng.choice(PROJECTS[:4]),
        registrant=cast.choose(rng).number if number % 6 == 5 else owner.number,
        created=last if status == "Work in progress" else created,
        description=None if rng.randrange(6) == 0 else cast.write(rng),
        status=status,
        prerequisite=f"base-{number}" if number % 7 == 0 else None,
        superseded_by=FIRST_ID + number + 1 if status == "Superseded" else None,
        supersedes=FIRST_ID + number - 1 if number > 1 and number % len(PROPOSAL_STATUSES) == 1 else None,
        information_type=PRIVATE if number % 19 == 7 else "Public",
    )
    if status != "Work in progress":
        proposal = replace(proposal, requested=requested)
    if status in {"Approved", "Rejected", "Merged", "Code failed to merge", "Queued"}:
        proposal = decide(proposal, reviewer.number, requested if status == "Merged" else decided)
    if status == "Merged":
        merger = cast.choose(rng).number
        # Every other one Launchpad found merged by itself, and tells nobody who did it.
        proposal = land(proposal, None if number // len(PROPOSAL_STATUSES) % 2 else merger, decided)
    proposal = replace(proposal, status=status)
    for moment in cast.between(rng, proposal.created, last, spread(rng, 25)):
        author = reviewer if rng.randrange(3) == 0 else cast.choose(rng)
        vote = rng.choice(VOTES) if author is reviewer or rng.randrange(4) == 0 else None
        tag = rng.choice(("code", "qa ✓")) if vote and rng.randrange(2) == 0 else None
        proposal = comment(proposal, author.number, moment, cast.write(rng), vote, tag)
    return proposal


def decide(proposal: Proposal, reviewer: int, when: datetime, status: str = "Approved") -> Proposal:
    """The proposal reviewed."""
    revision = f"{proposal.id:040x}" if status == "Approved" else None
    return replace(proposal, status=status, reviewer=reviewer, reviewed=when, reviewed_revid=revision)


def land(proposal: Proposal, merger: int | None, when: datetime) -> Proposal:
    """The proposal merged: Git tells a commit, Bazaar a revision number."""
    revision, revno = (f"{proposal.id + 7:040x}", None) if proposal.git else (None, proposal.id % 997)
    return replace(
        proposal,
        status="Merged",
        merger=merger,
        merged=when,
        merged_revision=revision,
        merged_revno=revno,
    )


def comment(
    proposal: Proposal, author: int, when: datetime, content: str, vote: str | None, tag: str | None
) -> Proposal:
    """The proposal with one more comment; a vote settles the author's review, or makes one."""
    number = PARTS * proposal.id + len(proposal.comments) + 1
    added = Comment(number, author, when, content, vote, tag)
    reviews = proposal.reviews
    if vote is not None:
        kept = tuple(review for review in reviews if review.reviewer != author)
        former = next((review for review in reviews if review.reviewer == author), None)
        settled = former or Review(PARTS * proposal.id + len(reviews) + 1, author, proposal.registrant, when)
        reviews = (*kept, replace(settled, comment=number))
    return replace(proposal, comments=(*proposal.comments, added), reviews=reviews)
