"""Which Jira issues changed inside the window? Slices of them, cut in the lake or over REST."""

from pydantic import JsonValue

from queuer.models.params import BacklogPage, BacklogRequest, params_method
from queuer.sources.jira.lake import find_slices_in_lake
from queuer.sources.jira.rest import find_slices_over_rest
from temporaletl.jira.settings import JiraBackendSettings


@params_method("jira", needs=(JiraBackendSettings,))
def find_changed_slices(request: BacklogRequest, cursor: JsonValue) -> BacklogPage:
    """One page of slices of the issues that changed in the window, from where JIRA_BACKEND says."""
    if request.connections.settings(JiraBackendSettings).backend == "rest":
        return find_slices_over_rest(request, cursor)
    return find_slices_in_lake(request, cursor)
