"""How does the sandbox's Launchpad change? Its items and members one by one, or some of them at once."""

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from itertools import cycle

from scripts.sandbox.launchpad.bug_changes import BugChanges
from scripts.sandbox.launchpad.proposal_changes import ProposalChanges
from scripts.sandbox.launchpad.question_changes import QuestionChanges
from scripts.sandbox.launchpad.records import ACTIVE_PROPOSALS, PUBLIC
from scripts.sandbox.launchpad.shelf import Change

type Make = Callable[[int, datetime], Change]


class Tracker(BugChanges, ProposalChanges, QuestionChanges):
    """Bugs, merge proposals and questions among the people of *world*, the same for the same arguments.

    Accounts are of everyone who has a Launchpad id in the directory, or would get one by
    ``world.add_joiner()``, and of outsiders. By whom something is done is, where not said, drawn from
    the seed. Safe to use from several threads.
    """

    def rename_member(self, name: str, new_name: str | None = None) -> str:
        """Somebody takes another name; the former one is unknown from now on. Answers the new one."""
        with self._lock:
            account = self._named(name)
            renamed = new_name or f"{name}-renamed"
            self._accounts[account.number] = replace(account, name=renamed)
            return renamed

    def suspend_member(self, name: str) -> None:
        """Somebody's account is suspended: 410."""
        with self._lock:
            self._suspended.add(self._named(name).number)

    def change_some(self, number: int, rng: random.Random, now: datetime) -> list[Change]:
        """*number* different public items, drawn from *rng*, changed in each way in turn.

        Every change can be found by the dates that Launchpad shows, or is of a proposal that is or was
        open just now. What no date shows is left to the single methods.
        """
        bugs: tuple[Make, ...] = (
            self.comment_on_bug, self.change_bug_status, self.assign_bug, self.retitle_bug,
        )  # fmt: skip
        proposals: tuple[Make, ...] = (
            self.comment_on_proposal, self.review_proposal, self.edit_proposal_comment,
            self.merge_proposal, self.delete_proposal_comment, self.supersede_proposal,
        )  # fmt: skip
        questions: tuple[Make, ...] = (self.answer_question, self.solve_question, self.ask_again)
        with self._lock:
            ways = {
                "bugs": ([b.id for b in self.bugs if b.information_type == PUBLIC], cycle(bugs)),
                "merge_proposals": (
                    [
                        p.id
                        for p in self.proposals
                        if p.information_type == PUBLIC and p.status in ACTIVE_PROPOSALS
                    ],
                    cycle(proposals),
                ),
                "questions": ([q.id for q in self.questions], cycle(questions)),
            }
            chosen = [(kind, item) for kind, (items, _) in ways.items() for item in items]
            picked = rng.sample(chosen, min(number, len(chosen)))
            return [next(ways[kind][1])(item, now) for kind, item in picked]
