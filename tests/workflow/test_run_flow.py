"""QueuerFlow: does a run ask for every job once, and remember what it could not do?"""

import asyncio
from datetime import UTC, date, datetime

import pytest
from temporalio.api.common.v1 import Payload
from temporalio.client import WorkflowFailureError
from temporalio.common import RawValue
from temporalio.exceptions import ActivityError, ApplicationError

from queuer.models.messages import JOBS_FAILED, MAX_FAILED_NAMES, QueuerResult, Tally
from temporaletl.contract import ETL_FLOW, QUEUER_FLOW, Activities, JobsPage, Window
from temporaletl.errors import QueryError
from tests.workflow.parts import DOCUMENTS, EVENTS, OPENED_AT, RUN, WINDOW, JobParts
from tests.workflow.stage import Stage, until


def fail_jobs(jobs: JobParts, *failing: str) -> None:
    """Let the jobs with these ids fail."""

    async def fail(job_id: str, _: int) -> None:
        if job_id in failing:
            raise QueryError("Trino refused the query: check TRINO_CATALOG")

    jobs.hooks[Activities.GET_METADATA] = fail


def started_jobs(jobs: JobParts) -> list[str]:
    """The ids of the jobs that began, in order."""
    return [job_id for name, job_id, _ in jobs.asked if name == Activities.GET_METADATA]


async def test_a_run_does_every_job_of_its_backlog_and_answers_what_they_did(stage: Stage) -> None:
    jobs = stage.job_parts(batches=1)
    runs = stage.run_parts(pages=[stage.page(1, 2), stage.page(3)])
    async with stage.serve(jobs, runs):
        result = await (await stage.start_run()).result()

    assert (result.source_kind_id, result.run, result.window) == (stage.source, RUN, WINDOW)
    tally = result.tally
    assert (tally.queued, tally.succeeded, tally.failed, tally.skipped) == (3, 3, 0, 0)
    assert (tally.events.documents, tally.events.items_inserted) == (3 * DOCUMENTS, 3 * EVENTS)
    assert sorted(started_jobs(jobs)) == sorted(stage.job(number).job_id for number in (1, 2, 3))
    [closed] = runs.closed
    assert (closed.run, closed.status, closed.error) == (RUN, "completed", None)
    assert (closed.counts["queued"], closed.counts["items_inserted"]) == (3, 3 * EVENTS)


@pytest.mark.parametrize(
    ("flow", "sent", "sentence"),
    [
        (
            QUEUER_FLOW,
            {"source_kind_id": "jira", "date_start": "2025-02-30"},
            "this is no QueuerInput: date_start: must be a day such as 2025-01-31",
        ),
        (QUEUER_FLOW, "jira", "this is no QueuerInput: input: "),
        (ETL_FLOW, {"job_id": "1", "query_type": "jira", "args": "a@b.org"}, "this is no ETLInput: args: "),
        (
            ETL_FLOW,
            {"job_id": "1", "query_type": "jira", "args": {"ids": ["1\0"]}},
            "this is no ETLInput: args: holds a NUL",
        ),
    ],
)
async def test_what_is_wrong_with_an_input_is_said_without_what_it_holds(
    stage: Stage, flow: str, sent: object, sentence: str
) -> None:
    queue = stage.queuer_queue if flow == QUEUER_FLOW else stage.worker_queue
    async with stage.serve(stage.job_parts(), stage.run_parts()):
        with pytest.raises(WorkflowFailureError) as failed:
            await stage.client.execute_workflow(flow, sent, id=stage.source, task_queue=queue)

    assert sentence in str(failed.value.cause)
    assert "a@b.org" not in repr(failed.value.cause)


@pytest.mark.parametrize("more", [(), (b"null",)], ids=["alone", "with a state"])
async def test_a_job_whose_ids_are_no_text_fails_at_once(stage: Stage, more: tuple[bytes, ...]) -> None:
    job = b'{"job_id": "1", "query_type": "jira", "args": {"ids": ["1\\ud800"]}}'
    sent = [RawValue(Payload(metadata={"encoding": b"json/plain"}, data=data)) for data in (job, *more)]
    async with stage.serve(stage.job_parts(), stage.run_parts()):
        with pytest.raises(WorkflowFailureError) as failed:
            await stage.client.execute_workflow(
                ETL_FLOW, args=sent, id=stage.source, task_queue=stage.worker_queue
            )

    assert "ValidationError" in str(failed.value.cause)


async def test_a_run_without_a_backlog_completes(stage: Stage) -> None:
    runs = stage.run_parts()
    async with stage.serve(stage.job_parts(), runs):
        result = await (await stage.start_run()).result()

    assert result.tally == Tally()
    assert [closed.status for closed in runs.closed] == ["completed"]


async def test_jobs_that_earlier_runs_left_are_done_first_and_once(stage: Stage) -> None:
    jobs = stage.job_parts()
    runs = stage.run_parts(
        leftover=[stage.page(8, 9), stage.page(7)], pages=[stage.page(1, 9, 2)], max_children=1, exhausted=4
    )
    async with stage.serve(jobs, runs):
        result = await (await stage.start_run()).result()

    assert started_jobs(jobs) == [stage.job(number).job_id for number in (8, 9, 7, 1, 2)]
    assert result.tally.queued == 5
    assert result.exhausted == 4
    assert [request.cursor for request in runs.opened] == [None, 1]
    assert len({request.nominal for request in runs.opened}) == 1


async def test_the_backlog_is_asked_for_the_window_that_open_run_answered(stage: Stage) -> None:
    runs = stage.run_parts(pages=[JobsPage(), JobsPage()])
    async with stage.serve(stage.job_parts(), runs):
        handle = await stage.start_run()
        await handle.result()

    assert [question.window for question in runs.questions] == [WINDOW, WINDOW]
    assert [question.cursor for question in runs.questions] == [None, 1]
    [opened] = runs.opened
    assert (opened.workflow_id, opened.workflow_run_id) == (handle.id, handle.first_execution_run_id)
    assert (opened.date_start, opened.date_end) == (None, None)


async def test_no_more_jobs_are_in_flight_than_allowed_and_no_fewer(stage: Stage) -> None:
    jobs = stage.job_parts()
    runs = stage.run_parts(pages=[stage.page(*range(9))], max_children=3)
    go_on = asyncio.Event()
    in_flight: set[str] = set()
    most: list[int] = []

    async def enter(job_id: str, _: int) -> None:
        in_flight.add(job_id)
        most.append(len(in_flight))
        await go_on.wait()

    async def leave(job_id: str, _: int) -> None:
        in_flight.discard(job_id)

    jobs.hooks = {Activities.GET_METADATA: enter, Activities.WRITE_SUMMARY: leave}
    async with stage.serve(jobs, runs):
        handle = await stage.start_run()
        await until(lambda: len(in_flight) == 3)
        progress = await handle.query("progress", result_type=Tally)
        go_on.set()
        result = await handle.result()

    assert (progress.queued, progress.succeeded) == (3, 0)
    assert max(most) == 3
    assert result.tally.succeeded == 9


async def test_a_job_that_runs_already_is_skipped_and_left_without_an_attempt(stage: Stage) -> None:
    jobs = stage.job_parts()
    runs = stage.run_parts(pages=[stage.page(1, 2)])
    go_on = asyncio.Event()

    async def hold(job_id: str, _: int) -> None:
        if job_id == stage.job(1).job_id:
            await go_on.wait()

    jobs.hooks[Activities.GET_METADATA] = hold
    async with stage.serve(jobs, runs):
        other = await stage.start_job(1)
        await until(lambda: stage.job(1).job_id in started_jobs(jobs))
        result = await (await stage.start_run()).result()
        go_on.set()
        await other.result()

    tally = result.tally
    assert (tally.queued, tally.succeeded, tally.failed, tally.skipped) == (2, 1, 0, 1)
    assert [(note.job, note.counts_as_attempt) for note in runs.notes] == [(stage.job(1), False)]
    assert runs.closed[0].status == "completed"


async def test_a_failed_job_is_named_and_left_for_the_next_run_while_the_rest_goes_on(stage: Stage) -> None:
    jobs = stage.job_parts(batches=1)
    runs = stage.run_parts(pages=[stage.page(1, 2, 3)])
    fail_jobs(jobs, stage.job(2).job_id)
    async with stage.serve(jobs, runs):
        result = await (await stage.start_run()).result()

    tally = result.tally
    assert (tally.queued, tally.succeeded, tally.failed) == (3, 2, 1)
    assert tally.failed_names == (stage.job(2).job_id,)
    [note] = runs.notes
    assert (note.job, note.source_kind_id, note.counts_as_attempt) == (stage.job(2), stage.source, True)
    assert note.error == "Trino refused the query: check TRINO_CATALOG"
    assert result.status == "completed_with_failures"
    [closed] = runs.closed
    assert (closed.status, closed.covered_until) == ("completed_with_failures", OPENED_AT)
    assert closed.counts_attempts
    assert closed.error == (
        f"1 of 3 jobs failed: Trino refused the query: check TRINO_CATALOG ({stage.job(2).job_id})"
    )


async def end_failed(stage: Stage, **window: date) -> ApplicationError:
    """How a run ended whose jobs all failed."""
    with pytest.raises(WorkflowFailureError) as failed:
        await (await stage.start_run(**window)).result()
    assert isinstance(failed.value.cause, ApplicationError)
    return failed.value.cause


async def test_a_run_all_of_whose_jobs_failed_has_failed_and_covers_nothing(stage: Stage) -> None:
    jobs = stage.job_parts()
    runs = stage.run_parts(pages=[stage.page(1, 2)], max_children=1)
    fail_jobs(jobs, stage.job(1).job_id, stage.job(2).job_id)
    async with stage.serve(jobs, runs):
        failure = await end_failed(stage)

    names = f"{stage.job(1).job_id}, {stage.job(2).job_id}"
    sentence = f"2 of 2 jobs failed: Trino refused the query: check TRINO_CATALOG ({names})"
    assert (failure.type, failure.non_retryable, failure.message) == (JOBS_FAILED, True, sentence)
    result = QueuerResult.model_validate(failure.details[0])
    assert (result.status, result.run, result.tally.failed) == ("failed", RUN, 2)
    [closed] = runs.closed
    assert (closed.status, closed.error, closed.covered_until) == ("failed", sentence, None)
    assert not closed.counts_attempts


async def test_jobs_that_only_others_run_do_not_hide_that_the_rest_failed(stage: Stage) -> None:
    jobs = stage.job_parts()
    runs = stage.run_parts(pages=[stage.page(1, 2)])
    go_on = asyncio.Event()

    async def hold_or_fail(job_id: str, _: int) -> None:
        if job_id == stage.job(2).job_id:
            raise QueryError("Trino refused the query: check TRINO_CATALOG")
        await go_on.wait()

    jobs.hooks[Activities.GET_METADATA] = hold_or_fail
    async with stage.serve(jobs, runs):
        other = await stage.start_job(1)
        await until(lambda: bool(jobs.asked))
        failure = await end_failed(stage)
        go_on.set()
        await other.result()

    assert failure.message.startswith("1 of 2 jobs failed: ")
    assert [closed.covered_until for closed in runs.closed] == [None]


async def test_only_the_first_failed_jobs_are_named(stage: Stage) -> None:
    jobs = stage.job_parts()
    numbers = range(MAX_FAILED_NAMES + 3)
    runs = stage.run_parts(pages=[stage.page(*numbers)])
    fail_jobs(jobs, *(stage.job(number).job_id for number in numbers))
    async with stage.serve(jobs, runs):
        failure = await end_failed(stage)

    tally = QueuerResult.model_validate(failure.details[0]).tally
    assert tally.failed == len(runs.notes) == MAX_FAILED_NAMES + 3
    assert len(tally.failed_names) == MAX_FAILED_NAMES
    assert failure.message.endswith(", …)")


async def test_what_the_backlog_could_not_ask_for_is_added_up(stage: Stage) -> None:
    runs = stage.run_parts(pages=[stage.page(without_id=2), stage.page(without_id=1, other=1)])
    async with stage.serve(stage.job_parts(), runs):
        result = await (await stage.start_run()).result()

    assert result.tally.notes == {"without_id": 3, "other": 1}
    assert runs.closed[0].counts["without_id"] == 3


LATER = datetime(2025, 9, 20, tzinfo=UTC)


@pytest.mark.parametrize(("opened_at", "covered"), [(OPENED_AT, OPENED_AT), (LATER, WINDOW.end)])
async def test_an_ordinary_run_covers_what_was_there_when_it_opened(
    stage: Stage, opened_at: datetime, covered: datetime
) -> None:
    runs = stage.run_parts(opened_at=opened_at)
    async with stage.serve(stage.job_parts(), runs):
        await (await stage.start_run()).result()

    assert [closed.covered_until for closed in runs.closed] == [covered]


@pytest.mark.parametrize(
    "dates",
    [
        {"date_start": date(2020, 1, 1)},
        {"date_end": date(2020, 2, 1)},
        {"date_start": date(2020, 1, 1), "date_end": date(2020, 2, 1)},
    ],
)
async def test_a_run_with_dates_of_its_own_moves_no_watermark(stage: Stage, dates: dict[str, date]) -> None:
    window = Window(date_start=date(2020, 1, 1), date_end=date(2020, 2, 1))
    runs = stage.run_parts(window=window)
    async with stage.serve(stage.job_parts(), runs):
        result = await (await stage.start_run(**dates)).result()

    [opened] = runs.opened
    assert {name: getattr(opened, name) for name in dates} == dates
    assert result.window == window
    assert [(closed.status, closed.covered_until) for closed in runs.closed] == [("completed", None)]


async def test_a_backlog_that_fails_waits_for_the_jobs_it_started_and_closes_as_failed(stage: Stage) -> None:
    jobs = stage.job_parts(batches=1)
    runs = stage.run_parts(pages=[stage.page(1, 2), stage.page(3)])
    failed_already = asyncio.Event()

    async def fail_the_second(_: str, page: int) -> None:
        if page == 1:
            failed_already.set()
            raise QueryError("Trino refused the backlog: check TRINO_CATALOG")

    async def outlast_it(_: str, __: int) -> None:
        await failed_already.wait()

    runs.hooks[Activities.EXTRACT_PARAMETERS] = fail_the_second
    jobs.hooks[Activities.LOAD_DATA] = outlast_it
    async with stage.serve(jobs, runs):
        with pytest.raises(WorkflowFailureError) as failed:
            await (await stage.start_run()).result()

    [closed] = runs.closed
    assert (closed.status, closed.error) == ("failed", "Trino refused the backlog: check TRINO_CATALOG")
    assert closed.covered_until is None
    assert (closed.counts["succeeded"], closed.counts["documents"]) == (2, 2 * DOCUMENTS)
    assert isinstance(failed.value.cause, ActivityError)


async def test_an_unknown_source_fails_at_once(stage: Stage) -> None:
    runs = stage.run_parts(refusal="there is no source 'jra'; known: jira")
    async with stage.serve(stage.job_parts(), runs):
        failure = await end_failed(stage)

    assert (failure.message, failure.type) == ("there is no source 'jra'; known: jira", "ConfigurationError")
    assert failure.non_retryable
    assert (runs.opened, runs.closed) == ([], [])


async def test_a_run_is_the_same_when_every_step_replays_it_from_its_beginning(stage: Stage) -> None:
    jobs = stage.job_parts(batches=2)
    runs = stage.run_parts(pages=[stage.page(1, 2, 3, 4), stage.page(5)], max_children=2)
    fail_jobs(jobs, stage.job(3).job_id)
    async with stage.serve(jobs, runs, max_cached_workflows=0):
        result = await (await stage.start_run()).result()

    assert (result.tally.succeeded, result.tally.failed) == (4, 1)
