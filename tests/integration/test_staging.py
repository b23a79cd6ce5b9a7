"""A batch waits in staging as it was extracted, then as its rows, and is not there afterwards."""

import math
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from temporaletl.contract import DocumentReject
from temporaletl.errors import BlockLostError, RunEndedError
from tests.integration.loading import NOON, Loads, make_document
from worker.external.wpe_db.connect import Connection
from worker.external.wpe_db.runs import finish_run, open_run
from worker.external.wpe_db.staging import (
    RawBlock,
    ShapedBlock,
    drop_blocks,
    put_block,
    put_rows,
    read_raw,
    sweep_blocks,
)
from worker.models.raw import StagedDocument, write_document
from worker.models.rows import encode_batch


def put(loads: Loads, *documents: StagedDocument, rejects: tuple[DocumentReject, ...] = ()) -> str:
    with loads.warehouse.session() as conn:
        return put_block(
            conn, run=1, batch_no=0, documents=[*map(write_document, documents)], rejects=rejects
        )


def read(loads: Loads, block_id: str) -> RawBlock | ShapedBlock:
    with loads.warehouse.session() as conn:
        return read_raw(conn, block_id)


def test_documents_come_back_as_they_were_put(loads: Loads) -> None:
    documents = (
        StagedDocument("issues:1", NOON, NOON, {"text": "ä\n\u2028", "n": [1, 2.5, None, True]}),
        StagedDocument("issues:2", None, NOON, None),
    )
    rejects = (DocumentReject("issues:3", "truncated", {"left": "half"}),)

    held = read(loads, put(loads, *documents, rejects=rejects))

    assert isinstance(held, RawBlock)
    assert tuple(held.read_documents()) == documents
    assert held.rejects == list(rejects)


@pytest.mark.parametrize("body", ["lone \ud800 surrogate", 2**80, "nul \0"])
def test_what_the_fast_parser_refuses_is_staged_too(loads: Loads, body: Any) -> None:
    held = read(loads, put(loads, StagedDocument("issues:1", NOON, NOON, {"body": body})))

    assert isinstance(held, RawBlock)
    assert [document.body for document in held.read_documents()] == [{"body": body}]


def test_a_number_that_is_none_is_null(loads: Loads) -> None:
    held = read(loads, put(loads, StagedDocument("issues:1", NOON, NOON, [math.nan, math.inf])))

    assert isinstance(held, RawBlock)
    assert [document.body for document in held.read_documents()] == [[None, None]]


def test_rows_replace_the_raw_documents_once(loads: Loads) -> None:
    block_id = put(loads, StagedDocument("issues:1", NOON, NOON, {}))
    packed = encode_batch([make_document("issues:1", "a")], [], source_kind_id="jira")
    with loads.warehouse.session() as conn:
        first = put_rows(conn, block_id, packed, {"events": 1})
        again = put_rows(conn, block_id, b"\0\0\0\0", {"events": 2})

    assert first == again == {"events": 1}
    assert read(loads, block_id) == ShapedBlock({"events": 1})
    assert loads.ask("SELECT raw FROM {s}.etl_staging") == [(None,)]
    assert loads.load_block(block_id).items_inserted == 1


def test_the_load_empties_staging(loads: Loads) -> None:
    loads(make_document("issues:1", "a"))

    assert loads.ask("SELECT * FROM {s}.etl_staging") == []


def test_a_block_that_is_not_there_is_lost(loads: Loads) -> None:
    block_id = "6f4ad19c-9d5e-4e57-b1ac-0d4f9e0c3c11"
    with pytest.raises(BlockLostError):
        read(loads, block_id)
    with loads.warehouse.session() as conn, pytest.raises(BlockLostError):
        put_rows(conn, block_id, b"\0\0\0\0", {})


def test_only_old_blocks_and_old_batches_are_swept(loads: Loads) -> None:
    old, young = put(loads), put(loads)
    loads(make_document("issues:1", "a"))
    loads.ask("UPDATE {s}.etl_staging SET created = created - interval '3 days' WHERE block_id = %s", old)
    with loads.warehouse.session() as conn:
        swept = sweep_blocks(conn, timedelta(days=2))

    assert swept == 1
    assert isinstance(read(loads, young), RawBlock)
    assert loads.ask("SELECT count(*) FROM {s}.etl_batches") == [(1,)]
    with loads.warehouse.session() as conn:
        sweep_blocks(conn, timedelta(days=2), batches_older_than=timedelta(0))
    assert loads.ask("SELECT count(*) FROM {s}.etl_batches") == [(0,)]


def test_what_was_skipped_is_counted_with_the_load(loads: Loads) -> None:
    skipped = {"bugs private or gone": 2}
    with loads.warehouse.session() as conn:
        block_id = put_block(conn, run=1, batch_no=0, documents=(), skipped=skipped)
        held = read_raw(conn, block_id)
        assert isinstance(held, RawBlock)
        put_rows(
            conn, block_id, encode_batch([], held.rejects, source_kind_id="jira", skipped=held.skipped), {}
        )

    counts = loads.load_block(block_id)

    assert counts.unavailable == skipped
    assert (counts + counts).unavailable == {"bugs private or gone": 4}


def open_job(loads: Loads) -> int:
    with loads.warehouse.session() as conn:
        return open_run(
            conn,
            kind="ETLFlow",
            workflow_id="jira-issues-1",
            workflow_run_id="first",
            source_kind_id="jira",
        )


def put_for(loads: Loads, run: int) -> str:
    with loads.warehouse.session() as conn:
        return put_block(conn, run=run, batch_no=0, documents=())


def end(conn: Connection, run: int) -> None:
    finish_run(conn, run=run, status="cancelled", counts={})
    drop_blocks(conn, run)


def test_an_extraction_that_a_cancel_did_not_reach_stages_nothing_after_it(loads: Loads) -> None:
    run = open_job(loads)
    put_for(loads, run)
    with ThreadPoolExecutor(1) as pool:
        with loads.warehouse.session() as conn, conn.transaction():
            end(conn, run)
            late = pool.submit(put_for, loads, run)
            with pytest.raises(TimeoutError):
                late.result(timeout=0.3)
        with pytest.raises(RunEndedError, match="has ended"):
            late.result(timeout=10)

    assert loads.ask("SELECT * FROM {s}.etl_staging") == []
    put_for(loads, run + 1)


def test_what_is_being_staged_while_its_run_ends_is_dropped_with_the_rest(loads: Loads) -> None:
    run = open_job(loads)

    def end_run() -> None:
        with loads.warehouse.session() as conn, conn.transaction():
            end(conn, run)

    with ThreadPoolExecutor(1) as pool:
        with loads.warehouse.session() as conn, conn.transaction():
            put_block(conn, run=run, batch_no=0, documents=())
            ending = pool.submit(end_run)
            with pytest.raises(TimeoutError):
                ending.result(timeout=0.3)
        ending.result(timeout=10)

    assert loads.ask("SELECT * FROM {s}.etl_staging") == []
