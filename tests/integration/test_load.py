"""A load makes the warehouse hold exactly the events of its documents."""

from datetime import UTC, date, datetime

import pytest

from temporaletl.errors import BlockLostError
from tests.integration.loading import Loads, make_document, make_event
from worker.external.wpe_db.schema import ensure_schema
from worker.models.event import Reject


def test_new_documents_are_inserted_with_their_run_and_times(loads: Loads) -> None:
    counts = loads(make_document("issues:1", "a", "b"), make_document("issues:2", "c"), run=41)

    assert (counts.documents, counts.items_inserted, counts.items_processed) == (2, 3, 3)
    assert set(loads.contents()) == {"a", "b", "c"}
    rows = loads.ask(
        "SELECT run_id, loaded_at = updated_at, week::text, event_time::text FROM {s}.jira_events"
    )
    assert set(rows) == {(41, True, "2026-03-02", "2026-03-02 12:00:00")}


def test_an_unchanged_document_is_counted_and_writes_no_row(loads: Loads) -> None:
    loads(make_document("issues:1", "a", "b"))
    before = loads.ask("SELECT ctid::text, * FROM {s}.jira_events ORDER BY event_id")

    counts = loads(make_document("issues:1", "a", "b", extracted=60))

    assert (counts.items_unchanged, counts.items_processed) == (2, 2)
    assert loads.ask("SELECT ctid::text, * FROM {s}.jira_events ORDER BY event_id") == before


def test_a_batch_of_unchanged_documents_is_loaded_without_a_look_at_its_rows(loads: Loads) -> None:
    loads(make_document("issues:1", "a"), make_document("issues:2", "b"))
    again = loads.stage(make_document("issues:1", "a"), make_document("issues:2", "b"))
    loads.ask("UPDATE {s}.etl_staging SET rows = NULL")

    assert loads.load_block(again).items_unchanged == 2


def test_a_changed_document_updates_its_rows_adds_new_ones_and_retires_the_others(loads: Loads) -> None:
    loads(make_document("issues:1", "same", make_event("edited", "old"), "gone"))

    counts = loads(
        make_document("issues:1", "same", make_event("edited", "new"), "added", updated=9, extracted=9)
    )

    assert (counts.items_inserted, counts.items_updated, counts.items_unchanged, counts.retired) == (
        1,
        1,
        1,
        1,
    )
    assert {key: text for key, (_, text) in loads.contents().items()} == {
        "same": "",
        "edited": "new",
        "added": "",
    }


def test_the_rows_of_other_documents_are_never_touched(loads: Loads) -> None:
    loads(make_document("issues:1", "a"), make_document("issues:2", "b"))

    loads(make_document("issues:1", updated=9, extracted=9))

    assert set(loads.contents()) == {"b"}


def test_an_update_keeps_the_id_and_the_time_first_seen_and_moves_updated_at(loads: Loads) -> None:
    loads(make_document("issues:1", make_event("a", "old")), run=1)
    [(former_id, loaded_at)] = loads.ask("SELECT id, loaded_at FROM {s}.jira_events")

    loads(make_document("issues:1", make_event("a", "new"), updated=1, extracted=1), run=2)

    [(row_id, first_seen, moved, run)] = loads.ask(
        "SELECT id, loaded_at, updated_at > loaded_at, run_id FROM {s}.jira_events"
    )
    assert (row_id, first_seen, moved, run) == (former_id, loaded_at, True, 2)


def test_rows_that_did_not_change_take_no_ids_in_a_merge(loads: Loads) -> None:
    unchanged = [f"e{number}" for number in range(50)]
    loads(make_document("issues:1", *unchanged, make_event("x", "old")))

    loads(make_document("issues:1", *unchanged, make_event("x", "new"), updated=1, extracted=1))

    [(highest,)] = loads.ask("SELECT last_value FROM {s}.jira_events_id_seq")
    assert highest <= 52


def test_former_rows_are_kept_in_the_history_with_the_run_that_replaced_them(loads: Loads) -> None:
    loads(make_document("issues:1", make_event("edited", "old"), make_event("gone", "bye")), run=1)

    loads(make_document("issues:1", make_event("edited", "new"), updated=1, extracted=1), run=2)

    history = loads.ask(
        "SELECT event_id, change, event_properties->>'content', run_id, replaced_by_run"
        " FROM {s}.jira_events_history ORDER BY event_id"
    )
    assert history == [("edited", "updated", "old", 1, 2), ("gone", "retired", "bye", 1, 2)]
    assert loads.ask(
        "SELECT count(*) FROM {s}.jira_events e"
        " JOIN {s}.jira_events_history h ON h.replaced_at = e.updated_at"
    ) == [(2,)]


def test_the_history_survives_a_column_that_a_team_added(loads: Loads) -> None:
    loads(make_document("issues:1", "a", "b"))
    loads.ask("ALTER TABLE {s}.jira_events ADD COLUMN team text DEFAULT 'blue'")

    loads(make_document("issues:1", make_event("a", "new"), updated=1, extracted=1))

    assert loads.ask("SELECT event_id, team FROM {s}.jira_events") == [("a", "blue")]
    assert loads.ask("SELECT count(*) FROM {s}.jira_events_history") == [(2,)]


def test_an_edit_of_a_teams_column_is_no_history(loads: Loads) -> None:
    loads(make_document("issues:1", "a"))
    loads.ask("ALTER TABLE {s}.jira_events ADD COLUMN team text")

    loads.ask("UPDATE {s}.jira_events SET team = 'red'")

    assert loads.ask("SELECT count(*) FROM {s}.jira_events_history") == [(0,)]


def test_a_new_version_with_the_same_content_changes_no_row(loads: Loads) -> None:
    loads(make_document("issues:1", "a"))

    counts = loads(make_document("issues:1", "a", extracted=1, version="2", specific_version="2.1"))

    assert counts.items_unchanged == 1
    assert loads.ask("SELECT specific_version FROM {s}.jira_events") == [("1.0",)]
    assert loads.ask("SELECT specific_version FROM {s}.etl_documents") == [("2.1",)]


def test_a_deletion_retires_all_rows_and_a_later_load_clears_it(loads: Loads) -> None:
    loads(make_document("issues:1", "a", "b", updated=5))

    gone = loads(make_document("issues:1", updated=None, extracted=9, deleted=True))
    ledger = loads.ask(
        "SELECT deleted_at IS NOT NULL, upstream_updated::text, event_count FROM {s}.etl_documents"
    )
    back = loads(make_document("issues:1", "a", updated=5, extracted=10))

    assert gone.retired == 2
    assert ledger == [(True, "2026-03-02 12:00:05+00", 0)]
    assert back.items_inserted == 1
    assert loads.ask("SELECT deleted_at FROM {s}.etl_documents") == [(None,)]


def test_a_deletion_that_was_seen_before_the_last_read_is_stale(loads: Loads) -> None:
    loads(make_document("issues:1", "a", extracted=9))

    loads(make_document("issues:1", updated=None, extracted=8, deleted=True))

    assert set(loads.contents()) == {"a"}


def test_rows_of_the_earlier_layout_are_adopted_by_event_id(loads: Loads) -> None:
    loads.ask(
        "INSERT INTO {s}.jira_events (source_kind_id, event_id, event_type, relation_type, employee_id,"
        " event_time_utc, week) VALUES ('jira', 'a', 'x', 'y', 'z', '2020-01-01', '2019-12-30')"
    )

    counts = loads(make_document("issues:1", "a", "b"))

    assert (counts.items_updated, counts.items_inserted) == (1, 1)
    assert set(loads.contents()) == {"a", "b"}
    assert loads.ask("SELECT id FROM {s}.jira_events WHERE event_id = 'a' AND document_id = 'issues:1'") == [
        (1,)
    ]


def test_rows_that_outlived_their_ledger_are_reconciled(loads: Loads) -> None:
    loads(make_document("issues:1", "a", "b"))
    loads.ask("DELETE FROM {s}.etl_documents")

    loads(make_document("issues:1", "c"))

    assert set(loads.contents()) == {"c"}


@pytest.mark.parametrize("statement", ["TRUNCATE {s}.jira_events", "DROP TABLE {s}.jira_events"])
def test_a_ledger_never_outlives_its_rows(loads: Loads, statement: str) -> None:
    loads(make_document("issues:1", "a"))
    loads.ask(statement)
    ensure_schema(loads.warehouse, ["jira"])

    counts = loads(make_document("issues:1", "a", extracted=1))

    assert counts.items_inserted == 1


def test_a_ledger_is_cleared_for_the_emptied_source_alone(loads: Loads) -> None:
    ensure_schema(loads.warehouse, ["jira", "launchpad"])
    for source in ("jira", "launchpad"):
        Loads(loads.warehouse, source)(make_document("1", f"{source}-a"))

    loads.ask("TRUNCATE {s}.jira_events")

    assert loads.ask("SELECT source_kind_id FROM {s}.etl_documents") == [("launchpad",)]


def test_the_people_a_document_could_not_name_are_remembered(loads: Loads) -> None:
    loads(make_document("issues:1", "a", unknown={'p"1', "p\\2", "p,3"}))
    loads(make_document("issues:1", "a", extracted=1, unknown={"p4"}))

    assert loads.ask("SELECT unknown FROM {s}.etl_documents") == [(["p4"],)]


def test_events_before_events_since_are_left_out_before_the_hash(loads: Loads) -> None:
    old = make_event("old", event_time_utc=datetime(2025, 12, 31, 23, 59, tzinfo=UTC))
    new = make_event("new", event_time_utc=datetime(2026, 1, 1, tzinfo=UTC))

    first = loads(make_document("issues:1", old, new), since=date(2026, 1, 1))
    again = loads(make_document("issues:1", old, new, extracted=1))

    assert first.items_inserted == first.items_extracted == 1
    assert again.items_inserted == 1, "without EVENTS_SINCE the document is another one"


def test_a_lost_block_says_so(loads: Loads) -> None:
    with pytest.raises(BlockLostError):
        loads.load_block("6f4ad19c-9d5e-4e57-b1ac-0d4f9e0c3c11")


def test_a_batch_of_rejects_only_is_loaded(loads: Loads) -> None:
    counts = loads(make_document("issues:1", rejects=(Reject(None, "no author"),)))

    assert (counts.rejected, counts.items_processed, counts.items_extracted) == (1, 0, 1)
