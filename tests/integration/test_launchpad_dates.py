"""Launchpad's documents are found whatever their dates say."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from scripts.sandbox.launchpad.records import Proposal
from tests.integration.launchpad_jobs import Jobs, start

FAR = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
FIRST = datetime(1, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("merged", [FAR, FIRST], ids=["far ahead", "year 1"])
def test_a_proposal_with_odd_dates_holds_no_other_up(merged: datetime) -> None:
    with start() as server:
        jobs = Jobs(server)
        usual = jobs.documents("merge_proposals")
        owner = jobs.tracker.accounts[0].number
        odd = next(proposal for proposal in jobs.tracker.proposals if proposal.owner == owner)

        def close(proposal: Proposal) -> Proposal:
            return replace(
                proposal, created=FIRST, requested=None, reviewed=None, merged=merged, status="Merged"
            )

        jobs.tracker.put(close(odd), "closes at an odd time")
        found = jobs.documents("merge_proposals")

    odd_id = f"merge_proposals:{jobs.proposal_path(odd.id)}"
    assert (odd_id in found) == (merged == FAR)
    assert found.keys() - {odd_id} == usual.keys() - {odd_id}
