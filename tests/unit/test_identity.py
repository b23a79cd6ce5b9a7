"""Pseudonyms name the same person the same way, and look-ups answer what is known."""

import hashlib
import hmac
import statistics
import threading
import time
import tracemalloc

import pytest
from pydantic import SecretStr

from temporaletl.settings import IdentitySettings
from worker.models.context import Context
from worker.models.identity import FrozenPeople, Pseudonyms, normalise_address

KEYED = Pseudonyms(b"key")


@pytest.mark.parametrize(
    ("address", "same"),
    [
        ("Ana@Example.com", "ana@example.com"),
        (" ana+jira@example.com ", "ana@example.com"),
        ("ana+a+b@example.com.", "ana@example.com"),
        ("ÉVA@example.com", "éva@example.com"),
    ],
)
def test_case_and_tag_of_an_address_do_not_matter(address: str, same: str) -> None:
    assert normalise_address(address) == same
    assert KEYED.of_address(address) == KEYED.of_address(same)


def test_a_pseudonym_is_the_hmac_of_system_and_native_id() -> None:
    expected = hmac.new(b"key", b"jira:557058:ab", hashlib.sha256).hexdigest()
    assert KEYED.of_account("jira", "557058:ab") == expected


def test_the_legacy_pseudonym_is_the_plain_hash_of_the_native_id() -> None:
    legacy = Pseudonyms.read(IdentitySettings(anonymisation_mode="legacy", _env_file=None))
    assert legacy.of_account("jira", "557058:ab") == hashlib.sha256(b"557058:ab").hexdigest()


def test_accounts_of_two_systems_and_two_keys_have_different_pseudonyms() -> None:
    names = {
        KEYED.of_account("jira", "ana"),
        KEYED.of_account("launchpad", "ana"),
        Pseudonyms(b"other").of_account("jira", "ana"),
    }
    assert len(names) == 3


def test_an_id_that_is_no_valid_unicode_has_a_pseudonym() -> None:
    assert len(KEYED.of_account("jira", "\ud800")) == 64


def test_people_are_named_as_fast_while_another_thread_works() -> None:
    def seconds() -> float:
        began = time.perf_counter()
        for number in range(1_000):
            KEYED.of_account("jira", f"557058:{number}")
        return time.perf_counter() - began

    alone = statistics.median(seconds() for _ in range(3))
    ended = threading.Event()

    def work() -> None:
        while not ended.is_set():
            pass

    other = threading.Thread(target=work)
    other.start()
    try:
        beside = statistics.median(seconds() for _ in range(3))
    finally:
        ended.set()
        other.join()
    # Half of one turn each takes twice as long; giving the turn up for each name, 300 times.
    assert beside < 30 * alone


def test_the_key_is_in_no_text() -> None:
    settings = IdentitySettings(anonymisation_key=SecretStr("sesame"), _env_file=None)
    assert "sesame" not in f"{settings!r} {Pseudonyms.read(settings)!r}"


def test_people_are_found_by_account_and_by_address() -> None:
    people = FrozenPeople(
        [("jira", "acc-1", "e1"), ("email", KEYED.of_address("bo@example.com"), "e2")], KEYED
    )
    assert people.employee("jira", "acc-1") == "e1"
    assert people.employee("launchpad", "acc-1") is None
    assert people.employee_by_address("Bo+x@Example.com") == "e2"
    assert people.employee_by_address("nobody@example.com") is None


def test_a_context_remembers_the_pseudonyms_of_those_it_did_not_find() -> None:
    people = FrozenPeople([("jira", "acc-1", "e1")], KEYED)
    context = Context(people)
    assert context.person("jira", "acc-1", "who@example.com") == "e1"
    assert context.person("jira", "acc-2") == KEYED.of_account("jira", "acc-2")
    assert context.unknown == {KEYED.of_account("jira", "acc-2")}


def test_an_account_that_is_an_address_is_found_by_its_pseudonym() -> None:
    stored = KEYED.stored_account("jira", "ana@example.com")
    assert stored == KEYED.of_account("jira", "ana@example.com")
    assert KEYED.stored_account("jira", "557058:ab40") == "557058:ab40"
    assert FrozenPeople([("jira", stored, "e1")], KEYED).employee("jira", "ana@example.com") == "e1"


def test_an_employee_id_that_is_an_address_is_replaced_by_its_pseudonym() -> None:
    people = FrozenPeople([("jira", "acc-1", "Ana@example.com")], KEYED)
    assert people.employee("jira", "acc-1") == KEYED.of_address("ana@example.com")


def test_a_hundred_thousand_people_fit_in_forty_megabytes() -> None:
    accounts = (("jira", f"557058:{number:032x}", f"employee-{number}") for number in range(100_000))
    addresses = (("email", f"{number:064x}", f"employee-{number}") for number in range(100_000))
    tracemalloc.start()
    try:
        people = FrozenPeople((row for pair in zip(accounts, addresses, strict=True) for row in pair), KEYED)
        used, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(people) == 200_000
    assert used < 40e6
