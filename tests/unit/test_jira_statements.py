"""Backlog and extraction have one idea of an issue's id, and of its last change."""

import re

import pytest

from temporaletl.statements import read_statement

BACKLOG = read_statement("queuer.external.trino", "jira_slices.sql")
COUNT = read_statement("queuer.external.trino", "jira_without_id.sql")
RANGE = read_statement("worker.sources.jira.extract", "range.sql")
NAMED = read_statement("worker.sources.jira.extract", "named.sql")


def last_change(statement: str) -> list[str]:
    """The expressions that decide it, without their layout."""
    plain = flatten(statement)
    return [
        *re.findall(r"json_extract_scalar\(.*?\) AS \w+_text", plain),
        *re.findall(r"TRY_CAST\(.*?\) AS \w+", plain),
        *re.findall(r"greatest\(.*?\) AS last_change", plain),
    ]


def flatten(statement: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"--[^\n]*", "", statement))


@pytest.mark.parametrize("extraction", [RANGE, NAMED])
def test_backlog_and_extraction_agree_on_what_changed(extraction: str) -> None:
    assert len(last_change(BACKLOG)) >= 6
    assert last_change(extraction) == last_change(BACKLOG)


def test_backlog_and_extraction_agree_on_the_window() -> None:
    asked = [
        re.findall(r"WHERE updated IS NULL OR \(.*?\) AND .*?\)\)", flatten(one)) for one in (BACKLOG, RANGE)
    ]
    assert len(asked[0]) == 1
    assert asked[1] == asked[0]


@pytest.mark.parametrize("statement", [COUNT, RANGE, NAMED])
def test_all_statements_agree_on_what_an_id_is(statement: str) -> None:
    [pattern] = re.findall(r"regexp_like\(id, '.*?'\)", BACKLOG)
    assert re.findall(r"regexp_like\(id, '.*?'\)", statement) == [pattern]


@pytest.mark.parametrize("statement", [RANGE, NAMED])
def test_extraction_answers_each_issue_once(statement: str) -> None:
    newest = "row_number() OVER (PARTITION BY id ORDER BY last_change DESC NULLS LAST) AS place"
    assert newest in statement
    assert "WHERE place = 1" in statement
