"""What can happen to a merge proposal of the sandbox's Launchpad? One method each."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from scripts.sandbox.launchpad import proposals as edits
from scripts.sandbox.launchpad.records import PRIVATE, Comment, Proposal
from scripts.sandbox.launchpad.shelf import Change, Shelf


class ProposalChanges(Shelf):
    """Changes of merge proposals. Only the dates that Launchpad shows tell of them."""

    def add_proposal(
        self, now: datetime, by: str | None = None, git: bool = True, status: str = "Needs review"
    ) -> Change:
        """A new proposal that waits for review."""
        with self._lock:
            number, owner = self._take_id(), self._who(by)
            requested = None if status == "Work in progress" else now
            added = Proposal(
                number, git, owner, "harbour", "lantern" if git else f"fix-{number}", owner, now,
                self.cast.write(self._rng), status, requested=requested,
            )  # fmt: skip
            return self.put(added, "add_proposal")

    def request_review(self, proposal_id: int, now: datetime) -> Change:
        """Ready for review."""
        return self._edit_proposal(
            proposal_id, "request_review", lambda p: replace(p, status="Needs review", requested=now)
        )

    def comment_on_proposal(
        self,
        proposal_id: int,
        now: datetime,
        by: str | None = None,
        vote: str | None = None,
        text: str | None = None,
    ) -> Change:
        """One more comment, with a vote or without. None of the proposal's own dates moves."""
        said = text or self.cast.write(self._rng)
        return self._edit_proposal(
            proposal_id,
            "comment_on_proposal",
            lambda p: edits.comment(p, self._who(by), now, said, vote, "code" if vote else None),
        )

    def edit_proposal_comment(
        self, proposal_id: int, now: datetime, index: int = -1, text: str | None = None
    ) -> Change:
        """Another content of one comment; without comments one is added."""
        said = text or self.cast.write(self._rng)
        return self._edit_comment(
            proposal_id, now, index, "edit_proposal_comment", lambda c: replace(c, content=said, edited=now)
        )

    def delete_proposal_comment(self, proposal_id: int, now: datetime, index: int = -1) -> Change:
        """One comment loses its content; without comments one comes and goes."""
        return self._edit_comment(
            proposal_id, now, index, "delete_proposal_comment", lambda c: replace(c, content="", deleted=now)
        )

    def review_proposal(
        self, proposal_id: int, now: datetime, by: str | None = None, status: str = "Approved"
    ) -> Change:
        """Approved or rejected."""
        return self._edit_proposal(
            proposal_id, "review_proposal", lambda p: edits.decide(p, self._who(by), now, status)
        )

    def merge_proposal(self, proposal_id: int, now: datetime, by: str | None = None) -> Change:
        """Merged, reviewed before or not."""
        return self._edit_proposal(proposal_id, "merge_proposal", lambda p: edits.land(p, self._who(by), now))

    def supersede_proposal(self, proposal_id: int, now: datetime) -> Change:
        """Superseded by a new proposal from the same source, made now. None of its own dates moves."""
        with self._lock:
            former = self._proposals[proposal_id]
            added = replace(
                former,
                id=self._take_id(),
                created=now,
                requested=now,
                status="Needs review",
                supersedes=former.id,
                comments=(),
                reviews=(),
            )
            self.put(added, "add_proposal")
            return self.put(
                replace(former, status="Superseded", superseded_by=added.id), "supersede_proposal"
            )

    def hide_proposal(self, proposal_id: int) -> Change:
        """Private from now on: 401 to whoever has not logged in, and in nobody's list."""
        return self._edit_proposal(
            proposal_id, "hide_proposal", lambda p: replace(p, information_type=PRIVATE)
        )

    def delete_proposal(self, proposal_id: int) -> Change:
        """Gone: 404 for it and all that belonged to it."""
        with self._lock:
            gone = self._proposals.pop(proposal_id)
            return self._note(self.document_id(gone), "delete_proposal")

    def _edit_comment(
        self, proposal_id: int, now: datetime, index: int, what: str, edit: Callable[[Comment], Comment]
    ) -> Change:
        with self._lock:
            if not self._proposals[proposal_id].comments:
                self.comment_on_proposal(proposal_id, now)
            proposal = self._proposals[proposal_id]
            comments = list(proposal.comments)
            comments[index] = edit(comments[index])
            return self.put(replace(proposal, comments=tuple(comments)), what)

    def _edit_proposal(self, proposal_id: int, what: str, edit: Callable[[Proposal], Proposal]) -> Change:
        with self._lock:
            return self.put(edit(self._proposals[proposal_id]), what)
