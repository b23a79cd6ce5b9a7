"""A page of the backlog becomes jobs, or says at once what in it can be none."""

import pytest

import queuer.sources.jira.inputs
import queuer.sources.launchpad.inputs
import queuer.sources.salesforce.inputs  # noqa: F401 - imported to be registered
from queuer.models.activities import make_page
from queuer.models.params import BacklogPage, Params
from temporaletl.errors import QueryError

WINDOW: Params = {"source_kind_id": "x", "date_start": "2026-01-01", "date_end": "2026-01-02"}


def slice_of(plugin: str, name: str) -> Params:
    """A backlog parameter of *plugin* that names *name*."""
    if plugin == "launchpad":
        return {**WINDOW, "event_type": "bugs", "member": name}
    return {**WINDOW, "after": None, "upto": name}


@pytest.mark.parametrize("plugin", ["jira", "launchpad", "salesforce"])
def test_a_page_has_a_job_for_each_slice(plugin: str) -> None:
    page = make_page(plugin, BacklogPage([slice_of(plugin, "1"), slice_of(plugin, "2")], cursor="2"))

    assert (len(page.jobs), page.cursor) == (2, "2")


@pytest.mark.parametrize("plugin", ["jira", "launchpad", "salesforce"])
@pytest.mark.parametrize("name", ["1\0", "1\ud800"])
def test_a_name_that_nobody_can_store_is_refused_for_good(plugin: str, name: str) -> None:
    with pytest.raises(QueryError, match=f"backlog of {plugin} .* args: holds a NUL or half of a character"):
        make_page(plugin, BacklogPage([slice_of(plugin, name)], cursor=None))
