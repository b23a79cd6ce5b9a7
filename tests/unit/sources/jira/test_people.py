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
