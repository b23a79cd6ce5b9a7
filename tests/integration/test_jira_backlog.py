"""The Jira backlog on the lake: every changed issue in one slice, and every slice a job."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import override

import pytest
from pydantic import JsonValue

from queuer.models.params import BacklogRequest, Params
from queuer.sources.jira.inputs import make_slice_jobs
from queuer.sources.jira.params import find_changed_slices
from scripts.sandbox.rows import Row
from scripts.sandbox.trino import TrinoServer
from scripts.sandbox.world import World
from temporaletl.connections import Connections
from temporaletl.contract import BEGINNING, Window
from temporaletl.errors import QueryError
from tests.integration.lake import ANCHOR, NEVER, WEEK, Turned, connect, expected, find_all, read_all


@pytest.fixture(scope="module")
def world() -> World:
    return World(350, anchor=ANCHOR, detail=0.2)


@pytest.fixture(scope="module")
def running(world: World) -> Iterator[TrinoServer]:
    with TrinoServer(world, page_rows=40) as server:
        yield server


@pytest.fixture
def server(running: TrinoServer) -> Iterator[TrinoServer]:
    yield running
    running.faults.clear()


@pytest.fixture
def connections(server: TrinoServer) -> Iterator[Connections]:
    with connect(server) as opened:
        yield opened


def test_the_slices_cover_what_changed_in_the_window_once(world: World, connections: Connections) -> None:
    params, _ = find_all(connections)
    assert sorted(read_all(connections, params)) == expected(world)
    assert len(expected(world)) > 300


def test_consecutive_windows_read_every_document_once(world: World, connections: Connections) -> None:
    early = Window(date_start=date(2020, 1, 1), date_end=date(2026, 3, 7))
    late = Window(date_start=date(2026, 3, 7), date_end=date(2026, 3, 12))
    whole = Window(date_start=date(2020, 1, 1), date_end=date(2026, 3, 12))
    read = {window: set(read_all(connections, find_all(connections, window)[0])) for window in (early, late)}
    unreadable = read[early] & read[late]
    assert unreadable == set(expected(world, NEVER))
    assert read[early] | read[late] == set(expected(world, whole))


def test_rows_whose_change_cannot_be_read_belong_to_every_window(
    world: World, connections: Connections
) -> None:
    read = read_all(connections, find_all(connections, NEVER)[0])
    assert read == expected(world, NEVER)
    assert read


def test_rows_without_id_are_counted_on_the_first_page(world: World, connections: Connections) -> None:
    _, notes = find_all(connections)
    assert notes == {"rows without id": sum(row.id is None for row in world.rows())}


def test_slices_follow_each_other_without_a_gap(connections: Connections) -> None:
    params, _ = find_all(connections)
    assert params[0]["after"] is None
    assert [slice_["after"] for slice_ in params[1:]] == [slice_["upto"] for slice_ in params[:-1]]
    assert {slice_["count"] for slice_ in params[:-1]} == {20}


def test_a_backlog_page_is_one_scan(server: TrinoServer, connections: Connections) -> None:
    request = BacklogRequest("jira", WEEK, 20, 4, connections)
    first = find_changed_slices(request, None)
    server.log.clear()
    find_changed_slices(request, first.cursor)
    assert server.log.count(method="POST") == 1


def test_a_backlog_of_exactly_one_page_ends(world: World, connections: Connections) -> None:
    documents = len(expected(world))
    params, _ = find_all(connections, job_size=documents, max_params=1)
    assert [slice_["count"] for slice_ in params] == [documents]


def test_after_the_last_changed_issue_there_is_no_job(connections: Connections) -> None:
    request = BacklogRequest("jira", NEVER, 20, 4, connections)
    page = find_changed_slices(request, "99999999")
    assert (list(page.params), page.cursor) == ([], None)


def test_the_same_slice_is_the_same_job_however_many_issues_it_spans() -> None:
    slice_ = {
        "source_kind_id": "jira",
        "date_start": "2026-03-03",
        "date_end": "2026-03-11",
        "after": None,
        "upto": "10019",
    }
    [one], [other] = (list(make_slice_jobs({**slice_, "count": count})) for count in (20, 19))
    assert one == other
    assert one.job_id.startswith("jira-issues-2026-03-03-2026-03-11-")


def test_an_issue_that_a_migration_changed_is_found_by_its_history(
    world: World, connections: Connections
) -> None:
    later = Window(date_start=date(2026, 5, 1), date_end=date(2026, 5, 2))
    moved = next(issue_id for issue_id in world.issue_ids if world.damage(issue_id) is None)
    assert f"issues:{moved}" not in read_all(connections, find_all(connections, later)[0])
    world.migrate(moved, datetime(2026, 5, 1, 9, tzinfo=UTC))
    assert f"issues:{moved}" in read_all(connections, find_all(connections, later)[0])
    assert f"issues:{moved}" not in read_all(connections, find_all(connections)[0])


def test_the_order_of_the_histories_does_not_matter() -> None:
    found: list[set[str]] = []
    later = Window(date_start=date(2026, 5, 1), date_end=date(2026, 5, 2))
    for kind in (World, Turned):
        small = kind(60, anchor=ANCHOR, detail=0.5)
        moved = next(issue_id for issue_id in small.issue_ids if small.damage(issue_id) is None)
        small.migrate(moved, datetime(2026, 5, 1, 9, tzinfo=UTC))
        with TrinoServer(small) as server, connect(server) as connections:
            slices, _ = find_all(connections, later)
            read = read_all(connections, slices)
            assert len(read) == count_issues(slices)
            found.append(set(read))
        assert f"issues:{moved}" in found[-1]
    assert found[0] == found[1]


class Doubled(World):
    """A lake that has every row twice."""

    @override
    def row(self, number: int) -> Row:
        return super().row((number + 1) // 2)


def test_an_issue_that_the_lake_has_twice_counts_once_in_its_slice() -> None:
    doubled = Doubled(60, anchor=ANCHOR, detail=0.3)
    with TrinoServer(doubled) as server, connect(server) as connections:
        slices, _ = find_all(connections)
    twice = expected(doubled)
    assert count_issues(slices) == len(set(twice)) == len(twice) / 2 > 0


def count_issues(slices: list[Params]) -> int:
    return sum(int(str(slice_["count"])) for slice_ in slices)


class Dated(World):
    """Sound issues, the first of them with other times; its list of histories may be in either order."""

    def __init__(self, updated: str | None, outer_histories: str | None) -> None:
        super().__init__(8, anchor=ANCHOR, detail=0.3)
        self._times = updated, outer_histories

    @override
    def damage(self, issue_id: str) -> None:
        return None

    @override
    def row(self, number: int) -> Row:
        row = super().row(number)
        fields, changelog = json.loads(str(row.fields)), json.loads(str(row.changelog))
        if number == 1:
            updated, outer_histories = self._times
            fields["updated"] = updated or fields["updated"]
            for place in (0, -1):
                outer = changelog["histories"][place]
                outer["created"] = outer_histories or outer["created"]
        return replace(row, fields=json.dumps(fields), changelog=json.dumps(changelog))


FAR = "9999-12-31T23:59:59.999+0000"
FIRST = "0001-01-01T00:00:00.000+0000"
EVER = Window(date_start=BEGINNING, date_end=date(2026, 3, 11))


@pytest.mark.parametrize(
    ("updated", "history", "window"),
    [
        (FAR, None, WEEK),
        (FAR, None, NEVER),
        (FAR, FAR, WEEK),
        (None, FAR, EVER),
        (FIRST, None, EVER),
    ],
    ids=["updated ahead", "in any window", "both ahead", "a history ahead", "year 1"],
)
def test_an_issue_whose_times_lie_far_off_is_read(
    updated: str | None, history: str | None, window: Window
) -> None:
    with TrinoServer(Dated(updated, history)) as server, connect(server) as connections:
        slices, _ = find_all(connections, window)
        read = read_all(connections, slices)
    assert f"issues:{Dated(None, None).issue_ids[0]}" in read
    assert count_issues(slices) == len(read)


def test_a_time_far_ahead_lets_the_others_say_when_an_issue_changed() -> None:
    changed = Dated(None, FAR)
    with TrinoServer(changed) as server, connect(server) as connections:
        assert read_all(connections, find_all(connections, NEVER)[0]) == []


@pytest.mark.parametrize("cursor", [5, ["10001"], {"id": "1"}])
def test_a_cursor_of_another_kind_is_refused(connections: Connections, cursor: JsonValue) -> None:
    with pytest.raises(QueryError):
        find_changed_slices(BacklogRequest("jira", WEEK, 20, 4, connections), cursor)
