"""The sandbox's Jira Cloud through the real client library and over plain HTTP."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime
from typing import Any

import orjson
import pytest
import requests
import trino
from jira import JIRA, JIRAError

from scripts.sandbox.jira.access import EMAIL
from scripts.sandbox.jira.big_issue import add_big_issue
from scripts.sandbox.jira.server import JiraServer
from scripts.sandbox.trino import TrinoServer
from scripts.sandbox.world import World

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
ALL = "updated >= 0 ORDER BY updated ASC"

type Json = dict[str, Any]


@pytest.fixture(scope="module")
def world() -> World:
    world = World(60, anchor=date(2026, 3, 10))
    add_big_issue(world, NOW)
    return world


@pytest.fixture(scope="module")
def big_id(world: World) -> str:
    return world.issue_ids[-1]


@pytest.fixture(scope="module")
def server(world: World) -> Iterator[JiraServer]:
    with JiraServer(world) as running:
        yield running


@pytest.fixture(scope="module")
def client(server: JiraServer) -> JIRA:
    return connect(server.url, server.access.token)


def connect(url: str, token: str, version: str = "3") -> JIRA:
    options: Json = {"rest_api_version": version}
    return JIRA(url, options, basic_auth=(EMAIL, token), max_retries=0, timeout=5)


def fetch(server: JiraServer, path: str, post: Json | None = None, **query: Any) -> Json:
    method = "GET" if post is None else "POST"
    auth = (EMAIL, server.access.token)
    answer = requests.request(
        method, f"{server.url}/rest/api/{path}", params=query, json=post, auth=auth, timeout=5
    )
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


def fetch_list(server: JiraServer, path: str, name: str) -> list[Json]:
    """All pages of an issue's list."""
    entries: list[Json] = []
    while True:
        page = fetch(server, path, startAt=len(entries))
        entries += page[name]
        if not page[name] or len(entries) >= page["total"]:
            return entries


def without_links(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: without_links(entry) for key, entry in value.items() if key != "self"}
    return [without_links(entry) for entry in value] if isinstance(value, list) else value


def test_a_search_pages_through_every_issue_once_in_its_order(
    client: JIRA, server: JiraServer, world: World
) -> None:
    server.log.clear()
    issues = client.enhanced_search_issues(ALL, fields=["updated"], maxResults=0)
    assert sorted(issue.id for issue in issues) == sorted(world.issue_ids)
    times = [datetime.fromisoformat(issue.raw["fields"]["updated"]) for issue in issues]
    assert times == sorted(times)
    assert server.log.count("/rest/api/3/search/jql") == -(-len(world) // 10)


def test_a_search_can_be_posted(client: JIRA, server: JiraServer) -> None:
    found = client.enhanced_search_issues(
        ALL, fields=["summary", "created"], expand="changelog", json_result=True, use_post=True
    )
    assert set(found["issues"][0]["fields"]) == {"summary", "created"}
    assert found["issues"][0]["changelog"]["startAt"] == 0
    assert not found["isLast"]


def test_only_the_last_page_is_the_last_and_has_no_token(server: JiraServer) -> None:
    token, last = None, False
    while not last:
        page = fetch(server, "3/search/jql", jql=ALL, **({"nextPageToken": token} if token else {}))
        token, last = page.get("nextPageToken"), page["isLast"]
        assert (token is None) == last


def test_without_fields_an_issue_is_its_id(server: JiraServer) -> None:
    assert fetch(server, "3/search/jql", jql="key = PR1-1")["issues"] == [{"id": "9501"}]


def test_only_fields_that_were_asked_for_are_there(server: JiraServer) -> None:
    wanted = ["*all", "-comment", "-worklog"]
    found = fetch(server, "3/search/jql", jql="key = PR1-1", fields=wanted)["issues"][0]
    assert {"comment", "worklog"}.isdisjoint(found["fields"])
    assert "summary" in found["fields"]
    assert "changelog" not in found


def test_an_embedded_list_is_cut_off_and_tells_its_total(server: JiraServer, big_id: str) -> None:
    expanded: Json = {"fields": "*all", "expand": "changelog"}
    found = fetch(server, "3/search/jql", jql=f"id = {big_id}", **expanded)["issues"][0]
    whole = fetch(server, f"3/issue/{big_id}", **expanded)
    for issue, histories in ((found, 40), (whole, 100)):
        lists = (issue["fields"]["comment"], issue["fields"]["worklog"], issue["changelog"])
        names = ("comments", "worklogs", "histories")
        shown = [(len(part[name]), part["total"]) for part, name in zip(lists, names, strict=True)]
        assert shown == [(20, 130), (20, 60), (histories, 250)]


def test_every_issue_is_the_one_that_the_lake_holds(server: JiraServer, world: World) -> None:
    with TrinoServer(world) as lake:
        connection = trino.dbapi.connect(  # type: ignore[no-untyped-call]
            host=lake.host, port=lake.port, user="t", catalog="lake", legacy_prepared_statements=False
        )
        with closing(connection):
            cursor = connection.cursor()
            rows = cursor.execute("SELECT id, fields, changelog FROM jira.issues").fetchall()
    sound = [row for row in rows if row[0] is not None and world.damage(row[0]) is None]
    assert len(sound) > 50
    for issue_id, fields_text, changelog_text in sound:
        path = f"3/issue/{issue_id}"
        issue = fetch(server, path, fields="*all")
        comments = fetch_list(server, f"{path}/comment", "comments")
        worklogs = fetch_list(server, f"{path}/worklog", "worklogs")
        stored = without_links(orjson.loads(fields_text))
        assert without_links(comments) == stored.pop("comment")["comments"]
        assert without_links(worklogs) == stored.pop("worklog")["worklogs"]
        shown = without_links(issue["fields"])
        del shown["comment"], shown["worklog"]
        spelt = [fields.pop("updated").replace(" UTC", "Z") for fields in (shown, stored)]
        assert shown == stored
        assert datetime.fromisoformat(spelt[0]) == datetime.fromisoformat(spelt[1])
        histories = fetch_list(server, f"{path}/changelog", "values")
        assert without_links(histories) == without_links(orjson.loads(changelog_text)["histories"])[::-1]


def test_the_client_reads_what_an_issue_embeds_and_what_it_lists(client: JIRA, big_id: str) -> None:
    issue = client.issue(big_id, expand="changelog")
    assert len(issue.changelog.histories) == 100
    assert len(client.comments(big_id)) == 15
    assert len(client.worklogs(big_id)) == 15


def test_bulk_histories_come_by_date_in_milliseconds_over_several_pages(
    server: JiraServer, world: World, big_id: str
) -> None:
    other = world.issue_ids[0]
    asked: Json = {"issueIdsOrKeys": [big_id, "PR1-1", "4711"]}
    seen: dict[str, list[Json]] = {big_id: [], other: []}
    pages, token = 0, None
    while pages == 0 or token:
        body = {**asked, **({"nextPageToken": token} if token else {})}
        page = fetch(server, "3/changelog/bulkfetch", post=body)
        for log in page["issueChangeLogs"]:
            seen[log["issueId"]] += log["changeHistories"]
        token, pages = page.get("nextPageToken"), pages + 1
    assert pages > 5
    for issue_id, histories in seen.items():
        single = fetch_list(server, f"3/issue/{issue_id}/changelog", "values")
        assert [history["id"] for history in histories] == [history["id"] for history in single]
        moments = [datetime.fromisoformat(history["created"]).timestamp() * 1000 for history in single]
        assert [history["created"] for history in histories] == moments


def test_bulk_histories_can_be_of_some_fields_only(server: JiraServer, big_id: str) -> None:
    page = fetch(server, "3/changelog/bulkfetch", post={"issueIdsOrKeys": [big_id], "fieldIds": ["status"]})
    items = [i for log in page["issueChangeLogs"] for h in log["changeHistories"] for i in h["items"]]
    assert {item["fieldId"] for item in items} == {"status"}


def test_many_issues_at_once_name_those_that_are_not_there(server: JiraServer) -> None:
    page = fetch(
        server,
        "3/issue/bulkfetch",
        post={"issueIdsOrKeys": ["9502", "4711", "PR1-1"], "fields": ["summary"], "expand": ["changelog"]},
    )
    assert [issue["id"] for issue in page["issues"]] == ["9501", "9502"]
    assert "changelog" in page["issues"][0]
    assert [error["id"] for error in page["issueErrors"]] == ["4711"]


def test_version_2_shows_text_where_version_3_shows_documents(server: JiraServer, world: World) -> None:
    described = next(i for i in world.issue_ids if "mention" in str(world.issue(i).fields["description"]))
    old, new = (fetch(server, f"{v}/issue/{described}")["fields"]["description"] for v in (2, 3))
    assert new["type"] == "doc"
    assert "[~accountid:" in old
    assert new["content"][0]["content"][0]["text"].strip() in old


def test_people_are_listed_page_by_page_with_their_addresses(server: JiraServer, world: World) -> None:
    people: list[Json] = []
    while page := fetch(server, "3/users/search", startAt=len(people), maxResults=1000):
        people += page  # type: ignore[arg-type]  # this one end point answers a bare list
    known = {person.account_id: person.jira_email for person in (*world.people, *world.apps)}
    assert {who["accountId"]: who.get("emailAddress") for who in people} == known


def test_the_site_describes_itself(client: JIRA, server: JiraServer) -> None:
    assert client.server_info()["deploymentType"] == "Cloud"
    assert client.myself()["timeZone"] == "America/New_York"
    assert {"customfield_10016", "comment"} <= {field["id"] for field in client.fields()}
    assert client.approximate_issue_count("project = PR1") == 9


@pytest.mark.parametrize(
    ("path", "query", "status", "message"),
    [
        ("search", {"jql": ALL}, 410, "has been removed"),
        ("search/jql", {"jql": "ORDER BY updated"}, 400, "Unbounded JQL"),
        ("search/jql", {}, 400, "Unbounded JQL"),
        ("search/jql", {"jql": "id in (9501, 4711)"}, 400, "A value with ID '4711' does not exist"),
        ("search/jql", {"jql": "status = Done"}, 400, "Field 'status' does not exist"),
        ("search/jql", {"jql": ALL, "nextPageToken": "?"}, 400, "nextPageToken is invalid"),
        ("search/jql", {"jql": ALL, "maxResults": "many"}, 400, "is not a number"),
        ("issue/4711", {}, 404, "does not exist or you do not have permission"),
        ("issue/4711/comment", {}, 404, "does not exist or you do not have permission"),
        ("nonsense", {}, 404, "null for uri"),
    ],
)
def test_a_refusal_has_jiras_body(
    client: JIRA, path: str, query: dict[str, str], status: int, message: str
) -> None:
    with pytest.raises(JIRAError, match=message) as caught:
        client._get_json(path, params=query)
    assert caught.value.status_code == status
    assert caught.value.response is not None
    assert set(caught.value.response.json()) == {"errorMessages", "errors"}
