"""A job of cases on Salesforce: whole documents, resumable, paced, and every outage told."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from pydantic import JsonValue, ValidationError

from scripts.sandbox.cases import Cases
from scripts.sandbox.salesforce import SalesforceServer
from scripts.sandbox.world import World
from temporaletl.connections import Connections
from temporaletl.contract import Document
from temporaletl.errors import QueryError
from tests.integration.cases import ANCHOR, EVER, NOON, changed_in, connect, ids_of, query
from worker.sources.salesforce.extract import cases as extraction
from worker.sources.salesforce.extract.cases import UNSEEN, extract_cases

PAGE = 20


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extraction, "PAGE_CASES", PAGE)
    monkeypatch.setattr(extraction, "CHILDREN_PER_QUESTION", 25)


@pytest.fixture
def cases() -> Cases:
    return Cases(World(60, anchor=ANCHOR, detail=0), number=64)


@pytest.fixture
def server(cases: Cases) -> Iterator[SalesforceServer]:
    with SalesforceServer(World(60, anchor=ANCHOR, detail=0), cases, page_rows=20) as running:
        yield running


@pytest.fixture
def connections(server: SalesforceServer) -> Iterator[Connections]:
    with connect(server) as opened:
        yield opened


def read_one(connections: Connections, case: str) -> Document:
    [page] = extract_cases(query(connections, ids=[case]), None)
    [document] = page.documents
    return document


def rows_of(document: Document) -> list[str]:
    """The ids of a document's comments and history rows."""
    body = document.body
    assert isinstance(body, dict)
    found = [body["CaseComments"], body["Histories"]]
    return [
        str(row["Id"]) for rows in found if isinstance(rows, list) for row in rows if isinstance(row, dict)
    ]


def living(cases: Cases) -> str:
    """A case that is there, with comments that are."""
    return next(
        case
        for case in cases.case_ids
        if cases.file(case).record["IsDeleted"] is False
        and any(row["IsDeleted"] is False for row in cases.file(case).comments)
    )


def test_all_cases_arrive_over_several_pages(cases: Cases, connections: Connections) -> None:
    pages = list(extract_cases(query(connections), None))
    assert len(pages) > 3
    assert sorted(ids_of(pages)) == changed_in(cases, EVER)
    assert not any(page.rejects or page.skipped for page in pages)


def test_a_case_arrives_with_all_its_living_rows_and_its_users(
    cases: Cases, connections: Connections
) -> None:
    case = living(cases)
    for at in range(40):
        cases.add_comment(case, NOON + timedelta(minutes=at))
    for at in range(16):
        cases.change_owner(case, NOON + timedelta(hours=1, minutes=at))
    cases.delete_comment(case, NOON + timedelta(hours=2))
    file, body = cases.file(case), read_one(connections, case).body
    assert isinstance(body, dict)
    for name, rows in (("CaseComments", file.comments), ("Histories", file.history)):
        told = body[name]
        assert isinstance(told, list)
        assert [row["Id"] for row in told if isinstance(row, dict)] == sorted(
            str(row["Id"]) for row in rows if row["IsDeleted"] is False
        )
    wanted = {row["CreatedById"] for row in (*file.comments, *file.history)} | {file.record["CreatedById"]}
    users = {row["Id"]: row for row in body["Users"] if isinstance(row, dict)}  # type: ignore[union-attr]
    assert wanted <= set(users)
    assert all(row["TimeZoneSidKey"] and row["Email"] for row in users.values())


def test_only_what_an_event_tells_is_asked_for(cases: Cases, connections: Connections) -> None:
    body = read_one(connections, living(cases)).body
    assert not [name for name in ("Name", "ContactId", "Product__c") if f"'{name}': " in str(body)]


def test_further_fields_are_copied_where_the_operator_names_them(
    cases: Cases, server: SalesforceServer
) -> None:
    with connect(server, case_fields=("Product__c", "PRODUCT__C", "reason")) as connections:
        body = read_one(connections, living(cases)).body
    assert isinstance(body, dict)
    assert "Product__c" in body


@pytest.mark.parametrize("field", ["Shoe_Size__c", "Email", "Owner"])
def test_a_field_that_is_not_there_is_named_as_the_question_s_fault(
    server: SalesforceServer, field: str
) -> None:
    with (
        connect(server, case_fields=(field,)) as connections,
        pytest.raises(QueryError, match="INVALID_FIELD"),
    ):
        list(extract_cases(query(connections), None))


def test_a_deleted_case_is_a_deleted_document_and_comes_back(cases: Cases, connections: Connections) -> None:
    case = living(cases)
    before = rows_of(read_one(connections, case))
    cases.delete_case(case, NOON)
    gone = read_one(connections, case)
    assert (gone.deleted, gone.body) == (True, {"Id": case})
    cases.undelete_case(case, NOON + timedelta(hours=1))
    back = read_one(connections, case)
    assert not back.deleted
    assert rows_of(back) == before


def test_a_deleted_comment_leaves_the_document(cases: Cases, connections: Connections) -> None:
    case = living(cases)
    [last] = [row for row in cases.file(case).comments if row["IsDeleted"] is False][-1:]
    cases.delete_comment(case, NOON)
    assert str(last["Id"]) not in str(read_one(connections, case).body)


def test_named_cases_out_of_our_sight_are_skipped_and_counted(cases: Cases, connections: Connections) -> None:
    there, hidden = living(cases), cases.case_ids[0]
    cases.hide_case(hidden)
    cases.hide_case(there)
    cases.show_case(there)
    pages = list(extract_cases(query(connections, ids=[there, hidden, "500000000000999AAA", "gone"]), None))
    assert ids_of(pages) == [f"cases:{there}"]
    assert [page.skipped for page in pages] == [{UNSEEN: 3}]


def test_a_page_may_hold_only_skipped_cases(connections: Connections) -> None:
    [page] = extract_cases(query(connections, ids=["nobody", "knows"]), None)
    assert (page.documents, page.skipped) == ((), {UNSEEN: 2})


def test_both_spellings_of_an_id_name_one_document(cases: Cases, connections: Connections) -> None:
    case = living(cases)
    [page] = extract_cases(query(connections, ids=[case, case[:15]]), None)
    assert [document.id for document in page.documents] == [f"cases:{case}"]


def test_extraction_resumes_after_every_cursor(connections: Connections) -> None:
    pages = list(extract_cases(query(connections), None))
    for at, page in enumerate(pages):
        assert list(extract_cases(query(connections), page.cursor)) == pages[at + 1 :]


def test_reading_again_gives_the_same_documents(connections: Connections) -> None:
    assert list(extract_cases(query(connections), None)) == list(extract_cases(query(connections), None))


def test_a_page_takes_few_questions(server: SalesforceServer, cases: Cases) -> None:
    server.log.clear()
    with connect(server) as connections:
        read_one(connections, living(cases))
    # The token, the case, its comments, its history, its users.
    assert server.log.count() == 5


@pytest.mark.parametrize("cursor", [5, ["500"], {"id": "1"}])
def test_a_cursor_of_another_kind_is_refused(connections: Connections, cursor: JsonValue) -> None:
    with pytest.raises(QueryError):
        next(extract_cases(query(connections), cursor))


@pytest.mark.parametrize("args", [{"upto": None}, {"upto": "500' OR Id != '"}, {"after": "x"}])
def test_arguments_that_name_no_range_are_refused(connections: Connections, args: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        query(connections, **args)
