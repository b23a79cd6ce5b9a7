"""How are Jira issues fetched? From the lake or from Jira itself: the same documents either way."""

from collections.abc import Iterator

from pydantic import JsonValue

from temporaletl.contract import Page
from temporaletl.jira.settings import JiraBackendSettings
from worker.models.extract import extract_method
from worker.sources.jira.extract.lake import extract_from_lake
from worker.sources.jira.extract.rest import extract_over_rest
from worker.sources.jira.query import JiraQuery


@extract_method("jira-issues", needs=(JiraBackendSettings,))
def extract_issues(query: JiraQuery, cursor: JsonValue) -> Iterator[Page]:
    """The issues of *query*, whole, from where JIRA_BACKEND says.

    Issues that were named and cannot be had are skipped and counted: their absence deletes nothing.
    """
    if query.connections.settings(JiraBackendSettings).backend == "rest":
        yield from extract_over_rest(query, cursor)
    else:
        yield from extract_from_lake(query, cursor)
