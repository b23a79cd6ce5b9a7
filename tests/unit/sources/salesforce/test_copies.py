"""What the chosen fields of a case say: their values, and nobody's name, number or account."""

from typing import Any

import pytest

from tests.unit.sources.salesforce.conftest import (
    ANA,
    BOB,
    CUSTOMER,
    QUEUE,
    Directory,
    make_case,
    make_document,
)
from worker.sources.salesforce.settings import CaseOptions


def copy(tell: Any, **values: Any) -> Any:
    options = CaseOptions(case_fields=tuple(values))
    return tell(make_document(make_case(**values)), options).only("case_created").event_properties["fields"]


@pytest.mark.parametrize(
    "value",
    ["Charm", "Troubleshooting", "02iSb00000001Mh", QUEUE, "", None, True, 5, 1.5, ["a"], {"city": "Berlin"}],
)
def test_a_value_arrives_as_it_is(tell: Any, value: Any) -> None:
    assert copy(tell, Product__c=value) == {"Product__c": value}


@pytest.mark.parametrize(
    ("account", "employee"),
    [
        (ANA, "E-ana"),
        (ANA[:15], "E-ana"),
        (BOB, "E-bob"),
        (CUSTOMER, f"?{CUSTOMER}"),
        (CUSTOMER[:15], f"?{CUSTOMER}"),
        ("005Sb00000001MhIAI", "?005Sb00000001MhIAI"),
    ],
)
@pytest.mark.parametrize("field", ["Reviewer__c", "LastModifiedById", "ContactId"])
def test_a_person_is_an_employee_id_or_a_pseudonym(
    tell: Any, field: str, account: str, employee: str
) -> None:
    assert copy(tell, **{field: account}) == {field: employee}


def test_a_person_who_is_not_known_yet_is_waited_for(tell: Any) -> None:
    document = make_document(make_case(Reviewer__c=BOB, CreatedById=ANA, OwnerId=QUEUE, Owner=None))
    told = tell(document, CaseOptions(case_fields=("Reviewer__c",)), Directory("salesforce", {ANA: "E-ana"}))
    assert {f"?{BOB}", "?bob@example.com"} <= told.unknown


@pytest.mark.parametrize(
    "field",
    ["SuppliedName", "suppliedemail", "SuppliedPhone", "ContactEmail", "ContactPhone", "ContactMobile",
     "ContactFax", "CreatedBy", "Owner"],
)  # fmt: skip
def test_a_name_or_number_of_somebody_is_left_out(tell: Any, field: str) -> None:
    assert copy(tell, **{field: "Jane Doe, +49 30 1"}) == {field: None}
