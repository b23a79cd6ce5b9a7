"""Is every comment, worklog and history of an issue there? What Jira cut off is fetched, and counted.

A search shows the first comments and worklogs and the last histories of an issue, and how many it has.
A list that it does not show is no empty one: it is asked for too.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pydantic import JsonValue

from temporaletl.errors import QueryError
from temporaletl.jira.connect import Absence, Jira, Json
from worker.models.size import Budget, TooLargeError, measure

PART_SIZE: Final = 1000
BULK_ISSUES: Final = 1000
MAX_READINGS: Final = 3
"""A list that changes while it is paged is read again, so often at most."""

_LISTS: Final = (("comment", "comments"), ("worklog", "worklogs"))


@dataclass(frozen=True, slots=True)
class Completed:
    """Issues with all that Jira gave of their lists; *skipped* counts those that went meanwhile.

    *too_large* are those, as they were shown, whose lists would be more than a document may have.
    """

    issues: tuple[Json, ...]
    skipped: Mapping[str, int]
    too_large: tuple[Json, ...] = ()


def find_unproven(issue: Json) -> str | None:
    """Which list of an issue is short of its total or tells none; None where all are proven complete."""
    fields = issue.get("fields")
    shown = fields if isinstance(fields, dict) else {}
    holders = [("histories", issue.get("changelog")), *((name, shown.get(field)) for field, name in _LISTS)]
    return next((name for name, holder in holders if not _proven(holder, name)), None)


def complete_issues(jira: Jira, issues: Sequence[Json], max_bytes: int) -> Completed:
    """*issues* with their lists fetched where they were cut off, each of at most *max_bytes*.

    A list that stays short is left so: find_unproven names it. Raises as Jira does.
    """
    cut = [issue for issue in issues if _is_cut(issue)] if jira.is_cloud else []
    bulk = _read_changelogs(jira, cut, max_bytes) if jira.is_cloud else {}
    if any(_lacks_worklog(issue) for issue in issues) and _tracks_no_time(jira):
        issues = [_without_work(issue) if _lacks_worklog(issue) else issue for issue in issues]
    whole: list[Json] = []
    too_large: list[Json] = []
    skipped = Counter[str]()
    for issue in issues:
        try:
            found = _complete(jira, issue, bulk.pop(str(issue.get("id")), ()), Budget(max_bytes))
        except TooLargeError:
            too_large.append(issue)
            continue
        if isinstance(found, Absence):
            skipped[found.value] += 1
        else:
            whole.append(found)
    return Completed(tuple(whole), dict(skipped), tuple(too_large))


def _complete(jira: Jira, issue: Json, histories: Sequence[Json], budget: Budget) -> Json | Absence:
    issue_id, fields = issue.get("id"), issue.get("fields")
    if not isinstance(fields, dict) or not isinstance(issue_id, str | int):
        return issue
    lists: Json = {}
    for name, entries in _LISTS:
        if _proven(fields.get(name), entries):
            continue
        read = _read_list(jira, f"issue/{issue_id}/{name}", entries, budget)
        if isinstance(read, Absence):
            return read
        lists[name] = _holder(entries, *read)
    changelog = _merge(issue.get("changelog"), histories)
    if jira.is_cloud and not _proven(changelog, "histories"):
        read = _read_list(jira, f"issue/{issue_id}/changelog", "values", budget)
        if isinstance(read, Absence):
            return read
        changelog = _holder("histories", *read)
    return {**issue, "fields": {**fields, **lists}, "changelog": changelog}


def _holder(name: str, entries: list[object], total: int | None) -> Json:
    return {name: entries, "total": total, "maxResults": len(entries), "startAt": 0}


def _lacks_worklog(issue: Json) -> bool:
    fields = issue.get("fields")
    return isinstance(fields, dict) and fields.get("worklog") is None


def _without_work(issue: Json) -> Json:
    return {**issue, "fields": {**issue["fields"], "worklog": _holder("worklogs", [], 0)}}


def _tracks_no_time(jira: Jira) -> bool:
    """Whether time tracking is off: then no issue shows worklogs, and asking for them fails."""
    told = jira.find("configuration")
    return isinstance(told, dict) and told.get("timeTrackingEnabled") is False


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
    return {_id_of(entry) or object(): entry for entry in entries}


def _id_of(entry: object) -> str | None:
    value = entry.get("id") if isinstance(entry, dict) else None
    return str(value) if isinstance(value, str | int) else None


def _merge(changelog: object, histories: Sequence[Json]) -> object:
    shown = changelog.get("histories") if isinstance(changelog, dict) else None
    if not isinstance(changelog, dict) or not isinstance(shown, list) or not histories:
        return changelog
    if not all(_id_of(history) for history in (*histories, *shown)):
        # One without an id may be in both: only the issue's own list has it once.
        return changelog
    # The embedded ones last: their times are spelled as everywhere else.
    merged = _by_id(histories) | _by_id(shown)
    return {**changelog, "histories": list(merged.values())}


def _read_list(jira: Jira, path: str, name: str, budget: Budget) -> tuple[list[object], int | None] | Absence:
    """A whole list, and how many entries Jira says it has. Raises TooLargeError beyond *budget*.

    Entries move up when one before them is deleted between two pages: as long as the count changes, the
    list is read again.
    """
    entries: dict[object, object] = {}
    total: int | None = None
    for _ in range(MAX_READINGS):
        entries, totals = {}, set[int | None]()
        reading = Budget(budget.left)
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
            reading.take(found)
            entries |= _by_id(found)
            start += len(found)
            if not found or (total is not None and start >= total):
                break
        if len(totals) == 1:
            break
    budget.left = reading.left
    return list(entries.values()), total


def _read_changelogs(jira: Jira, issues: Sequence[Json], max_bytes: int) -> dict[str, list[Json]]:
    """The histories of many issues by issue id, as far as this Jira gives them at once.

    None of an issue that has more than *max_bytes* of them: its own list is asked then, and bounded.
    """
    found: dict[str, list[Json]] = {}
    sizes = Counter[str]()
    ids: list[JsonValue] = [str(issue.get("id")) for issue in issues]
    for at in range(0, len(ids), BULK_ISSUES):
        question: dict[str, JsonValue] = {"issueIdsOrKeys": ids[at : at + BULK_ISSUES], "maxResults": 1000}
        former: set[str] = set()
        while True:
            page = jira.find_many("changelog/bulkfetch", question)
            if isinstance(page, Absence):
                return found
            for issue_id, histories in _read_logs(jira, page):
                sizes[issue_id] += measure(histories)
                if sizes[issue_id] > max_bytes:
                    found[issue_id] = []
                else:
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
