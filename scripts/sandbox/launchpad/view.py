"""What does one client see? Entries and links at its own address, and nothing private to a stranger."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from scripts.sandbox.launchpad.records import (
    PRIVATE,
    PUBLIC,
    Bug,
    Proposal,
    name_proposal,
    name_source,
)
from scripts.sandbox.launchpad.tracker import Tracker

type Entry = dict[str, object]

REDACTED = "tag:launchpad.net:2008:redacted"
WEB = "launchpad.example.com"


class RefusedError(Exception):
    """Launchpad answers with this status and text."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


@dataclass(frozen=True, slots=True)
class View:
    """The tracker as one client sees it. *root* ends with a slash."""

    tracker: Tracker
    root: str
    logged_in: bool

    def may_see(self, information_type: str) -> bool:
        """Whether this client sees items of that information type."""
        return information_type == PUBLIC or (self.logged_in and information_type == PRIVATE)

    def link(self, path: str) -> str:
        """The address of *path* below the root."""
        return self.root + path

    def person(self, number: int | None) -> str | None:
        """The link to an account, or None where there is none."""
        return None if number is None else self.link(f"~{self.tracker.account(number).name}")

    def bug_link(self, bug_id: int | None) -> str | None:
        """The link to a bug; redacted where this client must not see it."""
        bug = None if bug_id is None else self.tracker.bug(bug_id)
        if bug is None:
            return None
        return self.link(f"bugs/{bug.id}") if self.may_see(bug.information_type) else REDACTED

    def proposal_link(self, proposal_id: int | None) -> str | None:
        """The link to a merge proposal; redacted where this client must not see it."""
        proposal = None if proposal_id is None else self.tracker.proposal(proposal_id)
        if proposal is None:
            return None
        path = name_proposal(proposal, self.tracker.account(proposal.owner))
        return self.link(path) if self.may_see(proposal.information_type) else REDACTED

    def entry(self, kind: str, path: str, fields: Mapping[str, object], web: str | None = None) -> Entry:
        """An entry with what every entry has. Its ETag is the server's to add."""
        return {
            "self_link": self.link(path),
            "web_link": web,
            "resource_type_link": f"{self.root}#{kind}",
            **fields,
        }

    def see_bug(self, bug_id: int) -> Bug:
        """That bug. Raises RefusedError where it is gone (404) or not for this client (401)."""
        bug = self.tracker.bug(bug_id)
        if bug is None:
            raise RefusedError(404, f"Object: <the bugs>, name: '{bug_id}'")
        if not self.may_see(bug.information_type):
            raise RefusedError(401, f"(<Bug {bug_id}>, 'title', 'launchpad.View')")
        return bug

    def see_proposal(self, proposal_id: int, source: str) -> Proposal:
        """That merge proposal from *source*. Raises RefusedError like see_bug."""
        proposal = self.tracker.proposal(proposal_id)
        if proposal is None or name_source(proposal, self.tracker.account(proposal.owner)) != source:
            raise RefusedError(404, f"Object: <{source}>, name: '{proposal_id}'")
        if not self.may_see(proposal.information_type):
            raise RefusedError(401, f"(<BranchMergeProposal {proposal_id}>, 'address', 'launchpad.View')")
        return proposal


def spell_time(moment: datetime | None) -> str | None:
    """A time as Launchpad writes it: six fractional digits, or none for a whole second."""
    return None if moment is None else moment.isoformat()
