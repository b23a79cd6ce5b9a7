"""How a case's rows become one document."""

from typing import Any

import pytest

from scripts.sandbox.cases_records import make_id
from tests.unit.sources.salesforce.conftest import (
    ANA,
    BOB,
    CASE,
    USERS,
    make_case,
    make_change,
    make_comment,
    make_document,
)
from worker.sources.salesforce.ids import read_id


def test_a_document_holds_living_rows_and_its_own_users_only() -> None:
    gone = make_comment(2, IsDeleted=True)
    document = make_document(None, [make_comment(1), gone], [make_change(1, IsDeleted=True)])
    assert document.id == f"cases:{CASE}"
    assert document.body == {
        **make_case(),
        "CaseComments": [make_comment(1)],
        "Histories": [],
        "Users": [USERS[ANA], USERS[BOB]],
    }


@pytest.mark.parametrize("spelt", [ANA, ANA[:15]])
def test_a_document_holds_the_users_of_any_field(spelt: str) -> None:
    body = make_document(make_case(CreatedById=BOB, Reviewer__c=spelt)).body
    assert isinstance(body, dict)
    assert body["Users"] == [USERS[ANA], USERS[BOB]]


def test_a_document_leaves_it_to_its_reading_what_is_newer() -> None:
    # Whatever time of a row we told would go back when Salesforce purges that row.
    late = "2026-03-09T00:00:00.000+0000"
    comments = [make_comment(1, SystemModstamp=late), make_comment(2, SystemModstamp=late, IsDeleted=True)]
    assert make_document(None, comments, [make_change(CreatedDate=late)]).updated is None


def test_a_case_in_the_recycle_bin_is_a_deleted_document() -> None:
    document = make_document(make_case(IsDeleted=True), [make_comment(IsDeleted=True)])
    assert (document.deleted, document.updated) == (True, None)


@pytest.mark.parametrize("spelt", [CASE, CASE[:15], f"{CASE[:15]}iai"])
def test_an_id_has_one_spelling(spelt: str) -> None:
    assert read_id(spelt) == CASE


@pytest.mark.parametrize(
    "value", [None, "", 5, "500", CASE[:16], f"{CASE}x", "Ana Almeida the 1st", "500-b00000001Mh"]
)
def test_what_is_no_id_is_none(value: Any) -> None:
    assert read_id(value) is None


def test_the_check_characters_are_those_that_salesforce_gives() -> None:
    # A published pair: Salesforce's own documentation of the 18-character form uses ids like this one.
    assert read_id("001A0000006Vm9r") == "001A0000006Vm9rIAC"
    assert all(read_id(make_id("500", number)[:15]) == make_id("500", number) for number in range(300))
