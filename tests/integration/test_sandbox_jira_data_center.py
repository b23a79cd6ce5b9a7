"""The sandbox's Jira as a Data Center, through the real client library."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
from jira import JIRA, JIRAError

from scripts.sandbox.jira.big_issue import add_big_issue
from scripts.sandbox.jira.server import JiraServer
from scripts.sandbox.world import World

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
ALL = "ORDER BY updated ASC"


@pytest.fixture
def world() -> World:
    return World(25, anchor=date(2026, 3, 10))


@pytest.fixture
def server(world: World) -> Iterator[JiraServer]:
    with JiraServer(world, deployment="Server") as running:
        yield running


@pytest.fixture
def client(server: JiraServer) -> JIRA:
    return connect(server)


def connect(server: JiraServer, version: str = "2") -> JIRA:
    options: dict[str, Any] = {"rest_api_version": version}
    return JIRA(server.url, options, token_auth=server.access.token, max_retries=0, timeout=2)


def texts(value: Any) -> Iterator[str]:
    """Every string at any depth, keys included."""
    if isinstance(value, dict):
        for key, entry in value.items():
            yield key
            yield from texts(entry)
    elif isinstance(value, list):
        for entry in value:
            yield from texts(entry)
    elif isinstance(value, str):
        yield value


def test_a_search_pages_by_offset(client: JIRA, server: JiraServer, world: World) -> None:
    server.log.clear()
    found = client.search_issues(ALL, maxResults=0)
    assert sorted(issue.id for issue in found) == sorted(world.issue_ids)
    assert (found.total, server.log.count("/rest/api/2/search")) == (25, 3)
    page = client.search_issues(ALL, json_result=True)
    assert {"nextPageToken", "isLast"}.isdisjoint(page)


def test_an_issue_that_changes_during_a_search_makes_another_one_slip_through(
    client: JIRA, server: JiraServer, world: World
) -> None:
    order = [issue.id for issue in client.search_issues(ALL, maxResults=0)]
    server.after(lambda: world.add_comment(order[3], NOW))
    seen = [issue.id for issue in client.search_issues(ALL, maxResults=0)]
    assert order[10] not in seen


def test_times_are_searched_by_the_second(client: JIRA, world: World) -> None:
    half = datetime(2026, 3, 10, 12, 0, 0, 500_000, tzinfo=UTC)
    for issue_id, now in (("9503", half), ("9502", NOW)):
        world.edit_summary(issue_id, now)
    moment = int(half.timestamp() * 1000)
    found = client.search_issues(f"updated >= {moment} AND updated < {moment + 500} ORDER BY updated, id")
    assert [issue.id for issue in found] == ["9502", "9503"]
    assert not client.search_issues(f"updated >= {moment} AND updated < {moment + 499}")


def test_people_are_found_by_name_page_by_page(client: JIRA, world: World) -> None:
    everybody = [user for start in (0, 20, 40) for user in client.search_users(".", startAt=start)]
    active = [person for person in (*world.people, *world.apps) if person.active]
    assert len(everybody) == len(active)
    assert len(client.search_users(".", startAt=40, includeInactive=True)) > len(everybody) - 40


def test_comments_and_histories_come_whole_inside_an_issue(client: JIRA, world: World) -> None:
    big_id = add_big_issue(world, NOW, histories=120, comments=40, worklogs=30)
    issue = client.search_issues(f"id = {big_id}", expand="changelog", json_result=True)["issues"][0]
    comments, worklogs = issue["fields"]["comment"], issue["fields"]["worklog"]
    assert (len(comments["comments"]), len(worklogs["worklogs"]), worklogs["total"]) == (40, 20, 30)
    histories = issue["changelog"]["histories"]
    times = [datetime.fromisoformat(history["created"]) for history in histories]
    assert (len(histories), times) == (120, sorted(times))
    assert len(client.worklogs(big_id)) == 30


def test_people_are_users_and_no_accounts(client: JIRA, world: World) -> None:
    accounts = {person.account_id for person in (*world.people, *world.apps)}
    issues = client.search_issues(ALL, fields="*all", expand="changelog", maxResults=0)
    said = [text for issue in issues for text in texts(issue.raw)]
    assert not [text for text in said if "accountId" in text or any(a in text for a in accounts)]
    assert {"key", "name", "displayName"} <= set(issues[0].raw["fields"]["creator"])
    assert any("[~user" in text for text in said)


def test_an_unknown_id_is_refused_unless_the_query_goes_unchecked(client: JIRA) -> None:
    with pytest.raises(JIRAError, match="A value with ID '4711'"):
        client.search_issues("id in (9501, 4711)")
    found = client.search_issues("id in (9501, 4711)", validate_query=False)
    assert [issue.id for issue in found] == ["9501"]


@pytest.mark.parametrize(
    "path", ["search/jql", "issue/9501/changelog", "users/search", "changelog/bulkfetch", "issue/bulkfetch"]
)
def test_what_only_the_cloud_has_is_not_there(client: JIRA, path: str) -> None:
    with pytest.raises(JIRAError) as caught:
        client._get_json(path)
    assert caught.value.status_code == 404


def test_version_3_is_not_there(server: JiraServer) -> None:
    with pytest.raises(JIRAError) as caught:
        connect(server, "3")
    assert caught.value.status_code == 404


def test_an_expired_token_is_refused(client: JIRA, server: JiraServer) -> None:
    assert client.myself()["name"] == "etl"
    server.access.expire()
    with pytest.raises(JIRAError) as caught:
        client.myself()
    assert caught.value.status_code == 401
    assert connect(server).myself()["key"] == "JIRAUSER10000"
