"""A page of what earlier runs left fits into a history, and nothing of it is lost."""

from datetime import date

from temporaletl.contract import ETLInput, Window
from worker.models.runs import MAX_PAGE_BYTES, name_documents, take_fitting

WINDOW = Window(date_start=date(2025, 1, 1), date_end=date(2025, 1, 2))


def size_of(job: ETLInput) -> int:
    return len(job.model_dump_json())


def test_a_page_takes_the_first_jobs_that_fit() -> None:
    jobs = name_documents("jira", "jira", WINDOW, [f"issues:{number}" for number in range(10_000, 20_000)])

    taken = take_fitting(jobs, size_of)

    assert taken == jobs[: len(taken)]
    assert sum(map(size_of, taken)) <= MAX_PAGE_BYTES < sum(map(size_of, jobs[: len(taken) + 1]))


def test_a_page_takes_one_that_is_too_large_rather_than_none() -> None:
    assert take_fitting(["x" * 100_000, "y"], len) == ["x" * 100_000]


def test_nothing_left_is_an_empty_page() -> None:
    assert take_fitting([], len) == []
