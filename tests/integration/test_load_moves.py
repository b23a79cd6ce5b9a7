"""An event that moves between documents ends where it was read last, and no hash claims a lost row."""

import uuid
from concurrent.futures import ThreadPoolExecutor

import psycopg

from tests.integration.loading import Loads, held_up, make_document, make_event, waits_for_a_lock
from tests.waiting import wait_until
from worker.external.wpe_db.ledger import advance_ledger
from worker.models.batch import read_ledger, split_batch
from worker.models.event import Reject
from worker.models.rows import encode_batch


def hashed(loads: Loads) -> set[str]:
    """The documents whose hash the ledger has."""
    return {name for (name,) in loads.ask("SELECT document_id FROM {s}.etl_documents WHERE hash IS NOT NULL")}


def test_an_event_that_moved_away_and_back_is_there_again(loads: Loads) -> None:
    loads(make_document("issues:1", "a", "stays"))
    loads(make_document("issues:2", "a", updated=10, extracted=10))
    moved = loads.contents()["a"]

    loads(make_document("issues:1", "a", "stays", updated=20, extracted=20))
    loads(make_document("issues:2", updated=20, extracted=21))

    assert moved == ("issues:2", "")
    assert loads.contents() == {"a": ("issues:1", ""), "stays": ("issues:1", "")}
    assert hashed(loads) == {"issues:1", "issues:2"}


def test_an_event_that_moved_away_and_back_within_one_batch_is_there_again(loads: Loads) -> None:
    loads(make_document("issues:1", "a"))
    loads(make_document("issues:2", "a", updated=10, extracted=10))

    loads(
        make_document("issues:1", "a", updated=20, extracted=20),
        make_document("issues:2", updated=20, extracted=20),
    )

    assert loads.contents() == {"a": ("issues:1", "")}


def test_a_holder_read_later_in_the_same_batch_gives_up_what_it_no_longer_yields(loads: Loads) -> None:
    loads(make_document("issues:2", "a"))

    loads(make_document("issues:1", "a", extracted=20), make_document("issues:2", updated=20, extracted=21))

    assert loads.contents() == {"a": ("issues:1", "")}
    assert hashed(loads) == {"issues:1", "issues:2"}


def test_a_row_moves_to_a_document_that_was_read_at_the_same_time(loads: Loads) -> None:
    loads(make_document("issues:1", "a", extracted=5))

    counts = loads(make_document("issues:2", make_event("a", "taken"), extracted=5))

    assert counts.items_updated == 1
    assert loads.contents() == {"a": ("issues:2", "taken")}


def test_a_row_whose_event_was_rejected_is_not_given_up_to_a_document_read_before(loads: Loads) -> None:
    loads(make_document("issues:1", make_event("a", "former")))

    counts = loads(
        make_document("issues:1", rejects=(Reject("a", "no author"),), extracted=20),
        make_document("issues:2", make_event("a", "other"), extracted=10),
    )

    assert (counts.items_stale, counts.rejected) == (1, 1)
    assert loads.contents() == {"a": ("issues:1", "former")}


def test_a_former_holder_that_did_not_change_has_its_row_again_once_the_taker_drops_it(loads: Loads) -> None:
    loads(make_document("issues:1", "a"))
    loads(make_document("issues:2", "a", updated=10, extracted=10))
    loads(make_document("issues:2", updated=20, extracted=20))

    loads(make_document("issues:1", "a", extracted=30))

    assert loads.contents() == {"a": ("issues:1", "")}


def test_a_taker_whose_row_was_refused_has_it_once_the_holder_drops_it(loads: Loads) -> None:
    loads(make_document("issues:2", "a", updated=10, extracted=10))
    loads(make_document("issues:1", "a", "own"))
    refused = hashed(loads)
    loads(make_document("issues:2", updated=20, extracted=20))

    loads(make_document("issues:1", "a", "own", extracted=30))

    assert refused == {"issues:2"}
    assert loads.contents() == {"a": ("issues:1", ""), "own": ("issues:1", "")}


def test_an_event_given_to_a_document_of_the_batch_that_proves_stale_is_not_lost(loads: Loads) -> None:
    loads(make_document("issues:2", updated=50, extracted=50))
    loads(make_document("issues:1", "a"), make_document("issues:2", "a", extracted=1))

    loads(make_document("issues:1", "a", extracted=60))

    assert loads.contents() == {"a": ("issues:1", "")}


def test_an_unchanged_holder_in_the_takers_batch_forgets_its_hash(loads: Loads) -> None:
    loads(make_document("issues:1", "a", "own"))

    loads(make_document("issues:1", "a", "own"), make_document("issues:2", "a", extracted=10))
    loads(make_document("issues:2", updated=20, extracted=20))
    loads(make_document("issues:1", "a", "own", extracted=30))

    assert loads.contents() == {"a": ("issues:1", ""), "own": ("issues:1", "")}


def test_a_taker_whose_holder_is_being_loaded_begins_again_instead_of_locking_it_out(
    loads: Loads, database: str
) -> None:
    loads(make_document("issues:1", "a"), make_document("issues:2", "own"))
    block_id = loads.stage(make_document("issues:2", "own", "a", updated=10, extracted=10))
    schema = loads.warehouse.schema
    ledger_row = f"SELECT FROM {schema}.etl_documents WHERE document_id = %s FOR UPDATE"
    # As a load of the holder does: its ledger row first, then its rows.
    with held_up(loads, database, block_id, ledger_row, "issues:1") as (holder, load):
        holder.execute(f"UPDATE {schema}.jira_events SET metrics = '{{}}' WHERE event_id = 'a'")
        # Nor the ledger row of its own document, whose id comes after the holder's.
        holder.execute(ledger_row, ("issues:2",))
        holder.commit()
        counts = load.result(20)

    assert (counts.items_updated, counts.items_unchanged) == (1, 1)
    assert loads.contents() == {"a": ("issues:2", ""), "own": ("issues:2", "")}
    assert hashed(loads) == {"issues:2"}


def test_a_holder_that_the_ledger_no_longer_knows_is_not_noted_anew(loads: Loads) -> None:
    packed = encode_batch([make_document("issues:2", "a")], (), source_kind_id=loads.source)
    ledger = read_ledger(split_batch(packed)[0])
    with loads.warehouse.session() as conn:
        advance_ledger(conn, ledger, block_id=str(uuid.uuid4()), run=7, holders={"issues:gone"})

    assert loads.ask("SELECT document_id FROM {s}.etl_documents") == [("issues:2",)]


def test_parallel_loads_that_take_each_others_events_all_end_with_the_last_reading(loads: Loads) -> None:
    names = range(6)
    loads(*(make_document(f"issues:{name}", f"e{name}", f"own{name}") for name in names))
    # Each version passes every event on to the next document: all loads take from one another.
    blocks = [
        loads.stage(
            make_document(
                f"issues:{name}",
                f"e{(name + version) % len(names)}",
                f"own{name}",
                updated=version,
                extracted=version,
            )
        )
        for version in range(1, 6)
        for name in names
    ]

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(loads.load_block, blocks))
    loads(
        *(make_document(f"issues:{name}", f"e{name}", f"own{name}", updated=9, extracted=9) for name in names)
    )

    assert {event: document for event, (document, _) in loads.contents().items()} == {
        f"{kind}{name}": f"issues:{name}" for kind in ("e", "own") for name in names
    }
    assert len(hashed(loads)) == len(names)


def test_a_load_that_is_chosen_to_end_a_deadlock_begins_again(loads: Loads) -> None:
    loads(make_document("issues:1", "e5", "e9"))
    block = loads.stage(make_document("issues:1", make_event("e9", "x"), updated=5, extracted=5))
    with ThreadPoolExecutor(1) as pool, psycopg.connect(loads.warehouse._conninfo, user="postgres") as other:
        # The other side never looks for a deadlock: the load finds it, and is the one to end.
        other.execute("SET deadlock_timeout = '60s'")
        other.execute(f"SELECT 1 FROM {loads.warehouse.schema}.jira_events WHERE event_id = 'e9' FOR UPDATE")
        loading = pool.submit(loads.load_block, block)
        wait_until(lambda: waits_for_a_lock(loads, block))
        other.execute(f"UPDATE {loads.warehouse.schema}.etl_documents SET run = run")
        other.rollback()

        counts = loading.result()

    assert (counts.items_updated, counts.retired) == (1, 1)
    assert loads.contents() == {"e9": ("issues:1", "x")}
