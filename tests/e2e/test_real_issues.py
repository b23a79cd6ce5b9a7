"""Do real issues arrive? From the lake to rows through a real run, counted independently from their JSON."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, override

import pytest

from queuer.models.messages import QueuerResult
from scripts.sandbox.people import Person
from scripts.sandbox.rows import Row
from scripts.sandbox.world import World
from tests.e2e.deployment import Deployment

ISSUES = Path(__file__).parents[3] / "shared/data/jira/issues.ndjson"
NAMED_FIELDS = {
    *("acceptance criteria", "assignee", "comment", "description"),
    *("priority", "status", "story points", "summary"),
}
DATE_START, DATE_END = date(2020, 6, 1), date(2022, 8, 1)

type Json = dict[str, Any]

pytestmark = pytest.mark.skipif(not ISSUES.is_file(), reason=f"the real issues are not here: {ISSUES}")


class RealWorld(World):
    """A world whose issues are given; everyone who acts in them has an account, every other is employed."""

    def __init__(self, issues: list[Json]) -> None:
        super().__init__(len(issues), people=1)
        self._given = issues
        accounts = sorted({author["accountId"] for issue in issues for author in _people(issue)})
        self.people = [_make_person(number, account) for number, account in enumerate(accounts)]

    @override
    def row(self, number: int) -> Row:
        issue = self._given[number - 1]
        texts = (json.dumps(issue[part], ensure_ascii=False) for part in ("fields", "changelog"))
        return Row(issue["id"], issue["key"], issue["self"], *texts)


def _make_person(number: int, account: str) -> Person:
    address = f"person.{number}@example.com"
    person = Person(number, f"Person {number}", account, "UTC", jira_email=address)
    return person if number % 2 else replace(person, employee_id=f"E{number:06d}", directory_email=address)


def _people(issue: Json) -> Iterator[Json]:
    fields = issue["fields"]
    parts = [*comments(issue), *worklogs(issue), *issue["changelog"]["histories"]]
    named = [part.get(who) for part in parts for who in ("author", "updateAuthor")]
    return (who for who in (*named, fields.get("creator"), fields.get("reporter")) if who)


def comments(issue: Json) -> list[Json]:
    return list((issue["fields"].get("comment") or {}).get("comments", ()))


def worklogs(issue: Json) -> list[Json]:
    return list((issue["fields"].get("worklog") or {}).get("worklogs", ()))


def is_person(user: Json | None) -> bool:
    return user is not None and user.get("accountType") != "app"


def is_edited(part: Json) -> bool:
    return datetime.fromisoformat(part["updated"]) != datetime.fromisoformat(part["created"])


def expected_parts(issue: Json) -> Iterator[str]:
    """The event ids of an issue's creation, comments and worklogs."""
    if is_person(issue["fields"].get("creator")) or is_person(issue["fields"].get("reporter")):
        yield f"i-{issue['id']}-c"
    for kind, parts in (("c", comments(issue)), ("wl", worklogs(issue))):
        for part in parts:
            if is_person(part.get("author")):
                yield f"{kind}-{part['id']}-c"
            if is_edited(part) and is_person(part.get("updateAuthor")):
                yield f"{kind}-{part['id']}-u1"


@pytest.fixture(scope="module")
def issues() -> list[Json]:
    return [json.loads(line) for line in ISSUES.read_text().splitlines() if line.strip()]


@pytest.fixture(scope="module")
async def result(issues: list[Json], shared_deployment: Deployment) -> QueuerResult:
    """A run of its own window over the real issues."""
    await shared_deployment.reset(RealWorld(issues))
    return await shared_deployment.run(date_start=DATE_START, date_end=DATE_END)


@pytest.fixture(scope="module")
async def events(result: QueuerResult, shared_deployment: Deployment) -> list[Json]:
    return shared_deployment.rows("jira_events", "event_id")


@pytest.fixture(scope="module")
async def rejected(result: QueuerResult, shared_deployment: Deployment) -> Mapping[str, str]:
    """The reason of each rejected event."""
    return {row["event_id"]: row["reason"] for row in shared_deployment.rows("etl_rejects")}


def test_every_issue_is_read_whole_by_a_run_with_dates_that_moves_no_watermark(
    issues: list[Json], result: QueuerResult, events: list[Json], shared_deployment: Deployment
) -> None:
    assert result.tally.failed == 0
    assert result.tally.events.documents == len(issues)
    assert {row["document_id"] for row in events} == {f"issues:{issue['id']}" for issue in issues}
    assert shared_deployment.rows("etl_watermarks") == []


def test_each_creation_comment_and_worklog_by_a_person_is_there_once(
    issues: list[Json], events: list[Json], rejected: Mapping[str, str]
) -> None:
    expected = Counter(event_id for issue in issues for event_id in expected_parts(issue))
    found = Counter(row["event_id"] for row in events if row["event_id"][0] in "icw")

    assert sum(expected.values()) > len(issues)
    assert found + Counter(event_id for event_id in rejected if event_id[0] in "icw") == expected


def test_each_history_by_a_person_is_there_once(
    issues: list[Json], events: list[Json], rejected: Mapping[str, str]
) -> None:
    named: Counter[str] = Counter()
    others: Counter[str] = Counter()
    for row in events:
        properties = row["event_properties"]
        if row["event_type"] == "changelog":
            others.update(str(change["history_id"]) for change in properties["changes"])
        elif "history_id" in properties:
            named[str(properties["history_id"])] += 1
            others[str(properties["history_id"])] += len(properties["additional_changes"])

    seen = 0
    for issue in issues:
        for history in issue["changelog"]["histories"]:
            fields = [item["field"].casefold() in NAMED_FIELDS for item in history["items"]]
            if is_person(history.get("author")) and not any(
                reject.partition("-")[0] == history["id"] for reject in rejected
            ):
                seen += 1
                assert named[history["id"]] == sum(fields), history["id"]
                assert others[history["id"]] == len(fields) - sum(fields), history["id"]
            else:
                assert named[history["id"]] + others[history["id"]] == 0, history["id"]
    assert seen > 100


def test_a_burst_is_one_event_that_names_its_histories(issues: list[Json], events: list[Json]) -> None:
    created = {
        history["id"]: (
            datetime.fromisoformat(history["created"]),
            (history.get("author") or {}).get("accountId"),
        )
        for issue in issues
        for history in issue["changelog"]["histories"]
    }
    bursts = [row for row in events if row["event_type"] == "changelog"]
    long = 0
    for row in bursts:
        names = list(
            dict.fromkeys(str(change["history_id"]) for change in row["event_properties"]["changes"])
        )
        long += len(names) > 1
        assert row["event_id"] == f"{names[0]}-changelog"
        assert len({created[name][1] for name in names}) == 1
        last = max(created[name][0] for name in names)
        assert row["event_time_utc"].replace(tzinfo=UTC) == last
    assert long > 0


def test_people_appear_as_employees_or_pseudonyms_and_never_by_address(
    events: list[Json], shared_deployment: Deployment
) -> None:
    employees = {person.employee_id for person in shared_deployment.world.people if person.employee_id}
    known = {row["employee_id"] for row in events if row["employee_id"] in employees}
    others = {row["employee_id"] for row in events} - known

    assert known
    assert all(len(name) == 64 for name in others)
    written = json.dumps(events, default=str)
    assert [address for address in shared_deployment.world.emails if address in written] == []
