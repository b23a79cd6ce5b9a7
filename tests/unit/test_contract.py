"""What crosses a boundary: frozen, checked without quoting, small, and named the same by everybody."""

from datetime import UTC, date, datetime

import pytest
from pydantic import JsonValue, ValidationError

from temporaletl.contract import (
    Counts,
    ETLInput,
    QueuerInput,
    Window,
    describe_counts,
    extract_queue,
    make_document_jobs,
    make_job,
)

ARGS = {
    "source_kind_id": "jira",
    "event_type": "issues",
    "date_start": "2025-09-01",
    "date_end": "2025-09-11",
    "after": "10000",
}


def test_the_same_work_has_the_same_id_whoever_asks_for_it() -> None:
    job = make_job("jira", ARGS)

    assert job == make_job("jira", dict(reversed(ARGS.items())))
    assert job.job_id.rpartition("-")[0] == "jira-issues-2025-09-01-2025-09-11"


@pytest.mark.parametrize("change", [{"after": "10001"}, {"upto": "10200"}, {"date_end": "2025-09-12"}])
def test_other_work_has_another_id(change: dict[str, str]) -> None:
    assert make_job("jira", {**ARGS, **change}).job_id != make_job("jira", ARGS).job_id


def test_documents_are_named_once_each_and_so_many_a_job() -> None:
    ids = [str(number) for number in range(201)]
    jobs = make_document_jobs("jira", ARGS, [*ids, *ids])

    named = [part for job in jobs if isinstance(part := job.args["ids"], list)]
    assert [len(part) for part in named] == [200, 1]
    assert [name for part in named for name in part] == sorted(ids)
    assert len({job.job_id for job in jobs}) == 2


def test_no_documents_are_no_jobs() -> None:
    assert make_document_jobs("jira", ARGS, []) == []


def test_a_window_is_half_open_utc_days() -> None:
    window = Window(date_start=date(2025, 9, 1), date_end=date(2025, 9, 2))

    assert window.start == datetime(2025, 9, 1, tzinfo=UTC)
    assert window.end == datetime(2025, 9, 2, tzinfo=UTC)


@pytest.mark.parametrize("end", [date(2025, 9, 1), date(2025, 8, 31)])
def test_a_window_that_ends_before_it_starts_is_refused(end: date) -> None:
    with pytest.raises(ValidationError, match="date_end must be after date_start"):
        Window(date_start=date(2025, 9, 1), date_end=end)


@pytest.mark.parametrize(
    "name", ["", "Jira", "1jira", "jira events", "jira;drop", "j" * 41, "-jira", "jira\n"]
)
def test_a_source_that_could_not_name_a_table_is_refused(name: str) -> None:
    with pytest.raises(ValidationError):
        QueuerInput(source_kind_id=name)


@pytest.mark.parametrize("name", ["jira", "jira-emea", "jira_2", "j" * 40])
def test_a_source_is_small_letters_digits_and_dashes(name: str) -> None:
    assert QueuerInput(source_kind_id=name).source_kind_id == name


def test_a_wrong_value_is_not_quoted() -> None:
    with pytest.raises(ValidationError) as refused:
        ETLInput.model_validate({"job_id": {"ana": "the record"}, "query_type": 3, "args": []})

    assert "record" not in str(refused.value)
    assert "job_id" in str(refused.value)


def test_what_is_known_to_nobody_is_refused() -> None:
    with pytest.raises(ValidationError):
        QueuerInput.model_validate({"source_kind_id": "jira", "date_begin": "2025-01-01"})


def test_counts_add_up_by_name() -> None:
    assert Counts(documents=1, retired=2) + Counts(documents=3, rejected=4) == Counts(
        documents=4, retired=2, rejected=4
    )


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        (Counts(), "0 documents, 0 events"),
        (Counts(documents=1, rejected=1), "1 documents, 0 events; 1 rejected"),
        (
            Counts(documents=9, items_processed=6, items_inserted=5, items_unchanged=1, rejected_again=2),
            "9 documents, 6 events: 5 inserted, 1 unchanged; 2 rejected again",
        ),
        (
            Counts(
                documents=9,
                items_processed=15,
                items_inserted=1,
                items_updated=2,
                items_unchanged=3,
                items_duplicates=4,
                items_stale=5,
                retired=6,
                rejected=7,
                rejected_again=8,
            ),
            "9 documents, 15 events: 1 inserted, 2 updated, 3 unchanged, 4 duplicates, 5 stale;"
            " 6 retired, 7 rejected, 8 rejected again",
        ),
    ],
)
def test_counts_are_told_so_that_they_add_up_and_without_what_is_0(counts: Counts, said: str) -> None:
    assert describe_counts(counts) == said


def test_counts_of_an_earlier_release_are_read() -> None:
    assert Counts.model_validate({"documents": 1, "rejected": 2}).rejected_again == 0


@pytest.mark.parametrize(
    ("worker_queue", "queue"),
    [("etl-worker-queue", "etl-extract-jira"), ("team-b", "team-b-etl-extract-jira")],
)
def test_each_source_extracts_on_a_queue_of_its_own(worker_queue: str, queue: str) -> None:
    assert extract_queue(worker_queue, "jira") == queue


@pytest.mark.parametrize("text", ["1\0", "\0", "1\ud800", "\udfff1"])
@pytest.mark.parametrize("place", ["job_id", "query_type", "ids", "after", "member", "a name", "deep"])
def test_a_job_holds_no_text_that_nobody_can_store(text: str, place: str) -> None:
    job: dict[str, JsonValue] = {"job_id": "j", "query_type": "q", "args": ARGS}
    args: dict[str, dict[str, JsonValue]] = {
        "ids": {"ids": ["1", text]},
        "after": {"after": text},
        "member": {"member": text},
        "a name": {text: 1},
        "deep": {"more": [{"of": [text]}]},
    }
    given = {**job, "args": args[place]} if place in args else {**job, place: text}

    with pytest.raises(ValidationError, match="holds a NUL or half of a character") as refused:
        ETLInput.model_validate(given)

    assert [entry["loc"][0] for entry in refused.value.errors()] == ["args" if place in args else place]


def test_a_job_holds_any_other_text() -> None:
    ids: list[JsonValue] = ["\\u0000", "\U0001f600", "\ufffd", "\x01"]

    assert ETLInput(job_id="j", query_type="q", args={"ids": ids}).args["ids"] == ids


@pytest.mark.parametrize("named", [None, 7, "", "x" * 100, "Jira", "a b"])
def test_a_job_that_names_no_source_that_could_be_is_of_none(named: JsonValue) -> None:
    assert ETLInput(job_id="j", query_type="q", args={"source_kind_id": named}).source_kind_id == ""
