"""The Jira backlog over REST: every updated issue in one slice of time, and every slice a job."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
from pydantic import JsonValue

from queuer.models.params import BacklogRequest, Params
from queuer.sources.jira.params import find_changed_slices
from scripts.sandbox.jira.limits import Limits
from scripts.sandbox.jira.server import Deployment, JiraServer
from scripts.sandbox.world import World
from temporaletl.connections import Connections
from temporaletl.contract import Window
from temporaletl.errors import QueryError
from tests.integration.jira_over_rest import (
    ANCHOR,
    WEEK,
    connect,
    find_all,
    ids_of,
    jobs_of,
    pages_of,
    updated_ms,
)
from worker.sources.jira.query import JiraQuery

EMPTY = Window(date_start=date(2001, 1, 1), date_end=date(2001, 1, 2))
UNTIL_NOW = Window(date_start=date(2020, 1, 1), date_end=datetime.now(UTC).date() + timedelta(days=1))


@pytest.fixture(scope="module")
def world() -> World:
    return World(130, anchor=ANCHOR, detail=0.1)


@pytest.fixture(params=["cloud", "data_center"])
def connections(request: pytest.FixtureRequest) -> Iterator[Connections]:
    with connect(request.getfixturevalue(request.param)) as opened:
        yield opened


def read_all(connections: Connections, params: list[Params]) -> list[str]:
    queries = [JiraQuery.model_validate(job.args).bind(connections) for job in jobs_of(params)]
    return [issue_id for asked in queries for issue_id in ids_of(pages_of(asked))]


def test_the_jobs_read_what_was_updated_in_the_window_once(world: World, connections: Connections) -> None:
    week = Window(date_start=date(2026, 3, 5), date_end=date(2026, 3, 8))
    start, end = (round(moment.timestamp() * 1000) for moment in (week.start, week.end))
    inside = [name for name in world.issue_ids if start <= updated_ms(world, name) < end]
    assert sorted(read_all(connections, find_all(connections, week))) == sorted(inside)
    assert len(inside) > 30


def test_slices_follow_each_other_and_hold_as_many_issues_as_asked(connections: Connections) -> None:
    params = find_all(connections)
    assert [slice_["updated_from"] for slice_ in params[1:]] == [entry["updated_to"] for entry in params[:-1]]
    assert [slice_["count"] for slice_ in params] == [20] * 6 + [10]
    assert params[0]["updated_from"] == round(WEEK.start.timestamp() * 1000)
    assert params[-1]["updated_to"] == round(WEEK.end.timestamp() * 1000)


def test_slices_end_between_two_seconds(connections: Connections) -> None:
    assert {int(str(slice_["updated_to"])) % 1000 for slice_ in find_all(connections, job_size=7)} == {0}


def test_the_last_slice_of_a_window_that_reaches_to_now_has_no_end(connections: Connections) -> None:
    params = find_all(connections, UNTIL_NOW)
    assert [slice_["updated_to"] is None for slice_ in params] == [False] * 6 + [True]


def test_a_window_in_which_nothing_changed_costs_one_search_and_makes_no_job(cloud: JiraServer) -> None:
    with connect(cloud) as connections:
        cloud.log.clear()
        assert find_all(connections, EMPTY) == []
        assert cloud.log.count(path="/rest/api/3/search") == 1


def test_issues_of_one_moment_are_not_cut_apart() -> None:
    small = World(30, anchor=ANCHOR, detail=0)
    moment = datetime(2026, 3, 10, 15, 0, 0, 250_000, tzinfo=UTC)
    for issue_id in small.issue_ids[:25]:
        small.edit_summary(issue_id, moment)
    deployments: tuple[Deployment, ...] = ("Cloud", "Server")
    for deployment in deployments:
        with JiraServer(small, deployment=deployment) as server, connect(server) as connections:
            params = find_all(connections, job_size=4)
            assert [slice_["count"] for slice_ in params] == [4, 26]
            assert sorted(read_all(connections, params)) == sorted(small.issue_ids)


def test_a_page_is_walked_in_few_requests(world: World) -> None:
    with JiraServer(world, limits=Limits(issues=100)) as server, connect(server) as connections:
        find_all(connections, job_size=20, max_params=50)
        assert server.log.count(path="/rest/api/3/search") == 2


def test_an_issue_that_changes_while_the_backlog_is_walked_is_in_the_last_slice() -> None:
    changing = World(60, anchor=ANCHOR, detail=0)
    first = min(changing.issue_ids, key=lambda name: updated_ms(changing, name))
    with JiraServer(changing) as server, connect(server) as connections:
        server.after(lambda: changing.edit_summary(first, datetime.now(UTC)))
        params = find_all(connections, UNTIL_NOW, job_size=10)
        read = read_all(connections, params)
    assert sorted(set(read)) == sorted(changing.issue_ids)
    assert read[-1] == first


def test_an_issue_that_changes_after_the_walk_is_read_by_the_slice_without_an_end() -> None:
    changing = World(60, anchor=ANCHOR, detail=0)
    first = min(changing.issue_ids, key=lambda name: updated_ms(changing, name))
    with JiraServer(changing) as server, connect(server) as connections:
        params = find_all(connections, UNTIL_NOW, job_size=10)
        changing.edit_summary(first, datetime.now(UTC))
        assert sorted(set(read_all(connections, params))) == sorted(changing.issue_ids)


def test_a_refresh_reads_what_changed_without_moving_updated() -> None:
    small = World(20, anchor=ANCHOR, detail=0.2)
    with JiraServer(small) as server, connect(server) as connections:
        moved = small.issue_ids[6]
        small.migrate(moved, datetime(2026, 5, 1, 9, tzinfo=UTC))
        recent = Window(date_start=date(2026, 4, 25), date_end=date(2026, 5, 3))
        refresh = Window(date_start=date(2020, 1, 1), date_end=date(2026, 5, 3))
        assert moved not in read_all(connections, find_all(connections, recent))
        assert moved in read_all(connections, find_all(connections, refresh))


@pytest.mark.parametrize("window", [UNTIL_NOW, WEEK], ids=["until now", "bounded"])
def test_the_last_page_has_its_slice_though_nothing_is_left_to_find(
    connections: Connections, window: Window
) -> None:
    start_ms = round(datetime(2026, 3, 10, 23, 59, 59, tzinfo=UTC).timestamp() * 1000)
    page = find_changed_slices(BacklogRequest("jira", window, 20, 4, connections), start_ms)
    assert page.cursor is None
    assert [(slice_["updated_from"], slice_["count"]) for slice_ in page.params] == [(start_ms, 0)]


@pytest.mark.parametrize("deployment", ["Cloud", "Server"])
def test_an_index_that_lags_behind_loses_nothing(deployment: Deployment) -> None:
    lagging = World(60, anchor=ANCHOR, detail=0)
    order = sorted(lagging.issue_ids, key=lambda name: updated_ms(lagging, name))
    with JiraServer(lagging, deployment=deployment) as server, connect(server) as connections:
        server.hold_index()
        for issue_id in (order[0], order[9], order[10], order[29]):
            lagging.edit_summary(issue_id, datetime.now(UTC))
        params = find_all(connections, UNTIL_NOW, job_size=10, max_params=2)
        assert sorted(set(read_all(connections, params))) == sorted(lagging.issue_ids)


def test_only_the_restricted_issues_are_listed(world: World, cloud: JiraServer) -> None:
    with connect(cloud, jql="project = PR1 OR project = PR2") as connections:
        read = read_all(connections, find_all(connections))
    wanted = [name for name in world.issue_ids if world.issue(name).key.startswith(("PR1-", "PR2-"))]
    assert sorted(read) == sorted(wanted)


def test_a_window_may_begin_before_time_was_counted(world: World, connections: Connections) -> None:
    ever = Window(date_start=date(1900, 1, 1), date_end=WEEK.date_end)
    assert sorted(read_all(connections, find_all(connections, ever))) == sorted(world.issue_ids)


def test_the_same_slice_is_the_same_job_however_many_issues_it_spans() -> None:
    slice_: Params = {
        "source_kind_id": "jira",
        "date_start": "2026-03-03",
        "date_end": "2026-03-11",
        "updated_from": 1_772_000_000_000,
        "updated_to": None,
    }
    [one, other] = jobs_of([{**slice_, "count": 20}, {**slice_, "count": 3}])
    assert one == other
    assert one.job_id.startswith("jira-issues-2026-03-03-2026-03-11-")


@pytest.mark.parametrize("cursor", ["10001", [5], {"id": 1}, True])
def test_a_cursor_of_another_kind_is_refused(cloud: JiraServer, cursor: JsonValue) -> None:
    with connect(cloud) as connections, pytest.raises(QueryError, match="JIRA_BACKEND"):
        find_changed_slices(BacklogRequest("jira", WEEK, 20, 4, connections), cursor)
