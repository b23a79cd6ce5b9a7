"""Whatever order and company batches arrive in, the newest reading of a document wins, once."""

import random
from concurrent.futures import ThreadPoolExecutor

import pytest
from psycopg import sql

from temporaletl.contract import DocumentReject
from tests.integration.loading import Loads, held_up, make_document, make_event
from worker.external.wpe_db import load
from worker.external.wpe_db.connect import Connection
from worker.models.event import Reject


@pytest.fixture
def no_deadlock(monkeypatch: pytest.MonkeyPatch) -> None:
    """A load that meets a deadlock fails, instead of beginning again."""
    monkeypatch.setattr(load, "MAX_DEADLOCKS", 0)


def test_an_older_batch_after_a_newer_one_changes_nothing(loads: Loads) -> None:
    loads(make_document("issues:1", make_event("a", "new"), updated=9, extracted=9))

    counts = loads(make_document("issues:1", make_event("a", "old"), "b", updated=5, extracted=10))

    assert counts.items_stale == 2
    assert loads.contents() == {"a": ("issues:1", "new")}


def test_of_one_change_the_later_reading_wins(loads: Loads) -> None:
    loads(make_document("issues:1", make_event("a", "later"), updated=5, extracted=9))

    loads(make_document("issues:1", make_event("a", "earlier"), updated=5, extracted=8))

    assert loads.contents() == {"a": ("issues:1", "later")}


def test_without_a_time_of_change_the_reading_decides(loads: Loads) -> None:
    loads(make_document("issues:1", make_event("a", "2"), updated=None, extracted=2))
    loads(make_document("issues:1", make_event("a", "2"), updated=None, extracted=4))

    loads(make_document("issues:1", make_event("a", "3"), updated=None, extracted=3))

    assert loads.contents() == {"a": ("issues:1", "2")}


def test_of_two_readings_at_one_time_the_one_loaded_last_stays(loads: Loads) -> None:
    for text in ("first", "last"):
        loads(make_document("issues:1", make_event("a", text), updated=None, extracted=2))
        loads(make_document("issues:2", make_event("b", text), updated=2, extracted=2))

    assert {text for _, text in loads.contents().values()} == {"last"}


def test_a_change_that_becomes_unknown_is_not_refused_as_older(loads: Loads) -> None:
    loads(make_document("issues:1", make_event("a", "known"), updated=5, extracted=5))

    late = loads(make_document("issues:1", make_event("a", "late"), updated=None, extracted=4))
    refused = loads.contents()
    loads(make_document("issues:1", make_event("a", "unknown"), updated=None, extracted=6))

    assert late.items_stale == 1
    assert refused == {"a": ("issues:1", "known")}
    assert loads.contents() == {"a": ("issues:1", "unknown")}


def test_the_ledger_moves_forward_even_when_the_content_is_equal(loads: Loads) -> None:
    loads(make_document("issues:1", make_event("a", "x"), updated=1, extracted=1))
    loads(make_document("issues:1", make_event("a", "x"), updated=9, extracted=9))

    loads(make_document("issues:1", make_event("a", "between"), updated=5, extracted=5))

    assert loads.contents() == {"a": ("issues:1", "x")}


def test_a_reading_between_two_equal_ones_changes_nothing_however_late_it_comes(loads: Loads) -> None:
    loads(make_document("issues:1", make_event("a", "one"), updated=5, extracted=1))
    late = loads.stage(make_document("issues:1", make_event("a", "two"), "b", updated=5, extracted=2))
    again = loads(make_document("issues:1", make_event("a", "one"), updated=5, extracted=3))

    counts = loads.load_block(late)

    assert (again.items_unchanged, counts.items_stale) == (1, 2)
    assert loads.contents() == {"a": ("issues:1", "one")}


def test_a_reading_before_a_deletion_brings_nothing_back_however_late_it_comes(loads: Loads) -> None:
    loads(make_document("issues:1", make_event("a", "1"), updated=1, extracted=1))
    late = loads.stage(make_document("issues:1", make_event("a", "2"), updated=4, extracted=4))
    loads(make_document("issues:1", updated=5, extracted=5, deleted=True))

    counts = loads.load_block(late)

    assert (counts.items_stale, loads.contents()) == (1, {})


def test_a_deletion_is_newer_by_its_reading_alone(loads: Loads) -> None:
    loads(make_document("issues:1", make_event("a", "1"), updated=9, extracted=1))

    counts = loads(make_document("issues:1", updated=5, extracted=2, deleted=True))

    assert (counts.retired, loads.contents()) == (1, {})


def test_a_row_moves_to_another_document_only_where_that_was_read_later(loads: Loads) -> None:
    loads(make_document("issues:1", make_event("a", "holder"), extracted=5))

    early = loads(make_document("issues:2", make_event("a", "early"), extracted=4))
    held = loads.contents()
    loads(make_document("issues:3", make_event("a", "late"), extracted=6))

    assert early.items_stale == 1
    assert held == {"a": ("issues:1", "holder")}
    assert loads.contents() == {"a": ("issues:3", "late")}


def test_every_event_of_a_batch_is_counted_in_one_way(loads: Loads) -> None:
    loads(make_document("issues:1", "a"), make_document("issues:2", "b"))
    loads(make_document("issues:3", "c", updated=9, extracted=9))

    counts = loads(
        make_document("issues:1", make_event("a", "new"), updated=1, extracted=1),
        make_document("issues:2", "b", extracted=1),
        make_document("issues:3", make_event("c", "old"), updated=5, extracted=5),
        make_document("issues:4", "d"),
        make_document("issues:5", "d", rejects=(Reject("e", "no author"),), extracted=1),
    )

    ways = (counts.items_inserted, counts.items_updated, counts.items_unchanged)
    assert (*ways, counts.items_duplicates, counts.items_stale) == (1, 1, 1, 1, 1)
    assert (counts.items_processed, counts.rejected, counts.items_extracted) == (5, 1, 6)


def test_a_document_twice_in_a_batch_counts_once_as_its_newest(loads: Loads) -> None:
    counts = loads(
        make_document("issues:1", make_event("a", "new"), updated=2),
        make_document("issues:1", make_event("a", "old"), "b", updated=1),
    )

    assert (counts.items_inserted, counts.items_duplicates) == (1, 2)
    assert loads.contents() == {"a": ("issues:1", "new")}


def test_an_event_in_two_documents_of_a_batch_goes_to_the_one_read_later(loads: Loads) -> None:
    counts = loads(
        make_document("issues:1", make_event("a", "1")), make_document("issues:2", "a", extracted=1)
    )

    assert (counts.items_inserted, counts.items_duplicates) == (1, 1)
    assert loads.contents() == {"a": ("issues:2", "")}


@pytest.mark.usefixtures("no_deadlock")
def test_parallel_loads_of_the_same_documents_neither_deadlock_nor_double(loads: Loads) -> None:
    names = [f"issues:{number}" for number in range(40)]
    dice = random.Random(3)
    blocks = []
    for version in range(12):
        shuffled = dice.sample(names, len(names))
        blocks.append(
            loads.stage(
                *(
                    make_document(
                        name,
                        *(make_event(f"{name}-{part}", str(version)) for part in range(3 + version % 3)),
                        updated=version,
                        extracted=version,
                    )
                    for name in shuffled[:30]
                ),
                make_document(
                    "issues:all", make_event("last", str(version)), updated=version, extracted=version
                ),
            )
        )
    dice.shuffle(blocks)

    with ThreadPoolExecutor(8) as pool:
        counts = list(pool.map(loads.load_block, blocks))

    ledger = loads.ask(
        "SELECT document_id, extract(epoch FROM upstream_updated - '2026-03-02 12:00Z')"
        " FROM {s}.etl_documents"
    )
    versions = {name: int(version) for name, version in ledger}
    held: dict[str, set[str]] = {}
    for document, text in loads.contents().values():
        held.setdefault(document, set()).add(text)
    assert versions["issues:all"] == 11
    assert held == {name: {str(version)} for name, version in versions.items()}
    rows = loads.ask("SELECT document_id, count(*) FROM {s}.jira_events GROUP BY 1")
    assert dict(rows) == {
        name: 1 if name == "issues:all" else 3 + version % 3 for name, version in versions.items()
    }
    assert sum(one.items_inserted - one.retired for one in counts) == sum(count for _, count in rows)


@pytest.mark.usefixtures("no_deadlock")
def test_many_parallel_batches_with_the_same_rejects_do_not_deadlock(loads: Loads) -> None:
    dice = random.Random(5)
    rejects = [DocumentReject(f"issues:{number}", "not JSON") for number in range(60)]
    blocks = [loads.stage(rejects=dice.sample(rejects, len(rejects))) for _ in range(24)]

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(loads.load_block, blocks))

    assert loads.ask("SELECT DISTINCT times_seen FROM {s}.etl_rejects") == [(24,)]


@pytest.mark.usefixtures("no_deadlock")
def test_parallel_loads_that_claim_each_others_events_do_not_deadlock(loads: Loads) -> None:
    shared = [f"e{number}" for number in range(1000)]
    loads(make_document("issues:0", *shared))
    blocks = [
        loads.stage(
            make_document(
                f"issues:{name}", *(make_event(event, str(name)) for event in shared), extracted=name
            )
        )
        for name in range(1, 9)
    ]

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(loads.load_block, blocks))

    assert {document for document, _ in loads.contents().values()} == {"issues:8"}


def test_a_load_that_waited_for_its_turn_is_stamped_after_it(loads: Loads, database: str) -> None:
    loads(make_document("issues:1", make_event("a", "one")))
    block_id = loads.stage(make_document("issues:1", make_event("a", "two"), updated=1, extracted=1))
    with held_up(loads, database, block_id, "SELECT FROM {s}.etl_documents FOR UPDATE") as (other, waiting):
        [turn] = other.execute("SELECT clock_timestamp()").fetchone() or ()
        other.rollback()
        assert waiting.result(timeout=10).items_updated == 1

    [(updated_at,)] = loads.ask("SELECT updated_at FROM {s}.jira_events")
    assert updated_at > turn
    assert loads.ask("SELECT replaced_at FROM {s}.jira_events_history") == [(updated_at,)]


def test_rows_are_locked_in_the_order_of_their_events_whatever_order_they_came_in(
    loads: Loads, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy_in_order = load._copy

    def copy_backwards(conn: Connection, statement: sql.Composed, text: bytes) -> None:
        copy_in_order(conn, statement, b"".join(reversed(text.splitlines(keepends=True))))

    monkeypatch.setattr(load, "_copy", copy_backwards)
    loads(make_document("issues:1", "a", "b"))
    block_id = loads.stage(make_document("issues:1", make_event("a", "2"), make_event("b", "2"), updated=1))
    row = f"SELECT FROM {loads.warehouse.schema}.jira_events WHERE event_id = %s FOR UPDATE"
    with held_up(loads, database, block_id, row, "a") as (other, loading):
        other.execute(row, ("b",))
        other.rollback()

        assert loading.result(timeout=10).items_updated == 2


def test_rejects_are_locked_in_the_order_of_their_keys_whatever_order_they_came_in(
    loads: Loads, database: str
) -> None:
    rejects = {f"issues:{number}": DocumentReject(f"issues:{number}", "not JSON") for number in range(9)}
    loads(rejects=[*rejects.values()])
    keyed = [name for (name,) in loads.ask("SELECT document_id FROM {s}.etl_rejects ORDER BY digest")]
    block_id = loads.stage(rejects=[rejects[name] for name in reversed(keyed)])
    rows = f"SELECT FROM {loads.warehouse.schema}.etl_rejects WHERE document_id = ANY (%s) FOR UPDATE"
    with held_up(loads, database, block_id, rows, keyed[:1]) as (other, loading):
        other.execute(rows, (keyed[1:],))
        other.rollback()

        assert loading.result(timeout=10).rejected_again == len(rejects)
