"""Which events a case tells: each kind once, by whom, when, and what it says."""

import copy
import random
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scripts.sandbox.cases import Cases
from scripts.sandbox.world import World
from temporaletl.contract import Document
from tests.unit.sources.salesforce.conftest import (
    ANA,
    BOB,
    CASE,
    QUEUE,
    Directory,
    make_case,
    make_change,
    make_comment,
    make_document,
    row_id,
)
from worker.models.event import Event
from worker.sources.salesforce.document import build_document
from worker.sources.salesforce.settings import CaseOptions


def test_a_case_tells_who_made_it_when_and_what_it_says(tell: Any) -> None:
    told = tell(make_document(make_case(ParentId="500Sb00000002PnIAI")))
    assert told.events == {
        f"case-{CASE}-c": Event(
            event_id=f"case-{CASE}-c",
            event_type="case_created",
            relation_type="creator",
            employee_id="E-ana",
            event_time_utc=datetime(2026, 3, 2, 9, tzinfo=UTC),
            timezone="America/Sao_Paulo",
            parent_item_id="500Sb00000002PnIAI",
            event_properties={
                "case_id": CASE,
                "case_number": "00001234",
                "url": None,
                "subject": "It does not start",
                "description": "Since the upgrade.",
                "status": "New",
                "priority": "High",
                "origin": "Web",
                "type": "Problem",
                "reason": None,
                "initial_status": "New",
                "initial_priority": "High",
                "initial_owner": "E-bob",
            },
        )
    }
    assert not told.rejects


def test_a_comment_tells_its_author_and_its_text(tell: Any) -> None:
    event = tell(make_document(comments=[make_comment(7)])).only("case_comment_created")
    assert (event.event_id, event.relation_type, event.employee_id) == (
        f"case-{CASE}-m{row_id('00a', 7)}",
        "author",
        "E-bob",
    )
    assert (event.event_time_utc, event.timezone) == (datetime(2026, 3, 3, 10, tzinfo=UTC), "Asia/Kolkata")
    assert event.event_properties == {
        "case_id": CASE,
        "case_number": "00001234",
        "url": None,
        "comment_id": row_id("00a", 7),
        "content": "Have you tried turning it off?",
        "is_published": True,
    }


def test_a_closed_case_tells_its_closing_by_its_owner(tell: Any) -> None:
    event = tell(make_document(make_case(ClosedDate="2026-03-05T09:00:00.000+0000"))).only("case_closed")
    assert (event.event_id, event.relation_type, event.employee_id) == (
        f"case-{CASE}-x1772701200000",
        "owner",
        "E-bob",
    )
    assert event.event_time_utc == datetime(2026, 3, 5, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    "values",
    [
        {"ClosedDate": None},
        {"ClosedDate": "2026-03-05T09:00:00.000+0000", "OwnerId": QUEUE, "Owner": {"Type": "Queue"}},
    ],
    ids=["open", "owned by a queue"],
)
def test_an_open_case_and_a_queue_close_nothing(tell: Any, values: dict[str, Any]) -> None:
    told = tell(make_document(make_case(**values)))
    assert [event.event_type for event in told.events.values()] == ["case_created"]
    assert not told.rejects


def test_a_case_opens_where_the_operator_says(tell: Any) -> None:
    options = CaseOptions(base_url="https://acme.my.salesforce.com/", case_fields=("product__c", "Region__c"))
    event = tell(make_document(make_case(Product__c="Charm")), options).only("case_created")
    assert event.event_properties["url"] == f"https://acme.my.salesforce.com/lightning/r/Case/{CASE}/view"
    assert event.event_properties["fields"] == {"product__c": "Charm", "Region__c": None}


@pytest.mark.parametrize("account", [BOB, BOB[:15], "Bob@Example.com"])
def test_what_a_system_account_did_is_no_event(tell: Any, account: str) -> None:
    case = make_case(ClosedDate="2026-03-05T09:00:00.000+0000")
    document = make_document(case, [make_comment()], [make_change()])
    told = tell(document, CaseOptions(system_accounts=(account,)))
    assert [event.event_type for event in told.events.values()] == ["case_created"]
    assert not told.rejects


@pytest.mark.parametrize(
    ("document", "rejects"),
    [
        (make_document(make_case(CreatedById=None)), {(f"case-{CASE}-c", "no author")}),
        (make_document(make_case(CreatedDate="soon")), {(f"case-{CASE}-c", "no created time")}),
        (make_document(make_case(CreatedDate=None)), {(f"case-{CASE}-c", "no created time")}),
        (make_document(make_case(ClosedDate="later")), {(None, "closed time unreadable")}),
        (
            make_document(make_case(ClosedDate="1970-01-01T00:00:01.000+0000", OwnerId=None)),
            {(f"case-{CASE}-x1000", "no owner")},
        ),
        (
            make_document(comments=[make_comment(2, CreatedById=None)]),
            {(f"case-{CASE}-m{row_id('00a', 2)}", "no author")},
        ),
        (
            make_document(comments=[make_comment(2, CreatedDate=5)]),
            {(f"case-{CASE}-m{row_id('00a', 2)}", "no created time")},
        ),
        (
            make_document(history=[make_change(3, CreatedById="")]),
            {(f"case-{CASE}-h{row_id('017', 3)}", "no author")},
        ),
        (make_document(comments=[make_comment(Id=None)]), {(None, "comment without id")}),
        (make_document(history=[make_change(Id="x")]), {(None, "history row without id")}),
        (Document("cases:1", None, {"Subject": "?"}), {(None, "not a case")}),
        (Document("cases:1", None, None), {(None, "not a case")}),
    ],
)
def test_a_part_without_author_or_time_is_a_reject(
    tell: Any, document: Document, rejects: set[tuple[str | None, str]]
) -> None:
    told = tell(document)
    assert told.rejects == rejects
    assert not {event_id for event_id, _ in rejects} & set(told.events)


ODD_TEXTS = {
    "null": None,
    "empty": "",
    "HTML entities": "&lt;b&gt;Tom &amp; Jerry&#39;s&lt;/b&gt;",
    "CRLF": "first\r\nsecond\r\n",
    "emoji": "🚀\u200d✨ naïve",
    "lone surrogate": "\ud83d",
    "64 KB": "x" * 65_536,
    "number": 42,
    "object": {"why": ["not"]},
}


@pytest.mark.parametrize("text", ODD_TEXTS.values(), ids=ODD_TEXTS)
def test_texts_arrive_as_they_are(tell: Any, text: Any) -> None:
    case = make_case(Subject=text, Description=text)
    told = tell(make_document(case, [make_comment(CommentBody=text)], [make_change(NewValue=text)]))
    assert not told.rejects
    assert told.only("case_created").event_properties["description"] == text
    assert told.only("case_comment_created").event_properties["content"] == text
    assert told.only("case_status_changed").event_properties["to"] == text


@pytest.mark.parametrize(
    ("spelt", "moment"),
    [
        ("0001-01-01T00:00:00.000+0000", datetime(1, 1, 1, tzinfo=UTC)),
        ("4000-12-31T23:59:59.000+0000", datetime(4000, 12, 31, 23, 59, 59, tzinfo=UTC)),
        ("2026-03-02T09:00:00Z", datetime(2026, 3, 2, 9, tzinfo=UTC)),
        ("2026-03-02T14:30:00.000+0530", datetime(2026, 3, 2, 9, tzinfo=UTC)),
    ],
)
def test_times_arrive_as_they_are(tell: Any, spelt: str, moment: datetime) -> None:
    told = tell(make_document(make_case(CreatedDate=spelt, ClosedDate=spelt)))
    assert {event.event_time_utc for event in told.events.values()} == {moment}
    assert not told.rejects


@pytest.mark.parametrize("missing", [name for name in make_case() if name != "Id"])
def test_a_missing_key_costs_no_other_event(tell: Any, missing: str) -> None:
    case = make_case()
    del case[missing]
    told = tell(make_document(case, [make_comment()], [make_change()]))
    assert {"case_comment_created", "case_status_changed"} <= {e.event_type for e in told.events.values()}
    assert all(event_id == f"case-{CASE}-c" for event_id, _ in told.rejects)


def test_people_are_known_by_user_id_first_and_by_address_else(tell: Any) -> None:
    directory = Directory(
        "salesforce", {ANA: "by-id"}, {"ana@example.com": "by-address", "bob@example.com": "E-bob"}
    )
    told = tell(make_document(comments=[make_comment()]), None, directory)
    assert told.only("case_created").employee_id == "by-id"
    assert told.only("case_comment_created").employee_id == "E-bob"
    assert tell(make_document(), None, Directory("salesforce")).unknown >= {f"?{ANA}", "?ana@example.com"}


def test_without_what_users_tell_the_zone_is_utc(tell: Any) -> None:
    assert tell(make_document(users={})).only("case_created").timezone == "UTC"


def _sandbox_documents() -> list[Document]:
    cases = Cases(World(20, anchor=date(2026, 3, 10), detail=0))
    tables = cases.tables()
    users = {str(row["Id"]): row for row in tables["User"]}
    files = [cases.file(case) for case in cases.case_ids]
    return [build_document(f.record, f.comments, f.history, users) for f in files]


def test_every_event_type_is_told_by_the_sandbox_and_nothing_is_rejected(tell: Any) -> None:
    told = [tell(document) for document in _sandbox_documents() if not document.deleted]
    assert not {reject for case in told for reject in case.rejects}
    assert {event.event_type for case in told for event in case.events.values()} == {
        "case_created", "case_comment_created", "case_status_changed", "case_owner_changed",
        "case_priority_changed", "case_changed", "case_closed",
    }  # fmt: skip


def test_a_transform_is_pure_whatever_the_order_of_rows(tell: Any) -> None:
    documents = [document for document in _sandbox_documents() if not document.deleted]
    first = {document.id: tell(document) for document in documents}
    rng = random.Random(5)
    rng.shuffle(documents)
    for document in documents:
        before = copy.deepcopy(document.body)
        assert tell(document) == first[document.id]
        assert document.body == before
        body = copy.deepcopy(document.body)
        assert isinstance(body, dict)
        for name in ("CaseComments", "Histories", "Users"):
            rng.shuffle(body[name])  # type: ignore[arg-type]
        shuffled = tell(Document(document.id, document.updated, body))
        assert shuffled.events == first[document.id].events
        assert shuffled.rejects == first[document.id].rejects


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.text(max_size=8), below, max_size=3),
    max_leaves=6,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200, deadline=None)
@given(st.data())
def test_junk_anywhere_in_a_case_raises_nothing(tell: Any, data: Any) -> None:
    body: Any = copy.deepcopy(make_document(None, [make_comment()], [make_change()]).body)
    holder = data.draw(
        st.sampled_from([body, body["CaseComments"][0], body["Histories"][0], body["Users"][0]])
    )
    holder[data.draw(st.sampled_from(sorted(holder)))] = data.draw(JUNK)
    tell(Document(f"cases:{CASE}", None, body))
