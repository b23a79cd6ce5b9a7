"""How many requests Launchpad gets, and how fast: what the docstrings of the extracts say."""

from collections.abc import Iterator

import pytest

from scripts.sandbox.faults import latency
from scripts.sandbox.launchpad.server import LaunchpadServer
from tests.integration.launchpad_jobs import TODAY, TYPES, Jobs, day, start
from tests.integration.pacing import keeps_pace


@pytest.fixture(scope="module")
def server() -> Iterator[LaunchpadServer]:
    """Pages as long as the real service's."""
    with start(page_rows=75) as server:
        yield server


@pytest.fixture
def jobs(server: LaunchpadServer) -> Jobs:
    return Jobs(server)


@pytest.mark.parametrize("event_type", TYPES)
def test_a_member_with_nothing_in_the_window_costs_one_search(jobs: Jobs, event_type: str) -> None:
    owners = {proposal.owner for proposal in jobs.tracker.proposals}
    member = next(a.name for a in jobs.tracker.accounts if a.number not in owners)

    assert jobs.count(event_type, member, date_start=TODAY) == 1


def test_a_bug_costs_four_requests_and_its_search(jobs: Jobs) -> None:
    found = jobs.documents("bugs")
    small = [d for d in found.values() if d.id != f"bugs:{jobs.tracker.bugs[0].id}"]
    assert small

    assert jobs.count("bugs", ids=[d.id.partition(":")[2] for d in small]) == 4 * len(small)
    # The first bug's log is of four pages, its messages are of two, and both are counted.
    huge = len(found) - len(small)
    assert jobs.count("bugs") == 1 + 4 * len(found) + huge * (3 + 1 + 1 + 1)


def test_a_proposal_costs_one_request_and_its_search(jobs: Jobs) -> None:
    found = jobs.documents("merge_proposals")
    assert found

    assert jobs.count("merge_proposals") == 1 + len(found)
    ids = [name.partition(":")[2] for name in found]
    assert jobs.count("merge_proposals", ids=ids) == 2 * len(found)


def test_a_question_costs_one_request_and_its_search(jobs: Jobs) -> None:
    found = jobs.documents("questions")
    assert found

    assert jobs.count("questions") == 1 + len(found)
    assert jobs.count("questions", ids=[name.partition(":")[2] for name in found]) == 2 * len(found)


def test_a_bug_that_changed_after_a_past_window_costs_one_request(jobs: Jobs) -> None:
    found = jobs.documents("bugs", date_start=day(5))

    assert jobs.count("bugs", date_start=day(5), date_end=day(4)) <= 1 + len(found) + 4 * 10
    jobs.server.log.clear()
    chosen = jobs.documents("bugs", date_start=day(5), date_end=day(4))
    asked = [entry.path for entry in jobs.server.log.entries if entry.path.endswith("/messages")]
    assert len(set(asked)) == len(chosen) < len(found)


def test_the_services_description_is_fetched_once_a_process(jobs: Jobs) -> None:
    jobs.server.log.clear()
    for _ in range(3):
        for event_type in TYPES:
            jobs.documents(event_type)

    described = [entry for entry in jobs.server.log.entries if entry.path == "/devel/"]
    assert len(described) == 2


def test_requests_of_all_threads_stay_under_the_rate(server: LaunchpadServer) -> None:
    jobs = Jobs(server, at_once=4, rate=40)

    with keeps_pace(server, 40, at_least=20):
        jobs.documents("bugs", ids=[str(bug.id) for bug in jobs.tracker.bugs[:8]])


@pytest.mark.parametrize("at_once", [1, 3])
def test_as_many_items_are_fetched_at_once_as_set(server: LaunchpadServer, at_once: int) -> None:
    jobs = Jobs(server, at_once=at_once)
    jobs.documents("questions")
    server.log.clear()
    server.faults.plan(latency(0.05), times=None)
    try:
        jobs.documents("questions")
    finally:
        server.faults.clear()

    asked = [entry for entry in server.log.entries if entry.path.endswith("/messages")]
    edges = [(entry.at, 1) for entry in asked] + [(entry.at + entry.duration_s, -1) for entry in asked]
    under_way = [sum(step for _, step in sorted(edges)[: at + 1]) for at in range(len(edges))]
    assert max(under_way) == at_once
