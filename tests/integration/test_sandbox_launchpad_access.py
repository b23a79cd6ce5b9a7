"""Who sees what in the sandbox's Launchpad, and what is gone or new, through the real client library."""

import gc
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from lazr.restfulclient.errors import ClientError, NotFound, Unauthorized

from scripts.sandbox.faults import too_many_requests
from scripts.sandbox.launchpad import server as sandbox
from scripts.sandbox.launchpad.records import (
    BUG_STATUSES,
    PRIVATE,
    PUBLIC,
    QUESTION_STATUSES,
    SECRET,
)
from scripts.sandbox.launchpad.server import LaunchpadServer
from scripts.sandbox.launchpad.view import REDACTED
from tests.integration.launchpads import (
    HUGE,
    Connect,
    find_bug,
    load_proposal,
    make_world,
    open_clients,
    start_launchpad,
)

NOW = datetime(2026, 3, 10, 12, 30, 0, 250_000, tzinfo=UTC)


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
def changing() -> Iterator[LaunchpadServer]:
    """A Launchpad of this test's own."""
    with start_launchpad() as running:
        yield running


@pytest.mark.parametrize(
    ("information_type", "token", "seen"),
    [
        (PUBLIC, None, True),
        (PRIVATE, None, False),
        (PRIVATE, sandbox.ACCESS_TOKEN_KEY, True),
        (SECRET, sandbox.ACCESS_TOKEN_KEY, False),
    ],
)
def test_what_is_private_is_shown_to_whom_it_may_be(
    server: LaunchpadServer, connect: Connect, information_type: str, token: str | None, seen: bool
) -> None:
    client = connect(server, token)
    record = find_bug(server.tracker, information_type=information_type)
    found = client.people[server.tracker.account(record.owner).name].searchTasks(
        status=list(BUG_STATUSES), omit_duplicates=False
    )
    links = {task.bug_link for task in found}
    assert (f"{server.url}/devel/bugs/{record.id}" in links) is seen
    for part in ("", "/activity", "/messages"):
        if seen:
            client._browser.get(f"{server.url}/devel/bugs/{record.id}{part}")
        else:
            with pytest.raises(Unauthorized):
                client._browser.get(f"{server.url}/devel/bugs/{record.id}{part}")


def test_a_link_to_what_is_private_is_redacted(connect: Connect, server: LaunchpadServer) -> None:
    private = {bug.id for bug in server.tracker.bugs if bug.information_type != PUBLIC}
    record = next(bug for bug in server.tracker.bugs if bug.duplicate_of in private)
    assert connect(server).bugs[record.id].duplicate_of_link == REDACTED


def test_only_a_token_is_somebody(server: LaunchpadServer, connect: Connect) -> None:
    assert connect(server, sandbox.ACCESS_TOKEN_KEY).me.name == "ci-bot"
    with pytest.raises(Unauthorized):
        connect(server).me.name  # noqa: B018  asks for it


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
@pytest.mark.parametrize(
    ("token", "consumer"),
    [("other-token", sandbox.CONSUMER_KEY), (sandbox.ACCESS_TOKEN_KEY, "other-consumer")],
)
def test_a_wrong_token_or_consumer_is_refused(
    server: LaunchpadServer, connect: Connect, token: str, consumer: str
) -> None:
    with pytest.raises((PermissionError, Unauthorized)):
        connect(server, token, consumer)
    # A client that was never made cannot be closed: its socket goes here, not in another test.
    gc.collect()


def test_a_revoked_token_ends_a_session(changing: LaunchpadServer, connect: Connect) -> None:
    client = connect(changing, sandbox.ACCESS_TOKEN_KEY)
    assert client.bugs[HUGE].id == HUGE
    changing.revoke_token()
    with pytest.raises(PermissionError):
        client.bugs[HUGE]
    changing.restore_token()
    assert connect(changing, sandbox.ACCESS_TOKEN_KEY).bugs[HUGE].id == HUGE


def test_a_deleted_bug_is_gone_with_all_that_belonged_to_it(
    changing: LaunchpadServer, connect: Connect
) -> None:
    client = connect(changing)
    bug = client.bugs[HUGE]
    changing.tracker.delete_bug(HUGE)
    with pytest.raises(KeyError):
        client.bugs[HUGE]
    for collection in (bug.messages, bug.activity, bug.bug_tasks):
        with pytest.raises(NotFound):
            list(collection)
    assert changing.tracker.changed_ids == [f"bugs:{HUGE}"]


def test_a_bug_made_private_is_gone_for_strangers_until_it_is_public_again(
    changing: LaunchpadServer, connect: Connect
) -> None:
    client = connect(changing)
    changing.tracker.hide_bug(HUGE, NOW)
    with pytest.raises(Unauthorized):
        client.bugs[HUGE]
    changing.tracker.show_bug(HUGE, NOW)
    assert client.bugs[HUGE].date_last_updated > NOW


def test_proposals_and_questions_can_be_hidden_or_deleted(
    changing: LaunchpadServer, connect: Connect
) -> None:
    client, tracker = connect(changing), changing.tracker
    hidden, deleted = tracker.proposals[0], tracker.proposals[1]
    question = tracker.questions[0]
    tracker.hide_proposal(hidden.id)
    tracker.delete_proposal(deleted.id)
    tracker.delete_question(question.id)
    with pytest.raises(Unauthorized):
        load_proposal(client, tracker, hidden)
    with pytest.raises(NotFound):
        load_proposal(client, tracker, deleted)
    with pytest.raises(NotFound):
        client.load(f"/{question.project}/+question/{question.id}")


def test_what_was_just_added_is_found(changing: LaunchpadServer, connect: Connect) -> None:
    client, tracker, name = connect(changing), changing.tracker, changing.tracker.accounts[-2].name
    made = [tracker.add_bug(NOW, by=name), tracker.add_proposal(NOW, by=name, git=False)]
    made.append(tracker.add_question(NOW, by=name, assignee=name))
    person = client.people[name]
    found = [f"bugs:{task.bug.id}" for task in person.searchTasks(created_since=NOW - timedelta(1))]
    proposals = [one.self_link for one in person.getMergeProposals() if one.date_created >= NOW]
    found += [f"merge_proposals:{link.partition('/devel/')[2]}" for link in proposals]
    found += [f"questions:{q.id}" for q in person.searchQuestions() if q.date_created >= NOW]
    assert found == [change.document_id for change in made]


def test_a_renamed_member_is_unknown_by_the_former_name(changing: LaunchpadServer, connect: Connect) -> None:
    client = connect(changing)
    account = changing.tracker.accounts[0]
    renamed = changing.tracker.rename_member(account.name)
    with pytest.raises(KeyError):
        client.people[account.name]
    record = find_bug(changing.tracker, owner=account.number, information_type=PUBLIC)
    assert client.bugs[record.id].owner.name == renamed


def test_a_suspended_member_is_gone(changing: LaunchpadServer, connect: Connect) -> None:
    client = connect(changing)
    name = changing.tracker.accounts[0].name
    changing.tracker.suspend_member(name)
    with pytest.raises(ClientError, match="410"):
        client.people[name]


def test_a_joiner_has_done_things_before(changing: LaunchpadServer) -> None:
    world = make_world()
    outside = {person.number for person in world.people if person.employee_id is None}
    joiner = world.add_joiner()
    assert joiner.launchpad_id is not None
    assert changing.tracker.find_account(joiner.launchpad_id) is not None
    done = {message.owner for bug in changing.tracker.bugs for message in bug.messages}
    assert done & outside


def test_faults_reach_the_client(changing: LaunchpadServer, connect: Connect) -> None:
    client = connect(changing)
    changing.faults.plan(too_many_requests(retry_after=3))
    with pytest.raises(ClientError) as caught:
        client.bugs[HUGE]
    assert (caught.value.response.status, caught.value.response["retry-after"]) == (429, "3")


def test_changed_items_are_found_by_the_dates_that_launchpad_shows(
    changing: LaunchpadServer, connect: Connect
) -> None:
    client, tracker = connect(changing), changing.tracker
    changes = tracker.change_some(40, random.Random(5), NOW)
    assert len({change.what for change in changes}) == 14
    since, found = NOW - timedelta(seconds=1), set()
    for account in tracker.accounts:
        person = client.people[account.name]
        for task in person.searchTasks(
            status=list(BUG_STATUSES), omit_duplicates=False, modified_since=since
        ):
            found.add(f"bugs:{task.bug_link.rpartition('/')[2]}")
        for q in person.searchQuestions(status=list(QUESTION_STATUSES)):
            if max(filter(None, (q.date_last_query, q.date_last_response, q.date_solved))) >= since:
                found.add(f"questions:{q.id}")
    expected = {one for one in tracker.changed_ids if not one.startswith("merge_proposals")}
    assert found == expected
