"""What cannot be read keeps its former row, and is remembered once."""

from temporaletl.contract import DocumentReject
from tests.integration.loading import NOON, Loads, make_document, make_event
from worker.external.wpe_db.schema import ensure_schema
from worker.models.event import Reject


def test_a_reject_with_an_event_id_keeps_that_events_former_row(loads: Loads) -> None:
    loads(make_document("issues:1", make_event("a", "former"), "b", "c"))

    counts = loads(
        make_document("issues:1", "b", rejects=(Reject("a", "no author"),), updated=1, extracted=1)
    )

    assert (counts.retired, counts.rejected) == (1, 1)
    assert loads.contents() == {"a": ("issues:1", "former"), "b": ("issues:1", "")}


def test_a_reject_without_an_event_id_retires_nothing_and_the_next_clean_load_reconciles(
    loads: Loads,
) -> None:
    loads(make_document("issues:1", "a", "b"))

    dirty = loads(make_document("issues:1", "a", rejects=(Reject(None, "no id"),), updated=1, extracted=1))
    kept = set(loads.contents())
    clean = loads(make_document("issues:1", "a", updated=1, extracted=2))

    assert (dirty.retired, kept) == (0, {"a", "b"})
    assert clean.retired == 1
    assert set(loads.contents()) == {"a"}


def test_rejected_ids_are_part_of_a_documents_hash(loads: Loads) -> None:
    loads(make_document("issues:1", "a", rejects=(Reject("b", "no author"),)))

    loads(make_document("issues:1", "a", extracted=1))

    assert loads.ask(
        "SELECT event_count FROM {s}.etl_documents WHERE extracted_at > '2026-03-02 12:00Z'"
    ) == [(1,)]


def test_a_document_rejected_whole_touches_neither_ledger_nor_rows(loads: Loads) -> None:
    loads(make_document("issues:1", "a"))
    ledger = loads.ask("SELECT * FROM {s}.etl_documents")

    counts = loads(rejects=[DocumentReject("issues:1", "truncated", {"seen": 1})])

    assert counts.rejected == 1
    assert loads.ask("SELECT * FROM {s}.etl_documents") == ledger
    assert set(loads.contents()) == {"a"}
    assert loads.ask("SELECT stage, reason, document_id, event_id, fragment FROM {s}.etl_rejects") == [
        ("extract", "truncated", "issues:1", "", '{"seen":1}')
    ]


def test_the_same_reject_is_one_row_that_counts_how_often_it_was_seen(loads: Loads) -> None:
    for second in range(3):
        reject = Reject("a", "no author", {"try": second})
        loads(make_document("issues:1", rejects=(reject, reject), extracted=second))

    assert loads.ask("SELECT times_seen, fragment FROM {s}.etl_rejects") == [(3, '{"try":2}')]


def test_a_reject_that_was_seen_before_does_not_count_as_a_new_one(loads: Loads) -> None:
    whole, part = DocumentReject("issues:1", "half"), Reject("a", "no author")

    def load() -> tuple[int, int, int]:
        counts = loads(make_document("issues:2", "b", rejects=(part, part)), rejects=[whole])
        return counts.rejected, counts.rejected_again, counts.items_extracted - counts.items_processed

    assert [load(), load()] == [(2, 0, 2), (0, 2, 2)]
    further = loads(rejects=[whole, DocumentReject("issues:1", "another reason")])
    assert (further.rejected, further.rejected_again) == (1, 1)


def test_a_reject_of_a_document_that_was_read_well_since_is_a_new_one(loads: Loads) -> None:
    reject = DocumentReject("issues:1", "half")
    for _ in range(3):
        loads(rejects=[reject], run=1)
    [(first, times)] = loads.ask("SELECT first_seen, times_seen FROM {s}.etl_rejects")
    assert times == 3
    read_well(loads)

    counts = loads(rejects=[reject], run=2)

    assert (counts.rejected, counts.rejected_again) == (1, 0)
    seen = loads.ask("SELECT times_seen, first_seen > %s, run FROM {s}.etl_rejects", first)
    assert seen == [(1, True, 2)]


def test_a_part_that_was_read_well_since_is_a_new_reject(loads: Loads) -> None:
    bad = make_document("issues:1", rejects=(Reject("a", "no author"),))
    first, again = loads(bad), loads(bad)
    read_well(loads)
    loads.ask("UPDATE {s}.etl_documents SET upstream_updated = '-infinity'")

    anew = loads(make_document("issues:1", rejects=(Reject("a", "no author"),), extracted=10**9))

    assert [(c.rejected, c.rejected_again) for c in (first, again, anew)] == [(1, 0), (0, 1), (1, 0)]


def read_well(loads: Loads) -> None:
    """Load the document whole, read after all that was rejected so far."""
    [(seconds,)] = loads.ask("SELECT extract(epoch FROM clock_timestamp() - %s)::int", NOON)
    loads(make_document("issues:1", "a", updated=1, extracted=seconds + 1))
    loads.ask("UPDATE {s}.etl_documents SET extracted_at = clock_timestamp()")


def test_a_reject_tells_when_and_in_which_run_it_was_last_seen(loads: Loads) -> None:
    document = make_document("issues:1", rejects=(Reject("a", "no author"),))
    loads(document, run=1)
    [(first, last)] = loads.ask("SELECT first_seen, last_seen FROM {s}.etl_rejects")

    loads(document, run=2)

    seen = loads.ask("SELECT first_seen = %s, last_seen > %s, run FROM {s}.etl_rejects", first, last)
    assert seen == [(True, True, 2)]


def test_a_value_that_cannot_be_stored_rejects_its_event_alone(loads: Loads) -> None:
    loads(make_document("issues:1", make_event("a", "former"), "b"))

    counts = loads(
        make_document("issues:1", make_event("a", event_properties={"n": 2**63}), "b", updated=1, extracted=1)
    )

    assert (counts.rejected, counts.retired) == (1, 0)
    assert loads.contents() == {"a": ("issues:1", "former"), "b": ("issues:1", "")}
    assert loads.ask("SELECT stage, event_id, reason FROM {s}.etl_rejects") == [
        ("store", "a", "number beyond 64 bits")
    ]


def test_ids_that_are_too_long_are_rejects(loads: Loads) -> None:
    document = "issues:" + "y" * 1025

    counts = loads(make_document("issues:1", "x" * 1025, "ok"), make_document(document, "z"))

    assert counts.rejected == 2
    assert set(loads.contents()) == {"ok"}
    kept = loads.ask("SELECT document_id, event_id FROM {s}.etl_rejects ORDER BY event_id")
    assert kept == [(document[:1024], ""), ("issues:1", "x" * 1024)]


def test_an_event_whose_id_is_too_long_keeps_no_row_of_its_document(loads: Loads) -> None:
    loads(make_document("issues:1", "a", "b"))

    counts = loads(make_document("issues:1", "a", "x" * 1025, updated=1, extracted=1))

    assert counts.retired == 1
    assert set(loads.contents()) == {"a"}


def test_a_reject_keeps_the_further_rows_that_it_names(loads: Loads) -> None:
    loads(make_document("issues:1", "c-1-c", "c-1-u1", "c-2-c"))

    reject = Reject("c-1-c", "no created", keeps=("c-1-u1",))
    loads(make_document("issues:1", rejects=(reject,), updated=1, extracted=1))

    assert set(loads.contents()) == {"c-1-c", "c-1-u1"}


def test_rejects_that_differ_in_any_part_of_their_key_are_two(loads: Loads) -> None:
    ensure_schema(loads.warehouse, ["jira", "launchpad"])
    stored = make_event("a", event_properties={"n": 2**63})
    for source, document, reject in (
        ("jira", "issues:1", Reject("a", "number beyond 64 bits")),
        ("launchpad", "issues:1", Reject("a", "number beyond 64 bits")),
        ("jira", "issues:2", Reject("a", "number beyond 64 bits")),
        ("jira", "issues:3", Reject("b", "number beyond 64 bits")),
        ("jira", "issues:3", Reject("a", "no author")),
        ("jira", "issues:3", Reject("a", "number beyond 64 bits")),
    ):
        Loads(loads.warehouse, source)(make_document(document, rejects=(reject,)))
    loads(make_document("issues:3", stored))

    seen = loads.ask("SELECT times_seen, count(*) FROM {s}.etl_rejects GROUP BY 1")
    assert seen == [(1, 7)]
