"""Jira over REST when something goes wrong: what is tried again, what is not, and what is told."""

import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr

from scripts.sandbox.faults import Fault, hanging, server_error, truncated
from scripts.sandbox.jira.access import EMAIL
from scripts.sandbox.jira.big_issue import add_big_issue
from scripts.sandbox.jira.server import CLOUD_ID, Deployment, JiraServer
from scripts.sandbox.jira.tricks import rate_limited
from scripts.sandbox.world import World
from temporaletl.connections import Connections
from temporaletl.errors import CredentialsError, QueryError, TransientError
from temporaletl.http import Pacer
from tests.integration.jira_over_rest import (
    ANCHOR,
    GONE,
    at,
    connect,
    ends_with,
    find_all,
    ids_of,
    is_search,
    pages_of,
    query,
)
from tests.integration.pacing import keeps_pace
from worker.sources.jira.extract.issues import extract_issues

SECRET = "record-content"
JSON = (("Content-Type", "application/json"),)


@pytest.fixture(scope="module")
def world() -> World:
    return World(45, anchor=ANCHOR, detail=0.2)


@pytest.fixture(scope="module", autouse=True)
def big(world: World) -> str:
    return add_big_issue(world, at(9), histories=60, comments=40, worklogs=5)


@pytest.fixture
def connections(cloud: JiraServer) -> Iterator[Connections]:
    with connect(cloud, read_timeout_s=0.5) as opened:
        yield opened


def test_a_wrong_token_is_not_tried_again(cloud: JiraServer) -> None:
    with connect(cloud, user=EMAIL, token=SecretStr(SECRET)) as connections:
        with pytest.raises(CredentialsError, match="JIRA_TOKEN") as caught:
            pages_of(query(connections))
        with pytest.raises(CredentialsError):
            find_all(connections)
    assert SECRET not in str(caught.value)


def test_an_account_signs_in_by_basic_too(world: World, cloud: JiraServer) -> None:
    with connect(cloud, user=EMAIL) as connections:
        assert len(ids_of(pages_of(query(connections)))) == len(world.issue_ids)


def test_a_scoped_token_without_its_cloud_id_is_told_of_it(cloud: JiraServer) -> None:
    with (
        connect(cloud, token=SecretStr(cloud.access.scoped_token)) as connections,
        pytest.raises(CredentialsError, match="JIRA_CLOUD_ID"),
    ):
        pages_of(query(connections))


def test_a_scoped_token_needs_no_question_about_the_site(cloud: JiraServer) -> None:
    scoped = SecretStr(cloud.access.scoped_token)
    with connect(cloud, token=scoped, cloud_id=CLOUD_ID, gateway_url=cloud.url) as connections:
        find_all(connections)
    assert not [entry for entry in cloud.log.entries if entry.path.endswith("serverInfo")]


@pytest.mark.parametrize("quietly", [False, True])
def test_a_token_that_expires_during_a_job_ends_it_and_another_one_goes_on(
    world: World, quietly: bool
) -> None:
    with JiraServer(world) as server:
        with connect(server) as connections:
            pages = extract_issues(query(connections), None)
            first = next(pages)
            server.access.expire(quietly=quietly)
            with pytest.raises(CredentialsError, match="JIRA_TOKEN"):
                list(pages)
        with connect(server) as connections:
            rest = pages_of(query(connections), first.cursor)
        assert sorted(ids_of([first, *rest])) == sorted(world.issue_ids)


@pytest.mark.parametrize("deployment", ["Cloud", "Server"])
def test_what_a_stranger_is_told_of_no_issue_is_not_believed(world: World, deployment: Deployment) -> None:
    with JiraServer(world, deployment=deployment) as server, connect(server) as connections:
        pages_of(query(connections, ids=world.issue_ids[:1]))
        server.access.expire(quietly=True)
        with pytest.raises(CredentialsError, match="stranger"):
            pages_of(query(connections, ids=world.issue_ids))


def test_a_stranger_on_a_public_site_sees_no_empty_backlog(world: World) -> None:
    with JiraServer(world) as server, connect(server) as connections:
        server.access.expire(quietly=True)
        with pytest.raises(CredentialsError, match="stranger"):
            find_all(connections)


@pytest.mark.parametrize("seconds", [17, 3])
def test_too_many_requests_tell_when_to_come_back_and_which_limit_it_was(
    cloud: JiraServer, connections: Connections, seconds: int
) -> None:
    cloud.faults.plan(rate_limited(seconds), matching=is_search)
    with pytest.raises(TransientError, match="jira-burst-based") as caught:
        pages_of(query(connections))
    assert caught.value.retry_after_s == seconds


def test_too_many_requests_may_name_a_date(cloud: JiraServer, connections: Connections) -> None:
    cloud.faults.plan(rate_limited(datetime.now(UTC) + timedelta(seconds=90)), matching=is_search)
    with pytest.raises(TransientError) as caught:
        pages_of(query(connections))
    assert caught.value.retry_after_s == pytest.approx(90, abs=5)


@pytest.mark.parametrize(
    "fault",
    [server_error(500), server_error(502), server_error(503), server_error(504), truncated(), hanging()],
    ids=["500", "502", "503", "504", "cut off", "hanging"],
)
@pytest.mark.parametrize("path", ["/jql", "/comment", "/bulkfetch", "/serverInfo"])
def test_an_outage_may_pass_and_costs_one_request(
    cloud: JiraServer, connections: Connections, fault: Fault, path: str
) -> None:
    cloud.faults.plan(fault, matching=ends_with(path))
    began = time.monotonic()
    with pytest.raises(TransientError):
        pages_of(query(connections))
    assert time.monotonic() - began < 5
    assert not cloud.faults.pending
    assert len([entry for entry in cloud.log.entries if entry.path.endswith(path)]) <= 1


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"<html>back soon</html>", b'{"issues": 5}', b'{"issues": [7]}']
)
def test_an_answer_that_is_not_jiras_may_pass(
    cloud: JiraServer, connections: Connections, body: bytes
) -> None:
    cloud.faults.plan(Fault(status=200, body=body, headers=JSON), matching=is_search)
    with pytest.raises(TransientError):
        pages_of(query(connections))


def test_the_cursor_goes_on_after_an_outage(
    world: World, cloud: JiraServer, connections: Connections
) -> None:
    pages = extract_issues(query(connections), None)
    first = next(pages)
    cloud.faults.plan(server_error(503), matching=is_search)
    with pytest.raises(TransientError):
        next(pages)
    rest = pages_of(query(connections), first.cursor)
    assert sorted(ids_of([first, *rest])) == sorted(world.issue_ids)


def test_a_search_that_is_forbidden_is_not_tried_again(cloud: JiraServer, connections: Connections) -> None:
    cloud.faults.plan(Fault(status=403, body=b"{}", headers=JSON), matching=is_search)
    with pytest.raises(CredentialsError, match="permissions"):
        pages_of(query(connections))


def test_all_of_the_changelogs_forbidden_is_no_absence_of_an_issue(
    cloud: JiraServer, connections: Connections
) -> None:
    cloud.faults.plan(Fault(status=403, body=b"{}", headers=JSON), matching=ends_with("changelog/bulkfetch"))
    with pytest.raises(CredentialsError, match="permissions"):
        pages_of(query(connections))


@pytest.mark.parametrize(
    ("status", "reason"),
    [(403, "issues that our account may not read"), (404, GONE), (410, GONE)],
)
def test_an_issue_whose_parts_are_withheld_is_counted_by_reason(
    world: World, big: str, cloud: JiraServer, connections: Connections, status: int, reason: str
) -> None:
    cloud.faults.plan(Fault(status=status, body=b"{}", headers=JSON), matching=ends_with(f"{big}/comment"))
    pages = pages_of(query(connections))
    assert sorted({*world.issue_ids} - {*ids_of(pages)}) == [big]
    assert [dict(page.skipped) for page in pages if page.skipped] == [{reason: 1}]


def test_a_question_that_jira_refuses_is_told_in_its_words(cloud: JiraServer) -> None:
    with (
        connect(cloud, jql="mood = good") as connections,
        pytest.raises(QueryError, match=r"Field 'mood' does not exist.*JIRA_JQL"),
    ):
        pages_of(query(connections))


def test_a_question_refused_as_to_a_stranger_names_the_credentials(
    cloud: JiraServer, connections: Connections
) -> None:
    told = "Field 'reporter' does not exist or this field cannot be viewed by anonymous users."
    body = f'{{"errorMessages": ["{told}"], "errors": {{}}}}'.encode()
    cloud.faults.plan(Fault(status=400, body=body, headers=JSON), matching=is_search)
    with pytest.raises(CredentialsError, match=r"anonymous users.*JIRA_TOKEN"):
        pages_of(query(connections))


def test_an_error_tells_nothing_of_a_record(cloud: JiraServer, connections: Connections) -> None:
    body = f'{{"message": "{SECRET}", "errors": {{"a": "{SECRET}"}}}}'.encode()
    cloud.faults.plan(Fault(status=400, body=body, headers=JSON), matching=is_search)
    with pytest.raises(QueryError) as caught:
        pages_of(query(connections))
    assert SECRET not in str(caught.value)


def test_a_search_that_repeats_its_token_ends_with_an_error(
    cloud: JiraServer, connections: Connections
) -> None:
    cloud.repeat_token()
    with pytest.raises(QueryError, match="repeats"):
        pages_of(query(connections))
    with pytest.raises(QueryError, match="repeats"):
        find_all(connections)


def test_a_search_of_empty_pages_ends_with_an_error(cloud: JiraServer, connections: Connections) -> None:
    cloud.send_empty_pages()
    with pytest.raises(QueryError, match="empty"):
        pages_of(query(connections))
    assert cloud.log.count("/rest/api/3/search") < 30


def test_changelogs_that_repeat_their_token_end_with_an_error(
    cloud: JiraServer, connections: Connections
) -> None:
    page = b'{"issueChangeLogs": [], "nextPageToken": "again"}'
    cloud.faults.plan(
        Fault(status=200, body=page, headers=JSON), times=None, matching=ends_with("changelog/bulkfetch")
    )
    with pytest.raises(QueryError, match="repeats"):
        pages_of(query(connections))


@pytest.mark.parametrize("token", [b'["a"]', b'{"a": 1}', b"7"])
def test_a_token_that_is_no_text_is_an_answer_that_may_pass(
    cloud: JiraServer, connections: Connections, token: bytes
) -> None:
    page = b'{"issueChangeLogs": [], "issues": [], "nextPageToken": ' + token + b"}"
    for path in ("changelog/bulkfetch", "search/jql"):
        cloud.faults.plan(Fault(status=200, body=page, headers=JSON), matching=ends_with(path))
        with pytest.raises(TransientError, match=path):
            pages_of(query(connections))


def test_page_tokens_that_expire_cost_no_issue(
    world: World, cloud: JiraServer, connections: Connections
) -> None:
    read: list[str] = []
    for number, page in enumerate(extract_issues(query(connections), None)):
        read += ids_of([page])
        if number % 2 == 0:
            cloud.expire_page_tokens()
    assert sorted(read) == sorted(world.issue_ids)


def test_requests_keep_to_their_pace(cloud: JiraServer) -> None:
    per_second = 40.0
    with (
        connect(cloud, pacer=Pacer(per_second)) as connections,
        keeps_pace(cloud, per_second, at_least=10),
    ):
        find_all(connections)
        pages_of(query(connections))


def test_a_cancel_ends_a_call_at_once(cloud: JiraServer) -> None:
    with connect(cloud) as connections:
        cloud.faults.plan(hanging(), matching=is_search)
        failed: list[Exception] = []

        def read() -> None:
            try:
                pages_of(query(connections))
            except TransientError as error:
                failed.append(error)

        thread = threading.Thread(target=read)
        thread.start()
        while cloud.faults.pending:
            time.sleep(0.005)
        began = time.monotonic()
        connections.close()
        thread.join(5)
        assert not thread.is_alive()
        assert time.monotonic() - began < 2
        assert failed
