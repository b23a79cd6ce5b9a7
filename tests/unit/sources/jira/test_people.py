"""What an issue's user objects tell together about its people."""

from collections.abc import Callable
from itertools import permutations
from typing import Any

import pytest

from worker.models.context import Context
from worker.sources.jira.people import Participants, Person
from worker.sources.jira.settings import JiraOptions
from worker.sources.jira.spellings import tie_spellings


@pytest.mark.parametrize(
    ("users", "person"),
    [
        ([{"accountId": "a"}], Person("a")),
        (
            [{"accountId": "a"}, {"accountId": "a", "emailAddress": "x@example.com"}],
            Person("a", "x@example.com"),
        ),
        ([{"accountId": "a", "timeZone": "UTC"}, {"accountId": "a"}], Person("a", zone="UTC")),
        (
            [{"accountId": "a", "timeZone": z} for z in ("Europe/Rome", "Asia/Tokyo", "UTC")],
            Person("a", zone="Asia/Tokyo"),
        ),
        (
            [{"accountId": "a"}, {"accountId": "a", "accountType": "app"}, {"accountId": "a"}],
            Person("a", is_person=False),
        ),
        ([{"accountId": "svc"}], Person("svc", is_person=False)),
        ([{"key": "jdoe", "name": "john"}], Person("jdoe")),
        ([{"name": "john"}], Person("john")),
    ],
)
def test_every_user_object_adds_to_what_is_known_in_any_order(
    directory: Callable[..., Any], users: list[Any], person: Person
) -> None:
    options = JiraOptions(system_accounts=("SVC",))
    for order in permutations(users):
        people = Participants(order, options, Context(directory(), options))
        assert people.find(users[0]) == person
        assert people.find_account(person.account) == person


@pytest.mark.parametrize(
    "user", [None, {}, [], "ana", {"accountId": ""}, {"accountId": 7}, {"displayName": "Ana"}]
)
def test_what_names_nobody_is_nobody(directory: Callable[..., Any], user: Any) -> None:
    assert Participants([user], JiraOptions(), Context(directory())).find(user) is None


def test_an_account_that_only_a_change_names_may_be_a_system_account(directory: Callable[..., Any]) -> None:
    people = Participants([], JiraOptions(system_accounts=("svc",)), Context(directory()))
    assert not people.find_account("svc").is_person
    assert people.find_account("zoe").is_person


def test_a_login_name_in_a_mention_is_the_person_that_the_key_names(
    tell: Any, directory: Any, example: dict[str, Any]
) -> None:
    user = {"key": "JIRAUSER7", "name": "ana.e", "displayName": "Ana Example"}
    example["fields"] |= {"creator": user, "description": "ask [~ana.e] and [~nobody]"}
    told = tell(example, None, directory({"JIRAUSER7": "E-ana"}))
    assert told.events["i-10001-c"].employee_id == "E-ana"
    assert told.properties("i-10001-c")["mentions"] == ["E-ana", "?nobody"]


ANA = {"accountId": "id-ana", "key": "ana.key", "name": "ana.name", "displayName": "Ana Example"}
TIES = [
    # (user objects beside the ones of the example, spelling, whom a field means, whom a mention means)
    ([ANA], "id-ana", "id-ana", "id-ana"),
    ([ANA], "ana.key", "id-ana", "id-ana"),
    ([ANA], "ana.name", "id-ana", "id-ana"),
    ([ANA], "Ana.Name", "id-ana", "id-ana"),
    ([ANA], "zoe", "zoe", "zoe"),
    # Two objects tie what each of them tells.
    ([{"accountId": "a", "key": "k"}, {"key": "k", "name": "n"}], "n", "a", "a"),
    ([{"accountId": "a", "name": "n"}, {"key": "k", "name": "n"}], "k", "a", "a"),
    ([{"accountId": "a", "name": "n"}, {"name": "n"}], "n", "a", "a"),
    # A name that is another one's key: a field tells keys, a mention tells names.
    ([{"key": "ana", "name": "old"}, {"key": "JIRAUSER5", "name": "ana"}], "ana", "ana", "JIRAUSER5"),
    # A spelling of two accounts may be either's.
    ([{"accountId": "a", "name": "n"}, {"accountId": "b", "name": "n"}], "n", "n", "n"),
    ([{"accountId": "a", "key": "k"}, {"accountId": "b", "key": "k", "name": "n"}], "k", "k", "k"),
]


@pytest.mark.parametrize(("users", "spelling", "meant", "mentioned"), TIES)
def test_user_objects_tie_account_id_key_and_name_in_any_order(
    users: list[Any], spelling: str, meant: str, mentioned: str
) -> None:
    for order in permutations(users):
        spellings = tie_spellings(order)
        assert spellings.find(spelling) == meant
        assert spellings.find_mentioned(spelling) == mentioned


@pytest.mark.parametrize("user", [ANA, {"key": "ana.key"}, {"name": "ana.name"}, {"accountId": "id-ana"}])
@pytest.mark.parametrize("system_account", ["id-ana", "ANA.key", "ana.name"])
def test_a_system_account_may_be_named_by_any_of_its_spellings(
    directory: Callable[..., Any], user: Any, system_account: str
) -> None:
    options = JiraOptions(system_accounts=(system_account,))
    person = Participants([user, ANA], options, Context(directory())).find(user)
    assert person == Person("id-ana", is_person=False)


PLACES = {
    "assignee from a key": ("assignee", {"from": "ana.key", "to": None}, "from"),
    "assignee to a name": ("assignee", {"from": None, "to": "ana.name"}, "to"),
    "assignee by key and account id": ("assignee", {"to": "other", "tmpToAccountId": "id-ana"}, "to"),
    "a person field": ("Reviewer", {"from": None, "to": "ana.key"}, "to"),
    "a field of several people": ("Reviewers", {"from": None, "to": "[ana.name]"}, "to"),
}


@pytest.mark.parametrize(("field", "ids", "side"), PLACES.values(), ids=PLACES.keys())
def test_a_person_is_the_same_whichever_spelling_a_change_tells(
    tell: Any, directory: Any, example: dict[str, Any], field: str, ids: dict[str, Any], side: str
) -> None:
    item = {"field": field, "fromString": "Ana", "toString": "Ana", **ids}
    author = {"accountId": "bob"}
    history = {"id": "77", "created": "2025-03-02T09:00:00.000+0000", "author": author, "items": [item]}
    example["changelog"] = {"histories": [history]}
    example["fields"]["customfield_1"] = {"participants": [ANA]}
    told = tell(example, None, directory({"id-ana": "E-ana", "bob": "E-bob"}))
    [event] = [event for event in told.events.values() if event.event_id.startswith("77-")]
    changes = event.event_properties.get("changes") or [event.event_properties["change"]]
    assert changes[0][side] in ("E-ana", ["E-ana"])


def test_a_change_ties_the_key_of_that_time_to_the_account_id(
    tell: Any, directory: Any, example: dict[str, Any]
) -> None:
    given = {"field": "assignee", "from": None, "to": "zoe.key", "tmpToAccountId": "id-zoe"}
    taken = {"field": "assignee", "from": "zoe.key", "to": None}
    example["changelog"] = {
        "histories": [
            {"id": str(n), "created": f"2025-03-0{n}T09:00:00.000+0000", "author": ANA, "items": [item]}
            for n, item in enumerate((given, taken), start=1)
        ]
    }
    told = tell(example, None, directory({"id-zoe": "E-zoe"}))
    assert told.properties("1-assignee")["change"]["to"] == "E-zoe"
    assert told.properties("2-assignee")["change"]["from"] == "E-zoe"
    assert told.properties("i-10001-c")["initial_assignee"] is None


def test_what_other_changes_tell_is_no_spelling_of_a_person(tell: Any, example: dict[str, Any]) -> None:
    item = {"field": "Link", "from": None, "fromString": None, "to": "DEMO-2", "toString": "is blocked by"}
    history = {"id": "77", "created": "2025-03-02T09:00:00.000+0000", "author": ANA, "items": [item]}
    example["changelog"] = {"histories": [history]}
    [change] = tell(example).properties("77-changelog")["changes"]
    assert (change["from"], change["to"]) == (None, "is blocked by")


def test_an_apps_worklog_is_the_assignees_whichever_spelling_the_changelog_tells(
    tell: Any, directory: Any, example: dict[str, Any]
) -> None:
    app = {"accountId": "app", "accountType": "app"}
    when = "2025-03-02T09:00:00.000+0000"
    log = {"id": "9", "author": app, "updateAuthor": app, "created": when, "updated": when}
    example["fields"] |= {"worklog": {"worklogs": [log]}, "creator": ANA}
    item = {"field": "assignee", "from": "ana.key", "to": None}
    history = {"id": "77", "created": "2025-03-03T09:00:00.000+0000", "author": app, "items": [item]}
    example["changelog"] = {"histories": [history]}
    told = tell(example, None, directory({"id-ana": "E-ana"}))
    assert told.events["wl-9-c"].employee_id == "E-ana"
    assert told.properties("i-10001-c")["initial_assignee"] == "E-ana"


def test_mentions_tell_a_name_a_key_or_an_account_id(
    tell: Any, directory: Any, example: dict[str, Any]
) -> None:
    text = "[~ana.name] [~ana.key] [~accountid:id-ana]"
    adf = {"type": "doc", "content": [{"type": "mention", "attrs": {"id": "ana.key", "text": "@Ana"}}]}
    example["fields"] |= {"creator": ANA, "description": text, "environment": adf}
    told = tell(example, JiraOptions(copied_fields={"environment": "env"}), directory({"id-ana": "E-ana"}))
    assert told.properties("i-10001-c")["mentions"] == ["E-ana"] * 3
    assert told.properties("i-10001-c")["env_mentions"] == ["E-ana"]


def test_a_key_in_the_changelog_is_a_person(tell: Any, directory: Any, example: dict[str, Any]) -> None:
    item = {"field": "Tester", "from": None, "to": "JIRAUSER7", "toString": "Ana Example"}
    author = {"key": "JIRAUSER8", "name": "bob"}
    history = {"id": "77", "created": "2025-03-02T09:00:00.000+0000", "author": author, "items": [item]}
    example["changelog"] = {"histories": [history]}
    told = tell(example, None, directory({"JIRAUSER7": "E-ana", "JIRAUSER8": "E-bob"}))
    [change] = told.properties("77-changelog")["changes"]
    assert (change["from"], change["to"]) == (None, "E-ana")
