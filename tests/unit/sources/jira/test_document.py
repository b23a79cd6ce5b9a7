"""A lake row becomes a whole document, or says why it is none."""

import json
import sys
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from temporaletl.contract import Document, DocumentReject
from worker.sources.jira.document import read_issue, read_row

COMMENTS = '"comment": {"comments": [], "total": 0}'
FIELDS = f'{{"updated": "2025-01-02T00:00:00.000+0000", {COMMENTS}}}'
CHANGELOG = '{"histories": []}'


def _read(
    issue_id: object = "1", key: object = "K-1", fields: object = FIELDS, changelog: object = CHANGELOG
) -> Document | DocumentReject:
    return read_row(issue_id, key, "https://jira.example.com/rest/api/3/issue/1", fields, changelog)


def test_a_row_becomes_a_document_with_its_json_parsed() -> None:
    document = _read()
    assert document == Document(
        "issues:1",
        datetime(2025, 1, 2, tzinfo=UTC),
        {
            "id": "1",
            "key": "K-1",
            "self": "https://jira.example.com/rest/api/3/issue/1",
            "fields": json.loads(FIELDS),
            "changelog": {"histories": []},
        },
    )


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"issue_id": None}, "no id"),
        ({"issue_id": " "}, "no id"),
        ({"fields": None}, "fields missing"),
        ({"fields": ""}, "fields not JSON"),
        ({"fields": '{"updated":'}, "fields not JSON"),
        ({"fields": 7}, "fields not JSON"),
        ({"fields": "[]"}, "fields not an object"),
        ({"fields": "null"}, "fields missing"),
        ({"fields": "[" * 100_000}, "fields not JSON"),
        ({"changelog": None}, "changelog missing"),
        ({"changelog": "nonsense"}, "changelog not JSON"),
        ({"changelog": "[]"}, "changelog not an object"),
        ({"changelog": "{}"}, "changelog without histories"),
        ({"changelog": '{"histories": {}}'}, "changelog without histories"),
        ({"fields": "{}"}, "comments missing"),
        ({"fields": '{"comment": null}'}, "comments missing"),
        ({"fields": '{"comment": []}'}, "comments not an object"),
        ({"fields": '{"comment": {}}'}, "comments not a list"),
        ({"fields": '{"comment": {"total": 0, "comments": null}}'}, "comments not a list"),
        ({"fields": f'{{{COMMENTS}, "worklog": {{"worklogs": 3}}}}'}, "worklogs not a list"),
    ],
)
def test_a_row_that_cannot_be_had_whole_is_a_reject(row: dict[str, Any], reason: str) -> None:
    found = _read(**row)
    assert isinstance(found, DocumentReject)
    assert found.reason == reason
    assert found.document_id == (None if "issue_id" in row else "issues:1")


@pytest.mark.parametrize(
    ("fields", "changelog", "reason"),
    [
        ('{"comment": {"total": 2, "comments": [{}]}}', CHANGELOG, "comments incomplete"),
        (f'{{{COMMENTS}, "worklog": {{"total": 1, "worklogs": []}}}}', CHANGELOG, "worklogs incomplete"),
        (FIELDS, '{"total": 41, "histories": []}', "histories incomplete"),
        (FIELDS, '{"total": 2, "histories": [{"id": "1"}, {"id": "1"}]}', "histories incomplete"),
        ('{"comment": {"total": 2, "comments": [{"id": 1}, {"id": "1"}]}}', CHANGELOG, "comments incomplete"),
        (
            f'{{{COMMENTS}, "worklog": {{"total": 2, "worklogs": [{{"id": "1"}}, {{"id": "1"}}]}}}}',
            CHANGELOG,
            "worklogs incomplete",
        ),
    ],
)
def test_a_list_short_of_its_total_is_a_reject(fields: str, changelog: str, reason: str) -> None:
    found = _read(fields=fields, changelog=changelog)
    assert isinstance(found, DocumentReject)
    assert found.reason == reason


@pytest.mark.parametrize("worklog", ["", ', "worklog": null'])
def test_where_time_is_not_tracked_there_is_no_worklog(worklog: str) -> None:
    assert isinstance(_read(fields=f"{{{COMMENTS}{worklog}}}"), Document)


def test_the_last_change_is_the_latest_of_updated_and_every_history() -> None:
    histories = [
        {"created": "2025-01-03T00:00:00.000+0000"},
        {"created": "2026-05-01 00:00:00.000 UTC"},
        {"created": "nonsense"},
        None,
    ]
    document = _read(changelog=json.dumps({"histories": histories}))
    assert document.updated == datetime(2026, 5, 1, tzinfo=UTC)  # type: ignore[union-attr]


def test_the_last_change_is_unknown_where_nothing_can_be_read() -> None:
    document = _read(fields=f'{{"updated": "soon", {COMMENTS}}}')
    assert isinstance(document, Document)
    assert document.updated is None


DEEP = pytest.param(
    "[" * 1500 + "]" * 1500,
    marks=pytest.mark.skipif(
        sys.version_info < (3, 13), reason="Python 3.12 reads JSON to a depth of 1,000: deeper is a reject"
    ),
)


@pytest.mark.parametrize("odd", ['"\\ud800"', "NaN", DEEP])
def test_json_that_the_fast_parser_refuses_is_read_all_the_same(odd: str) -> None:
    assert isinstance(_read(fields=f'{{"a": {odd}, {COMMENTS}}}'), Document)


def test_a_reject_shows_no_text_of_the_document() -> None:
    found = _read(fields='{"summary": "secret words"')
    assert "secret" not in repr(found)


def test_an_issue_of_the_rest_interface_is_the_same_document_as_its_row(example: dict[str, Any]) -> None:
    row = read_row(
        example["id"],
        example["key"],
        example["self"],
        json.dumps(example["fields"]),
        json.dumps(example["changelog"]),
    )
    assert read_issue(example) == row


@given(st.lists(st.one_of(st.none(), st.text(), st.integers(), st.binary()), min_size=5, max_size=5))
def test_any_row_is_answered(row: list[object]) -> None:
    assert isinstance(read_row(*row), Document | DocumentReject)
