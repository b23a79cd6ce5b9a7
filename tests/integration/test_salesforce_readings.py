"""Of two readings of a case the later one counts, whatever Salesforce no longer shows of its changes."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import override

import pytest

from scripts.sandbox.cases import Cases
from scripts.sandbox.salesforce import SalesforceServer
from scripts.sandbox.soql import Record
from scripts.sandbox.world import World
from temporaletl.connections import Connections
from tests.integration.cases import ANCHOR, NOON, connect, query
from tests.integration.loading import Loads
from worker.external.wpe_db.connect import Warehouse
from worker.external.wpe_db.schema import ensure_schema
from worker.models.batching import BatchLimits, collect_batch
from worker.models.identity import FrozenPeople, Pseudonyms
from worker.models.raw import read_document
from worker.models.shaped import ShapedDocument
from worker.models.shaping import shape_documents
from worker.sources.salesforce.extract.cases import extract_cases
from worker.sources.salesforce.query import SalesforceQuery
from worker.sources.salesforce.transform import transform

SOURCE = "salesforce"
WHOLE = BatchLimits(documents=100, bytes=10_000_000, seconds=60)


class Binned(Cases):
    """Cases whose deleted comments are gone for good once *emptied* says so."""

    emptied = False

    @override
    def tables(self) -> dict[str, Sequence[Record]]:
        tables = super().tables()
        if self.emptied:
            tables = {**tables, "CaseComment": [row for row in tables["CaseComment"] if not row["IsDeleted"]]}
        return tables


@pytest.fixture
def cases() -> Binned:
    return Binned(World(60, anchor=ANCHOR, detail=0), number=20)


@pytest.fixture
def connections(cases: Binned) -> Iterator[Connections]:
    with SalesforceServer(World(60, anchor=ANCHOR, detail=0), cases) as server, connect(server) as opened:
        yield opened


@pytest.fixture
def loads(open_database: Callable[..., Warehouse]) -> Loads:
    made = open_database()
    ensure_schema(made, [SOURCE])
    return Loads(made, SOURCE)


def read(
    connections: Connections, case: str, when: datetime, known: Mapping[str, str] | None = None
) -> list[ShapedDocument]:
    """One case, read at *when* of the warehouse's clock, with the employees that are *known*."""
    pages = extract_cases(query(connections, ids=[case]), None)
    batch = collect_batch(pages, None, WHOLE, lambda: when, threading.Event())
    accounts = [(SOURCE, user, employee) for user, employee in (known or {}).items()]
    people = FrozenPeople(accounts, Pseudonyms(b"key"))
    shaped = shape_documents(map(read_document, batch.documents), transform, people, None, SalesforceQuery)
    return [document for document in shaped if isinstance(document, ShapedDocument)]


def authors(loads: Loads) -> dict[str, str]:
    return dict(loads.ask("SELECT event_id, employee_id FROM {s}.salesforce_events"))


def living(cases: Cases) -> str:
    """A case that is there."""
    files = map(cases.file, cases.case_ids)
    return next(file.id for file in files if not file.hidden and file.record["IsDeleted"] is False)


def test_a_joiner_is_told_though_the_case_s_last_change_was_purged(
    cases: Binned, connections: Connections, loads: Loads
) -> None:
    case = living(cases)
    creator = str(cases.file(case).record["CreatedById"])
    cases.add_comment(case, NOON)
    cases.delete_comment(case, NOON + timedelta(hours=1))
    loads(*read(connections, case, NOON + timedelta(hours=2)))
    before = authors(loads)

    cases.emptied = True
    again = loads(*read(connections, case, NOON + timedelta(days=20), {creator: "E-joiner"}))

    after = authors(loads)
    assert again.items_stale == 0
    assert after.keys() == before.keys()
    assert after[f"case-{case}-c"] == "E-joiner" != before[f"case-{case}-c"]


def test_an_earlier_reading_of_a_case_loses_however_late_it_comes(
    cases: Binned, connections: Connections, loads: Loads
) -> None:
    case = living(cases)
    early = loads.stage(*read(connections, case, NOON))
    cases.add_comment(case, NOON)
    loads(*read(connections, case, NOON + timedelta(minutes=1)))
    held = authors(loads)

    late = loads.load_block(early)

    assert late.items_stale > 0
    assert authors(loads) == held
