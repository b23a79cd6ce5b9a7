"""What the sandbox's Launchpad tells, through the real client library."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from lazr.restfulclient.errors import ClientError

from scripts.sandbox.launchpad.records import (
    BUG_STATUSES,
    PROPOSAL_STATUSES,
    PUBLIC,
    QUESTION_STATUSES,
)
from scripts.sandbox.launchpad.server import LaunchpadServer
from tests.integration.launchpads import (
    HUGE,
    PAGE,
    Connect,
    find_bug,
    load_proposal,
    open_clients,
    start_launchpad,
    tasks_of,
)


@pytest.fixture
def connect(tmp_path: Path) -> Iterator[Connect]:
    with open_clients(tmp_path) as connect_to:
        yield connect_to


@pytest.fixture(scope="module")
def server() -> Iterator[LaunchpadServer]:
    """A Launchpad that nobody changes."""
    with start_launchpad() as running:
        yield running


@pytest.fixture
def client(server: LaunchpadServer, connect: Connect) -> Any:
    """An anonymous client of the Launchpad that nobody changes."""
    return connect(server)


def test_a_person_has_a_name_and_a_time_zone(client: Any, server: LaunchpadServer) -> None:
    for account in server.tracker.accounts:
        person = client.people[account.name]
        assert (person.name, person.display_name, person.time_zone) == (
            account.name,
            account.display_name,
            account.time_zone,
        )
        assert person.self_link == f"{server.url}/devel/~{account.name}"


def test_an_unknown_person_is_a_key_error(client: Any) -> None:
    with pytest.raises(KeyError):
        client.people["nobody-at-all"]


def test_a_search_finds_every_bug_of_a_member_over_several_pages(
    client: Any, server: LaunchpadServer
) -> None:
    account = server.tracker.accounts[0]
    expected = tasks_of(server.tracker, account.number)
    assert len(expected) > 2 * PAGE
    server.log.clear()
    found = client.people(account.name).searchTasks(status=list(BUG_STATUSES), omit_duplicates=False)
    # Not list(found): that asks for the size, which is one more request.
    tasks = [task for task in found]  # noqa: C416
    assert {int(task.bug_link.rpartition("/")[2]) for task in tasks} == expected
    assert len(server.log.entries) == -(-len(tasks) // PAGE)


def test_a_collection_of_several_pages_knows_its_size(client: Any, server: LaunchpadServer) -> None:
    messages = client.bugs[HUGE].messages
    assert len(messages) == 130
    assert len(list(messages)) == 130
    assert messages[128].content == find_bug(server.tracker, id=HUGE).messages[128].content


def test_a_collection_of_one_page_has_its_size_in_it(client: Any, server: LaunchpadServer) -> None:
    tasks = client.bugs[HUGE].bug_tasks
    tasks.total_size  # noqa: B018  reads the page
    server.log.clear()
    assert len(tasks) == len(find_bug(server.tracker, id=HUGE).tasks)
    assert not server.log.entries


def test_a_search_leaves_out_resolved_bugs_and_duplicates_unless_told(
    client: Any, server: LaunchpadServer
) -> None:
    account = server.tracker.accounts[0]
    found = list(client.people[account.name].searchTasks())
    bugs = [server.tracker.bug(int(task.bug_link.rpartition("/")[2])) for task in found]
    assert all(bug is not None and bug.duplicate_of is None for bug in bugs)
    assert {task.status for task in found}.isdisjoint({"Fix Released", "Won't Fix", "Invalid"})
    assert len({bug.id for bug in bugs if bug}) < len(tasks_of(server.tracker, account.number))


def test_modified_since_is_strict(client: Any, server: LaunchpadServer) -> None:
    account = server.tracker.accounts[0]
    bug = server.tracker.bug(min(tasks_of(server.tracker, account.number)))
    assert bug is not None
    search = client.people[account.name].searchTasks

    def ids(since: datetime) -> set[str]:
        found = search(status=list(BUG_STATUSES), omit_duplicates=False, modified_since=since)
        return {task.bug_link.rpartition("/")[2] for task in found}

    assert str(bug.id) in ids(bug.updated - timedelta(microseconds=1))
    assert str(bug.id) not in ids(bug.updated)


def test_a_search_can_be_narrowed_to_what_is_assigned_and_ordered(
    client: Any, server: LaunchpadServer
) -> None:
    assignee = next(task.assignee for bug in server.tracker.bugs for task in bug.tasks if task.assignee)
    person = client.people[server.tracker.account(assignee).name]
    found = person.searchTasks(
        assignee=person, status=list(BUG_STATUSES), omit_duplicates=False, order_by=["-date_last_updated"]
    )
    assert {task.assignee_link for task in found} == {person.self_link}
    updated = [task.bug.date_last_updated for task in found]
    assert updated == sorted(updated, reverse=True)


def test_a_bad_status_is_refused(client: Any, server: LaunchpadServer) -> None:
    person = client.people[server.tracker.accounts[0].name]
    with pytest.raises(ClientError, match="Acceptable values"):
        person.searchTasks(status=["Nearly"])


def test_a_bug_comes_with_its_log_messages_and_tasks(client: Any, server: LaunchpadServer) -> None:
    record = find_bug(server.tracker, id=HUGE)
    bug = client.bugs[HUGE]
    assert (bug.title, bug.description, bug.date_created) == (
        record.title,
        record.description,
        record.created,
    )
    log = list(bug.activity)
    assert len(log) == 250
    assert log[0].whatchanged == "bug"
    assert log[0].datechanged == record.created
    assert log[0].person.name == server.tracker.account(record.owner).name
    assert [message.content for message in bug.messages] == [message.content for message in record.messages]
    assert [task.status for task in bug.bug_tasks] == [task.status for task in record.tasks]
    assert bug.message_count == 130


def test_texts_arrive_as_they_are(client: Any, server: LaunchpadServer) -> None:
    record = find_bug(server.tracker, id=HUGE)
    text = "".join(message.content for message in record.messages)
    assert all(part in text for part in ("&amp;amp;", "\r\n", "👩🏽‍💻", "@example.com", "请检查"))
    assert "".join(message.content for message in client.bugs[HUGE].messages) == text


def test_times_have_six_fractional_digits_or_none(server: LaunchpadServer) -> None:
    assert {bug.updated.microsecond == 0 for bug in server.tracker.bugs} == {True, False}


def test_every_item_was_last_changed_in_the_days_before_the_anchor(server: LaunchpadServer) -> None:
    end = datetime(2026, 3, 10, tzinfo=UTC)
    moments = [bug.updated for bug in server.tracker.bugs]
    moments += [max(q.last_query, q.last_response or q.created) for q in server.tracker.questions]
    assert all(end - timedelta(days=7) <= moment < end for moment in moments)


def test_an_entry_read_again_is_not_sent_again(client: Any, server: LaunchpadServer) -> None:
    assert client.bugs[HUGE].title == client.bugs[HUGE].title
    server.log.clear()
    assert client.bugs[HUGE].id == HUGE
    assert [entry.status for entry in server.log.entries] == [304]


@pytest.mark.parametrize("git", [True, False])
def test_every_proposal_loads_by_its_link_with_comments_and_votes(
    client: Any, server: LaunchpadServer, git: bool
) -> None:
    for record in server.tracker.proposals:
        if record.git is not git or record.information_type != PUBLIC:
            continue
        proposal = load_proposal(client, server.tracker, record)
        source = proposal.source_git_repository if git else proposal.source_branch
        assert proposal.self_link.startswith(f"{server.url}/devel/{source.unique_name}/")
        assert (proposal.source_git_path is not None, proposal.source_branch is None) == (git, git)
        assert (proposal.queue_status, proposal.date_merged) == (record.status, record.merged)
        comments = [(c.id, c.vote, c.author.name) for c in proposal.all_comments]
        assert comments == [(c.id, c.vote, server.tracker.account(c.author).name) for c in record.comments]
        assert len(list(proposal.votes)) == len(record.reviews)


def test_a_member_has_proposals_in_every_status(client: Any, server: LaunchpadServer) -> None:
    found: dict[str, str] = {}
    for account in server.tracker.accounts:
        for proposal in client.people(account.name).getMergeProposals(status=list(PROPOSAL_STATUSES)):
            found[proposal.self_link] = proposal.queue_status
    public = [p for p in server.tracker.proposals if p.information_type == PUBLIC]
    assert len(found) == len(public)
    assert set(found.values()) == set(PROPOSAL_STATUSES)


def test_closed_proposals_come_only_when_asked_for(client: Any, server: LaunchpadServer) -> None:
    statuses = {
        proposal.queue_status
        for account in server.tracker.accounts
        for proposal in client.people(account.name).getMergeProposals()
    }
    assert statuses == {"Work in progress", "Needs review", "Approved"}


def test_a_superseded_proposal_links_to_its_successor(client: Any, server: LaunchpadServer) -> None:
    record = next(p for p in server.tracker.proposals if p.superseded_by and p.information_type == PUBLIC)
    proposal = load_proposal(client, server.tracker, record)
    assert proposal.superseded_by.supersedes.self_link == proposal.self_link


def test_questions_are_found_by_participation(client: Any, server: LaunchpadServer) -> None:
    owned: set[int] = set()
    for account in server.tracker.accounts:
        person = client.people[account.name]
        owned |= {
            question.id
            for question in person.searchQuestions(
                participation="Owner", status=list(QUESTION_STATUSES), sort="oldest first"
            )
        }
    assert owned == {question.id for question in server.tracker.questions}


def test_a_question_comes_with_its_messages_by_link_and_by_id(client: Any, server: LaunchpadServer) -> None:
    record = next(question for question in server.tracker.questions if question.solved)
    question = client.load(f"/{record.project}/+question/{record.id}")
    assert (question.title, question.date_solved) == (record.title, record.solved)
    messages = list(question.messages)
    assert [(m.action, m.new_status) for m in messages] == [(m.action, m.new_status) for m in record.messages]
    assert (messages[-1].action, messages[-1].new_status) == ("Confirm", "Solved")
    assert messages[0].question.self_link == question.self_link
    assert question.answer.content == record.messages[record.answer or 0].content
    assert client.questions.getByID(question_id=record.id).self_link == question.self_link
