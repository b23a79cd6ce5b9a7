"""Walk the issues that were updated in a slice of time, in that order, resumable at any place.

A place is told by times: from *start_ms* on, without the issues in *seen*. Places lie on whole seconds,
which is all that a Data Center's index knows. Of a second with very many issues a place names the last
ones only, with how many came before them; a Cloud's token leads there at once, as long as Jira knows it.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Final

from pydantic import JsonValue

from temporaletl.errors import QueryError, TransientError
from temporaletl.jira.connect import Jira, Json

MAX_EMPTY_PAGES: Final = 20
"""So many empty pages in a row, each with a token, are no search that goes on."""

INDEX_LAG_MS: Final = 300_000
"""For so long an index may place an issue at a former time than the issue itself tells."""

MAX_NAMED: Final = 50
"""So many issues of its second does a place name."""

OVERLAP: Final = 5
"""So many last issues of a page say together how far a walk came. The page at the next offset begins with
them again: offsets move when an issue before them leaves."""

PAGES_BACK: Final = 20
"""So many pages a walk goes back for an issue that was met, one by one; then it begins at the first again."""

MAX_RESTARTS: Final = 100
"""How often in a row a walk goes back because more issues moved than it asked for again."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a walk goes on.

    Attributes:
        start_ms: issues updated from this second on are left,
        seen: but for those with these ids,
        count: and those before them: how many issues of the second were met in all, where *seen* names
            only the last of them.
        last_ms: the latest time that one of *seen* told; one that tells a later time has changed since.
        reached_ms: the walk came to this time; one of *seen* that tells a later time may lie anywhere.
        token: the Cloud's token of what comes then,
        token_ms: in a search that began at this time.
    """

    start_ms: int
    seen: tuple[str, ...] = ()
    count: int = 0
    last_ms: int | None = None
    reached_ms: int | None = None
    token: str | None = None
    token_ms: int | None = None


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


def settled_ms() -> int:
    """Times before this one are in the index as the issues tell them."""
    return time.time_ns() // 1_000_000 - INDEX_LAG_MS


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
    reached_ms = max(place.start_ms + 999, place.reached_ms or 0)
    seen: dict[str, int | None] = dict.fromkeys(place.seen, place.last_ms)
    count = place.count or len(seen)
    walk = _Walk(jira, end_ms, place.start_ms, seen, reached_ms, count, knows_all=not place.count)
    question: dict[str, JsonValue] = {"maxResults": size, "fields": list(fields)}
    if jira.is_cloud:
        yield from _walk_by_token(walk, {**question, **({"expand": expand} if expand else {})}, place)
    else:
        yield from _walk_by_offset(walk, {**question, **({"expand": [expand]} if expand else {})})


@dataclass(slots=True)
class _Walk:
    """How far a walk came.

    Attributes:
        start_ms: from here on something is left.
        seen: the issues from there on that were met, with the time they told then.
        reached_ms: the walk came to this time. An issue that tells a later one may lie anywhere.
        count: how many issues from there on lie before the place.
        knows_all: all of them are in *seen*; not where the walk was resumed amid a second.
    """

    jira: Jira
    end_ms: int | None
    start_ms: int
    seen: dict[str, int | None]
    reached_ms: int
    count: int
    knows_all: bool

    def ask_from(self, start_ms: int) -> str:
        """The JQL of the issues updated from *start_ms* on."""
        given = self.jira.settings.jql
        parts = [f"({given})"] if given else []
        parts.append(f"updated >= {start_ms}")
        if self.end_ms is not None:
            parts.append(f"updated < {self.end_ms}")
        return " AND ".join(parts) + " ORDER BY updated ASC, key ASC"

    def place(self, token: str | None = None, token_ms: int | None = None) -> Place:
        """Where the walk is; the token is kept only where names do not tell it."""
        names = tuple(islice(reversed(self.seen), MAX_NAMED))[::-1]
        last_ms = max((moment for name in names if (moment := self.seen[name]) is not None), default=None)
        if self.knows_all and len(self.seen) == len(names):
            return Place(self.start_ms, names, last_ms=last_ms)
        token_ms = None if token is None else token_ms
        return Place(self.start_ms, names, self.count, last_ms, self.reached_ms, token, token_ms)

    def take(self, issues: Sequence[Json], first: int = 0) -> tuple[Json, ...]:
        """Those of a page, from its issue number *first* on, that were not met as they are now."""
        fresh: dict[str, Json] = {}
        for issue in issues[first:]:
            if not self._was_met(issue):
                issue_id = str(issue.get("id"))
                fresh[issue_id] = issue
                self.seen.pop(issue_id, None)
                self.seen[issue_id] = read_updated(issue)
        self.count += len(fresh)
        self._advance(issues)
        return tuple(fresh.values())

    def find_met(self, issues: Sequence[Json]) -> int | None:
        """Where the first issue is that was met and did not move since: all before it were met too."""
        for at, issue in enumerate(issues):
            if self._was_met(issue) and (read_updated(issue) or 0) <= self.reached_ms:
                return at
        return None

    def _was_met(self, issue: Json) -> bool:
        issue_id = str(issue.get("id"))
        if issue_id not in self.seen:
            return False
        now, then = read_updated(issue), self.seen[issue_id]
        return now is None or then is None or now <= then

    def _advance(self, page: Sequence[Json]) -> None:
        # An issue may tell a later time than the one it was found by; hardly all of the last ones do.
        told = [moment for issue in page[-OVERLAP:] if (moment := read_updated(issue)) is not None]
        if not told:
            return
        start_ms = whole_second(min(told))
        self.reached_ms = max(self.reached_ms, start_ms + 999)
        limit = settled_ms() if self.end_ms is None else min(settled_ms(), self.end_ms)
        if self.start_ms < start_ms < limit:
            self.start_ms = start_ms
            self.seen = {
                name: moment for name, moment in self.seen.items() if moment is None or moment >= start_ms
            }
            self.count, self.knows_all = len(self.seen), True


def _walk_by_token(walk: _Walk, question: dict[str, JsonValue], place: Place) -> Iterator[IssuePage]:
    token, asked_ms = place.token, walk.start_ms if place.token_ms is None else place.token_ms
    # Without a token, what was met before the place and is not known any more is passed over.
    passed = None if token is not None or walk.knows_all else 0
    former: set[str] = set()
    empty, may_expire = 0, token is not None
    while True:
        given: dict[str, JsonValue] = {} if token is None else {"nextPageToken": token}
        try:
            page = walk.jira.post("search/jql", {"jql": walk.ask_from(asked_ms), **question, **given})
        except QueryError:
            if token is None or not may_expire:
                raise
            # The token has expired: what is left is found by time.
            token, asked_ms, may_expire = None, walk.start_ms, False
            passed = None if walk.knows_all else 0
            former.clear()
            continue
        issues = _list_issues(walk.jira, page, "search/jql")
        following = page.get("nextPageToken")
        if following and not isinstance(following, str):
            raise walk.jira.unreadable("search/jql")
        if not following and page.get("isLast") is False:
            raise walk.jira.unreadable("search/jql")
        is_last = not following or page.get("isLast") is True
        empty = 0 if issues else empty + 1
        if passed is not None:
            met = walk.find_met(issues)
            if met is None and (is_last or passed > walk.count):
                # All that the place names have moved: what was met is met again.
                token, passed, walk.knows_all = None, None, True
                former.clear()
                continue
            passed = passed + len(issues) if met is None else None
        else:
            met = 0
        taken = () if met is None else walk.take(issues, met)
        if taken:
            may_expire = True
            yield IssuePage(taken, walk.place(token if is_last else following, asked_ms))
        if is_last:
            return
        if following in former or empty >= MAX_EMPTY_PAGES:
            raise _in_circles("repeats a page's token" if following in former else "sends empty pages")
        former.add(following)
        token = following


def _walk_by_offset(walk: _Walk, question: dict[str, JsonValue]) -> Iterator[IssuePage]:
    first_ms = start_ms = walk.start_ms
    # Where all that was met is known, the issues before the place cost less than a wrong offset.
    first = offset = 0 if walk.knows_all else max(0, walk.count - OVERLAP)
    page_size, restarts = OVERLAP, 0
    shown, counted = set[str](), None
    while True:
        page = walk.jira.post("search", {"jql": walk.ask_from(start_ms), "startAt": offset, **question})
        issues = _list_issues(walk.jira, page, "search")
        total = _read_total(walk.jira, page)
        counted = total if counted is None else counted
        met = walk.find_met(issues)
        if met is None and offset > 0:
            # More left the issues before the offset than overlap: as many moved past it unseen.
            restarts, page_size = restarts + 1, max(page_size, len(issues))
            offset = 0 if restarts % PAGES_BACK == 0 else max(0, min(offset, total) - page_size)
            first = min(first, offset)
            if restarts > MAX_RESTARTS:
                raise _in_circles("moves under our pages")
            continue
        shown.update(str(issue.get("id")) for issue in issues)
        walk.knows_all = walk.knows_all or met is None
        taken = walk.take(issues, 0 if walk.knows_all or met is None else met)
        if walk.start_ms == start_ms:
            walk.count = offset + len(issues)
        if taken:
            restarts = 0
            yield IssuePage(taken, walk.place())
        if offset + len(issues) >= total:
            break
        if not issues:
            raise _falls_short()
        if walk.start_ms > start_ms:
            # By time, not by offset: an issue that is updated meanwhile would move all after it.
            offset, start_ms = 0, walk.start_ms
        else:
            offset += max(1, len(issues) - OVERLAP)
    if first + len(shown) < counted:
        _check_count(walk, first_ms, question, first + len(shown))


def _check_count(walk: _Walk, start_ms: int, question: dict[str, JsonValue], met: int) -> None:
    """Raise TransientError where Jira still counts more issues than were *met*: none of them left."""
    page = walk.jira.post(
        "search", {**question, "jql": walk.ask_from(start_ms), "startAt": 0, "maxResults": 1}
    )
    if _read_total(walk.jira, page) > met:
        raise _falls_short()


def _read_total(jira: Jira, page: Json) -> int:
    total = page.get("total")
    if not isinstance(total, int):
        raise jira.unreadable("search")
    return total


def _list_issues(jira: Jira, page: object, path: str) -> list[Json]:
    issues = page.get("issues") if isinstance(page, dict) else None
    if not isinstance(issues, list) or not all(isinstance(issue, dict) for issue in issues):
        raise jira.unreadable(path)
    return issues


def _falls_short() -> TransientError:
    return TransientError(
        "Jira's search counts more issues than it shows; it is asked again. If it stays so, Jira's index is"
        " damaged: have an administrator build it anew"
    )


def _in_circles(what: str) -> QueryError:
    return QueryError(f"Jira's search {what}: run it again, and narrow JIRA_JQL or the window if it stays so")
