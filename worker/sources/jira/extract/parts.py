"""Fetch what Jira cut off an issue's comments, worklogs and histories, and prove that all of them are there.

A search shows the first comments and worklogs and the last histories of an issue, and how many it has.
A list that it does not show is no empty one: it is asked for too. Answers may disagree: a list is whole
when it alone has as many entries as Jira ever told and ever showed of it.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from pydantic import JsonValue

from temporaletl.errors import QueryError
from temporaletl.jira.connect import Absence, Jira, Json
from worker.models.size import Budget, TooLargeError, measure
from worker.sources.jira.values import index_by_id

PART_SIZE: Final = 1000
BULK_ISSUES: Final = 1000
MAX_READINGS: Final = 3
"""A list of several pages that turns out short may have moved under them: it is read so often at most."""

_LISTS: Final = (("comment", "comments"), ("worklog", "worklogs"))


@dataclass(frozen=True, slots=True)
class Completed:
    """Issues with all that Jira gave of their lists; *skipped* counts those that went meanwhile.

    *too_large* are those, as they were shown, whose lists would be more than a document may have.
    """

    issues: tuple[Json, ...]
    skipped: Mapping[str, int]
    too_large: tuple[Json, ...] = ()


@dataclass(slots=True)
class Shown:
    """What Jira told and showed of one list of an issue, over all its answers.

    Attributes:
        total: the largest count that it told; None: it told none.
        ids: the ids of all entries that it showed.
    """

    total: int | None = None
    ids: set[str] = field(default_factory=set)

    def see(self, entries: Sequence[object], total: object = None) -> None:
        """Note one answer."""
        self.ids |= {key for key in index_by_id(entries) if isinstance(key, str)}
        if isinstance(total, int) and not isinstance(total, bool):
            self.total = total if self.total is None else max(self.total, total)

    @property
    def due(self) -> int | None:
        """How many entries the whole list has; None: nobody knows."""
        return None if self.total is None else max(self.total, len(self.ids))

    def proves(self, entries: Sequence[object]) -> bool:
        """Whether *entries* are the whole list."""
        return self.due is not None and len(index_by_id(entries)) >= self.due


def find_unproven(issue: Json) -> str | None:
    """Which list of an issue is short of its total or tells none; None where all are proven complete."""
    fields = issue.get("fields")
    shown = fields if isinstance(fields, dict) else {}
    holders = [("histories", issue.get("changelog")), *((name, shown.get(field)) for field, name in _LISTS)]
    return next((name for name, holder in holders if not _is_proven(holder, name)), None)


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
        embedded, shown = _read_embedded(fields.get(name), entries)
        if shown.proves(embedded):
            continue
        read = _read_list(jira, f"issue/{issue_id}/{name}", entries, shown, budget)
        if isinstance(read, Absence):
            return read
        lists[name] = _holder(entries, read, shown)
    embedded, shown = _read_embedded(issue.get("changelog"), "histories")
    changelog = issue.get("changelog")
    if jira.is_cloud and not shown.proves(embedded):
        shown.see(histories)
        read = list(histories)
        if not shown.proves(read):
            read = _read_list(jira, f"issue/{issue_id}/changelog", "values", shown, budget)
        if isinstance(read, Absence):
            return read
        # As they are embedded: there their times are spelled as everywhere else.
        spelled = index_by_id(embedded)
        found = [spelled.get(entry_id, entry) for entry_id, entry in index_by_id(read).items()]
        changelog = _holder("histories", found, shown)
    return {**issue, "fields": {**fields, **lists}, "changelog": changelog}


def _read_embedded(holder: object, name: str) -> tuple[list[object], Shown]:
    """The entries of a list inside an issue, and what it tells of the list."""
    entries = holder.get(name) if isinstance(holder, dict) else None
    found = entries if isinstance(entries, list) else []
    shown = Shown()
    if isinstance(holder, dict):
        shown.see(found, holder.get("total"))
    return found, shown


def _holder(name: str, entries: list[object], shown: Shown) -> Json:
    return {name: entries, "total": shown.due, "maxResults": len(entries), "startAt": 0}


def _lacks_worklog(issue: Json) -> bool:
    fields = issue.get("fields")
    return isinstance(fields, dict) and fields.get("worklog") is None


def _without_work(issue: Json) -> Json:
    return {**issue, "fields": {**issue["fields"], "worklog": _holder("worklogs", [], Shown(0))}}


def _tracks_no_time(jira: Jira) -> bool:
    """Whether time tracking is off: then no issue shows worklogs, and asking for them fails."""
    told = jira.find("configuration")
    return isinstance(told, dict) and told.get("timeTrackingEnabled") is False


def _is_cut(issue: Json) -> bool:
    """Whether histories are missing, and how many there are is known (bulk answers tell no total)."""
    embedded, shown = _read_embedded(issue.get("changelog"), "histories")
    return shown.due is not None and not shown.proves(embedded)


def _is_proven(holder: object, name: str) -> bool:
    embedded, shown = _read_embedded(holder, name)
    return shown.proves(embedded)


def _read_list(jira: Jira, path: str, name: str, shown: Shown, budget: Budget) -> list[object] | Absence:
    """A list as far as Jira gives it, whole where *shown* proves it. Raises TooLargeError beyond *budget*.

    Entries move up when one before them is deleted between two pages: then it is read again.
    """
    for _ in range(MAX_READINGS):
        entries: dict[object, object] = {}
        reading = Budget(budget.left)
        start = pages = 0
        while True:
            page = jira.find(path, startAt=start, maxResults=PART_SIZE)
            if isinstance(page, Absence):
                return page
            found = page.get(name) if isinstance(page, dict) else None
            if not isinstance(found, list):
                raise jira.unreadable(path)
            shown.see(found, page.get("total"))
            reading.take(found)
            entries |= index_by_id(found)
            start += len(found)
            pages += 1 if found else 0
            goes_on = shown.due is None or start < shown.due or page.get("isLast") is False
            if not found or not goes_on:
                break
        if pages <= 1 or shown.proves(list(entries.values())):
            break
    budget.left = reading.left
    return list(entries.values())


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
