"""A context says who somebody is, and remembers whom the document has to wait for."""

from worker.models.context import Context
from worker.models.identity import FrozenPeople, Pseudonyms

KEYED = Pseudonyms(b"key")
ADDRESS = "ana@example.com"


def make_people(*known: tuple[str, str, str], pseudonyms: Pseudonyms = KEYED) -> FrozenPeople:
    return FrozenPeople([("email", pseudonyms.of_address(ADDRESS), "e1"), *known], pseudonyms)


def test_who_is_known_by_address_alone_is_awaited_by_account() -> None:
    context = Context(make_people())
    assert context.known("jira", "acc-1", ADDRESS) == "e1"
    assert context.unknown == {KEYED.of_account("jira", "acc-1")}


def test_who_is_known_by_account_is_not_awaited() -> None:
    context = Context(make_people(("jira", "acc-1", "e9")))
    assert context.known("jira", "acc-1", ADDRESS) == "e9"
    assert context.unknown == set()


def test_who_is_known_by_neither_is_awaited_by_both() -> None:
    context = Context(make_people())
    assert context.known("jira", "acc-1", "who@example.com") is None
    assert context.unknown == {KEYED.of_account("jira", "acc-1"), KEYED.of_address("who@example.com")}


def test_a_pseudonym_that_is_known_as_an_address_is_not_awaited() -> None:
    legacy = Pseudonyms(None)
    context = Context(make_people(pseudonyms=legacy))
    assert context.known("jira", ADDRESS, ADDRESS) == "e1"
    assert context.unknown == set()
