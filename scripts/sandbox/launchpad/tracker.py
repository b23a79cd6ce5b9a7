"""How does the sandbox's Launchpad change? Its items and members one by one, or some of them at once."""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import cycle

from scripts.sandbox.launchpad.bug_changes import BugChanges
from scripts.sandbox.launchpad.finders import find_finders
from scripts.sandbox.launchpad.proposal_changes import ProposalChanges
from scripts.sandbox.launchpad.question_changes import QuestionChanges
from scripts.sandbox.launchpad.records import ACTIVE_PROPOSALS, PUBLIC, Bug, Proposal, Question
from scripts.sandbox.launchpad.shelf import Change, Item

type _Make = Callable[[int, datetime], Change]


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

        Every change shows in a warehouse that ordinary runs fill: the item is found by a member of the
        directory who is asked for, by the dates that Launchpad shows or as a proposal that is or was open
        just now, and what happens to a bug is done by a member. What superseded another is one of them.
        The rest is left to the single methods.
        """
        with self._lock:
            members = self._members()
            names = [self._accounts[member].name for member in sorted(members)]
            ways: dict[type[Item], Iterator[_Make]] = {
                Bug: cycle(self._bug_ways(names, rng)),
                Proposal: cycle(
                    (
                        self.comment_on_proposal, self.review_proposal, self.edit_proposal_comment,
                        self.merge_proposal, self.delete_proposal_comment, self.supersede_proposal,
                    )
                ),
                Question: cycle((self.answer_question, self.solve_question, self.ask_again)),
            }  # fmt: skip
            shown = [item for item in self._open_items() if members & find_finders(item)]
            changes: list[Change] = []
            for item in rng.sample(shown, min(number, len(shown))):
                change = next(ways[type(item)])
                if change == self.supersede_proposal and len(changes) == number - 1:
                    change = next(ways[type(item)])
                changes.append(change(item.id, now))
                if change == self.supersede_proposal:
                    changes.append(self._successor(item.id))
                if len(changes) == number:
                    break
            return changes

    def _successor(self, proposal_id: int) -> Change:
        added = self._proposals[self._proposals[proposal_id].superseded_by or 0]
        return Change(self.document_id(added), "add_proposal")

    def _members(self) -> set[int]:
        """The accounts of those whom a run asks for: who work here and are called what the directory says."""
        return {
            person.number
            for person in self.cast.people
            if person.active and not person.is_test and person.launchpad_id
            if self._accounts[person.number].name == person.launchpad_id
        } - self._suspended

    def _open_items(self) -> list[Item]:
        """What everyone sees and may still be worked on."""
        bugs = (bug for bug in self.bugs if bug.information_type == PUBLIC)
        proposals = (
            p for p in self.proposals if p.information_type == PUBLIC and p.status in ACTIVE_PROPOSALS
        )
        return [*bugs, *proposals, *self.questions]

    def _bug_ways(self, names: Sequence[str], rng: random.Random) -> Sequence[_Make]:
        """The ways in which one of *names* changes a bug."""
        return (
            lambda bug, now: self.comment_on_bug(bug, now, by=rng.choice(names)),
            lambda bug, now: self.change_bug_status(bug, now, by=rng.choice(names)),
            lambda bug, now: self.assign_bug(bug, now, to=rng.choice(names), by=rng.choice(names)),
            lambda bug, now: self.retitle_bug(bug, now, by=rng.choice(names)),
        )
