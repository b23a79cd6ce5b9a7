"""QueuerFlow: what a run could not finish is kept with its cursor, and gone on with by a later one."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import date

import pytest
from pydantic import JsonValue
from temporalio.client import Client, WorkflowExecutionStatus, WorkflowFailureError
from temporalio.exceptions import ActivityError, ApplicationError

from temporaletl.contract import Activities, JobsPage, RefusedRun, Walk, Window
from temporaletl.errors import ConfigurationError, InputError, QueryError
from tests.workflow.conftest import SaveHistory
from tests.workflow.parts import RUN, WINDOW, JobParts, RunParts
from tests.workflow.stage import Stage, until

OLD = Window(date_start=date(2020, 1, 1), date_end=date(2021, 1, 1))
OLDER = Window(date_start=date(2010, 1, 1), date_end=date(2011, 1, 1))


def own_walk(cursor: JsonValue) -> Walk:
    return Walk(id=RUN, window=WINDOW, cursor=cursor)


def refuse_page(runs: RunParts, page: int) -> None:
    """Let the backlog refuse a page."""

    async def refuse(_: str, asked: int) -> None:
        if asked == page:
            raise QueryError("Trino refused the backlog: check TRINO_CATALOG")

    runs.hooks[Activities.EXTRACT_PARAMETERS] = refuse


async def end_in_failure(stage: Stage) -> BaseException:
    with pytest.raises(WorkflowFailureError) as failed:
        await (await stage.start_run()).result()
    return failed.value.cause


def hold_jobs(jobs: JobParts, *job_ids: str) -> asyncio.Event:
    """Let these jobs wait until the event is set."""
    go_on = asyncio.Event()

    async def hold(job_id: str, _: int) -> None:
        if job_id in job_ids:
            await go_on.wait()

    jobs.hooks[Activities.GET_METADATA] = hold
    return go_on


async def test_a_run_keeps_how_far_it_came_page_by_page(stage: Stage) -> None:
    jobs = stage.job_parts()
    pages = [stage.page(1), stage.page(2), stage.page(3), stage.page(4)]
    runs = stage.run_parts(pages=pages, max_children=1)
    async with stage.serve(jobs, runs):
        await (await stage.start_run()).result()

    # With one job in flight, the page before the last job that was started is done.
    assert [(note.walk, note.done, note.error) for note in runs.walk_notes] == [
        (own_walk(1), False, None),
        (own_walk(2), False, None),
    ]
    assert [closed.walked for closed in runs.closed] == [True]


async def test_a_run_of_one_page_has_nothing_to_keep(stage: Stage) -> None:
    runs = stage.run_parts(pages=[stage.page(1, 2)])
    async with stage.serve(stage.job_parts(), runs):
        await (await stage.start_run()).result()

    assert runs.walk_notes == []


async def test_a_run_that_fails_leaves_its_walk_at_the_page_that_it_could_not_have(stage: Stage) -> None:
    runs = stage.run_parts(pages=[stage.page(1, 2), stage.page(3), stage.page(4)])
    refuse_page(runs, 2)
    async with stage.serve(stage.job_parts(), runs):
        await end_in_failure(stage)

    [closed] = runs.closed
    assert (closed.status, closed.walked, closed.walk) == ("failed", False, own_walk(2))


async def test_a_run_that_could_not_remember_a_job_leaves_its_walk_at_the_page_of_that_job(
    stage: Stage,
) -> None:
    jobs = stage.job_parts()
    runs = stage.run_parts(pages=[stage.page(1), stage.page(2), stage.page(3)], max_children=1)

    async def fail_the_second(job_id: str, _: int) -> None:
        if job_id == stage.job(2).job_id:
            raise QueryError("Trino refused the query")

    async def lose(_: str, __: int) -> None:
        raise ConfigurationError("the warehouse refused")

    jobs.hooks[Activities.GET_METADATA] = fail_the_second
    runs.hooks[Activities.NOTE_UNFINISHED] = lose
    async with stage.serve(jobs, runs):
        cause = await end_in_failure(stage)

    assert isinstance(cause, ActivityError)
    assert [closed.walk for closed in runs.closed] == [own_walk(1)]


async def test_what_earlier_runs_did_not_walk_is_walked_from_its_cursor_before_the_own_window(
    stage: Stage,
) -> None:
    runs = stage.run_parts(
        pages=[stage.page(1), stage.page(2)],
        walks=[Walk(id=3, window=OLDER, cursor=1), Walk(id=5, window=OLD)],
    )
    async with stage.serve(stage.job_parts(), runs):
        result = await (await stage.start_run()).result()

    assert [(asked.window, asked.cursor) for asked in runs.questions] == [
        (OLDER, 1),
        (OLD, None),
        (OLD, 1),
        (WINDOW, None),
        (WINDOW, 1),
    ]
    done = [note.walk.id for note in runs.walk_notes if note.done]
    assert (done, {note.run for note in runs.walk_notes}) == ([3, 5], {RUN})
    assert (result.window, runs.closed[0].status, runs.closed[0].walked) == (WINDOW, "completed", True)


async def test_a_walk_is_done_only_when_its_jobs_are(stage: Stage) -> None:
    jobs = stage.job_parts()
    runs = stage.run_parts(pages=[stage.page(1)], walks=[Walk(id=3, window=OLD)])
    go_on = hold_jobs(jobs, stage.job(1).job_id)
    async with stage.serve(jobs, runs):
        handle = await stage.start_run()
        await until(lambda: bool(jobs.asked))
        assert runs.walk_notes == []
        go_on.set()
        await handle.result()

    assert [note.walk.id for note in runs.walk_notes if note.done] == [3]


async def test_a_walk_of_an_earlier_run_that_fails_again_does_not_stop_the_own_one(stage: Stage) -> None:
    runs = stage.run_parts(
        pages=[stage.page(1)], walks=[Walk(id=3, window=OLDER, cursor=9), Walk(id=5, window=OLD)]
    )
    refuse_page(runs, 9)
    async with stage.serve(stage.job_parts(), runs):
        await (await stage.start_run()).result()

    said = "Trino refused the backlog: check TRINO_CATALOG"
    assert [(note.walk.id, note.walk.cursor, note.done, note.error) for note in runs.walk_notes] == [
        (3, 9, False, said),
        (5, None, True, None),
    ]
    assert [(closed.status, closed.walked) for closed in runs.closed] == [("completed", True)]


async def test_a_run_that_is_cancelled_on_a_walk_says_how_far_it_came(dev_stage: Stage) -> None:
    jobs = dev_stage.job_parts()
    runs = dev_stage.run_parts(
        pages=[dev_stage.page(1), dev_stage.page(2)], walks=[Walk(id=3, window=OLD)], max_children=1
    )
    hold_jobs(jobs, dev_stage.job(2).job_id)
    async with dev_stage.serve(jobs, runs):
        handle = await dev_stage.start_run()
        await until(lambda: len(jobs.asked) == 3)
        await handle.cancel()
        with pytest.raises(WorkflowFailureError):
            await handle.result()

    [closed] = runs.closed
    assert (closed.status, closed.walk) == ("cancelled", Walk(id=3, window=OLD, cursor=1))


async def refuse_open(_: str, __: int) -> None:
    raise ConfigurationError("the window of jira ends too soon")


async def refuse_nothing(_: str, __: int) -> None:
    """Answer."""


@pytest.mark.parametrize(
    ("refusal", "open_run", "said"),
    [
        ("source 'jira' is not configured", refuse_nothing, "source 'jira' is not configured"),
        (None, refuse_open, "the window of jira ends too soon"),
    ],
)
async def test_a_run_that_is_refused_before_it_is_opened_is_written_with_its_reason(
    stage: Stage, refusal: str | None, open_run: Callable[[str, int], Awaitable[None]], said: str
) -> None:
    runs = stage.run_parts(refusal=refusal, hooks={Activities.OPEN_RUN: open_run})
    async with stage.serve(stage.job_parts(), runs):
        handle = await stage.start_run(date_start=date(2020, 1, 1))
        with pytest.raises(WorkflowFailureError):
            await handle.result()

    [refused] = runs.refused
    assert (refused.error, refused.has_window, refused.date_start) == (said, True, date(2020, 1, 1))
    assert (refused.workflow_id, refused.workflow_run_id) == (handle.id, handle.first_execution_run_id)
    assert runs.closed == []


async def test_a_run_whose_input_is_wrong_is_written_where_it_names_a_source(stage: Stage) -> None:
    runs = stage.run_parts()
    refused: list[RefusedRun] = []
    async with stage.serve(stage.job_parts(), runs):
        for number, sent in enumerate(
            ({"source_kind_id": stage.source, "date_start": "soon"}, {"source_kind_id": "No!"}, "jira")
        ):
            with pytest.raises(WorkflowFailureError) as failed:
                await stage.client.execute_workflow(
                    "QueuerFlow", sent, id=f"{stage.source}-{number}", task_queue=stage.queuer_queue
                )
            assert isinstance(failed.value.cause, ApplicationError)
            assert failed.value.cause.type == InputError.__name__
        refused += runs.refused

    [only] = refused
    assert (only.source_kind_id, only.has_window) == (stage.source, False)
    assert only.error.startswith("this is no QueuerInput: date_start: ")


async def test_a_failed_run_a_refused_one_and_one_that_takes_walks_are_saved(
    dev_client: Client, save_history: SaveHistory
) -> None:
    left = [Walk(id=3, window=OLDER, cursor=9), Walk(id=5, window=OLD)]
    for name, walks, refusal in (
        ("run_took_walks", left, None),
        ("run_failed", [], None),
        ("run_jobs_failed", [], None),
        ("run_refused", [], "source 'jira' is not configured"),
    ):
        stage = Stage(dev_client)
        jobs, runs = stage.job_parts(), stage.run_parts(walks=walks, refusal=refusal, max_children=1)
        runs.pages = [stage.page(1), stage.page(2), stage.page(3)]
        refuse_page(runs, 2 if name == "run_failed" else 9)
        if name == "run_jobs_failed":

            async def fail(_: str, __: int) -> None:
                raise QueryError("Trino refused the query: check TRINO_CATALOG")

            jobs.hooks[Activities.GET_METADATA] = fail
        async with stage.serve(jobs, runs):
            handle = await stage.start_run()
            with suppress(WorkflowFailureError):
                await handle.result()
            await save_history(handle, name)
            status = (await handle.describe()).status
        completed = WorkflowExecutionStatus.COMPLETED
        assert (status is completed) is (name == "run_took_walks"), name


async def test_a_long_walk_continues_as_new_and_keeps_its_place(dev_stage: Stage) -> None:
    pages: list[JobsPage] = [dev_stage.page(*range(first, first + 12)) for first in range(0, 48, 12)]
    jobs, runs = dev_stage.job_parts(), dev_stage.run_parts(pages=pages, walks=[Walk(id=3, window=OLD)])
    async with dev_stage.serve(jobs, runs):
        handle = await dev_stage.start_run()
        result = await handle.result()
        last = await dev_stage.client.get_workflow_handle(handle.id).describe()

    assert last.run_id != handle.first_execution_run_id
    assert [(asked.window, asked.cursor) for asked in runs.questions] == [
        *((OLD, cursor) for cursor in (None, 1, 2, 3)),
        *((WINDOW, cursor) for cursor in (None, 1, 2, 3)),
    ]
    assert result.tally.succeeded == 96
    assert [note.walk.id for note in runs.walk_notes if note.done] == [3]
