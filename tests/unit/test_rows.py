"""A batch holds each document once, each event once, and hashes that say whether anything changed."""

import random
import tracemalloc
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from temporaletl.contract import DocumentReject
from tests.integration.loading import make_document, make_event
from worker.models.batch import Ledger, decompress, pack_batch, read_ledger, split_batch
from worker.models.event import Event, Reject
from worker.models.raw import StagedDocument, read_document, write_document
from worker.models.rows import encode_batch, measure_batch
from worker.models.shaped import ShapedDocument


def unpack(*documents: ShapedDocument, **options: Any) -> tuple[Ledger, list[list[str]]]:
    packed = encode_batch(documents, options.pop("rejects", ()), source_kind_id="jira", **options)
    head, body = split_batch(packed)
    lines = decompress(body).decode().split("\n")[:-1]
    return read_ledger(head), [line.split("\t") for line in lines]


def hash_of(document: ShapedDocument) -> str:
    return unpack(document)[0].documents.hashes[0]


def content_hash(event: Event) -> str:
    return unpack(make_document("issues:1", event))[1][0][-1]


BASE = make_event("a", "text")


def test_rows_are_sorted_by_event_id_and_documents_by_id() -> None:
    ledger, rows = unpack(make_document("issues:2", "c", "a"), make_document("issues:1", "d", "b"))

    assert [row[0] for row in rows] == ["a", "b", "c", "d"]
    assert ledger.documents.ids == ["issues:1", "issues:2"]
    assert ledger.row_documents == [1, 0, 1, 0]


@pytest.mark.parametrize(
    "other",
    [
        replace(BASE, event_type="x"),
        replace(BASE, relation_type="x"),
        replace(BASE, employee_id="x"),
        replace(BASE, parent_item_id="x"),
        replace(BASE, event_time_utc=BASE.event_time_utc + timedelta(microseconds=1)),
        replace(BASE, timezone="Europe/Rome"),
        replace(BASE, event_properties={"content": "texT"}),
        replace(BASE, relation_properties={"a": None}),
        replace(BASE, metrics={"heat": 0}),
    ],
)
def test_the_content_hash_covers_every_content_column(other: Event) -> None:
    assert content_hash(other) != content_hash(BASE)


def test_the_content_hash_leaves_out_the_id_the_order_of_keys_and_the_versions() -> None:
    assert content_hash(replace(BASE, event_id="b")) == content_hash(BASE)
    one, two = replace(BASE, metrics={"a": 1, "b": 2}), replace(BASE, metrics={"b": 2, "a": 1})
    assert content_hash(one) == content_hash(two)
    first, second = make_document("issues:1", "a"), make_document("issues:1", "a", specific_version="9")
    assert unpack(first)[1][0][-1] == unpack(second)[1][0][-1]


def test_the_documents_hash_does_not_depend_on_the_order_of_its_events() -> None:
    assert hash_of(make_document("issues:1", "a", "b")) == hash_of(make_document("issues:1", "b", "a"))
    assert hash_of(make_document("issues:1", "a", "b")) != hash_of(make_document("issues:1", "a"))


def test_rejected_ids_change_the_documents_hash() -> None:
    rejected = make_document("issues:1", "a", rejects=(Reject("b", "no author"),))
    assert hash_of(rejected) != hash_of(make_document("issues:1", "a"))
    assert hash_of(make_document("issues:1", "a", rejects=(Reject(None, "no author"),))) == ""


def test_a_documents_hash_does_not_depend_on_its_company() -> None:
    alone = hash_of(make_document("issues:1", "a", "b"))
    ledger, _ = unpack(make_document("issues:1", "a", "b"), make_document("issues:2", "a", extracted=5))
    assert ledger.documents.hashes[0] == alone


@pytest.mark.parametrize("last", [0, 1])
def test_of_two_documents_that_claim_one_event_the_one_read_last_holds_it(last: int) -> None:
    first, second = (make_document(f"issues:{at}", "a", extracted=at == last) for at in (0, 1))

    assert unpack(first, second)[0].row_documents == [last]


def test_an_event_id_twice_in_a_document_is_kept_by_a_rule_that_ignores_the_order() -> None:
    first, second = make_event("a", "1"), make_event("a", "2")
    later = replace(first, event_time_utc=first.event_time_utc + timedelta(seconds=1))

    forward, backward = make_document("issues:1", first, second), make_document("issues:1", second, first)

    assert unpack(forward)[1] == unpack(backward)[1]
    assert unpack(forward)[0].duplicates == 1
    assert unpack(make_document("issues:1", later, second))[1] == unpack(make_document("issues:1", later))[1]


def test_what_a_batch_holds_does_not_depend_on_the_order_it_came_in() -> None:
    documents = [make_document(f"issues:{n}", f"e{n}", "shared", extracted=n % 3) for n in range(9)]
    shuffled = random.Random(1).sample(documents, len(documents))
    assert encode_batch(documents, (), source_kind_id="jira") == encode_batch(
        shuffled, (), source_kind_id="jira"
    )


@pytest.mark.parametrize(
    ("former", "latter"),
    [
        ({"updated": 1, "extracted": 9}, {"updated": 2, "extracted": 0}),
        ({"updated": 1, "extracted": 0}, {"updated": 1, "extracted": 9}),
        ({"updated": 9, "extracted": 0}, {"updated": None, "extracted": 1}),
        ({"updated": None, "extracted": 0}, {"updated": 1, "extracted": 1}),
        ({"updated": 9, "extracted": 0}, {"updated": 1, "extracted": 1, "deleted": True}),
        ({"updated": 9, "extracted": 0, "deleted": True}, {"updated": 1, "extracted": 1}),
    ],
    ids=["changed later", "read later", "change unknown", "change known again", "deleted", "back again"],
)
def test_of_a_document_that_comes_twice_the_one_stays_that_the_ledger_would_take(
    former: dict[str, Any], latter: dict[str, Any]
) -> None:
    older, newer = make_document("issues:1", "a", **former), make_document("issues:1", "b", **latter)

    for order in ((older, newer), (newer, older)):
        ledger, rows = unpack(*order)
        assert [row[0] for row in rows] == ["b"]
        assert (ledger.received, ledger.duplicates) == (2, 1)


def test_an_event_that_another_document_of_the_batch_holds_is_not_gone() -> None:
    ledger, _ = unpack(make_document("issues:1", "a"), make_document("issues:2", "a", extracted=1))
    assert ledger.documents.kept == [["a"], []]


@pytest.mark.parametrize("number", [2**63, 2**64, 10**20, -(10**30)])
def test_a_number_that_would_become_another_one_on_its_way_rejects_its_event(number: int) -> None:
    staged = StagedDocument("issues:1", BASE.event_time_utc, BASE.event_time_utc, {"spent": number})
    read = read_document(write_document(staged))
    event = make_event("a", event_properties=read.body)
    ledger, rows = unpack(make_document("issues:1", event))
    assert rows == []
    assert [(entry.event_id, entry.reason) for entry in ledger.rejects] == [("a", "number beyond 64 bits")]


def test_addresses_are_replaced_in_everything_that_is_written() -> None:
    address = "Ana.Ruiz+x@example.com"
    event = Event(
        event_id=f"e-{address}",
        event_type=f"t-{address}",
        relation_type=f"r-{address}",
        employee_id=address,
        event_time_utc=BASE.event_time_utc,
        timezone=address,
        parent_item_id=address,
        event_properties={address: [address, {"deep": f"mailto:{address}"}]},
        relation_properties={"a": address},
        metrics={"b": address},
    )
    document = make_document(
        f"issues:{address}", event, rejects=(Reject(f"x{address}", f"bad {address}", {address: address}),)
    )
    packed = encode_batch(
        [document, DocumentReject(address, "bad", {"k": address})],
        [DocumentReject(address, f"bad {address}", [address])],
        source_kind_id="jira",
    )

    written = b"".join(decompress(part) for part in split_batch(packed)).decode()

    assert "example.com" not in written


def test_each_document_is_cleaned_by_its_own_function() -> None:
    one = make_document(
        "issues:1", make_event("a", "ana@example.com"), clean_text=lambda text: text.replace("@", "1")
    )
    two = make_document(
        "issues:2", make_event("b", "ana@example.com"), clean_text=lambda text: text.replace("@", "2")
    )
    rows = unpack(one, two)[1]
    assert "ana1example.com" in rows[0][10]
    assert "ana2example.com" in rows[1][10]


def test_people_met_while_cleaning_are_among_the_unknown() -> None:
    met: set[str] = set()

    def clean(text: str) -> str:
        if "@" in text:
            met.add("pseudonym")
        return text.replace("@", "")

    document = make_document("issues:1", make_event("a", "ana@example.com"), clean_text=clean, unknown=met)
    assert unpack(document)[0].documents.unknown == ['{"pseudonym"}']


@pytest.mark.parametrize("properties", [None, [], "text", {"a": {1: 2}}])
def test_properties_that_are_no_object_reject_their_event(properties: Any) -> None:
    ledger, rows = unpack(make_document("issues:1", make_event("a", event_properties=properties), "b"))
    assert [row[0] for row in rows] == ["b"]
    assert [reject.event_id for reject in ledger.rejects] == ["a"]


@pytest.mark.parametrize("field", ["event_type", "relation_type", "employee_id"])
def test_a_row_without_what_the_table_needs_is_a_reject(field: str) -> None:
    ledger, rows = unpack(make_document("issues:1", make_event("a", **{field: ""})))
    assert rows == []
    assert [reject.reason for reject in ledger.rejects] == [f"{field} is missing"]


def test_a_batch_is_measured_without_its_rows() -> None:
    packed = encode_batch(
        [make_document("issues:1", "a", "a", rejects=(Reject("b", "x"),))],
        [DocumentReject(None, "no id")],
        source_kind_id="jira",
    )
    size = measure_batch(packed)
    assert (size.documents, size.events, size.rejected) == (2, 2, 2)


def test_rows_are_packed_without_their_whole_text_being_made() -> None:
    ledger, _ = unpack(make_document("issues:1", "a"))
    lines = [(f"{number}\t" + "text " * 200 + "\n").encode() for number in range(5_000)]

    tracemalloc.start()
    packed = pack_batch(ledger, lines)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert decompress(split_batch(packed)[1]) == b"".join(lines)
    assert peak < sum(map(len, lines)) / 5
