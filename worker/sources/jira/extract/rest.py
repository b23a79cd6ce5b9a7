"""How are Jira issues read from Jira itself? Page by page in the order of their last update, or by name."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Final
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError

from temporaletl.contract import Document, DocumentReject, Page
from temporaletl.errors import QueryError
from temporaletl.jira.connect import Absence, Jira, Json, connect_jira
from temporaletl.jira.search import Place, count_ms, walk_issues
from worker.models.size import TOO_LARGE
from worker.sources.jira.document import document_id, read_issue
from worker.sources.jira.extract.parts import complete_issues, find_unproven
from worker.sources.jira.extract.spelling import spell_as_lake
from worker.sources.jira.query import JiraQuery

PAGE_ISSUES = 50
"""Whole issues a request: an answer of a few megabytes."""

LIST_ISSUES = 1000
"""Issues a request where only ids are asked for."""

ALL_FIELDS = "*all"

_ID: Final = re.compile(r"[1-9][0-9]{0,17}")


class RestCursor(BaseModel):
    """Where an extraction goes on: at a Place of a search, or after the named issue *after*."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    start_ms: int | None = None
    seen: tuple[str, ...] = ()
    count: int = 0
    last_ms: int | None = None
    reached_ms: int | None = None
    token: str | None = None
    token_ms: int | None = None
    after: str | None = None


def extract_over_rest(query: JiraQuery, cursor: JsonValue) -> Iterator[Page]:
    """The issues of *query*, whole; a slice of ids that the lake's backlog cut is understood too.

    The cursor tells a place in time or an id; a token of Jira's, which may expire, only saves the way
    there. What is found is kept whole, also where it changed after the slice was cut.
    """
    place = _read_cursor(cursor)
    jira = connect_jira(query.connections, query.connections.pacer(query.source_kind_id))
    if query.ids is not None:
        yield from _read_named(jira, query.ids, place.after, query.max_document_bytes)
    elif query.after is not None or query.upto is not None:
        yield from _read_named(jira, _list_range(jira, query), place.after, query.max_document_bytes)
    else:
        yield from _read_slice(jira, query, place)


def _read_cursor(cursor: JsonValue) -> RestCursor:
    try:
        return RestCursor() if cursor is None else RestCursor.model_validate(cursor)
    except ValidationError as error:
        raise QueryError(
            "the cursor of jira-issues is no place in Jira (was JIRA_BACKEND changed?): run the job anew"
        ) from error


def _read_slice(jira: Jira, query: JiraQuery, cursor: RestCursor) -> Iterator[Page]:
    start_ms, end_ms = _bounds(query)
    place = Place(start_ms)
    if cursor.start_ms is not None:
        place = Place(**cursor.model_dump(exclude={"after"}))
    pages = walk_issues(jira, place, end_ms, fields=[ALL_FIELDS], expand="changelog", size=PAGE_ISSUES)
    for found in pages:
        after = RestCursor.model_validate(asdict(found.place))
        yield _make_page(jira, found.issues, after, query.max_document_bytes)


def _bounds(query: JiraQuery) -> tuple[int, int | None]:
    if query.updated_from is not None:
        return query.updated_from, query.updated_to
    return count_ms(query.window.start), count_ms(query.window.end)


def _list_range(jira: Jira, query: JiraQuery) -> list[str]:
    """The ids of a slice that the lake's backlog cut: JQL knows no order of ids as text."""
    start_ms, end_ms = _bounds(query)
    pages = walk_issues(jira, Place(start_ms), end_ms, fields=["updated"], size=LIST_ISSUES)
    ids = [str(issue.get("id")) for page in pages for issue in page.issues]
    return [
        found for found in ids if found > (query.after or "") and (query.upto is None or found <= query.upto)
    ]


def _read_named(jira: Jira, ids: Sequence[str], after: str | None, max_bytes: int) -> Iterator[Page]:
    left = sorted({wanted for wanted in ids if wanted > (after or "")})
    for at in range(0, len(left), PAGE_ISSUES):
        wanted = left[at : at + PAGE_ISSUES]
        found, skipped = _fetch(jira, wanted)
        yield _make_page(jira, found, RestCursor(after=wanted[-1]), max_bytes, skipped)


def _fetch(jira: Jira, ids: Sequence[str]) -> tuple[list[Json], Counter[str]]:
    """Those of *ids* that are there, and how many are not, by reason."""
    # Anything else is no id: a key, or zeros before an id, would find an issue under another one.
    wanted = [name for name in ids if _ID.fullmatch(name)]
    skipped = Counter({Absence.GONE.value: len(ids) - len(wanted)})
    found = _fetch_at_once(jira, wanted) if wanted and jira.is_cloud else None
    if found is not None:
        skipped[Absence.GONE.value] += len(wanted) - len(found)
        return found, skipped
    found = []
    for name in wanted:
        issue = jira.find(f"issue/{quote(name, safe='')}", fields=ALL_FIELDS, expand="changelog")
        if isinstance(issue, Absence):
            skipped[issue.value] += 1
        elif isinstance(issue, dict):
            found.append(issue)
        else:
            raise jira.unreadable("issue")
    return found, skipped


def _fetch_at_once(jira: Jira, ids: Sequence[str]) -> list[Json] | None:
    """Those of *ids* that are there; None where this Jira does not give many at once."""
    path = "issue/bulkfetch"
    answer = jira.find_many(
        path, {"issueIdsOrKeys": list(ids), "fields": [ALL_FIELDS], "expand": ["changelog"]}
    )
    if isinstance(answer, Absence):
        return None
    issues = answer.get("issues") if isinstance(answer, dict) else None
    if not isinstance(issues, list):
        raise jira.unreadable(path)
    found = {str(issue["id"]): issue for issue in issues if isinstance(issue, dict) and "id" in issue}
    return list(found.values())


def _make_page(
    jira: Jira,
    issues: Sequence[Json],
    cursor: RestCursor,
    max_bytes: int,
    skipped: Mapping[str, int] | None = None,
) -> Page:
    completed = complete_issues(jira, issues, max_bytes)
    documents: list[Document] = []
    rejects = [DocumentReject(document_id(str(issue["id"])), TOO_LARGE) for issue in completed.too_large]
    for issue in completed.issues:
        read = read_issue(spell_as_lake(issue, jira.settings))
        unproven = find_unproven(issue)
        if isinstance(read, DocumentReject):
            rejects.append(read)
        elif unproven:
            rejects.append(DocumentReject(read.id, f"{unproven} incomplete"))
        else:
            documents.append(read)
    counts = Counter(skipped or {}) + Counter(completed.skipped)
    told = cursor.model_dump(mode="json", exclude_defaults=True)
    return Page(tuple(documents), told, tuple(rejects), dict(counts))
