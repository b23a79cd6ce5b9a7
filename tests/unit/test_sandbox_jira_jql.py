"""The JQL of the sandbox's Jira."""

import re
from zoneinfo import ZoneInfo

import pytest

from scripts.sandbox.jira.catalogue import Entry
from scripts.sandbox.jira.jql.parse import Question, parse_jql
from scripts.sandbox.jira.jql.words import JqlError

NOON = 1_775_044_800_000
"""2026-04-01 12:00 UTC, which is 08:00 in New York."""
HOUR = 3_600_000

ENTRIES = [
    Entry(1, "PR1-1", "PR1", "Project 1", created_ms=NOON - 9 * HOUR, updated_ms=NOON),
    Entry(2, "PR2-2", "PR2", "Project 2", created_ms=NOON - 8 * HOUR, updated_ms=NOON - HOUR),
    Entry(3, "PR1-3", "PR1", "Project 1", created_ms=NOON - 7 * HOUR, updated_ms=NOON + HOUR),
    Entry(4, "PR1-4", "PR1", "Project 1", created_ms=NOON - 6 * HOUR, updated_ms=NOON),
]


def parse(jql: str, zone: str = "UTC") -> Question:
    known = {name: entry for entry in ENTRIES for name in (entry.key, str(entry.id))}
    return parse_jql(jql, ZoneInfo(zone), known.get, ("PR1", "Project 1", "PR2", "Project 2"))


def ask(jql: str, zone: str = "UTC") -> list[int]:
    question = parse(jql, zone)
    matches = question.matches
    return [e.number for e in sorted(ENTRIES, key=question.place) if matches is None or matches(e)]


@pytest.mark.parametrize(
    ("jql", "numbers"),
    [
        ("project = PR2", [2]),
        ("project != PR1", [2]),
        ('PROJECT in ("project 1") order by id', [1, 3, 4]),
        ("project not in (PR1)", [2]),
        (f"updated >= {NOON} ORDER BY updated ASC, id DESC", [4, 1, 3]),
        (f"updated >= {NOON} AND updated < {NOON + 1} ORDER BY key", [1, 4]),
        (f"updatedDate <= {NOON - HOUR}", [2]),
        ('updated > "2026/04/01 12:00"', [3]),
        ("updated >= '2026-04-01 12:00' ORDER BY updated", [3, 1, 4]),
        ('created < "2026-04-01" OR key = PR1-4', [4]),
        ("id in (9501, PR1-4) ORDER BY created DESC", [4, 1]),
        ("id >= 9503 ORDER BY id ASC", [3, 4]),
        ("NOT (project = PR1 OR key = PR2-2)", []),
        ("project = PR2 OR project = PR1 AND key = PR1-3 ORDER BY id", [2, 3]),
        ("", [4, 3, 2, 1]),
        ("ORDER BY created", [4, 3, 2, 1]),
    ],
)
def test_a_query_finds_its_issues_in_its_order(jql: str, numbers: list[int]) -> None:
    assert ask(jql) == numbers


def test_a_bare_time_is_of_the_accounts_zone() -> None:
    assert ask('updated > "2026-04-01 08:00"', "America/New_York") == [3]
    assert ask(f"updated > {NOON}", "America/New_York") == [3]


def test_a_query_without_a_restriction_says_so() -> None:
    assert parse("ORDER BY updated").matches is None
    assert parse("project = PR1").matches is not None


def test_issues_that_are_not_there_are_named() -> None:
    question = parse("id in (9501, 4711) OR key = GONE-1")
    assert question.unknown == (
        "A value with ID '4711' does not exist for the field 'id'.",
        "An issue with key 'GONE-1' does not exist for field 'key'.",
    )


@pytest.mark.parametrize(
    ("jql", "message"),
    [
        ("assignee = ana", "Field 'assignee' does not exist"),
        ("project = NONE", "The value 'NONE' does not exist for the field 'project'."),
        ("project > PR1", "The operator '>' is not supported by the 'project' field."),
        (f"updated in ({NOON})", "The operator 'in' is not supported by the 'updated' field."),
        ('updated >= "soon"', "Date value 'soon' for field 'updated' is invalid."),
        ('updated >= "2026-04-01T12:00:00Z"', "Date value '2026-04-01T12:00:00Z'"),
        ("updated >= -7d", "Date value '-7d'"),
        ('id in ("9501")', "The issue key '9501' for field 'id' is invalid."),
        ("project = PR1 ORDER BY summary", "Not able to sort using field 'summary'."),
        ("project = PR1 ORDER updated", "Expecting 'by' but got 'updated'. (line 1, character 21)"),
        ("project = PR1 project = PR2", "Expecting either 'OR' or 'AND' but got 'project'."),
        ("project in (PR1", "Expecting ')' before the end of the query."),
        ("project in ()", "Expecting a value but got ')'."),
        ("project PR1", "Expecting operator but got 'PR1'."),
        ("project =", "Expecting a value before the end of the query."),
        ('project = "PR1', "The character at position 10 cannot be read."),
        ("project = PR1 ORDER BY " + ", ".join(["id"] * 8), "at most 7 fields"),
    ],
)
def test_anything_else_is_refused_in_jiras_words(jql: str, message: str) -> None:
    with pytest.raises(JqlError, match=re.escape(message)):
        parse(jql)
