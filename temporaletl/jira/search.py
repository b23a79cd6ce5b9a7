"""Which issues were updated in a slice of time? A walk in that order, resumable at any place.

A page's token ends with the walk, so a place is told by times: from *start_ms* on, without the issues in
*seen*. Places lie on whole seconds, which is all that a Data Center's index knows.
"""

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from pydantic import JsonValue

from temporaletl.errors import QueryError
from temporaletl.jira.connect import Jira, Json

MAX_EMPTY_PAGES: Final = 20
"""So many empty pages in a row, each with a token, are no search that goes on."""

INDEX_LAG_MS: Final = 300_000
"""For so long the Cloud's index may place an issue at a former time than the issue itself tells."""

OVERLAP: Final = 5
"""Offsets move when an issue leaves the issues before them: so many are asked for again."""

MAX_RESTARTS: Final = 100
"""How often the issues of one second are asked for anew because they moved."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a walk goes on: at *start_ms*, without the issues in *seen* (ids)."""

    start_ms: int
    seen: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class IssuePage:
    """Issues as Jira shows them, none of them twice, and the place after them."""

    issues: tuple[Json, ...]
    place: Place


def count_ms(moment: datetime) -> int:
    """Milliseconds since 1970."""
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def whole_second(moment_ms: int) -> int:
    """The beginning of a moment's second, in milliseconds."""
    return moment_ms - moment_ms % 1000


def read_updated(issue: Json) -> int | None:
    """When an issue says it was updated, in milliseconds since 1970; None where it cannot be read."""
    fields = issue.get("fields")
    text = fields.get("updated") if isinstance(fields, dict) else None
    try:
        return count_ms(datetime.fromisoformat(text)) if isinstance(text, str) else None
    except (ValueError, TypeError):
        return None


def settled_ms(jira: Jira) -> int:
    """Times before this one are in the index as the issues tell them."""
    now_ms = time.time_ns() // 1_000_000
    return now_ms - INDEX_LAG_MS if jira.is_cloud else now_ms + INDEX_LAG_MS


def walk_issues(
    jira: Jira,
    place: Place,
    end_ms: int | None,
    *,
    fields: Sequence[str],
    expand: str = "",
    size: int,
) -> Iterator[IssuePage]:
    """The issues updated from *place* on and before *end_ms* (None: to the last one), in that order.

    Pages of at most *size* issues, which Jira may lower; *fields* must have ``updated``. An issue that is
    updated meanwhile moves to the end, where it may be met again. Raises QueryError when Jira's paging
    goes round in circles, and as Jira does.
    """
    walk = _Walk(jira, end_ms, place.start_ms, dict.fromkeys(place.seen))
    question: dict[str, JsonValue] = {"maxResults": size, "fields": list(fields)}
    if jira.is_cloud:
        yield from _walk_by_token(walk, {**question, **({"expand": expand} if expand else {})})
    else:
        yield from _walk_by_offset(walk, {**question, **({"expand": [expand]} if expand else {})})


@dataclass(slots=True)
class _Walk:
    """How far a walk came: *seen* are the issues from *start_ms* on, with the time they told."""

    jira: Jira
    end_ms: int | None
    start_ms: int
    seen: dict[str, int | None] = field(default_factory=dict)

    @property
    def jql(self) -> str:
        """What is left to find."""
        given = self.jira.settings.jql
        parts = [f"({given})"] if given else []
        parts.append(f"updated >= {self.start_ms}")
        if self.end_ms is not None:
            parts.append(f"updated < {self.end_ms}")
        return " AND ".join(parts) + " ORDER BY updated ASC, key ASC"

    def take(self, issues: Iterable[Json]) -> IssuePage | None:
        """The page of those that were not seen yet; None where there are none."""
        fresh: dict[str, Json] = {}
        for issue in issues:
            issue_id = str(issue.get("id"))
            if issue_id not in self.seen:
                fresh[issue_id] = issue
                self.seen[issue_id] = read_updated(issue)
        if not fresh:
            return None
        self._advance(fresh)
        return IssuePage(tuple(fresh.values()), Place(self.start_ms, tuple(self.seen)))

    def _advance(self, fresh: Iterable[str]) -> None:
        # An issue that tells a later time than the one it was found by says nothing about the others.
        limit = settled_ms(self.jira)
        limit = limit if self.end_ms is None else min(limit, self.end_ms)
        told = [moment for name in fresh if (moment := self.seen[name]) is not None and moment < limit]
        start_ms = max([self.start_ms, *map(whole_second, told)])
        if start_ms > self.start_ms:
            self.start_ms = start_ms
            self.seen = {
                name: moment for name, moment in self.seen.items() if moment is None or moment >= start_ms
            }


def _walk_by_token(walk: _Walk, question: dict[str, JsonValue]) -> Iterator[IssuePage]:
    token, jql = None, walk.jql
    former: set[str] = set()
    empty, found = 0, 0
    while True:
        given: dict[str, JsonValue] = {} if token is None else {"nextPageToken": token}
        try:
            page = walk.jira.post("search/jql", {"jql": jql, **question, **given})
        except QueryError:
            if token is None or not found:
                raise
            # The token has expired: what is left is found by time.
            token, jql, found = None, walk.jql, 0
            continue
        issues = _list_issues(walk.jira, page, "search/jql")
        taken = walk.take(issues)
        if taken is not None:
            found += len(taken.issues)
            yield taken
        following = page.get("nextPageToken")
        if not following and page.get("isLast") is False:
            raise walk.jira.unreadable("search/jql")
        if following and not isinstance(following, str):
            raise walk.jira.unreadable("search/jql")
        if not following or page.get("isLast") is True:
            return
        empty = 0 if issues else empty + 1
        if following in former or empty >= MAX_EMPTY_PAGES:
            raise _in_circles("repeats a page's token" if following in former else "sends empty pages")
        former.add(following)
        token = following


def _walk_by_offset(walk: _Walk, question: dict[str, JsonValue]) -> Iterator[IssuePage]:
    offset, start_ms, jql = 0, walk.start_ms, walk.jql
    met, restarts = set[object](), 0
    while True:
        page = walk.jira.post("search", {"jql": jql, "startAt": offset, **question})
        issues = _list_issues(walk.jira, page, "search")
        total = page.get("total")
        if not isinstance(total, int):
            raise walk.jira.unreadable("search")
        if offset > 0 and (not issues or issues[0].get("id") not in met):
            # More left the issues before the offset than overlap: as many moved past it unseen.
            offset, restarts = 0, restarts + 1
            if restarts > MAX_RESTARTS:
                raise _in_circles("moves under our pages")
            continue
        met.update(issue.get("id") for issue in issues)
        taken = walk.take(issues)
        if taken is not None:
            yield taken
        if offset + len(issues) >= total:
            return
        if not issues:
            raise _in_circles(f"counts {total} issues and shows none after {offset}")
        if walk.start_ms > start_ms:
            # By time, not by offset: an issue that is updated meanwhile would move all after it.
            offset, start_ms, jql, met = 0, walk.start_ms, walk.jql, set()
        else:
            offset += max(1, len(issues) - OVERLAP)


def _list_issues(jira: Jira, page: object, path: str) -> list[Json]:
    issues = page.get("issues") if isinstance(page, dict) else None
    if not isinstance(issues, list) or not all(isinstance(issue, dict) for issue in issues):
        raise jira.unreadable(path)
    return issues


def _in_circles(what: str) -> QueryError:
    return QueryError(f"Jira's search {what}: run it again, and narrow JIRA_JQL or the window if it stays so")
