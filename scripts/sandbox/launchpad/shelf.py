"""What is in the sandbox's Launchpad now? Accounts, bugs, merge proposals and questions, by id."""

import random
import threading
from dataclasses import dataclass

from scripts.sandbox.launchpad.bugs import invent_bug
from scripts.sandbox.launchpad.cast import gather_cast
from scripts.sandbox.launchpad.proposals import invent_proposal
from scripts.sandbox.launchpad.questions import invent_question
from scripts.sandbox.launchpad.records import Account, Bug, Proposal, Question, name_proposal
from scripts.sandbox.world import World

type Item = Bug | Proposal | Question


@dataclass(frozen=True, slots=True)
class Change:
    """What happened to which item; *document_id* is ``bugs:9991`` and the like."""

    document_id: str
    what: str


class Shelf:
    """Every item by its id, and who is called what. Safe to use from several threads."""

    def __init__(
        self, world: World, bugs: int = 60, proposals: int = 40, questions: int = 30, seed: int = 1
    ) -> None:
        self.cast = gather_cast(world, seed)
        self._accounts = {account.number: account for account in self.cast.ranked}
        self._suspended: set[int] = set()
        self._bugs = {bug.id: bug for bug in (invent_bug(n, self.cast) for n in range(1, bugs + 1))}
        self._proposals = {p.id: p for p in (invent_proposal(n, self.cast) for n in range(1, proposals + 1))}
        self._questions = {q.id: q for q in (invent_question(n, self.cast) for n in range(1, questions + 1))}
        self._next_id = max([*self._bugs, *self._proposals, *self._questions, 0]) + 1
        self._changed: dict[str, None] = {}
        self._rng = random.Random(f"launchpad changes:{seed}")
        self._lock = threading.RLock()

    @property
    def accounts(self) -> list[Account]:
        """Everyone who has an account, busiest first."""
        with self._lock:
            return [self._accounts[account.number] for account in self.cast.ranked]

    @property
    def bugs(self) -> list[Bug]:
        """All bugs, as they are now."""
        with self._lock:
            return list(self._bugs.values())

    @property
    def proposals(self) -> list[Proposal]:
        """All merge proposals, as they are now."""
        with self._lock:
            return list(self._proposals.values())

    @property
    def questions(self) -> list[Question]:
        """All questions, as they are now."""
        with self._lock:
            return list(self._questions.values())

    @property
    def changed_ids(self) -> list[str]:
        """The ids (``bugs:9991``) of all items that were changed, added or deleted since the start."""
        with self._lock:
            return list(self._changed)

    def account(self, number: int) -> Account:
        """An account as it is called now."""
        with self._lock:
            return self._accounts[number]

    def find_account(self, name: str) -> Account | None:
        """The account of that name, or None."""
        with self._lock:
            return next((a for a in self._accounts.values() if a.name == name), None)

    def is_suspended(self, account: Account) -> bool:
        """Whether Launchpad answers 410 for them."""
        with self._lock:
            return account.number in self._suspended

    def bug(self, bug_id: int) -> Bug | None:
        """One bug, or None where it is gone."""
        with self._lock:
            return self._bugs.get(bug_id)

    def proposal(self, proposal_id: int) -> Proposal | None:
        """One merge proposal, or None where it is gone."""
        with self._lock:
            return self._proposals.get(proposal_id)

    def question(self, question_id: int) -> Question | None:
        """One question, or None where it is gone."""
        with self._lock:
            return self._questions.get(question_id)

    def put(self, item: Item, what: str = "put") -> Change:
        """Add *item*, or have it instead of what had its id: whatever a test needs."""
        with self._lock:
            match item:
                case Bug():
                    self._bugs[item.id] = item
                case Proposal():
                    self._proposals[item.id] = item
                case Question():
                    self._questions[item.id] = item
            return self._note(self.document_id(item), what)

    def document_id(self, item: Item) -> str:
        """What the product calls the item: by its number, a proposal by its path."""
        match item:
            case Bug():
                return f"bugs:{item.id}"
            case Proposal():
                return f"merge_proposals:{name_proposal(item, self.account(item.owner))}"
            case Question():
                return f"questions:{item.id}"

    def _named(self, name: str) -> Account:
        account = self.find_account(name)
        if account is None:
            raise LookupError(f"the sandbox's Launchpad has no account {name}")
        return account

    def _who(self, name: str | None = None) -> int:
        """The number of that account, or of one drawn from the seed."""
        return self._named(name).number if name else self.cast.choose(self._rng).number

    def _take_id(self) -> int:
        self._next_id += 1
        return self._next_id - 1

    def _note(self, document_id: str, what: str) -> Change:
        self._changed[document_id] = None
        return Change(document_id, what)
