"""A Jira job over REST for named issues, or for a slice of ids that the lake cut."""

from datetime import date

import pytest
from pydantic import JsonValue

from scripts.sandbox.jira.server import JiraServer
from scripts.sandbox.world import World
from temporaletl.connections import Connections
from temporaletl.errors import QueryError
from tests.integration.jira_over_rest import (
    GONE,
    ids_of,
    pages_of,
    query,
)
from worker.sources.jira.extract.issues import extract_issues

PAST = {"date_start": date(2001, 1, 1), "date_end": date(2001, 1, 2)}


def test_named_issues_are_read_whatever_their_window_and_absent_ones_are_counted(
    world: World, cloud: JiraServer, connections: Connections
) -> None:
    wanted = world.issue_ids[:60]
    cloud.delete(wanted[3])
    cloud.forbid(wanted[40])
    pages = pages_of(query(connections, ids=[*wanted, "999999", "x'y", "9" * 30], **PAST))
    assert sorted(ids_of(pages)) == sorted({*wanted} - {wanted[3], wanted[40]})
    assert sum(page.skipped.get(GONE, 0) for page in pages) == 5
    assert all(page.rejects == () for page in pages)


def test_named_issues_of_a_data_center_are_read_one_by_one(
    world: World, data_center: JiraServer, on_premise: Connections
) -> None:
    wanted = world.issue_ids[:12]
    data_center.delete(wanted[3])
    [page] = pages_of(query(on_premise, ids=[*wanted, "999999"], **PAST))
    assert sorted(ids_of([page])) == sorted({*wanted} - {wanted[3]})
    assert page.skipped == {GONE: 2}


@pytest.mark.parametrize("place", ["connections", "on_premise"])
def test_no_issue_is_read_under_another_name_than_its_id(
    world: World, place: str, request: pytest.FixtureRequest
) -> None:
    first, second, third = world.issue_ids[:3]
    ids = [first, world.issue(second).key, f"0{third}"]
    [page] = pages_of(query(request.getfixturevalue(place), ids=ids))
    assert ids_of([page]) == [first]
    assert page.skipped == {GONE: 2}


def test_named_issues_are_resumed_after_a_page(world: World, connections: Connections) -> None:
    pages = pages_of(query(connections, ids=world.issue_ids))
    assert len(pages) == 2
    assert ids_of(pages_of(query(connections, ids=world.issue_ids), pages[0].cursor)) == ids_of(pages[1:])


def test_a_slice_that_the_lake_cut_is_read_by_its_ids(world: World, connections: Connections) -> None:
    ordered = sorted(world.issue_ids)
    after, upto = ordered[9], ordered[29]
    pages = pages_of(query(connections, after=after, upto=upto))
    assert ids_of(pages) == ordered[10:30]
    first_half = pages_of(query(connections, upto=ordered[4]))
    assert ids_of(first_half) == ordered[:5]


@pytest.mark.parametrize("cursor", [5, "10001", {"id": "1"}, {"start_ms": "x"}])
def test_a_cursor_of_another_kind_is_refused(connections: Connections, cursor: JsonValue) -> None:
    with pytest.raises(QueryError, match="JIRA_BACKEND"):
        next(extract_issues(query(connections), cursor))


def test_slices_of_two_kinds_are_no_query(connections: Connections) -> None:
    with pytest.raises(ValueError, match="two kinds"):
        query(connections, after="1", updated_from=5)
    with pytest.raises(ValueError, match="updated_to"):
        query(connections, updated_from=5, updated_to=5)
