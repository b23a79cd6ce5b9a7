"""Is every comment, worklog and history of an issue there? What Jira cut off is fetched, and counted.

A search shows the first comments and worklogs and the last histories of an issue, and how many it has.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pydantic import JsonValue

from temporaletl.errors import QueryError
from temporaletl.jira.connect import Absence, Jira, Json

PART_SIZE: Final = 1000
BULK_ISSUES: Final = 1000
MAX_READINGS: Final = 3
"""A list that changes while it is paged is read again, so often at most."""


@dataclass(frozen=True, slots=True)
class Completed:
    """Issues with all that Jira gave of their lists; *skipped* counts those that went meanwhile."""

    issues: tuple[Json, ...]
    skipped: Mapping[str, int]


def find_unproven(issue: Json) -> str | None:
    """Which list of an issue is short of its total or tells none; None where all are proven complete."""
    fields = issue.get("fields")
    holders = [("histories", issue.get("changelog"))]
    if isinstance(fields, dict):
        holders += [("comments", fields.get("comment")), ("worklogs", fields.get("worklog"))]
    return next((name for name, holder in holders if holder is not None and not _proven(holder, name)), None)


def complete_issues(jira: Jira, issues: Sequence[Json]) -> Completed:
    """*issues* with their lists fetched where they were cut off.

    A list that stays short is left so: find_unproven names it. Raises as Jira does.
    """
    bulk = _read_changelogs(jira, [issue for issue in issues if _is_cut(issue)]) if jira.is_cloud else {}
    whole: list[Json] = []
    skipped = Counter[str]()
    for issue in issues:
        found = _complete(jira, issue, bulk.get(str(issue.get("id")), ()))
        if isinstance(found, Absence):
            skipped[found.value] += 1
        else:
            whole.append(found)
    return Completed(tuple(whole), dict(skipped))


def _complete(jira: Jira, issue: Json, histories: Sequence[Json]) -> Json | Absence:
    issue_id, fields = issue.get("id"), issue.get("fields")
    if not isinstance(fields, dict):
        return issue
    lists: Json = {}
    for name, entries in (("comment", "comments"), ("worklog", "worklogs")):
        holder = fields.get(name)
        if _proven(holder, entries):
            continue
        # Absent is not empty: only the list itself proves that. A site without time tracking has none.
        read = _read_list(jira, f"issue/{issue_id}/{name}", entries)
        if isinstance(read, Absence) and holder is None:
            continue
        if isinstance(read, Absence):
            return read
        lists[name] = {entries: read[0], "total": read[1], "maxResults": len(read[0]), "startAt": 0}
    changelog = _merge(issue.get("changelog"), histories)
    if jira.is_cloud and not _proven(changelog, "histories"):
        read = _read_list(jira, f"issue/{issue_id}/changelog", "values")
        if isinstance(read, Absence):
            return read
        changelog = {"histories": read[0], "total": read[1], "maxResults": len(read[0]), "startAt": 0}
    return {**issue, "fields": {**fields, **lists}, "changelog": changelog}


def _is_cut(issue: Json) -> bool:
    """Whether histories are missing, and how many there are is known (bulk answers tell no total)."""
    changelog = issue.get("changelog")
    has_total = isinstance(changelog, dict) and isinstance(changelog.get("total"), int)
    return has_total and not _proven(changelog, "histories")


def _proven(holder: object, name: str) -> bool:
    if not isinstance(holder, dict):
        return False
    entries, total = holder.get(name), holder.get("total")
    return isinstance(entries, list) and isinstance(total, int) and len(_by_id(entries)) >= total


def _by_id(entries: Sequence[object]) -> dict[object, object]:
    """Entries by their id; those without one are each for themselves."""
    ids = (entry.get("id") if isinstance(entry, dict) else None for entry in entries)
    return {object() if key is None else key: entry for key, entry in zip(ids, entries, strict=True)}


def _merge(changelog: object, histories: Sequence[Json]) -> object:
    if not isinstance(changelog, dict) or not histories:
        return changelog
    shown = changelog.get("histories")
    # The embedded ones last: their times are spelled as everywhere else.
    merged = _by_id(histories) | _by_id(shown if isinstance(shown, list) else [])
    return {**changelog, "histories": list(merged.values())}


def _read_list(jira: Jira, path: str, name: str) -> tuple[list[object], int | None] | Absence:
    """A whole list, and how many entries Jira says it has.

    Entries move up when one before them is deleted between two pages: as long as the count changes, the
    list is read again.
    """
    entries: dict[object, object] = {}
    total: int | None = None
    for _ in range(MAX_READINGS):
        entries, totals = {}, set[int | None]()
        start = 0
        while True:
            page = jira.find(path, startAt=start, maxResults=PART_SIZE)
            if isinstance(page, Absence):
                return page
            found = page.get(name) if isinstance(page, dict) else None
            if not isinstance(found, list):
                raise jira.unreadable(path)
            total = page.get("total") if isinstance(page.get("total"), int) else None
            totals.add(total)
            entries |= _by_id(found)
            start += len(found)
            if not found or (total is not None and start >= total):
                break
        if len(totals) == 1:
            break
    return list(entries.values()), total


def _read_changelogs(jira: Jira, issues: Sequence[Json]) -> dict[str, list[Json]]:
    """The histories of many issues by issue id, as far as this Jira gives them at once."""
    found: dict[str, list[Json]] = {}
    ids: list[JsonValue] = [str(issue.get("id")) for issue in issues]
    for at in range(0, len(ids), BULK_ISSUES):
        question: dict[str, JsonValue] = {"issueIdsOrKeys": ids[at : at + BULK_ISSUES], "maxResults": 1000}
        former: set[str] = set()
        while True:
            page = jira.find_many("changelog/bulkfetch", question)
            if isinstance(page, Absence):
                return found
            for issue_id, histories in _read_logs(jira, page):
                found.setdefault(issue_id, []).extend(histories)
            token = page.get("nextPageToken")
            if not token:
                break
            if not isinstance(token, str):
                raise jira.unreadable("changelog/bulkfetch")
            if token in former:
                raise QueryError("Jira repeats a page's token of changelog/bulkfetch: run the job again")
            former.add(token)
            question = {**question, "nextPageToken": token}
    return found


def _read_logs(jira: Jira, page: Any) -> list[tuple[str, list[Json]]]:
    try:
        return [(str(log["issueId"]), list(log["changeHistories"])) for log in page["issueChangeLogs"]]
    except (LookupError, TypeError) as error:
        raise jira.unreadable("changelog/bulkfetch") from error
