"""A bug's creation, activity and messages, clause by clause."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.unit.sources.launchpad.shapes import T1, bug, line, message

type Tell = Callable[..., Any]


def test_a_bug_is_created_by_its_owner(tell: Tell) -> None:
    event = tell("bugs", bug()).events["b-7-c"]

    assert (event.event_type, event.relation_type, event.employee_id) == ("bug_created", "owner", "E-ana")
    assert event.event_time_utc.isoformat() == T1
    assert (event.parent_item_id, event.timezone) == ("b-7", "UTC")


def test_a_creation_has_the_known_properties_and_metrics(tell: Tell) -> None:
    told = tell("bugs", bug(heat=12, number_of_duplicates=3))

    assert told.properties("b-7-c") == {
        "bug_id": 7,
        "title": "It broke",
        "link": "https://bugs.launchpad.net/bugs/7",
        "information_type": "Public",
        "private": False,
        "security_related": False,
        "name": None,
        "tags": ["a", "b"],
        "importance": "High",
    }
    assert told.events["b-7-c"].metrics == {
        "heat": 12,
        "number_of_duplicates": 3,
        "users_affected_count": 1,
        "users_affected_count_with_dupes": 1,
        "users_unaffected_count": 0,
    }


def test_a_bug_that_lacks_optional_fields_says_null(tell: Tell) -> None:
    body = bug(tasks=())
    for name in ("name", "tags", "heat", "information_type"):
        del body["bug"][name]
    told = tell("bugs", body)

    assert told.rejects == set()
    assert [told.properties("b-7-c")[name] for name in ("name", "tags", "importance")] == [None] * 3


def test_an_outsiders_bug_has_a_pseudonym(tell: Tell) -> None:
    told = tell("bugs", bug(owner_link="https://api.launchpad.net/devel/~zoe"))

    assert told.events["b-7-c"].employee_id == "?zoe"
    assert told.unknown == {"?zoe"}


def test_names_are_compared_without_case(tell: Tell) -> None:
    told = tell("bugs", bug(owner_link="https://api.launchpad.net/devel/~Ana"))

    assert told.events["b-7-c"].employee_id == "E-ana"


def test_activity_goes_by_its_place_in_the_log(tell: Tell) -> None:
    told = tell("bugs", bug([line(), line("status", "New", "Triaged", "bob", message="why")]))

    assert {"b-7-a0", "b-7-a1"} <= set(told.events)
    event = told.events["b-7-a1"]
    assert (event.event_type, event.relation_type, event.employee_id) == ("bug_activity", "author", "E-bob")
    assert event.event_properties == {
        "bug_id": 7,
        "watch_changed": "status",
        "old_value": "New",
        "new_value": "Triaged",
        "message": "why",
    }


def test_the_first_message_is_the_description_and_no_event(tell: Tell) -> None:
    told = tell("bugs", bug(messages=[message(0), message(1, "bob")]))

    assert [name for name in told.events if "-m" in name] == ["b-7-m1"]
    assert told.properties("b-7-m1") == {
        "bug_id": 7,
        "link": "https://bugs.launchpad.net/ubuntu/+source/x/+bug/7/comments/1",
        "content": "text",
        "subject": "Re: It broke",
    }


def test_a_hidden_message_does_not_move_the_others(tell: Tell) -> None:
    told = tell("bugs", bug(messages=[message(0), message(2), message(5)]))

    assert {name for name in told.events if "-m" in name} == {"b-7-m2", "b-7-m5"}


def test_messages_without_an_index_in_their_links_go_by_place(tell: Tell) -> None:
    told = tell("bugs", bug(messages=[message(0, self_link="x"), message(1, self_link="y")]))

    assert {name for name in told.events if "-m" in name} == {"b-7-m1"}


@pytest.mark.parametrize(("outsiders", "who"), [("leave_out", None), ("pseudonym", "?zoe")])
def test_what_outsiders_do_with_a_bug_is_left_out_unless_asked_for(
    tell: Tell, outsiders: str, who: str | None
) -> None:
    told = tell("bugs", bug([line(who="zoe")], [message(0), message(1, "zoe")]), outsiders)

    found = [told.events[name].employee_id for name in ("b-7-a0", "b-7-m1") if name in told.events]
    assert found == ([who, who] if who else [])
    assert told.unknown == {"?zoe"}, "the bug is read again when the outsider becomes known"


@pytest.mark.parametrize(
    ("what", "value", "told_value"),
    [
        ("linux (Ubuntu): assignee", "Ana Almeida (ana)", "E-ana"),
        ("proj: assignee", "Zoë (Ops) (zoe)", "?zoe"),
        ("proj: assignee", "J. Doe <dev> (j.doe+dev)", "?j.doe+dev"),
        ("assignee", "bob", "E-bob"),
        ("assignee", "https://api.launchpad.net/devel/~bob", "E-bob"),
        ("assignee", "Somebody Unnamed", "?Somebody Unnamed"),
        ("assignee", None, None),
        ("assignee", "", ""),
        ("added subscriber", "Bob (bob)", "E-bob"),
        ("bug supervisor", "Bob (bob)", "E-bob"),
        ("affects", "linux (Ubuntu)", "linux (Ubuntu)"),
        ("summary", "ask Bob (bob)", "ask Bob (bob)"),
        ("owner/thing: status", "New (ana)", "New (ana)"),
        (None, "Bob (bob)", "Bob (bob)"),
        ("subscriber Jane Roe", "Discussion", "Discussion"),
        ("subscriber Jane Roe", "Nothing", "Nothing"),
        ("subscriber Jane: status", "bob", "E-bob"),
        ("subscriber Jane Roe", "Jane Roe (jane)", "?jane"),
        ("removed subscriber Jane Roe", "Jane Roe", "?Jane Roe"),
        ("nvidia-graphics-drivers-340 (Ubuntu): status", "Confirmed", "Confirmed"),
        ("summary", "https://launchpad.net/~bob", "E-bob"),
        ("branch linked", "lp:~bob/proj/fix", "lp:~bob/proj/fix"),
    ],
)
def test_old_and_new_values_name_nobody(tell: Tell, what: Any, value: Any, told_value: Any) -> None:
    properties = tell("bugs", bug([line(what, value, value)])).properties("b-7-a0")

    assert (properties["old_value"], properties["new_value"]) == (told_value, told_value)


@pytest.mark.parametrize(
    ("what", "left"),
    [
        ("subscriber Jane Roe", "subscriber"),
        ("Subscriber Jane Roe", "Subscriber"),
        ("subscriber  Jane\nRoe", "subscriber"),
        ("subscriber: Jane Roe", "subscriber"),
        ("subscriber Jane: status", "subscriber"),
        ("subscriber 田中 (Ops)", "subscriber"),
        ("added subscriber Jane Roe", "added subscriber"),
        ("removed subscriber Jane Roe", "removed subscriber"),
        ("unsubscribed subscriber Jane Roe", "unsubscribed subscriber"),
        ("edited subscribers Jane Roe, Bob", "edited subscribers"),
        ("unsubscribed Jane Roe", "unsubscribed"),
        ("subscribed Jane Roe", "subscribed"),
        ("subscriber", "subscriber"),
        ("linux (Ubuntu): subscriber Jane Roe", "linux (Ubuntu): subscriber"),
        ("linux (Ubuntu): assignee Jane Roe", "linux (Ubuntu): assignee"),
        ("linux (Ubuntu): assignee", "linux (Ubuntu): assignee"),
        ("owner/thing: status", "owner/thing: status"),
        ("nvidia-graphics-drivers-340 (Ubuntu): status", "nvidia-graphics-drivers-340 (Ubuntu): status"),
        ("subscriber-tools (Ubuntu): status", "subscriber-tools (Ubuntu): status"),
        ("bug watch added", "bug watch added"),
        ("nominated for series", "nominated for series"),
        (None, None),
        (7, 7),
    ],
)
def test_what_changed_names_nobody(tell: Tell, what: Any, left: Any) -> None:
    assert (
        tell("bugs", bug([line(what, "Discussion", "Lifecycle")])).properties("b-7-a0")["watch_changed"]
        == left
    )


@pytest.mark.parametrize(
    ("message", "left"),
    [
        ("added subscriber Ana\nAlmeida", "added subscriber"),
        ("subscriber Ana Almeida", "subscriber"),
        ("removed subscriber: Ana Almeida", "removed subscriber"),
        ("https://api.launchpad.net/devel/~ana", "E-ana"),
        ("added bug", "added bug"),
        ("locked: too many subscribers", "locked: too many subscribers"),
        ("", ""),
        (None, None),
    ],
)
def test_the_message_of_a_change_names_no_subscriber(tell: Tell, message: Any, left: Any) -> None:
    assert (
        tell("bugs", bug([line("bug", None, None, message=message)])).properties("b-7-a0")["message"] == left
    )


def test_parts_that_cannot_be_read_are_rejected_by_their_ids(tell: Tell) -> None:
    body = bug(
        [line(who=None), line(datechanged="yesterday"), line(person_link="tag:launchpad.net:2008:redacted")],
        [message(0), message(1, date_created=None), message(2)],
        owner_link=None,
    )
    told = tell("bugs", body)

    assert told.rejects == {
        ("b-7-c", "no author"),
        ("b-7-a0", "no author"),
        ("b-7-a1", "no time"),
        ("b-7-a2", "no author"),
        ("b-7-m1", "no time"),
    }
    assert set(told.events) == {"b-7-m2"}


@pytest.mark.parametrize(
    "body",
    [None, [], "text", {}, {"bug": {"id": "7"}}, {"bug": {"id": True}, "activity": [], "messages": []}],
)
def test_what_is_no_bug_is_one_reject(tell: Tell, body: Any) -> None:
    told = tell("bugs", body)

    assert [event_id for event_id, _ in told.rejects] == [None]
    assert told.events == {}


@pytest.mark.parametrize(
    "text",
    ["&lt;b&gt; &amp;amp;", "a\r\nb\r\n", "👩🏽‍💻 🎉", "x" * 65_536, "", "\u0000", None],
    ids=["entities", "crlf", "emoji", "64 KB", "empty", "nul", "null"],
)
def test_texts_pass_as_they_are(tell: Tell, text: str | None) -> None:
    told = tell("bugs", bug(messages=[message(0), message(1, content=text)], title=text))

    assert told.properties("b-7-m1")["content"] == text
    assert told.properties("b-7-c")["title"] == text


@pytest.mark.parametrize(
    ("when", "is_told"),
    [
        ("0001-01-01T00:00:00+00:00", True),
        ("9999-12-31T23:59:59+00:00", True),
        ("2026-03-01T09:00:00+00:00", True),
        ("2026-03-01T09:00:00", True),
        ("2026-03-01T11:00:00.5+02:00", True),
        ("10000-01-01T00:00:00+00:00", False),
        ("0001-01-01T00:00:00+05:00", False),
        ("", False),
        (17, False),
    ],
)
def test_times_of_every_year_are_read_or_rejected(tell: Tell, when: Any, is_told: bool) -> None:
    told = tell("bugs", bug(date_created=when))

    assert (told.rejects == set()) is is_told
