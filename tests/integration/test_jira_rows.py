"""Odd rows of the lake: ids that Jira cannot have, and several rows of one issue."""

import json
from dataclasses import replace
from typing import override

import pytest

from queuer.sources.jira.inputs import make_slice_jobs
from scripts.sandbox.rows import Row
from scripts.sandbox.trino import TrinoServer
from scripts.sandbox.world import World
from temporaletl.connections import Connections
from temporaletl.contract import Document
from tests.integration.lake import ANCHOR, connect, find_all, ids_of, query, read_all
from worker.sources.jira.extract.issues import extract_issues
from worker.sources.jira.extract.lake import PAGE_DOCUMENTS

LONGEST = "A-b_c.9" + "9" * 93
UNUSABLE = ("9501\x00x", "9" * 101, "9" * 1001, "ana@example.com", "9502\n", "9503 ", "é", "")
NEWER, OLDER = "as it is now", "as it was"


class Misnamed(World):
    """Sound issues, the first of them under ids that Jira cannot have, and one under the longest."""

    @override
    def row(self, number: int) -> Row:
        ids = dict(enumerate((*UNUSABLE, LONGEST), start=1))
        row = super().row(number)
        return replace(row, id=ids.get(number, row.id))


class Doubled(World):
    """Two rows an issue, one newer than the other; only the first and the last issue have one row."""

    def __init__(self, issues: int, *, newer_first: bool) -> None:
        super().__init__(issues, anchor=ANCHOR, detail=0.1)
        self._newer = int(newer_first)

    @override
    def row(self, number: int) -> Row:
        row = super().row(1)
        is_newer = (number + 1) % 2 == self._newer
        hour = 23 if is_newer else 22
        fields = {
            **json.loads(row.fields or ""),
            "summary": NEWER if is_newer else OLDER,
            "updated": f"{ANCHOR}T{hour}:30:00.000+0000",
        }
        return replace(row, id=str(5000 + number // 2), fields=json.dumps(fields))


def read_summaries(connections: Connections, **args: object) -> list[tuple[str, str]]:
    """The id and the summary of each document, in the order in which they came."""
    documents: list[Document] = []
    for page in extract_issues(query(connections, **args), None):
        assert page.rejects == ()
        documents += page.documents
    bodies = [document.body for document in documents]
    assert all(isinstance(body, dict) for body in bodies)
    return [(str(body["id"]), body["fields"]["summary"]) for body in bodies]  # type: ignore[index, call-overload]


def test_an_id_that_jira_cannot_have_is_counted_and_named_in_no_job() -> None:
    with TrinoServer(Misnamed(10, anchor=ANCHOR, detail=0.1)) as server, connect(server) as connections:
        slices, notes = find_all(connections, job_size=1, max_params=3)
        assert notes == {"rows without id": len(UNUSABLE)}
        assert [slice_["upto"] for slice_ in slices] == ["9510", LONGEST]
        named = {
            str(value) for slice_ in slices for job in make_slice_jobs(slice_) for value in job.args.values()
        }
        assert named.isdisjoint(UNUSABLE)
        assert read_all(connections, slices) == ["issues:9510", f"issues:{LONGEST}"]


def test_an_id_that_jira_cannot_have_is_read_by_no_range_and_by_no_name() -> None:
    with TrinoServer(Misnamed(10, anchor=ANCHOR, detail=0.1)) as server, connect(server) as connections:
        [whole] = extract_issues(query(connections), None)
        assert ids_of(whole) == ["issues:9510", f"issues:{LONGEST}"]
        [page] = extract_issues(query(connections, ids=["9510", "9503 ", "é"]), None)
        assert [document.id for document in page.documents] == ["issues:9510"]
        assert page.rejects == ()
        assert dict(page.skipped) == {"issues gone or out of our sight": 2}


@pytest.mark.parametrize("newer_first", [True, False])
def test_of_several_rows_of_one_issue_the_newest_is_read_once(newer_first: bool) -> None:
    with TrinoServer(Doubled(302, newer_first=newer_first)) as server, connect(server) as connections:
        ids = [str(number) for number in range(5000, 5152)]
        assert len(ids) > PAGE_DOCUMENTS
        found = read_summaries(connections)
        assert [issue_id for issue_id, _ in found] == ids
        assert {summary for _, summary in found[1:-1]} == {NEWER}
        assert read_summaries(connections, ids=ids) == found


def test_several_rows_of_one_issue_are_one_issue_of_the_backlog() -> None:
    with TrinoServer(Doubled(62, newer_first=False)) as server, connect(server) as connections:
        slices, _ = find_all(connections, job_size=3, max_params=2)
        assert [slice_["count"] for slice_ in slices] == [3] * 10 + [2]
        read = read_all(connections, slices)
        assert read == sorted({f"issues:{5000 + number // 2}" for number in range(1, 63)})
