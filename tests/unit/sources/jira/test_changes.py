"""The changelog's events, clause by clause."""

from collections.abc import Callable
from typing import Any

import pytest

from worker.sources.jira.settings import JiraOptions

UUID = "712020:3db68bf2-18ce-4a92-8954-72b9dcd76c86"
HEX = "5ecfbd0c730ec90c1999cadf"


def at(second: float) -> str:
    return f"2025-03-01T09:00:{second:06.3f}+0000"


def item(field: str, before: object = "a", after: object = "b", **more: object) -> dict[str, Any]:
    return {"field": field, "fieldtype": "jira", "fromString": before, "toString": after, **more}


def history(number: int | str, second: float, *items: Any, author: Any = "ana") -> dict[str, Any]:
    who = {"accountId": author, "accountType": "app" if author == "bot" else "atlassian"} if author else None
    return {"id": str(number), "author": who, "created": at(second), "items": list(items)}


def issue(*histories: Any) -> dict[str, Any]:
    changelog = {"histories": list(histories)}
    fields = {"comment": {"comments": [], "total": 0}}
    return {"id": "1", "key": "K-1", "self": None, "fields": fields, "changelog": changelog}


@pytest.mark.parametrize(
    ("field", "event_type", "suffix"),
    [
        ("Acceptance Criteria", "acceptance_changed", "acceptance"),
        ("assignee", "assignee_changed", "assignee"),
        ("Comment", "comment_deleted", "comment"),
        ("description", "description_changed", "description"),
        ("PRIORITY", "priority_changed", "priority"),
        ("status", "status_changed", "status"),
        ("Story Points", "story_points_changed", "points"),
        ("summary", "summary_changed", "summary"),
    ],
)
def test_a_named_field_has_an_event_of_its_own(
    tell: Callable[..., Any], field: str, event_type: str, suffix: str
) -> None:
    told = tell(issue(history(9, 0, item(field))))
    assert list(told.events) == [f"9-{suffix}"]
    event = told.events[f"9-{suffix}"]
    assert (event.event_type, event.relation_type, event.employee_id) == (event_type, "author", "E-ana")
    assert event.parent_item_id == "1"
    assert {"project", "issue_id", "history_id", "change", "additional_changes"} <= set(
        event.event_properties
    )
    assert event.event_properties["history_id"] == 9


def test_a_change_takes_the_strings(tell: Callable[..., Any]) -> None:
    told = tell(issue(history(9, 0, item("status", "To Do", "Done", **{"from": "1", "to": "2"}))))
    assert told.properties("9-status")["change"] == {"field": "status", "from": "To Do", "to": "Done"}


def test_a_change_of_assignee_takes_the_ids_as_employees(tell: Callable[..., Any]) -> None:
    change = item("assignee", "Zoe Example", "Bob Example", **{"from": "zoe", "to": "bob"})
    told = tell(issue(history(9, 0, change)))
    assert told.properties("9-assignee")["change"] == {"field": "assignee", "from": "?zoe", "to": "E-bob"}
    assert told.unknown == {"?zoe"}


def test_the_second_item_of_a_field_is_numbered(tell: Callable[..., Any]) -> None:
    told = tell(issue(history(9, 0, item("status", "a", "b"), item("summary"), item("Status", "b", "c"))))
    assert set(told.events) == {"9-status", "9-status-2", "9-summary"}
    assert told.properties("9-status-2")["change"]["from"] == "b"


def test_other_fields_go_with_the_last_named_event(tell: Callable[..., Any]) -> None:
    told = tell(issue(history(9, 0, item("Rank"), item("status"), item("summary"), item("labels", "x", "y"))))
    assert set(told.events) == {"9-status", "9-summary"}
    assert told.properties("9-status")["additional_changes"] == []
    assert told.properties("9-summary")["additional_changes"] == [
        {"field": "Rank", "from": "a", "to": "b"},
        {"field": "labels", "from": "x", "to": "y"},
    ]


@pytest.mark.parametrize("field", ["description", "acceptance criteria"])
def test_mentions_in_changed_text_become_placeholders(tell: Callable[..., Any], field: str) -> None:
    change = item(field, "[~accountid:zoe]", "see [~accountid:bob], [~accountid:ana]")
    properties = tell(issue(history(9, 0, change))).properties(
        "9-description" if field == "description" else "9-acceptance"
    )
    assert properties["change"] == {"field": field, "from": "@{0}", "to": "see @{0}, @{1}"}
    assert properties["from_mentions"] == ["?zoe"]
    assert properties["to_mentions"] == ["E-bob", "E-ana"]


def test_changed_text_without_mentions_says_so(tell: Callable[..., Any]) -> None:
    properties = tell(issue(history(9, 0, item("description")))).properties("9-description")
    assert properties["from_mentions"] == properties["to_mentions"] == []


def test_a_setting_maps_custom_fields_by_id_or_name(tell: Callable[..., Any]) -> None:
    options = JiraOptions(fields={"story points": ("customfield_7",), "acceptance": ("Definition of Done",)})
    changes = item("Estimate", fieldId="customfield_7"), item("definition of done")
    assert set(tell(issue(history(9, 0, *changes)), options).events) == {"9-points", "9-acceptance"}


def test_a_setting_promotes_further_fields(tell: Callable[..., Any]) -> None:
    told = tell(
        issue(history(9, 0, item("Fix Version"))), JiraOptions(promoted_fields={"fix version": "fix version"})
    )
    assert told.events["9-fix_version"].event_type == "fix_version_changed"


@pytest.mark.parametrize(
    ("histories", "expected"),
    [
        # (second, author, field): Rank and labels have no events of their own, status has
        ([(0, "ana", "Rank"), (2.999, "ana", "labels")], {"1-changelog": [1, 2]}),
        ([(0, "ana", "Rank"), (3, "ana", "labels")], {"1-changelog": [1], "2-changelog": [2]}),
        ([(0, "ana", "Rank"), (2, "ana", "Rank"), (4, "ana", "Rank")], {"1-changelog": [1, 2, 3]}),
        ([(0, "ana", "Rank"), (1, "bob", "Rank")], {"1-changelog": [1], "2-changelog": [2]}),
        (
            [(0, "ana", "Rank"), (1, "bob", "Rank"), (2, "ana", "Rank")],
            {"1-changelog": [1], "2-changelog": [2], "3-changelog": [3]},
        ),
        (
            [(0, "ana", "Rank"), (2, "ana", "status"), (4, "ana", "Rank")],
            {"1-changelog": [1, 3], "2-status": None},
        ),
        (
            [(0, "ana", "Rank"), (2, "bob", "status"), (4, "ana", "Rank")],
            {"1-changelog": [1, 3], "2-status": None},
        ),
        # A history long after the one before it ends the burst, whatever it changed and whoever made it.
        (
            [(0, "ana", "Rank"), (20, "ana", "status"), (21, "ana", "labels")],
            {"1-changelog": [1], "2-status": None, "3-changelog": [3]},
        ),
        (
            [(0, "ana", "Rank"), (20, "bob", "status"), (21, "ana", "labels")],
            {"1-changelog": [1], "2-status": None, "3-changelog": [3]},
        ),
        (
            [(0, "ana", "Rank"), (3, "bot", "status"), (5, "ana", "labels")],
            {"1-changelog": [1], "3-changelog": [3]},
        ),
        (
            [(0, "ana", "Rank"), (20, "", "Rank"), (21, "ana", "labels")],
            {"1-changelog": [1], "3-changelog": [3]},
        ),
        (
            [(0, "ana", "Rank"), (20, "ana", None), (21, "ana", "labels")],
            {"1-changelog": [1], "3-changelog": [3]},
        ),
        (
            [(0, "ana", "Rank"), (2, "ana", "status"), (4, "ana", "status"), (6, "ana", "Rank")],
            {"1-changelog": [1, 4], "2-status": None, "3-status": None},
        ),
        ([(0, "ana", "Rank"), (2, "ana", None), (4, "ana", "Rank")], {"1-changelog": [1, 3]}),
        ([(0, "ana", "Rank"), (2, "", "Rank"), (4, "ana", "Rank")], {"1-changelog": [1, 3]}),
        ([(0, "ana", "status"), (1, "ana", "Rank")], {"1-status": None, "2-changelog": [2]}),
        ([(0, "bot", "Rank"), (1, "ana", "Rank")], {"2-changelog": [2]}),
        ([(0, "ana", None)], {}),
    ],
)
def test_other_changes_form_bursts(
    tell: Callable[..., Any],
    histories: list[tuple[float, str, str | None]],
    expected: dict[str, list[int] | None],
) -> None:
    told = tell(
        issue(
            *(
                history(number, second, *([item(field)] if field else []), author=author)
                for number, (second, author, field) in enumerate(histories, start=1)
            )
        )
    )
    found = {
        key: [change["history_id"] for change in event.event_properties["changes"]]
        if event.event_type == "changelog"
        else None
        for key, event in told.events.items()
    }
    assert found == expected


def test_a_burst_is_told_at_its_last_historys_time_under_its_first_ones_id(tell: Callable[..., Any]) -> None:
    told = tell(
        issue(history(1, 0, item("Rank"), item("labels")), history(2, 1.5, item("Sprint", None, "S 7")))
    )
    event = told.events["1-changelog"]
    assert event.event_time_utc.isoformat() == "2025-03-01T09:00:01.500000+00:00"
    assert event.event_properties == {
        "project": "K",
        "issue_id": "1",
        "history_id": 1,
        "changes": [
            {"field": "Rank", "from": "a", "to": "b", "history_id": 1},
            {"field": "labels", "from": "a", "to": "b", "history_id": 1},
            {"field": "Sprint", "from": None, "to": "S 7", "history_id": 2},
        ],
    }


def test_a_named_history_days_after_a_burst_does_not_join_it_to_the_next_one(
    tell: Callable[..., Any],
) -> None:
    days_before = {**history(1, 0, item("Rank")), "created": "2025-02-19T09:00:00.000+0000"}
    told = tell(issue(days_before, history(2, 0, item("status")), history(3, 1, item("labels"))))
    times = {event_id: event.event_time_utc.isoformat() for event_id, event in told.events.items()}
    assert times == {
        "1-changelog": "2025-02-19T09:00:00+00:00",
        "2-status": "2025-03-01T09:00:00+00:00",
        "3-changelog": "2025-03-01T09:00:01+00:00",
    }


def test_histories_come_by_their_time_before_their_number(tell: Callable[..., Any]) -> None:
    told = tell(issue(history(9, 1, item("labels")), history(10, 0, item("Rank"))))
    assert [change["history_id"] for change in told.properties("10-changelog")["changes"]] == [10, 9]


def test_histories_of_one_moment_come_by_their_number(tell: Callable[..., Any]) -> None:
    told = tell(issue(history(10, 0, item("Rank")), history(9, 0, item("labels"))))
    assert [change["history_id"] for change in told.properties("9-changelog")["changes"]] == [9, 10]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (item("reporter", "Ana Example", "Zoe Example", **{"from": "ana", "to": "zoe"}), ("E-ana", "?zoe")),
        (item("Watchers", None, "Zoe Example", **{"from": None, "to": "zoe"}), (None, "?zoe")),
        (
            item("Approvers", None, "Zoe, Ana", **{"from": None, "to": "[zoe, ana]"}),
            (None, ["?zoe", "E-ana"]),
        ),
        (item("Reviewer", "Zoe", "Ana", tmpFromAccountId="zoe", tmpToAccountId="ana"), ("?zoe", "E-ana")),
        (item("Tester", None, "Zoe", fieldtype="custom", **{"from": None, "to": UUID}), (None, f"?{UUID}")),
        (item("Tester", None, "Zoe", fieldtype="custom", **{"from": "", "to": HEX}), (None, f"?{HEX}")),
        (item("Tester", None, "Ana Example", **{"from": None, "to": "ana"}), (None, "E-ana")),
        (item("Developer", None, "Zoe", **{"from": None, "to": "zoe"}), (None, "?zoe")),
        (item("creator", "Zoe Example", None, **{"from": None, "to": None}), (None, None)),
    ],
)
@pytest.mark.parametrize("beside", [(), (item("status"),)])
def test_fields_that_hold_people_never_show_names(
    tell: Callable[..., Any], change: dict[str, Any], expected: tuple[Any, Any], beside: tuple[Any, ...]
) -> None:
    told = tell(issue(history(9, 0, *beside, change)), JiraOptions(user_fields=("developer",)))
    (event,) = told.events.values()
    (shown,) = event.event_properties["additional_changes" if beside else "changes"]
    assert (shown["from"], shown["to"]) == expected
    assert "Zoe" not in repr(event.event_properties)


HALF_KNOWN = [
    # A deleted account of the Cloud, a login name of a Data Center, one of several.
    ({"from": "unknown", "to": HEX}, ("?unknown", f"?{HEX}")),
    ({"from": HEX, "to": "unknown"}, (f"?{HEX}", "?unknown")),
    ({"from": "JIRAUSER10100", "to": "jroe"}, ("?JIRAUSER10100", "?jroe")),
    ({"from": "[unknown]", "to": f"[unknown, {HEX}]"}, (["?unknown"], ["?unknown", f"?{HEX}"])),
    ({"from": None, "to": HEX}, (None, f"?{HEX}")),
    ({"from": "", "to": f"jroe, {UUID}"}, (None, ["?jroe", f"?{UUID}"])),
]


@pytest.mark.parametrize(("ids", "expected"), HALF_KNOWN)
@pytest.mark.parametrize("more", [{}, {"fieldId": "customfield_1"}])
def test_one_known_account_makes_all_values_of_a_change_people(
    tell: Callable[..., Any], ids: dict[str, Any], expected: Any, more: dict[str, str]
) -> None:
    change = item("Reviewer", "Jane Invented", "John Madeup", fieldtype="custom", **more, **ids)
    told = tell(issue(history(9, 0, change)))
    [shown] = told.properties("9-changelog")["changes"]
    assert (shown["from"], shown["to"]) == expected


def reviewer(before: str | None, after: str | None, **more: str) -> dict[str, Any]:
    texts = ("Jane Invented" if before else None, "John Madeup" if after else None)
    return item("Reviewer", *texts, fieldtype="custom", **more, **{"from": before, "to": after})


@pytest.mark.parametrize("more", [{}, {"fieldId": "customfield_1"}])
def test_a_field_that_holds_people_holds_them_in_every_change_of_the_issue(
    tell: Callable[..., Any], more: dict[str, str]
) -> None:
    changes = reviewer("unknown", None, **more), reviewer(None, HEX, **more)
    told = tell(issue(history(1, 0, changes[0]), history(2, 10, changes[1])))
    [shown] = told.properties("1-changelog")["changes"]
    assert (shown["from"], shown["to"]) == ("?unknown", None)


@pytest.mark.parametrize("several", [False, True])
def test_a_field_that_holds_people_today_held_them_before(tell: Callable[..., Any], several: bool) -> None:
    person = {"key": "zoe.key", "displayName": "Zoe Example"}
    changed = issue(history(1, 0, reviewer("jroe", "unknown", fieldId="customfield_1")))
    changed["fields"]["customfield_1"] = [person] if several else person
    [shown] = tell(changed).properties("1-changelog")["changes"]
    assert (shown["from"], shown["to"]) == ("?jroe", "?unknown")


@pytest.mark.parametrize("known", [{"fieldId": "customfield_1"}, {}])
@pytest.mark.parametrize("unknown", [{"fieldId": "customfield_1"}, {}])
def test_a_field_is_known_by_its_name_where_a_change_gives_no_id(
    tell: Callable[..., Any], known: dict[str, str], unknown: dict[str, str]
) -> None:
    changes = reviewer("jroe", None, **unknown), reviewer(None, HEX, **known)
    told = tell(issue(history(1, 0, changes[0]), history(2, 10, changes[1])))
    [shown] = told.properties("1-changelog")["changes"]
    assert (shown["from"], shown["to"]) == ("?jroe", None)


def test_another_field_of_the_same_name_holds_no_people(tell: Callable[..., Any]) -> None:
    people = reviewer(None, HEX, fieldId="customfield_1")
    text = item("Reviewer", "long", "short", fieldtype="custom", fieldId="customfield_2")
    told = tell(issue(history(1, 0, people), history(2, 10, text)))
    [shown] = told.properties("2-changelog")["changes"]
    assert (shown["from"], shown["to"]) == ("long", "short")


def test_what_system_accounts_change_is_no_event(tell: Callable[..., Any]) -> None:
    told = tell(issue(history(1, 0, item("status"), author="bot"), history(2, 5, item("Rank"), author="bot")))
    assert told.yielded == ()
    assert told.unknown == frozenset()


def test_a_history_without_author_is_a_reject_of_each_of_its_events(tell: Callable[..., Any]) -> None:
    told = tell(
        issue(
            history(1, 0, item("status"), item("summary"), item("Rank"), author=None),
            history(2, 5, item("Rank"), author=None),
            history(3, 9, item("status")),
        )
    )
    assert told.rejects == {(key, "no author") for key in ("1-status", "1-summary", "2-changelog")}
    assert set(told.events) == {"3-status"}


@pytest.mark.parametrize(
    ("wrong", "rejects"),
    [
        ({"created": None}, {("9-status", "no created time")}),
        ({"created": "soon", "items": [item("Rank")]}, {("9-changelog", "no created time")}),
        ({"created": None, "items": []}, set()),
        ({"id": None}, {(None, "history without id")}),
        ({"items": ["nonsense"]}, {(None, "changed field not an object")}),
        ({"items": [["status"]]}, {(None, "changed field not an object")}),
        ({"items": {"field": "status"}}, {(None, "changed fields not a list")}),
        ({"items": "status"}, {(None, "changed fields not a list")}),
        ({"items": None}, set()),
        ({"items": []}, set()),
    ],
)
def test_what_cannot_be_read_of_a_history_is_a_reject(
    tell: Callable[..., Any], wrong: dict[str, Any], rejects: set[Any]
) -> None:
    told = tell(issue({**history(9, 0, item("status")), **wrong}, history(10, 9, item("summary"))))
    assert told.rejects == rejects
    assert set(told.events) == {"10-summary"}


def test_a_person_is_found_by_address_where_the_account_is_unknown(
    tell: Callable[..., Any], directory: Callable[..., Any]
) -> None:
    seen = history(9, 0, item("status"))
    seen["author"]["emailAddress"] = "ana@example.com"
    later = history(10, 9, item("assignee", None, "Ana", **{"from": None, "to": "ana"}), author="zoe")
    told = tell(issue(seen, later), None, directory({}, {"ana@example.com": "E-1"}))
    assert told.events["9-status"].employee_id == "E-1"
    assert told.properties("10-assignee")["change"]["to"] == "E-1"


def test_the_timezone_is_the_persons_or_utc(tell: Callable[..., Any]) -> None:
    zoned = history(9, 0, item("status"))
    zoned["author"]["timeZone"] = "Asia/Kolkata"
    told = tell(issue(zoned, history(10, 9, item("status")), history(11, 19, item("status"), author="bob")))
    assert [told.events[f"{n}-status"].timezone for n in (9, 10, 11)] == [
        "Asia/Kolkata",
        "Asia/Kolkata",
        "UTC",
    ]
