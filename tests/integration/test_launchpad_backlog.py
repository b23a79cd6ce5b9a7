"""Whose Launchpad jobs does a run make? Members of the directory, page by page, each type once."""

from datetime import date
from pathlib import Path

import pytest

from queuer.models.activities import make_page
from queuer.models.params import BacklogRequest, params_method
from queuer.sources.launchpad.settings import LaunchpadBacklogSettings
from temporaletl.connections import Connections
from temporaletl.contract import ETLInput, Window
from temporaletl.directory.settings import CsvDirectorySettings, DirectorySettings
from temporaletl.errors import QueryError
from temporaletl.registry import discover
from tests.integration.launchpad_jobs import TYPES
from worker.sources.launchpad.query import LaunchpadQuery

HEADER = "employee_id,emails,launchpad,active_from,active_to,is_test\n"
WINDOW = Window(date_start=date(2026, 3, 1), date_end=date(2026, 3, 9))
MEMBERS = """E1,ana@example.com,ana,,,
E2,bob@example.com,Bob,,,
E3,eve@example.com,,,,
E4,tess@example.com,tess,,,true
E5,old@example.com,old,,2026-01-01,
E6,left@example.com,left,,2026-02-20,
E7,two@example.com,two;too,,,
"""


@pytest.fixture(autouse=True, scope="module")
def _plugins() -> None:
    discover("queuer.sources")


def ask(folder: Path, members: str = MEMBERS, max_params: int = 6, grace_days: int = 30) -> list[ETLInput]:
    """The jobs of a whole walk, whose pages are no larger than asked for."""
    (folder / "people.csv").write_text(HEADER + members)
    asked = request(folder, max_params, grace_days)
    jobs: list[ETLInput] = []
    cursor = None
    while True:
        found = params_method["launchpad"](asked, cursor)
        jobs += make_page("launchpad", found).jobs
        cursor = found.cursor
        if cursor is None:
            return jobs


def request(folder: Path, max_params: int = 6, grace_days: int = 30) -> BacklogRequest:
    """A run's question, asked of the members in *folder*."""
    connections = Connections(
        [
            DirectorySettings(backend="csv"),
            CsvDirectorySettings(csv=folder / "people.csv"),
            LaunchpadBacklogSettings(grace_days=grace_days),
        ]
    )
    return BacklogRequest("launchpad", WINDOW, 200, max_params, connections)


def members_of(jobs: list[ETLInput]) -> set[str]:
    return {str(job.args["member"]) for job in jobs}


def test_each_member_gets_a_job_for_each_type(tmp_path: Path) -> None:
    jobs = ask(tmp_path, "E1,ana@example.com,ana,,,\n")

    assert [(job.query_type, job.args["member"], job.args["event_type"]) for job in jobs] == [
        ("launchpad", "ana", event_type) for event_type in TYPES
    ]
    assert jobs[0].job_id.startswith("launchpad-bugs-2026-03-01-2026-03-09-")
    assert [LaunchpadQuery.model_validate(job.args).coverage for job in jobs] == [
        f"ana:{event_type}" for event_type in TYPES
    ]


@pytest.mark.parametrize("max_params", [1, 3, 6, 200])
def test_active_members_and_late_leavers_with_an_account_are_asked_for(
    tmp_path: Path, max_params: int
) -> None:
    jobs = ask(tmp_path, max_params=max_params)

    assert members_of(jobs) == {"ana", "bob", "left", "two", "too"}
    assert len({job.job_id for job in jobs}) == len(jobs) == 5 * len(TYPES)


def test_the_grace_period_says_how_long_leavers_are_asked_for(tmp_path: Path) -> None:
    assert "left" not in members_of(ask(tmp_path, grace_days=5))
    assert {"left", "old"} <= members_of(ask(tmp_path, grace_days=90))


def test_two_records_of_one_account_make_the_same_jobs(tmp_path: Path) -> None:
    jobs = ask(tmp_path, "E1,ana@example.com,ana,,,\nE2,ana@example.org,Ana,,,\n", max_params=3)

    assert len({job.job_id for job in jobs}) == len(TYPES)


def test_what_is_no_launchpad_name_gets_no_job_and_is_counted(tmp_path: Path) -> None:
    """A job's arguments are kept in workflow histories: an address must not be one."""
    (tmp_path / "people.csv").write_text(
        f"{HEADER}E1,ana@example.com,ana@example.com,,,\nE2,bo@example.com,bo,,,\n"
    )
    found = params_method["launchpad"](request(tmp_path), None)

    assert {params["member"] for params in found.params} == {"bo"}
    assert found.notes == {"members whose Launchpad name is none": 1}


def test_a_strange_cursor_is_refused(tmp_path: Path) -> None:
    request = BacklogRequest("launchpad", WINDOW, 200, 6, Connections([]))

    with pytest.raises(QueryError, match="cursor"):
        params_method["launchpad"](request, 7)
