"""What a history row tells: its event type, its values, and nobody's name."""

from typing import Any

import pytest

from tests.unit.sources.salesforce.conftest import (
    ANA,
    BOB,
    CASE,
    CUSTOMER,
    QUEUE,
    make_case,
    make_change,
    make_document,
    row_id,
)


@pytest.mark.parametrize(
    ("field", "event_type"),
    [
        ("Status", "case_status_changed"),
        ("Priority", "case_priority_changed"),
        ("Owner", "case_owner_changed"),
        ("ownerAssignment", "case_owner_changed"),
        ("ownerAccepted", "case_owner_changed"),
        ("ownerEscalated", "case_owner_changed"),
        ("Subject", "case_changed"),
        ("Product__c", "case_changed"),
    ],
)
def test_the_changed_field_makes_the_event_type(tell: Any, field: str, event_type: str) -> None:
    event = tell(make_document(history=[make_change(4, Field=field)])).only(event_type)
    assert (event.event_id, event.relation_type, event.employee_id) == (
        f"case-{CASE}-h{row_id('017', 4)}",
        "author",
        "E-bob",
    )


def test_a_change_tells_the_field_and_both_values(tell: Any) -> None:
    event = tell(make_document(history=[make_change(4)])).only("case_status_changed")
    assert event.event_properties == {
        "case_id": CASE,
        "case_number": "00001234",
        "url": None,
        "history_id": row_id("017", 4),
        "field": "Status",
        "from": "New",
        "to": "Working",
    }


@pytest.mark.parametrize(("old", "new"), [(True, False), (None, 5), (1.5, "2026-03-02")])
def test_values_keep_their_type(tell: Any, old: Any, new: Any) -> None:
    change = make_change(Field="IsEscalated", DataType="Boolean", OldValue=old, NewValue=new)
    properties = tell(make_document(history=[change])).only("case_changed").event_properties
    assert (properties["from"], properties["to"]) == (old, new)


def both_rows(field: str, old: str, new: str, **values: Any) -> list[dict[str, Any]]:
    names = make_change(1, Field=field, OldValue="Former Name", NewValue="Latter Name", **values)
    return [names, make_change(2, Field=field, DataType="EntityId", OldValue=old, NewValue=new, **values)]


def test_a_changed_owner_is_one_event_with_employee_ids(tell: Any) -> None:
    told = tell(make_document(history=both_rows("Owner", QUEUE, ANA)))
    event = told.only("case_owner_changed")
    assert event.event_id == f"case-{CASE}-h{row_id('017', 2)}"
    assert (event.event_properties["from"], event.event_properties["to"]) == (QUEUE, "E-ana")
    assert "er Name" not in repr(told)


def test_rows_without_a_data_type_are_told_apart_by_their_values(tell: Any) -> None:
    rows = both_rows("Owner", ANA, BOB)
    for row in rows:
        del row["DataType"]
    event = tell(make_document(history=rows)).only("case_owner_changed")
    assert (event.event_properties["from"], event.event_properties["to"]) == ("E-ana", "E-bob")


@pytest.mark.parametrize("spelt", [ANA, ANA[:15]])
@pytest.mark.parametrize("kind", ["EntityId", "Text", None])
def test_a_person_in_a_field_of_the_operator_s_is_named_by_employee_id(
    tell: Any, spelt: str, kind: str | None
) -> None:
    rows = both_rows("Reviewer__c", spelt, CUSTOMER)
    for row in rows:
        row["DataType"] = kind
    told = tell(make_document(history=rows if kind != "Text" else rows[1:]))
    properties = told.only("case_changed").event_properties
    assert (properties["from"], properties["to"]) == ("E-ana", f"?{CUSTOMER}")
    assert "er Name" not in repr(told)


def test_a_customer_is_named_by_a_pseudonym(tell: Any) -> None:
    told = tell(make_document(history=both_rows("Contact", CUSTOMER, "003Sb00000001MhIAI")))
    properties = told.only("case_changed").event_properties
    assert (properties["from"], properties["to"]) == (f"?{CUSTOMER}", "?003Sb00000001MhIAI")
    assert "er Name" not in repr(told)


@pytest.mark.parametrize("field", ["Owner", "Contact", "SuppliedName", "suppliedemail", "ownerAssignment"])
def test_a_name_without_its_id_is_left_out_of_the_event(tell: Any, field: str) -> None:
    change = make_change(Field=field, OldValue="Former Name", NewValue="Latter Name")
    told = tell(make_document(history=[change]))
    [event] = [event for event in told.events.values() if event.event_type != "case_created"]
    assert (event.event_properties["from"], event.event_properties["to"]) == (None, None)
    assert "er Name" not in repr(told)


def test_a_reference_that_is_no_id_is_left_out_of_the_event(tell: Any) -> None:
    change = make_change(Field="Reviewer__c", DataType="EntityId", OldValue="Former Name", NewValue=ANA)
    properties = tell(make_document(history=[change])).only("case_changed").event_properties
    assert (properties["from"], properties["to"]) == (None, None)


def test_any_reference_is_told_once_by_its_ids(tell: Any) -> None:
    told = tell(make_document(history=both_rows("Asset", "02iSb00000001MhIAI", "02iSb00000002PnIAI")))
    properties = told.only("case_changed").event_properties
    assert (properties["from"], properties["to"]) == ("02iSb00000001MhIAI", "02iSb00000002PnIAI")


def test_a_row_of_another_moment_is_no_twin(tell: Any) -> None:
    later = make_change(3, Field="Asset", CreatedDate="2026-03-04T11:00:01.000+0000")
    told = tell(make_document(history=[*both_rows("Asset", "02iSb00000001MhIAI", ANA), later]))
    assert len([event for event in told.events.values() if event.event_type == "case_changed"]) == 2


def test_the_row_of_the_creation_is_no_change(tell: Any) -> None:
    row = make_change(Field="created", OldValue=None, NewValue=None)
    told = tell(make_document(history=[row]))
    assert [event.event_type for event in told.events.values()] == ["case_created"]
    assert not told.rejects


def test_what_a_case_was_at_first_comes_from_its_first_changes(tell: Any) -> None:
    history = [
        make_change(9, OldValue="Working", NewValue="Closed", CreatedDate="2026-03-05T00:00:00.000+0000"),
        make_change(8, OldValue="New", NewValue="Working"),
        make_change(7, Field="Priority", OldValue="Low", NewValue="High"),
        *both_rows("ownerAssignment", QUEUE, BOB),
    ]
    properties = tell(make_document(make_case(Status="Closed"), history=history)).only("case_created")
    told = properties.event_properties
    assert (told["initial_status"], told["initial_priority"], told["initial_owner"]) == ("New", "Low", QUEUE)


def test_of_two_rows_with_one_id_one_is_told(tell: Any) -> None:
    rows = [make_change(1, NewValue="Working"), make_change(1, NewValue="Waiting")]
    one = tell(make_document(history=rows)).only("case_status_changed")
    assert one == tell(make_document(history=rows[::-1])).only("case_status_changed")
