"""An issue's creation, its comments and its worklogs, clause by clause."""

from collections.abc import Callable
from typing import Any

import pytest

from worker.sources.jira.settings import JiraOptions

T1, T2, T3, T4 = (f"2025-03-0{day}T09:00:00.000+0000" for day in (1, 2, 3, 4))
BOT = {"accountId": "bot", "accountType": "app"}


def user(account: str, **more: object) -> dict[str, object]:
    return {"accountId": account, "accountType": "atlassian", "displayName": "Somebody", **more}


def issue(histories: tuple[Any, ...] = (), **fields: Any) -> dict[str, Any]:
    base = {"created": T1, "creator": user("ana"), "project": {"key": "K"}, "summary": "S"}
    base |= {"comment": {"comments": [], "total": 0}}
    return {
        "id": "1",
        "key": "K-1",
        "self": "https://jira.example.com/rest/api/3/issue/1",
        "fields": {**base, **fields},
        "changelog": {"histories": list(histories)},
    }


def history(number: int, created: str, field: str, before: object, after: object) -> dict[str, Any]:
    ids = {"from": before, "to": after} if field == "assignee" else {}
    item = {"field": field, "fromString": before, "toString": after, **ids}
    return {"id": str(number), "author": user("ana"), "created": created, "items": [item]}


def comment(**more: Any) -> dict[str, Any]:
    base = {"id": "5", "self": "https://j/5", "author": user("ana"), "updateAuthor": user("bob")}
    return {**base, "created": T1, "updated": T1, "body": "text", **more}


def worklog(**more: Any) -> dict[str, Any]:
    base = {"id": "7", "self": "https://j/7", "author": user("ana"), "updateAuthor": user("bob")}
    return {**base, "created": T2, "updated": T2, "started": T1, "timeSpentSeconds": 60, **more}


def with_comment(**more: Any) -> dict[str, Any]:
    return issue(creator=None, comment={"comments": [comment(**more)]})


def with_worklog(*histories: Any, more: dict[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    return issue(histories, **{"creator": None, "worklog": {"worklogs": [worklog(**(more or {}))]}, **fields})


@pytest.mark.parametrize(
    ("creator", "reporter", "who"),
    [
        (user("ana"), user("bob"), "E-ana"),
        (None, user("bob"), "E-bob"),
        (BOT, user("bob"), "E-bob"),
        (user("svc"), user("bob"), "E-bob"),
        (BOT, BOT, None),
        (None, None, None),
        (user("zoe"), None, "?zoe"),
    ],
)
def test_an_issue_is_created_by_its_creator_or_else_its_reporter(
    tell: Callable[..., Any], creator: Any, reporter: Any, who: str | None
) -> None:
    told = tell(issue(creator=creator, reporter=reporter), JiraOptions(system_accounts=("svc",)))
    assert [event.employee_id for event in told.events.values()] == ([who] if who else [])
    assert told.rejects == set()


def test_a_creation_has_the_known_properties(tell: Callable[..., Any], example: dict[str, Any]) -> None:
    event = tell(example).events["i-10001-c"]
    assert (event.event_type, event.relation_type, event.employee_id) == (
        "issue_created",
        "reporter",
        "E-ana",
    )
    assert event.parent_item_id == "10000"
    assert event.timezone == "Europe/Madrid"
    assert event.event_properties == {
        "project": "DEMO",
        "issue_id": "10001",
        "issue_type": "Story",
        "url": "https://jira.example.com/rest/api/3/issue/10001",
        "summary": "Make it so",
        "description": "Ask @{0} first",
        "mentions": ["E-bob"],
        "initial_status": "To Do",
        "initial_priority": "Low",
        "initial_assignee": "E-ana",
    }


def test_initial_values_are_todays_where_nothing_changed(tell: Callable[..., Any]) -> None:
    told = tell(issue(status={"name": "Open"}, priority={"name": "Low"}, assignee=user("bob")))
    properties = told.properties("i-1-c")
    assert properties["initial_status"] == "Open"
    assert properties["initial_priority"] == "Low"
    assert properties["initial_assignee"] == "E-bob"


CUSTOM = {"fieldtype": "custom", "fieldId": "customfield_10022"}


@pytest.mark.parametrize("told", [CUSTOM, {"fieldtype": "custom"}, {"fieldId": "customfield_10022"}])
def test_a_custom_field_that_is_called_like_a_system_field_is_another_field(
    tell: Callable[..., Any], told: dict[str, str]
) -> None:
    histories = [
        history(number, f"2025-03-02T09:0{number}:00.000+0000", field, "[eve]", "[bob]")
        for number, field in enumerate(
            ("Priority", "Status", "Assignee", "Summary", "Description", "Comment"), start=1
        )
    ]
    for entry in histories:
        entry["items"][0] |= told
    work = {"author": BOT, "updateAuthor": BOT, "created": T3, "updated": T3}
    today = {"status": {"name": "Open"}, "priority": {"name": "Low"}, "assignee": user("bob")}
    events = tell(issue(tuple(histories), **today, worklog={"worklogs": [worklog(**work)]})).events
    assert [event.event_type for event in events.values()].count("changelog") == 6
    properties = events["i-1-c"].event_properties
    assert (properties["initial_status"], properties["initial_priority"]) == ("Open", "Low")
    assert properties["initial_assignee"] == "E-bob"
    assert events["wl-7-c"].employee_id == "E-bob"


def test_an_issue_first_assigned_later_has_no_initial_assignee(tell: Callable[..., Any]) -> None:
    told = tell(issue((history(1, T2, "assignee", None, "bob"),), assignee=user("bob")))
    assert told.properties("i-1-c")["initial_assignee"] is None


def test_an_issue_without_parent_has_none(tell: Callable[..., Any]) -> None:
    assert tell(issue()).events["i-1-c"].parent_item_id is None


def test_an_issue_without_a_created_time_is_a_reject(tell: Callable[..., Any]) -> None:
    assert tell(issue(created="soon")).rejects == {("i-1-c", "no created time")}


def test_a_base_address_makes_links_that_people_can_open(tell: Callable[..., Any]) -> None:
    whole = issue(comment={"comments": [comment()]}, worklog={"worklogs": [worklog()]})
    told = tell(whole, JiraOptions(base_url="https://jira.example.com/"))
    assert told.properties("i-1-c")["url"] == "https://jira.example.com/browse/K-1"
    assert told.properties("c-5-c")["url"] == "https://jira.example.com/browse/K-1?focusedCommentId=5"
    assert told.properties("wl-7-c")["url"] == "https://jira.example.com/browse/K-1?focusedWorklogId=7"


def test_a_comment_has_the_known_properties(tell: Callable[..., Any], example: dict[str, Any]) -> None:
    event = tell(example).events["c-501-c"]
    assert (event.event_type, event.relation_type, event.employee_id) == (
        "comment_created",
        "author",
        "E-ana",
    )
    assert event.parent_item_id == "10001"
    assert event.event_properties == {
        "project": "DEMO",
        "issue_id": "10001",
        "id": 501,
        "url": "https://jira.example.com/rest/api/3/issue/10001/comment/501",
        "content": "@{0} and @{1}",
        "mentions": ["E-ana", "?cleo"],
        "comment_version": 1,
    }


def test_an_edited_comment_is_updated_once_by_its_editor(tell: Callable[..., Any]) -> None:
    told = tell(with_comment(updated=T3))
    event = told.events["c-5-u1"]
    assert (event.event_type, event.relation_type, event.employee_id) == (
        "comment_updated",
        "author",
        "E-bob",
    )
    assert event.event_time_utc.isoformat() == "2025-03-03T09:00:00+00:00"
    assert told.events["c-5-c"].event_time_utc.isoformat() == "2025-03-01T09:00:00+00:00"


@pytest.mark.parametrize("updated", [None, T1, "2025-03-01T10:00:00.000+0100", "2025-03-01 09:00:00.000 UTC"])
def test_a_comment_that_was_never_edited_is_not_updated(
    tell: Callable[..., Any], updated: str | None
) -> None:
    assert set(tell(with_comment(updated=updated)).events) == {"c-5-c"}


@pytest.mark.parametrize(
    ("wrong", "rejects", "events"),
    [
        ({"author": None}, {("c-5-c", "no author")}, set()),
        ({"author": {}}, {("c-5-c", "no author")}, set()),
        ({"author": None, "updated": T2}, {("c-5-c", "no author")}, {"c-5-u1"}),
        ({"updateAuthor": None, "updated": T2}, {("c-5-u1", "no author")}, {"c-5-c"}),
        ({"author": None, "updateAuthor": None, "updated": T2}, {("c-5-c", "no author")}, set()),
        ({"created": None}, {("c-5-c", "no created time")}, set()),
        ({"updated": "soon"}, {("c-5-u1", "no updated time")}, {"c-5-c"}),
        ({"id": None}, {(None, "comment without id")}, set()),
    ],
)
def test_what_cannot_be_read_of_a_comment_is_a_reject(
    tell: Callable[..., Any], wrong: dict[str, Any], rejects: set[Any], events: set[str]
) -> None:
    told = tell(with_comment(**wrong))
    assert told.rejects == rejects
    assert set(told.events) == events


def test_one_bad_comment_costs_its_neighbours_nothing(tell: Callable[..., Any]) -> None:
    comments = [comment(), "nonsense", comment(id="6", author=None), comment(id="8")]
    told = tell(issue(creator=None, comment={"comments": comments}))
    assert set(told.events) == {"c-5-c", "c-8-c"}
    assert told.rejects == {(None, "comment not an object"), ("c-6-c", "no author")}


@pytest.mark.parametrize("author", [BOT, user("svc"), user("x", emailAddress="Svc@Example.com")])
def test_system_accounts_comment_without_events(tell: Callable[..., Any], author: Any) -> None:
    options = JiraOptions(system_accounts=("svc", "svc@example.com"))
    told = tell(with_comment(author=author), options)
    assert told.yielded == ()
    assert told.unknown == frozenset()


def test_what_a_person_edits_of_an_app_is_the_persons(tell: Callable[..., Any]) -> None:
    told = tell(with_comment(author=BOT, updated=T2))
    assert {key: event.employee_id for key, event in told.events.items()} == {"c-5-u1": "E-bob"}


def test_a_worklog_has_the_known_properties(tell: Callable[..., Any], example: dict[str, Any]) -> None:
    event = tell(example).events["wl-701-c"]
    assert (event.event_type, event.relation_type, event.employee_id) == (
        "worklog_created",
        "author",
        "E-bob",
    )
    assert event.event_time_utc.isoformat() == "2025-03-03T09:00:00+00:00"
    assert event.timezone == "Asia/Shanghai"
    assert event.event_properties == {
        "project": "DEMO",
        "issue_id": "10001",
        "id": 701,
        "url": "https://jira.example.com/rest/api/3/issue/10001/worklog/701",
        "started": "2025-03-01T08:00:00.000+0000",
        "timeSpentSeconds": 3600,
        "content": "",
        "mentions": [],
    }


def test_an_edited_worklog_is_updated_by_its_editor(
    tell: Callable[..., Any], example: dict[str, Any]
) -> None:
    event = tell(example).events["wl-701-u1"]
    assert (event.event_type, event.employee_id) == ("worklog_updated", "E-ana")
    assert event.event_time_utc.isoformat() == "2025-03-04T09:00:00+00:00"


CHANGES = (history(1, T1, "assignee", "eve", "bob"), history(2, T3, "assignee", "bob", None))


@pytest.mark.parametrize(
    ("histories", "created", "fields", "who"),
    [
        (CHANGES, "2025-02-01T00:00:00.000+0000", {}, "E-eve"),
        (CHANGES, T1, {}, "E-bob"),
        (CHANGES, T2, {}, "E-bob"),
        (CHANGES, T4, {"reporter": user("ana")}, "E-ana"),
        (CHANGES, T4, {"reporter": BOT}, None),
        (CHANGES, T4, {}, None),
        ((), T2, {"assignee": user("eve")}, "E-eve"),
        ((), T2, {"assignee": BOT, "reporter": user("ana")}, "E-ana"),
    ],
)
def test_an_apps_worklog_is_the_assignees_at_that_time_or_else_the_reporters(
    tell: Callable[..., Any],
    histories: tuple[Any, ...],
    created: str,
    fields: dict[str, Any],
    who: str | None,
) -> None:
    told = tell(
        with_worklog(*histories, more={"author": BOT, "created": created, "updated": created}, **fields)
    )
    found = {event.employee_id for key, event in told.events.items() if key == "wl-7-c"}
    assert found == ({who} if who else set())
    assert told.rejects == set()


def test_an_apps_edit_of_a_worklog_is_the_assignees_at_the_time_of_the_edit(tell: Callable[..., Any]) -> None:
    edit = {"author": BOT, "updateAuthor": BOT, "created": "2025-02-01T00:00:00.000+0000", "updated": T2}
    told = tell(with_worklog(*CHANGES, more=edit))
    assert told.events["wl-7-c"].employee_id == "E-eve"
    assert told.events["wl-7-u1"].employee_id == "E-bob"


def test_a_worklog_without_author_is_a_reject(tell: Callable[..., Any]) -> None:
    assert tell(with_worklog(more={"author": None})).rejects == {("wl-7-c", "no author")}


@pytest.mark.parametrize(
    "wrong", [{"created": None}, {"author": None, "updateAuthor": None, "updated": T2}, {"created": "soon"}]
)
def test_what_is_wrong_with_a_comment_is_said_once_and_keeps_the_rows_of_both_its_events(
    tell: Callable[..., Any], wrong: dict[str, Any]
) -> None:
    told = tell(with_comment(**wrong))
    assert told.kept == {"c-5-c", "c-5-u1"}


def test_a_worklog_may_be_null(tell: Callable[..., Any]) -> None:
    assert set(tell(issue(worklog=None)).events) == {"i-1-c"}


def test_an_item_that_comes_twice_is_told_once(tell: Callable[..., Any]) -> None:
    twice = {"comments": [comment(body="old"), comment(updated=T2, body="new")]}
    told = tell(issue(creator=None, comment=twice))
    assert told.properties("c-5-c")["content"] == "new"
