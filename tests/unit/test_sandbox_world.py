"""The seeded world: repeatable, of every kind, and changed only where it says so."""

import itertools
import random
from datetime import UTC, date, datetime, timedelta
from typing import Any

import orjson
import pytest

from scripts.sandbox.people import show_in_directory
from scripts.sandbox.rows import SPOILT_AT
from scripts.sandbox.world import World

ANCHOR = date(2026, 3, 10)
KINDS = (
    *("edit_summary", "change_status", "add_comment", "edit_comment"),
    *("delete_comment", "add_worklog", "delete_worklog", "burst"),
)
NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)


def fields_of(world: World, issue_id: str) -> dict[str, Any]:
    return world.issue(issue_id).fields


def read_times(world: World, issue_id: str) -> tuple[datetime, list[datetime]]:
    issue = world.issue(issue_id)
    updated = datetime.fromisoformat(str(issue.fields["updated"]).replace(" UTC", "+00:00"))
    return updated, [datetime.fromisoformat(str(history["created"])) for history in issue.histories]


def last_change(world: World, issue_id: str) -> datetime:
    updated, histories = read_times(world, issue_id)
    return max(updated, *histories, updated)


def test_the_same_numbers_make_the_same_world() -> None:
    first, second = World(60, seed=3, anchor=ANCHOR), World(60, seed=3, anchor=ANCHOR)
    assert list(first.rows()) == list(second.rows())
    assert first.people == second.people
    assert list(World(60, seed=4, anchor=ANCHOR).rows()) != list(first.rows())


def test_the_same_changes_make_the_same_world_again() -> None:
    worlds = World(60, anchor=ANCHOR), World(60, anchor=ANCHOR)
    reports = [world.change_some(20, random.Random(5), NOW) for world in worlds]
    assert reports[0] == reports[1]
    assert list(worlds[0].rows()) == list(worlds[1].rows())


def test_an_issue_does_not_depend_on_how_many_there_are() -> None:
    assert World(10, anchor=ANCHOR, people=50).row(7) == World(500, anchor=ANCHOR, people=50).row(7)


def test_every_issue_was_last_changed_in_the_seven_days_before_the_anchor() -> None:
    world = World(300, anchor=ANCHOR, detail=0.3)
    start = datetime(2026, 3, 3, tzinfo=UTC)
    changed = [last_change(world, issue_id) for issue_id in world.issue_ids]
    assert all(start <= when < start + timedelta(days=7) for when in changed)
    assert {when.astimezone(UTC).date() for when in changed} == {
        start.date() + timedelta(days=day) for day in range(7)
    }


def test_a_migrated_issue_changed_after_its_updated_time() -> None:
    world = World(60, anchor=ANCHOR)
    updated, histories = read_times(world, world.issue_ids[3])
    assert max(histories) > updated
    assert _items(world.issue(world.issue_ids[3]).histories[0])[0]["field"] == "Workflow"


def test_every_kind_of_damage_occurs_in_sixty_issues_and_stays_rare() -> None:
    world = World(2000, anchor=ANCHOR)
    damaged = [world.damage(issue_id) for issue_id in world.issue_ids]
    assert set(damaged[:60]) == {None, *SPOILT_AT.values()}
    assert 2000 - damaged.count(None) < 2000 * 0.04


def test_damaged_rows_are_what_their_damage_says() -> None:
    world = World(60, anchor=ANCHOR)
    rows = {SPOILT_AT[number]: world.row(number) for number in SPOILT_AT}
    with pytest.raises(orjson.JSONDecodeError):
        orjson.loads(rows["fields not JSON"].fields or "")
    assert rows["fields NULL"].fields is None
    assert rows["id NULL"].id is None
    assert orjson.loads(rows["no updated"].fields or "")["updated"] is None
    assert any("author" not in comment for comment in _comments(rows["bad parts"].fields))


def test_every_event_of_the_catalogue_has_its_cause() -> None:
    world = World(120, anchor=ANCHOR)
    issues = [world.issue(issue_id) for issue_id in world.issue_ids]
    fields = {item["field"] for issue in issues for history in issue.histories for item in _items(history)}
    named = {"status", "assignee", "summary", "description", "priority", "Comment", "Story Points"}
    assert fields >= {*named, "Acceptance Criteria", "Sprint"}
    comments = [part for i in world.issue_ids for part in fields_of(world, i)["comment"]["comments"]]
    worklogs = [part for i in world.issue_ids for part in fields_of(world, i)["worklog"]["worklogs"]]
    for parts in (comments, worklogs):
        assert {part["updated"] == part["created"] for part in parts} == {True, False}
        assert {part["author"]["accountType"] for part in parts} == {"app", "atlassian"}


def test_bursts_of_one_author_occur() -> None:
    world = World(60, anchor=ANCHOR)
    gaps = []
    for issue_id in world.issue_ids:
        histories = world.issue(issue_id).histories
        for later, earlier in itertools.pairwise(histories):
            if later["author"] == earlier["author"]:
                times = [datetime.fromisoformat(str(entry["created"])) for entry in (later, earlier)]
                gaps.append(times[0] - times[1])
    assert any(timedelta(0) < gap < timedelta(seconds=3) for gap in gaps)


def test_texts_are_not_ascii_and_name_addresses_of_people() -> None:
    world = World(200, anchor=ANCHOR)
    texts = "".join((row.fields or "") + (row.changelog or "") for row in world.rows())
    assert not texts.isascii()
    assert {email for email in world.emails if email in texts}
    assert "\\u0000" in texts


def test_people_differ_in_what_the_systems_know_of_them() -> None:
    people = World(10, people=200, anchor=ANCHOR).people
    assert len({person.account_id for person in people}) == 200
    assert {person.employee_id is None for person in people} == {True, False}
    assert {person.jira_email is None for person in people} == {True, False}
    assert any("+" in (person.jira_email or "") for person in people)
    shown = [show_in_directory(person) for person in people if person.employee_id]
    assert len({entry["Unique_Id"] for entry in shown}) == len(shown)
    assert {entry["Employment_Status"] for entry in shown} == {"Active Employee", "Former Employee"}


@pytest.mark.parametrize(
    "kind",
    KINDS,
)
def test_a_change_moves_the_last_change_to_now(kind: str) -> None:
    world = World(60, anchor=ANCHOR)
    issue_id = world.issue_ids[1]
    before = world.row(2)
    assert getattr(world, kind)(issue_id, NOW).what == kind
    assert last_change(world, issue_id) == NOW
    assert fields_of(world, issue_id)["updated"] == "2026-03-10T12:00:00.000+0000"
    assert world.row(2) != before
    assert world.changed_ids == [issue_id]


def test_a_migration_leaves_updated_where_it_was() -> None:
    world = World(60, anchor=ANCHOR)
    issue_id = world.issue_ids[1]
    before = fields_of(world, issue_id)["updated"]
    world.migrate(issue_id, NOW)
    assert fields_of(world, issue_id)["updated"] == before
    assert last_change(world, issue_id) == NOW


def test_a_change_never_moves_back() -> None:
    world = World(60, anchor=ANCHOR)
    issue_id = world.issue_ids[1]
    before = last_change(world, issue_id)
    world.edit_summary(issue_id, before - timedelta(days=1))
    assert last_change(world, issue_id) > before


def test_a_deleted_comment_is_gone_and_an_edited_one_stays() -> None:
    world = World(60, anchor=ANCHOR)
    issue_id = world.issue_ids[0]
    ids = [part["id"] for part in fields_of(world, issue_id)["comment"]["comments"]]
    world.edit_comment(issue_id, NOW, ids[1])
    world.delete_comment(issue_id, NOW, ids[0])
    comments = fields_of(world, issue_id)["comment"]
    assert [part["id"] for part in comments["comments"]] == ids[1:]
    assert comments["total"] == len(ids) - 1
    assert comments["comments"][0]["updated"] != comments["comments"][0]["created"]


def test_a_worklog_may_be_backdated() -> None:
    world = World(60, anchor=ANCHOR)
    issue_id = world.issue_ids[1]
    started, created = NOW - timedelta(days=90), NOW - timedelta(days=30)
    world.add_worklog(issue_id, NOW, started=started, created=created)
    worklog = fields_of(world, issue_id)["worklog"]["worklogs"][-1]
    assert datetime.fromisoformat(worklog["started"]) == started
    assert datetime.fromisoformat(worklog["created"]) == created
    assert last_change(world, issue_id) == NOW


def test_a_burst_grows_when_it_goes_on() -> None:
    world = World(60, anchor=ANCHOR)
    issue_id, author = world.issue_ids[1], world.people[0]
    world.burst(issue_id, NOW, 2, author)
    world.burst(issue_id, NOW + timedelta(seconds=2), 2, author)
    times = read_times(world, issue_id)[1][:4]
    assert times == [NOW + timedelta(seconds=after) for after in (2, 1, 0, -1)]


def test_a_joiner_was_unknown_and_enters_the_directory() -> None:
    world = World(10, people=50, anchor=ANCHOR)
    before = {person.account_id: person.employee_id for person in world.people}
    joiner = world.add_joiner()
    assert before[joiner.account_id] is None
    assert joiner in world.people
    assert joiner.employee_id
    assert joiner.directory_email


def test_a_new_issue_is_created_now_and_has_no_past() -> None:
    world = World(60, anchor=ANCHOR)
    change = world.add_issue(NOW)
    assert len(world) == 61
    assert world.issue_ids[-1] == change.issue_id
    assert fields_of(world, change.issue_id)["created"] == "2026-03-10T12:00:00.000+0000"
    assert last_change(world, change.issue_id) == NOW


def test_a_row_is_spoilt_and_repaired_on_demand() -> None:
    world = World(60, anchor=ANCHOR)
    sound = world.row(2)
    world.spoil(world.issue_ids[1], "fields NULL")
    assert world.row(2).fields is None
    world.repair(world.issue_ids[1])
    assert world.row(2) == sound


def test_changing_some_reports_exactly_what_changed() -> None:
    world = World(200, anchor=ANCHOR, detail=0.3)
    before = list(world.rows())
    report = world.change_some(40, random.Random(1), NOW)
    after = list(world.rows())
    differing = [new.id for old, new in zip(before, after, strict=True) if old != new]
    assert sorted(change.issue_id for change in report) == sorted(differing) == sorted(world.changed_ids)
    assert len(differing) == 40
    assert len({change.what for change in report}) >= 8


def _comments(fields: str | None) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = orjson.loads(fields or "")["comment"]["comments"]
    return found


def _items(history: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = history["items"]
    return found
