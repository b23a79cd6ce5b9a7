"""A load that dies at any point is done exactly once in the end."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

import psycopg
import pytest

from scripts.sandbox.postgres import PostgresServer
from temporaletl.contract import Counts, DocumentReject
from temporaletl.errors import BlockLostError, TransientError
from tests.integration.loading import Loads, held_up, make_document, make_event
from tests.waiting import wait_until
from worker.external.wpe_db.connect import Warehouse

REJECT = DocumentReject("issues:9", "truncated")


@contextmanager
def held_before_its_rejects(loads: Loads, database: str, block_id: str) -> Iterator[Future[Counts]]:
    """A load that has streamed its rows and now waits for the row of its reject."""
    loads(rejects=[REJECT])
    with held_up(loads, database, block_id, "UPDATE {s}.etl_rejects SET times_seen = 0") as (_, load):
        yield load


def test_a_redelivered_block_answers_with_the_counts_of_its_load(loads: Loads) -> None:
    block_id = loads.stage(make_document("issues:1", "a", "b"))
    first = loads.load_block(block_id)

    again = loads.load_block(block_id)

    assert again == first
    assert (first.items_inserted, len(loads.contents())) == (2, 2)


def test_a_load_that_lost_its_session_after_streaming_left_nothing_and_is_done_again(
    loads: Loads, database: str
) -> None:
    block_id = loads.stage(make_document("issues:1", "a", "b"), rejects=[REJECT])
    with held_before_its_rejects(loads, database, block_id) as load:
        loads.ask(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = %s",
            f"etl-load {block_id}",
        )
        with pytest.raises(TransientError):
            load.result(20)
        assert loads.contents() == {}

    counts = loads.load_block(block_id)

    assert counts.items_inserted == 2
    assert set(loads.contents()) == {"a", "b"}


def test_a_redelivery_ends_the_session_of_an_attempt_that_still_holds_its_locks(
    loads: Loads, database: str
) -> None:
    block_id = loads.stage(make_document("issues:1", "a"))
    name = f"etl-load {block_id}"
    with psycopg.connect(database, application_name=name) as frozen:
        # As a client leaves it that was stopped inside COPY: rows half sent, every lock held.
        frozen.execute(
            f"INSERT INTO {loads.warehouse.schema}.etl_batches (block_id, source_kind_id, run)"
            " VALUES (%s, 'jira', 1)",
            (block_id,),
        )
        with pytest.raises(psycopg.Error), frozen.cursor() as cursor:  # noqa: SIM117
            with cursor.copy(f"COPY {loads.warehouse.schema}.jira_events (event_id) FROM STDIN"):
                started = time.monotonic()
                counts = loads.load_block(block_id)
                assert time.monotonic() - started < 10
    assert counts.items_inserted == 1


def test_a_load_behind_a_lock_gives_up_and_may_try_again(
    open_database: Callable[..., Warehouse], loads: Loads, database: str
) -> None:
    impatient = Loads(open_database(lock_timeout_s=0.2))
    block_id = loads.stage(make_document("issues:1", "a"))
    with psycopg.connect(database) as holder:
        holder.execute(f"LOCK TABLE {loads.warehouse.schema}.jira_events")
        with pytest.raises(TransientError):
            impatient.load_block(block_id)

    assert loads.load_block(block_id).items_inserted == 1


def test_a_crash_of_the_server_empties_staging_and_the_load_says_that_the_block_is_lost(
    loads: Loads, postgres: PostgresServer
) -> None:
    loads(make_document("issues:1", "a"))
    block_id = loads.stage(make_document("issues:2", "b"))
    with loads.warehouse.session() as conn:
        pid = conn.info.backend_pid
    postgres.kill_backend(pid)

    def has_restarted() -> bool:
        try:
            return loads.ask("SELECT FROM {s}.etl_staging") == []
        except TransientError:
            return False

    def is_lost() -> bool:
        try:
            loads.load_block(block_id)
        except BlockLostError:
            return True
        except TransientError:
            # A session of before; Temporal tries again too.
            return False
        raise AssertionError("it was loaded")

    wait_until(has_restarted)
    wait_until(is_lost)
    assert set(loads.contents()) == {"a"}


def test_a_row_that_arrives_between_the_look_and_the_copy_takes_the_merge_path(
    loads: Loads, database: str
) -> None:
    block_id = loads.stage(make_document("issues:1", make_event("a", "mine"), "b", extracted=9))
    row = (
        "INSERT INTO {s}.jira_events (source_kind_id, event_id, event_type, relation_type, employee_id,"
        " event_time_utc, week) VALUES ('jira', 'a', 'x', 'y', 'z', '2020-01-01', '2019-12-30')"
    )
    with held_up(loads, database, block_id, row) as (other, load):
        other.commit()
        counts = load.result(20)

    assert (counts.items_updated, counts.items_inserted) == (1, 1)
    assert loads.contents()["a"] == ("issues:1", "mine")


def test_a_truncate_during_a_load_neither_deadlocks_nor_leaves_a_ledger_without_rows(
    loads: Loads, database: str
) -> None:
    loads(make_document("issues:1", "a"), make_document("issues:2", "b"))
    edited = [
        make_document("issues:1", make_event("a", "new"), updated=1, extracted=1),
        make_document("issues:2", make_event("b", "new"), updated=1, extracted=1),
    ]
    block_id = loads.stage(*edited)
    ledger_row = "SELECT FROM {s}.etl_documents WHERE document_id = 'issues:2' FOR UPDATE"
    with (
        ThreadPoolExecutor(1) as pool,
        held_up(loads, database, block_id, ledger_row) as (holder, load),
    ):
        truncation = pool.submit(loads.ask, "TRUNCATE {s}.jira_events")
        question = "SELECT 1 FROM pg_stat_activity WHERE query LIKE 'TRUNCATE%%' AND wait_event_type = %s"
        wait_until(lambda: bool(loads.ask(question, "Lock")))
        holder.rollback()
        assert load.result(20).items_updated == 2
        truncation.result(20)

    assert loads.contents() == {}
    assert loads.ask("SELECT * FROM {s}.etl_documents") == []


@contextmanager
def taking_no_writes(postgres: PostgresServer) -> Iterator[None]:
    """The whole server takes no writes, as during a fail-over or on a full disk; sessions stay open."""
    with psycopg.connect(postgres.admin_dsn, autocommit=True) as conn:
        conn.execute("SET default_transaction_read_only = off")

        def switch(value: str) -> None:
            conn.execute(f"ALTER SYSTEM SET default_transaction_read_only = {value}")
            conn.execute("SELECT pg_reload_conf()")
            with psycopg.connect(postgres.admin_dsn, autocommit=True) as other:
                question = "SHOW default_transaction_read_only"
                wait_until(lambda: other.execute(question).fetchone() == (value,))

        switch("on")
        try:
            yield
        finally:
            switch("off")


def test_a_server_that_takes_no_writes_for_a_while_is_waited_for(
    open_database: Callable[..., Warehouse], loads: Loads, postgres: PostgresServer
) -> None:
    hasty = Loads(open_database(pool_timeout_s=0.5))
    block_id = hasty.stage(make_document("issues:1", "a"))
    with hasty.warehouse.session() as conn:
        pid = conn.info.backend_pid
    with taking_no_writes(postgres):
        for attempt in (
            lambda: hasty.load_block(block_id),
            lambda: hasty.load_block(block_id),
            lambda: hasty.stage(make_document("issues:2", "b")),
            lambda: hasty.ask("DELETE FROM {s}.jira_events"),
        ):
            with pytest.raises(TransientError, match="takes no writes now"):
                attempt()

    assert hasty.load_block(block_id).items_inserted == 1
    with hasty.warehouse.session() as conn:
        assert conn.info.backend_pid != pid
    assert loads.contents().keys() == {"a"}


def test_sessions_that_idle_are_not_used_again_once_one_may_not_write(
    open_database: Callable[..., Warehouse], loads: Loads
) -> None:
    pool = open_database()
    with pool.session() as first, pool.session() as second:
        pids = {first.info.backend_pid, second.info.backend_pid}
    with pytest.raises(TransientError), pool.session() as conn, conn.transaction():
        conn.execute("SET TRANSACTION READ ONLY")
        conn.execute(f"DELETE FROM {pool.schema}.jira_events")

    with pool.session() as first, pool.session() as second:
        assert not pids & {first.info.backend_pid, second.info.backend_pid}
    assert loads.contents() == {}
