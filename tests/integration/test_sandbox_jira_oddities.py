"""What the sandbox's Jira does to its clients: tokens that expire, issues that go, pages without end."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import requests
from jira import JIRA, JIRAError

from scripts.sandbox.faults import hanging, truncated
from scripts.sandbox.jira.access import EMAIL
from scripts.sandbox.jira.server import JiraServer
from scripts.sandbox.jira.tricks import rate_limited
from scripts.sandbox.world import World

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
ALL = "updated >= 0 ORDER BY updated ASC"

type Json = dict[str, Any]


@pytest.fixture
def world() -> World:
    return World(25, anchor=date(2026, 3, 10), detail=0.5)


@pytest.fixture
def server(world: World) -> Iterator[JiraServer]:
    with JiraServer(world) as running:
        yield running


@pytest.fixture
def client(server: JiraServer) -> JIRA:
    return connect(server.url, basic_auth=(EMAIL, server.access.token))


def connect(url: str, **auth: Any) -> JIRA:
    return JIRA(url, {"rest_api_version": "3"}, max_retries=0, timeout=1, **auth)


def search(client: JIRA, token: str | None = None, jql: str = ALL) -> Json:
    found = client.enhanced_search_issues(jql, token, fields=["updated"], json_result=True)
    assert isinstance(found, dict)
    return found


def found_ids(client: JIRA, jql: str = ALL) -> list[str]:
    return [issue.id for issue in client.enhanced_search_issues(jql, fields=["updated"], maxResults=0)]


def test_a_scoped_token_opens_the_scoped_address_alone(server: JiraServer) -> None:
    token = server.access.scoped_token
    assert connect(server.scoped_url, token_auth=token).myself()["accountId"]
    assert connect(server.scoped_url, basic_auth=(EMAIL, token)).myself()["accountId"]
    with pytest.raises(JIRAError) as caught:
        connect(server.url, basic_auth=(EMAIL, token)).myself()
    assert caught.value.status_code == 401
    with pytest.raises(JIRAError) as caught:
        connect(server.scoped_url, basic_auth=(EMAIL, server.access.token))
    assert caught.value.status_code == 401


def test_the_address_of_another_cloud_is_not_there(server: JiraServer) -> None:
    answer = requests.get(f"{server.url}/ex/jira/other/rest/api/3/serverInfo", timeout=2)
    assert answer.status_code == 404


def test_an_expired_token_is_refused_until_there_is_a_new_one(client: JIRA, server: JiraServer) -> None:
    assert search(client)["issues"]
    server.access.expire()
    with pytest.raises(JIRAError) as caught:
        search(client)
    assert caught.value.status_code == 401
    assert caught.value.response is not None
    assert caught.value.response.headers["X-Seraph-LoginReason"] == "AUTHENTICATED_FAILED"
    assert caught.value.response.headers["WWW-Authenticate"].startswith("OAuth realm=")
    assert search(connect(server.url, basic_auth=(EMAIL, server.access.token)))["issues"]


def test_a_site_that_anybody_may_visit_shows_nothing_to_an_expired_token(
    client: JIRA, server: JiraServer
) -> None:
    server.access.expire(quietly=True)
    assert search(client) == {"issues": [], "isLast": True}
    with pytest.raises(JIRAError) as caught:
        client.myself()
    assert caught.value.status_code == 401


def test_a_forbidden_issue_is_missing_everywhere(client: JIRA, server: JiraServer) -> None:
    server.forbid("9503")
    assert "9503" not in found_ids(client)
    with pytest.raises(JIRAError, match="permission to see it") as caught:
        client.issue("9503")
    assert caught.value.status_code == 404
    with pytest.raises(JIRAError, match="A value with ID '9503'"):
        search(client, jql="id = 9503")
    server.behave()
    assert client.issue("9503").id == "9503"


def test_an_issue_can_be_deleted_between_a_search_and_its_reading(client: JIRA, server: JiraServer) -> None:
    first = search(client)["issues"][0]["id"]
    server.after(lambda: server.delete(first))
    assert search(client)["issues"][0]["id"] == first
    with pytest.raises(JIRAError) as caught:
        client.issue(first)
    assert caught.value.status_code == 404
    assert first not in found_ids(client)


def test_searches_may_still_show_what_is_gone(client: JIRA, server: JiraServer) -> None:
    server.delete("9503", listed=True)
    assert "9503" in found_ids(client)
    with pytest.raises(JIRAError):
        client.comments("9503")


def test_unknown_ids_can_be_left_out(client: JIRA, server: JiraServer) -> None:
    server.forgive_unknown_ids()
    assert found_ids(client, "id in (9501, 4711)") == ["9501"]


def test_an_issue_that_changes_during_a_search_comes_again_and_moves_no_other(
    client: JIRA, server: JiraServer, world: World
) -> None:
    before = found_ids(client)
    server.after(lambda: world.add_comment(before[3], NOW))
    assert found_ids(client) == [*before, before[3]]
    assert found_ids(client) == [issue_id for issue_id in before if issue_id != before[3]] + [before[3]]


def test_a_migration_does_not_move_an_issue(client: JIRA, world: World) -> None:
    before = found_ids(client)
    world.migrate(before[3], NOW)
    assert found_ids(client) == before
    assert "Workflow" in str(client.issue(before[3], expand="changelog").raw["changelog"]["histories"][0])


def test_a_new_issue_appears_once_the_index_has_it(client: JIRA, server: JiraServer, world: World) -> None:
    server.hold_index()
    added = world.add_issue(NOW).issue_id
    assert added not in found_ids(client)
    assert client.issue(added).id == added
    server.hold_index(False)
    assert found_ids(client)[-1] == added


def test_several_clients_search_while_issues_change(server: JiraServer, world: World) -> None:
    sound, auth = world.issue_ids, (EMAIL, server.access.token)
    with ThreadPoolExecutor(4) as pool:
        searches = [pool.submit(found_ids, connect(server.url, basic_auth=auth)) for _ in range(8)]
        for at, issue_id in enumerate(sound):
            world.edit_summary(issue_id, NOW + timedelta(seconds=at))
        for found in searches:
            assert set(found.result(20)) == set(sound)
    assert found_ids(connect(server.url, basic_auth=auth)) == sound


def test_a_list_can_stay_short_of_its_total(client: JIRA, server: JiraServer, world: World) -> None:
    issue_id = world.add_comment("9504", NOW).issue_id
    total = len(client.comments(issue_id))
    server.shorten(issue_id, "comments")
    page = client._get_json(f"issue/{issue_id}/comment")
    assert (len(page["comments"]), page["total"]) == (total - 1, total)
    assert client.issue(issue_id).raw["fields"]["comment"]["total"] == total


def test_an_issue_can_be_shaped_as_a_test_needs_it(client: JIRA, server: JiraServer) -> None:
    def strip(issue: Json) -> None:
        issue["fields"] |= {"description": "a&amp;b\r\n" + "x" * 65_536, "creator": None}
        del issue["fields"]["worklog"]

    server.reshape("9501", strip)
    fields = client.issue("9501").raw["fields"]
    assert (len(fields["description"]), fields["creator"], "worklog" in fields) == (65_545, None, False)
    assert client.worklogs("9501") == []
    server.behave()
    assert client.issue("9501").raw["fields"]["creator"]


def test_a_search_can_repeat_its_token(client: JIRA, server: JiraServer) -> None:
    server.repeat_token()
    token = search(client)["nextPageToken"]
    assert search(client, token)["nextPageToken"] == token


def test_a_search_can_go_on_without_end(client: JIRA, server: JiraServer) -> None:
    server.send_empty_pages()
    pages = [search(client), search(client), search(client)]
    assert not any(page["issues"] for page in pages)
    assert len({page["nextPageToken"] for page in pages}) == 3


def test_page_tokens_expire_and_belong_to_their_query(client: JIRA, server: JiraServer) -> None:
    token = search(client)["nextPageToken"]
    with pytest.raises(JIRAError, match="another query"):
        search(client, token, "updated >= 1 ORDER BY updated ASC")
    server.expire_page_tokens()
    with pytest.raises(JIRAError, match="has expired"):
        search(client, token)


def test_people_and_bulk_end_points_can_be_withheld(client: JIRA, server: JiraServer) -> None:
    server.hide_users()
    server.withdraw_bulk()
    with pytest.raises(JIRAError) as users:
        client._get_json("users/search")
    with pytest.raises(JIRAError) as bulk:
        client._get_json("issue/bulkfetch", params={"issueIdsOrKeys": ["9501"]}, use_post=True)
    assert (users.value.status_code, bulk.value.status_code) == (403, 404)


@pytest.mark.parametrize(
    ("retry_after", "spelt"),
    [(3, "3"), (datetime(2030, 1, 2, tzinfo=UTC), "Wed, 02 Jan 2030 00:00:00 GMT"), (None, None)],
)
def test_a_429_says_when_to_come_back_and_which_limit_it_was(
    server: JiraServer, retry_after: float | datetime | None, spelt: str | None
) -> None:
    server.faults.plan(rate_limited(retry_after, "jira-quota-tenant-based"))
    answer = requests.get(f"{server.url}/rest/api/3/serverInfo", timeout=2)
    assert (answer.status_code, answer.headers["RateLimit-Reason"]) == (429, "jira-quota-tenant-based")
    assert answer.headers.get("Retry-After") == spelt
    assert answer.json()["errorMessages"]


def test_a_part_can_be_cut_off_or_hang_while_the_rest_answers(client: JIRA, server: JiraServer) -> None:
    for fault, error in (
        (truncated(), requests.exceptions.ChunkedEncodingError),
        (hanging(), requests.Timeout),
    ):
        server.faults.plan(fault, matching=lambda request: request.path.endswith("/worklog"))
        assert client.issue("9501").id == "9501"
        with pytest.raises((error, requests.ConnectionError)):
            client.worklogs("9501")
