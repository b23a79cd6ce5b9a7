"""Whole issues: nothing is lost, nothing is told twice, and order does not matter."""

import copy
import json
import random
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from temporaletl.contract import Document
from worker.models.event import Event, Reject
from worker.models.transform import transform_method
from worker.sources.jira.document import read_row
from worker.sources.jira.settings import JiraOptions, JiraSettings
from worker.sources.jira.transform import transform

SHARED_FIXTURES = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)


def test_the_transform_is_found_by_its_source() -> None:
    assert transform_method["jira"] is transform
    assert transform_method.needs("jira") == (JiraSettings,)


def test_the_example_tells_these_events(tell: Callable[..., Any], example: dict[str, Any]) -> None:
    told = tell(example)
    assert {key: (event.event_type, event.employee_id) for key, event in told.events.items()} == {
        "i-10001-c": ("issue_created", "E-ana"),
        "c-501-c": ("comment_created", "E-ana"),
        "c-501-u1": ("comment_updated", "E-bob"),
        "wl-701-c": ("worklog_created", "E-bob"),
        "wl-701-u1": ("worklog_updated", "E-ana"),
        "wl-702-c": ("worklog_created", "E-bob"),
        "901-assignee": ("assignee_changed", "E-ana"),
        "902-status": ("status_changed", "E-bob"),
        "902-description": ("description_changed", "E-bob"),
        "903-changelog": ("changelog", "E-ana"),
        "904-priority": ("priority_changed", "E-ana"),
    }
    assert told.rejects == set()
    assert told.unknown == {"?cleo"}
    assert "Example" not in repr([event.event_properties for event in told.events.values()])


@pytest.mark.parametrize("strange", ["key", "comment", "worklog"])
def test_a_key_or_id_that_no_address_can_have_costs_nothing_of_the_rest(
    strange: str, tell: Callable[..., Any], example: dict[str, Any]
) -> None:
    options = JiraOptions(base_url="https://jira.example.com")
    others = {name for name in tell(example, options).events if "501" not in name and "701" not in name}
    fields = example["fields"]
    part = {"comment": fields["comment"]["comments"][0], "worklog": fields["worklog"]["worklogs"][0]}
    part.get(strange, example)["key" if strange == "key" else "id"] = "\ud800"

    assert others <= set(tell(example, options).events)


def test_what_is_no_issue_is_a_reject(tell: Callable[..., Any]) -> None:
    for body in (None, [], {}, {"id": None}):
        assert tell(Document("issues:1", None, body)).rejects == {(None, "not an issue")}


def _shuffled(issue: dict[str, Any], seed: int) -> dict[str, Any]:
    mixed = copy.deepcopy(issue)
    lists = (
        mixed["changelog"]["histories"],
        mixed["fields"]["comment"]["comments"],
        mixed["fields"]["worklog"]["worklogs"],
    )
    for entries in lists:
        random.Random(seed).shuffle(entries)
    return mixed


@SHARED_FIXTURES
@given(st.integers())
def test_the_order_of_its_lists_makes_no_difference(tell: Any, example: dict[str, Any], seed: int) -> None:
    assert tell(_shuffled(example, seed)) == tell(example)


USER = st.sampled_from(
    [
        None,
        {"accountId": "ana", "timeZone": "Europe/Madrid"},
        {"accountId": "ana", "emailAddress": "ana@example.com", "timeZone": "UTC"},
        {"accountId": "bob"},
        {"accountId": "bot", "accountType": "app"},
    ]
)
TIME = st.one_of(st.none(), st.integers(0, 9).map(lambda s: f"2025-03-01T09:00:0{s}.000+0000"))
ITEM = st.fixed_dictionaries(
    {
        "field": st.sampled_from(["status", "assignee", "Rank", "labels", "reporter"]),
        "from": st.sampled_from([None, "ana", "bob", "3"]),
        "to": st.sampled_from([None, "ana", "bot", ""]),
        "fromString": st.sampled_from([None, "x", "[~accountid:bob]"]),
        "toString": st.sampled_from([None, "y", "{}"]),
    }
)
IDS = st.integers(1, 12).map(str)
HISTORY = st.fixed_dictionaries(
    {"id": IDS, "author": USER, "created": TIME, "items": st.lists(ITEM, max_size=3)}
)
PIECE = st.fixed_dictionaries(
    {
        "id": IDS,
        "author": USER,
        "updateAuthor": USER,
        "created": TIME,
        "updated": TIME,
        "body": st.text(max_size=3),
    }
)
ISSUES = st.builds(
    lambda histories, comments, worklogs, creator, reporter, assignee: {
        "id": "1",
        "key": "K-1",
        "fields": {
            "created": "2025-03-01T09:00:00.000+0000",
            "creator": creator,
            "reporter": reporter,
            "assignee": assignee,
            "comment": {"comments": comments},
            "worklog": {"worklogs": worklogs},
        },
        "changelog": {"histories": histories},
    },
    st.lists(HISTORY, max_size=8),
    st.lists(PIECE, max_size=4),
    st.lists(PIECE, max_size=4),
    USER,
    USER,
    USER,
)


@SHARED_FIXTURES
@given(ISSUES, st.integers())
def test_any_issue_tells_the_same_in_any_order(tell: Any, issue: dict[str, Any], seed: int) -> None:
    told = tell(issue)
    assert told == tell(_shuffled(issue, seed))
    assert len(told.events) == sum(isinstance(entry, Event) for entry in told.yielded)
    assert not {key for key, _ in told.rejects} & set(told.events)


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


def _places(value: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    entries = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for name, below in entries:
        yield (*way, name)
        yield from _places(below, (*way, name))


@settings(SHARED_FIXTURES, max_examples=300)
@given(st.data())
def test_junk_anywhere_in_an_issue_raises_nothing(tell: Any, example: dict[str, Any], data: Any) -> None:
    broken = copy.deepcopy(example)
    way = data.draw(st.sampled_from(list(_places(example))))
    holder: Any = broken
    for name in way[:-1]:
        holder = holder[name]
    holder[way[-1]] = data.draw(JUNK)
    tell(Document("issues:10001", None, broken))


def _is_person(author: dict[str, Any] | None) -> bool:
    return author is not None and author["accountType"] != "app"


def test_every_item_of_the_real_issues_is_told_exactly_once(
    tell: Any, real_rows: list[dict[str, Any]]
) -> None:
    counted: Counter[str] = Counter()
    for row in real_rows:
        fields, changelog = row["fields"], row["changelog"]
        document = read_row(row["id"], row["key"], row["self"], json.dumps(fields), json.dumps(changelog))
        told = tell(document)
        assert not told.rejects
        expected = {f"i-{row['id']}-c"}
        for holder, name, prefix in (("comment", "comments", "c"), ("worklog", "worklogs", "wl")):
            for entry in (fields.get(holder) or {}).get(name) or ():
                if _is_person(entry["author"]):
                    expected.add(f"{prefix}-{entry['id']}-c")
                if _is_person(entry["updateAuthor"]) and entry["updated"] != entry["created"]:
                    expected.add(f"{prefix}-{entry['id']}-u1")
        others = {
            key
            for key, event in told.events.items()
            if event.event_type == "changelog" or "change" in event.event_properties
        }
        assert set(told.events) - others == expected

        appearances: Counter[int] = Counter()
        for key in others:
            properties = told.properties(key)
            if "changes" in properties:
                appearances.update({change["history_id"] for change in properties["changes"]})
            else:
                appearances[properties["history_id"]] += 1
        by_people = {
            int(history["id"]): max(
                1, sum(item["field"] in ("status", "assignee") for item in history["items"])
            )
            for history in changelog["histories"]
            if _is_person(history["author"]) and history["items"]
        }
        assert appearances == by_people
        counted.update(event.event_type for event in told.events.values())
    assert counted["issue_created"] == len(real_rows)


def test_no_name_of_a_person_is_left_in_the_real_issues(tell: Any, real_rows: list[dict[str, Any]]) -> None:
    for row in real_rows:
        names = set(_names(row))
        told = tell(read_row(row["id"], row["key"], row["self"], row["fields"], row["changelog"]))
        for entry in told.yielded:
            assert isinstance(entry, Event | Reject)
            if isinstance(entry, Event) and not entry.event_type.startswith(("comment", "issue")):
                assert not [name for name in names if name in repr(entry.event_properties)]


def _names(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if "accountId" in value and "displayName" in value:
            yield value["displayName"]
        for below in value.values():
            yield from _names(below)
    elif isinstance(value, list):
        for below in value:
            yield from _names(below)
