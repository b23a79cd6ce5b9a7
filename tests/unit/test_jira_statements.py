"""Backlog and extraction have one idea of an issue's last change."""

import re

from temporaletl.trino import read_statement


def last_change(statement: str) -> list[str]:
    """The expressions that decide it, without their layout."""
    plain = re.sub(r"\s+", " ", re.sub(r"--[^\n]*", "", statement))
    return [
        *re.findall(r"json_extract_scalar\(.*?\) AS \w+_text", plain),
        *re.findall(r"coalesce\( TRY.*?\) AS \w+", plain),
        *re.findall(r"greatest\(.*?\) AS last_change", plain),
        *re.findall(r"WHERE updated IS NULL OR \(.*?\) AND .*?\)\)?", plain),
    ]


def test_backlog_and_extraction_agree_on_what_changed() -> None:
    backlog = last_change(read_statement("queuer.external.trino", "jira_slices.sql"))
    extraction = last_change(read_statement("worker.sources.jira.extract", "range.sql"))
    assert len(backlog) >= 7
    assert backlog == extraction
