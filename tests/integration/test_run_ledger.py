"""The run log, the watermark, and what is left to do, in a real warehouse."""

from datetime import UTC, datetime, timedelta

import pytest

from temporaletl.contract import DocumentReject, ETLInput, Unfinished, Window
from temporaletl.errors import BlockLostError
from tests.integration.loading import Loads, make_document
from worker.external.wpe_db.connect import Connection, Warehouse, warehouse_clock
from worker.external.wpe_db.identities import write_identities
from worker.external.wpe_db.runs import end_silent_runs, finish_run, open_run
from worker.external.wpe_db.staging import put_block, read_raw
from worker.external.wpe_db.unfinished import (
    MAX_ATTEMPTS,
    MAX_REJECTIONS,
    count_exhausted,
    exhausted_jobs,
    forget_unfinished,
    note_unfinished,
    reread_page,
    take_attempts_back,
    unfinished_page,
)
from worker.external.wpe_db.watermarks import advance_watermark, covered_until
from worker.models.event import Reject
from worker.models.identity import Identity

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)


def make_job(name: str) -> ETLInput:
    return ETLInput(job_id=name, query_type="jira", args={"after": None, "upto": name})


def open_again(conn: Connection, workflow_run_id: str) -> int:
    window = Window(date_start=NOON.date(), date_end=NOON.date() + timedelta(days=1))
    return open_run(
        conn,
        kind="ETLFlow",
        workflow_id="jira-issues-1",
        workflow_run_id=workflow_run_id,
        source_kind_id="jira",
        job_id="jira-issues-1",
        query=make_job("jira-issues-1"),
        version="2",
        specific_version="2.0.0",
        window=window,
    )


def read_run(conn: Connection, run: int) -> dict[str, object]:
    cursor = conn.execute("SELECT * FROM analytics.etl_runs WHERE id = %s", (run,))
    row = cursor.fetchone()
    assert row is not None
    assert cursor.description is not None
    return {column.name: value for column, value in zip(cursor.description, row, strict=True)}


def test_a_run_that_is_opened_twice_has_one_row(warehouse: Warehouse) -> None:
    with warehouse.session() as conn:
        run = open_again(conn, "a")
        assert open_again(conn, "a") == run
        assert open_again(conn, "b") != run
        row = read_run(conn, run)
    assert (row["status"], row["query_type"], row["version"], row["finished"]) == (
        "running",
        "jira",
        "2",
        None,
    )
    assert row["args"] == {"after": None, "upto": "jira-issues-1"}


def test_opening_a_finished_run_again_leaves_its_result(warehouse: Warehouse) -> None:
    with warehouse.session() as conn:
        run = open_again(conn, "a")
        finish_run(conn, run=run, status="completed", counts={"documents": 3})
        assert open_again(conn, "a") == run
        row = read_run(conn, run)
    assert (row["status"], row["counts"]) == ("completed", {"documents": 3})


def test_a_failed_run_keeps_a_bounded_error_without_addresses(warehouse: Warehouse) -> None:
    with warehouse.session() as conn:
        run = open_again(conn, "a")
        error = "no\x00 answer for ana@example.com\ud800 " + "x" * 10_000
        finish_run(conn, run=run, status="failed", counts={}, error=error)
        row = read_run(conn, run)
    assert str(row["error"]).startswith("no\ufffd answer for <address>")
    assert len(str(row["error"])) == 4000
    assert row["finished"] is not None


def test_a_run_that_ended_without_a_word_is_ended_with_its_blocks(warehouse: Warehouse) -> None:
    with warehouse.session() as conn:
        done, silent, other = (open_again(conn, name) for name in ("a", "b", "c"))
        finish_run(conn, run=done, status="completed", counts={"documents": 3})
        blocks = {run: put_block(conn, run=run, batch_no=0, documents=()) for run in (silent, other)}

        ended = end_silent_runs(conn, workflow_id="jira-issues-1", workflow_run_id="b")

        assert ended == 1
        assert [read_run(conn, run)["status"] for run in (done, silent, other)] == [
            "completed",
            "terminated",
            "running",
        ]
        assert read_run(conn, silent)["finished"] is not None
        with pytest.raises(BlockLostError):
            read_raw(conn, blocks[silent])
        read_raw(conn, blocks[other])


def test_whoever_opens_a_run_ends_those_of_its_workflow_that_said_nothing(warehouse: Warehouse) -> None:
    with warehouse.session() as conn:
        former, mine = open_again(conn, "a"), open_again(conn, "b")
        block = put_block(conn, run=former, batch_no=0, documents=())
        now = warehouse_clock(conn)
        # Asked before either was opened.
        assert (
            end_silent_runs(conn, workflow_id="jira-issues-1", workflow_run_id="a", others_before=NOON) == 0
        )
        for _ in range(2):
            end_silent_runs(conn, workflow_id="jira-issues-1", workflow_run_id="b", others_before=now)
        assert [read_run(conn, run)["status"] for run in (former, mine)] == ["terminated", "running"]
        with pytest.raises(BlockLostError):
            read_raw(conn, block)
        assert end_silent_runs(conn, workflow_id="jira-issues-2", workflow_run_id="b", others_before=now) == 0


def test_the_watermark_never_goes_back(warehouse: Warehouse) -> None:
    with warehouse.session() as conn:
        assert covered_until(conn, "jira") is None
        advance_watermark(conn, "jira", NOON, 1)
        advance_watermark(conn, "jira", NOON - timedelta(days=1), 2)
        assert covered_until(conn, "jira") == NOON
        assert conn.execute("SELECT run FROM analytics.etl_watermarks").fetchall() == [(1,)]
        advance_watermark(conn, "jira", NOON + timedelta(hours=1), 3)
        assert covered_until(conn, "jira") == NOON + timedelta(hours=1)
        assert covered_until(conn, "launchpad") is None


def note(
    conn: Connection, job: ETLInput, error: str = "broken", *, run: int = 1, counts: bool = True
) -> None:
    note_unfinished(
        conn, Unfinished(source_kind_id="jira", run=run, job=job, error=error, counts_as_attempt=counts)
    )


def test_unfinished_jobs_come_page_by_page_until_they_are_forgotten(warehouse: Warehouse) -> None:
    jobs = [make_job(f"job-{number}") for number in range(5)]
    with warehouse.session() as conn:
        for job in reversed(jobs):
            note(conn, job)
        first = unfinished_page(conn, "jira", None, 3)
        rest = unfinished_page(conn, "jira", first[-1].job_id, 3)
        assert [*first, *rest] == jobs
        assert unfinished_page(conn, "launchpad", None, 3) == []
        forget_unfinished(conn, "jira", "job-0")
        assert unfinished_page(conn, "jira", None, 1) == [jobs[1]]


def test_a_job_that_failed_too_often_is_only_reported(warehouse: Warehouse) -> None:
    job = make_job("job-1")
    with warehouse.session() as conn:
        for run in range(1, MAX_ATTEMPTS):
            # However often one run's note is delivered.
            note(conn, job, run=run)
            note(conn, job, run=run)
        note(conn, job, "cancelled", run=90, counts=False)
        assert unfinished_page(conn, "jira", None, 10) == [job]
        assert count_exhausted(conn, "jira") == 0
        note(conn, job, run=91)
        assert unfinished_page(conn, "jira", None, 10) == []
        assert (count_exhausted(conn, "jira"), exhausted_jobs(conn, "jira")) == (1, ["job-1"])


def read_attempts(conn: Connection) -> dict[object, object]:
    return dict(conn.execute("SELECT job_id, attempts FROM analytics.etl_unfinished").fetchall())


def test_a_run_no_job_of_which_went_well_counts_no_attempt(warehouse: Warehouse) -> None:
    old, fresh, skipped, other = (make_job(name) for name in ("old", "fresh", "skipped", "other"))
    with warehouse.session() as conn:
        earlier, run = open_again(conn, "a"), open_again(conn, "b")
        note(conn, old, run=earlier)
        note(conn, skipped, run=earlier)
        note(conn, other, run=earlier)
        note(conn, old, run=run)
        note(conn, fresh, run=run)
        note(conn, skipped, run=run, counts=False)
        assert read_attempts(conn) == {"old": 2, "fresh": 1, "skipped": 1, "other": 1}
        for _ in range(2):
            # Delivered again, the second time after the run was closed.
            take_attempts_back(conn, "jira", run)
            finish_run(conn, run=run, status="failed", counts={})
        assert read_attempts(conn) == {"old": 1, "fresh": 0, "skipped": 1, "other": 1}
        note(conn, fresh, run=open_again(conn, "c"))
        assert read_attempts(conn)["fresh"] == 1


@pytest.fixture
def known(warehouse: Warehouse, loads: Loads) -> Warehouse:
    """Three documents: two name ``p1``, one names ``p2``; ``p2`` alone is in the identities, unknown."""
    for name, unknown in (("issues:1", {"p1"}), ("issues:2", {"p2"}), ("issues:3", {"p1", "p9"})):
        loads(make_document(name, f"e-{name}", unknown=frozenset(unknown)))
    with warehouse.session() as conn:
        write_identities(conn, [Identity("jira", "acc-2", None, "p2")])
    return warehouse


def test_documents_are_read_again_once_somebody_in_them_is_known(known: Warehouse) -> None:
    with known.session() as conn:
        assert reread_page(conn, "jira", None, 10) == []
        write_identities(conn, [Identity("jira", "acc-1", "e1", "p1")])
        assert reread_page(conn, "jira", None, 10) == ["issues:1", "issues:3"]
        assert reread_page(conn, "jira", None, 1) == ["issues:1"]
        assert reread_page(conn, "jira", "issues:1", 10) == ["issues:3"]
        assert reread_page(conn, "launchpad", None, 10) == []


def test_a_document_that_was_rejected_whole_is_read_again_until_it_was(
    known: Warehouse, loads: Loads
) -> None:
    incomplete = DocumentReject("issues:7", "comments incomplete")
    loads(rejects=[incomplete])
    loads(make_document("issues:8", "e-8"), rejects=[DocumentReject("issues:8", "half")])
    with known.session() as conn:
        assert reread_page(conn, "jira", None, 10) == ["issues:7", "issues:8"]
        assert reread_page(conn, "jira", "issues:7", 10) == ["issues:8"]
        assert reread_page(conn, "launchpad", None, 10) == []
        loads(make_document("issues:7", "e-7", extracted=10**9))
        assert reread_page(conn, "jira", None, 10) == ["issues:8"]
        for _ in range(MAX_REJECTIONS):
            loads(rejects=[DocumentReject("issues:8", "half")])
        assert reread_page(conn, "jira", None, 10) == []


def test_a_known_document_that_a_transform_could_not_shape_is_read_again_until_it_was(
    known: Warehouse, loads: Loads
) -> None:
    loads(make_document("issues:7", "a", rejects=(Reject(None, "no id"),)))
    loads(DocumentReject("issues:2", "transform raised KeyError"), run=8)
    with known.session() as conn:
        assert reread_page(conn, "jira", None, 10) == ["issues:2"]
        loads(make_document("issues:2", "e-issues:2", extracted=10**9), run=9)
        assert reread_page(conn, "jira", None, 10) == []


def test_a_document_that_is_rejected_for_one_reason_and_another_is_given_up_too(
    known: Warehouse, loads: Loads
) -> None:
    loads(rejects=[DocumentReject("issues:2", "comments incomplete")], run=8)
    for _ in range(MAX_REJECTIONS - 1):
        loads(DocumentReject("issues:2", "transform raised KeyError"), run=9)

    with known.session() as conn:
        assert reread_page(conn, "jira", None, 10) == []


def test_a_document_that_was_read_well_after_rejections_is_asked_for_as_often_as_any_other(
    known: Warehouse, loads: Loads
) -> None:
    reject = DocumentReject("issues:2", "half")
    for _ in range(MAX_REJECTIONS):
        loads(rejects=[reject], run=8)
    with known.session() as conn:
        assert reread_page(conn, "jira", None, 10) == []
        loads.ask(
            "UPDATE {s}.etl_documents SET extracted_at = clock_timestamp() WHERE document_id = 'issues:2'"
        )
        for _ in range(MAX_REJECTIONS - 1):
            loads(rejects=[reject], run=9)
            assert reread_page(conn, "jira", None, 10) == ["issues:2"]
        loads(rejects=[reject], run=9)
        assert reread_page(conn, "jira", None, 10) == []


def test_a_part_that_a_late_batch_could_not_read_asks_for_nothing(known: Warehouse, loads: Loads) -> None:
    loads(make_document("issues:2", rejects=(Reject("a", "no author"),), updated=-1, extracted=-1), run=8)

    with known.session() as conn:
        assert reread_page(conn, "jira", None, 10) == []


def test_a_document_that_cannot_be_named_or_is_long_gone_is_not_asked_for(
    known: Warehouse, loads: Loads
) -> None:
    loads(make_document("issues:" + "7" * 2000, "e-7"))
    loads(rejects=[DocumentReject("issues:8", "half"), DocumentReject("issues:9", "half")])
    loads.ask(
        "UPDATE {s}.etl_rejects SET last_seen = last_seen - interval '91 days' WHERE document_id = 'issues:8'"
    )

    with known.session() as conn:
        assert reread_page(conn, "jira", None, 10) == ["issues:9"]


def test_a_document_that_was_read_again_is_done(known: Warehouse, loads: Loads) -> None:
    with known.session() as conn:
        write_identities(conn, [Identity("jira", "acc-1", "e1", "p1")])
    loads(make_document("issues:1", "e-issues:1", unknown=frozenset(), extracted=60))
    with known.session() as conn:
        assert reread_page(conn, "jira", None, 10) == ["issues:3"]
