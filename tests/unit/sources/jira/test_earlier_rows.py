"""A row of the earlier tool says which issue it belongs to."""

import pytest

from worker.sources.jira.query import JiraQuery


@pytest.mark.parametrize(
    ("issue_id", "document"),
    [("10001", "issues:10001"), (10001, "issues:10001"), (None, None), ("", None), (True, None), ([], None)],
)
def test_the_issue_of_a_row_is_its_issue_id(issue_id: object, document: str | None) -> None:
    assert JiraQuery.name_document({"issue_id": issue_id, "id": 7}) == document  # type: ignore[dict-item]
    assert JiraQuery.name_document({}) is None
