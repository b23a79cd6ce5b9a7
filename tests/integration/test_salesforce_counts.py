"""Where Salesforce gives fewer records than it counted, nothing is taken for whole."""

import json
from collections.abc import Iterator

import pytest

from scripts.sandbox.cases import Cases
from scripts.sandbox.exchange import Request
from scripts.sandbox.faults import Fault
from scripts.sandbox.salesforce import SalesforceServer
from scripts.sandbox.world import World
from temporaletl.connections import Connections
from temporaletl.errors import TransientError
from temporaletl.salesforce import Salesforce, connect_salesforce
from tests.integration.cases import ANCHOR, WEEK, connect, find_pages, ids_of, query
from worker.sources.salesforce.extract import cases as extraction
from worker.sources.salesforce.extract.cases import extract_cases

JSON = (("Content-Type", "application/json"),)
BASE = "/services/data/v62.0/query"


@pytest.fixture
def server() -> Iterator[SalesforceServer]:
    world = World(60, anchor=ANCHOR, detail=0)
    with SalesforceServer(world, Cases(world, number=30), page_rows=40) as running:
        yield running


@pytest.fixture
def connections(server: SalesforceServer) -> Iterator[Connections]:
    with connect(server) as opened:
        yield opened


@pytest.fixture
def salesforce(connections: Connections) -> Salesforce:
    return connect_salesforce(connections)


def plan(
    server: SalesforceServer, *ids: str, matching: str = "", times: int | None = 1, **more: object
) -> None:
    """Answer the next *times* questions that hold *matching* with records of these ids."""
    body = json.dumps({"done": True, "records": [{"Id": name} for name in ids], **more}).encode()

    def is_meant(request: Request) -> bool:
        return "/query" in request.path and matching in request.query.get("q", "")

    server.faults.plan(Fault(status=200, headers=JSON, body=body), times, is_meant)


def ask(salesforce: Salesforce) -> list[str]:
    return [str(record["Id"]) for record in salesforce.ask("SELECT Id FROM Case")]


def test_an_answer_with_fewer_records_than_it_counts_is_asked_again(
    server: SalesforceServer, salesforce: Salesforce
) -> None:
    plan(server, "1", "2", totalSize=3)

    with pytest.raises(TransientError, match="2 of 3"):
        ask(salesforce)


def test_the_largest_count_of_all_pages_decides(server: SalesforceServer, salesforce: Salesforce) -> None:
    plan(server, "1", totalSize=3, done=False, nextRecordsUrl=f"{BASE}/01g-1")
    plan(server, "2", totalSize=2)

    with pytest.raises(TransientError, match="2 of 3"):
        ask(salesforce)


def test_a_page_that_says_it_is_the_last_and_names_a_further_one_is_followed(
    server: SalesforceServer, salesforce: Salesforce
) -> None:
    plan(server, "1", totalSize=2, nextRecordsUrl=f"{BASE}/01g-1")
    plan(server, "2", totalSize=2)

    assert ask(salesforce) == ["1", "2"]


def test_a_page_that_is_not_the_last_and_names_none_is_asked_again(
    server: SalesforceServer, salesforce: Salesforce
) -> None:
    plan(server, "1", totalSize=2, done=False)

    with pytest.raises(TransientError):
        ask(salesforce)


def test_a_backlog_that_lacks_cases_is_asked_again(
    server: SalesforceServer, connections: Connections
) -> None:
    plan(server, totalSize=5, matching="CaseComment")

    with pytest.raises(TransientError, match="0 of 5"):
        list(find_pages(connections, WEEK))


@pytest.mark.parametrize(("table", "reason"), [("CaseComment", "comments"), ("CaseHistory", "history")])
def test_a_case_whose_rows_stay_short_is_rejected_and_the_others_are_read(
    server: SalesforceServer, connections: Connections, table: str, reason: str
) -> None:
    every = ids_of(list(extract_cases(query(connections), None)))
    bad = every[1].partition(":")[2]
    short = json.dumps({"done": True, "records": [], "totalSize": 1}).encode()

    def is_about_it(request: Request) -> bool:
        question = request.query.get("q", "")
        return f"FROM {table}" in question and bad in question and "ORDER BY Id" in question

    server.faults.plan(Fault(status=200, headers=JSON, body=short), None, is_about_it)

    pages = list(extract_cases(query(connections), None))

    assert sorted(ids_of(pages)) == sorted(set(every) - {f"cases:{bad}"})
    assert [(r.document_id, r.reason) for page in pages for r in page.rejects] == [
        (f"cases:{bad}", f"{reason} incomplete")
    ]


def test_a_case_is_gathered_no_further_than_it_may_grow(
    server: SalesforceServer, connections: Connections, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(extraction, "CHILDREN_PER_QUESTION", 40)
    every = ids_of(list(extract_cases(query(connections), None)))
    large = every[0].partition(":")[2]
    for number in range(30):
        rows = [
            {"Id": f"00a{number * 40 + at:012d}AAA", "ParentId": large, "CommentBody": "x" * 1000}
            for at in range(40 if number < 29 else 1)
        ]
        body = json.dumps({"done": True, "records": rows, "totalSize": len(rows)}).encode()
        server.faults.plan(
            Fault(status=200, headers=JSON, body=body),
            matching=lambda request: "SELECT Id, ParentId" in request.query.get("q", ""),
        )

    [page] = extract_cases(query(connections).bind(connections, 100_000), None)

    assert f"cases:{large}" not in ids_of([page])
    assert len(page.documents) == len(every) - 1
    assert [(r.document_id, r.reason) for r in page.rejects] == [
        (f"cases:{large}", "larger than MAX_DOCUMENT_BYTES")
    ]
