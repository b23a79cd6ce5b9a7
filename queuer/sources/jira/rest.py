"""Which issues of Jira itself were updated inside the window? Slices of time, cut by walking a search.

``updated`` is all that a search knows of an issue's last change. What a workflow migration changed
without moving it is read by a refresh: a run with an early start date.
"""

import time
from typing import Final

from pydantic import JsonValue

from queuer.models.params import BacklogPage, BacklogRequest
from temporaletl.errors import QueryError
from temporaletl.jira.connect import Jira, connect_jira
from temporaletl.jira.search import Place, count_ms, read_updated, settled_ms, walk_issues, whole_second

LIST_ISSUES: Final = 5000
"""Issues a request, of which nothing is asked but when they were updated; Jira lowers it as it likes."""

PAGE_SECONDS: Final = 60.0
"""A page of the backlog ends after so long, whatever it has: the next one goes on from there."""


def find_slices_over_rest(request: BacklogRequest, cursor: JsonValue) -> BacklogPage:
    """One page of slices of the issues updated in the window, oldest first.

    A slice spans the issues updated from ``updated_from`` on and before ``updated_to``, milliseconds
    since 1970 that lie on whole seconds; in a window that reaches to now the last one has no end
    (null), because an issue that is updated during the run moves there. The cursor is such a time too.
    """
    if cursor is not None and (not isinstance(cursor, int) or isinstance(cursor, bool)):
        raise QueryError(
            "the Jira backlog's cursor is not a time (was JIRA_BACKEND changed?): start the run anew"
        )
    end_ms = count_ms(request.window.end)
    reaches_now = end_ms > time.time_ns() // 1_000_000
    last_ms = None if reaches_now else end_ms
    start_ms = max(count_ms(request.window.start), 0) if cursor is None else cursor
    jira = connect_jira(request.connections, request.connections.pacer(request.source_kind_id))
    cuts, rest = _cut(jira, request, start_ms, last_ms)
    common: dict[str, JsonValue] = {
        "source_kind_id": request.source_kind_id,
        "date_start": request.window.date_start.isoformat(),
        "date_end": request.window.date_end.isoformat(),
    }
    params: list[dict[str, JsonValue]] = []
    for cut_ms, count in cuts:
        params.append({**common, "updated_from": start_ms, "updated_to": cut_ms, "count": count})
        start_ms = cut_ms
    if rest is None:
        return BacklogPage(params=params, cursor=start_ms)
    # An issue that was on an earlier page may have moved here since.
    if rest or cursor is not None:
        params.append({**common, "updated_from": start_ms, "updated_to": last_ms, "count": rest})
    return BacklogPage(params=params, cursor=None)


def _cut(
    jira: Jira, request: BacklogRequest, start_ms: int, end_ms: int | None
) -> tuple[list[tuple[int, int]], int | None]:
    """(where a slice ends, how many issues it spans), and how many come after; None: not known yet.

    Slices end between two seconds, and where the index tells what the issues tell.
    """
    cuts: list[tuple[int, int]] = []
    count, former_ms, began = 0, start_ms, time.monotonic()
    settled = settled_ms() if end_ms is None else min(settled_ms(), end_ms)
    size = min(LIST_ISSUES, request.job_size * request.max_params + 1)
    for page in walk_issues(jira, Place(start_ms), end_ms, fields=["updated"], size=size):
        for issue in page.issues:
            updated = read_updated(issue)
            if updated is not None and updated < settled and whole_second(updated) > former_ms:
                former_ms = whole_second(updated)
                if count >= request.job_size:
                    cuts.append((former_ms, count))
                    count = 0
                    late = time.monotonic() - began >= PAGE_SECONDS
                    if late or len(cuts) >= request.max_params:
                        return cuts, None
            count += 1
    return cuts, count
