"""What an issue's user objects tell together about its people."""

from collections.abc import Callable
from itertools import permutations
from typing import Any

import pytest

from worker.models.context import Context
from worker.sources.jira.people import Participants, Person
from worker.sources.jira.settings import JiraOptions


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


def test_a_key_in_the_changelog_is_a_person(tell: Any, directory: Any, example: dict[str, Any]) -> None:
    item = {"field": "Tester", "from": None, "to": "JIRAUSER7", "toString": "Ana Example"}
    author = {"key": "JIRAUSER8", "name": "bob"}
    history = {"id": "77", "created": "2025-03-02T09:00:00.000+0000", "author": author, "items": [item]}
    example["changelog"] = {"histories": [history]}
    told = tell(example, None, directory({"JIRAUSER7": "E-ana", "JIRAUSER8": "E-bob"}))
    [change] = told.properties("77-changelog")["changes"]
    assert (change["from"], change["to"]) == (None, "E-ana")
