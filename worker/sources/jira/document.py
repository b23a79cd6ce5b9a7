"""Is this a whole Jira issue? The way from a lake row or a REST answer to a document.

An issue is taken whole or not at all: a part that cannot be read would look as if it had been deleted.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import cast

import orjson
from pydantic import JsonValue

from temporaletl.contract import Document, DocumentReject
from worker.sources.jira.times import parse_time
from worker.sources.jira.values import index_by_id

EVENT_TYPE = "issues"


def document_id(issue_id: str) -> str:
    """The id of an issue's document."""
    return f"{EVENT_TYPE}:{issue_id}"


def read_row(
    id: object,
    key: object,
    self: object,
    fields_text: object,
    changelog_text: object,
) -> Document | DocumentReject:
    """The document of one row of jira.issues, or why it is none.

    ``fields`` and ``changelog`` are JSON texts (JSON objects are taken as they are). Never raises.
    """
    body: dict[str, JsonValue] = {
        "id": id if isinstance(id, str | int) else None,
        "key": key if isinstance(key, str) else None,
        "self": self if isinstance(self, str) else None,
    }
    for part, text in (("fields", fields_text), ("changelog", changelog_text)):
        if text is None:
            return _reject(body, f"{part} missing")
        try:
            body[part] = _parse_json(text)
        except (ValueError, RecursionError) as error:
            return _reject(body, f"{part} not JSON", _describe(text, error))
    return read_issue(body)


def read_issue(issue: Mapping[str, JsonValue]) -> Document | DocumentReject:
    """The document of one issue as the REST interface spells it, or why it is none.

    Its lists have to be complete: where the upstream gives a ``total``, as many ids must be there.
    """
    upstream_id = issue.get("id")
    if isinstance(upstream_id, int) and not isinstance(upstream_id, bool):
        upstream_id = str(upstream_id)
    if not isinstance(upstream_id, str) or not upstream_id.strip():
        return _reject(issue, "no id")
    body = {**issue, "id": upstream_id}
    fields, changelog = issue.get("fields"), issue.get("changelog")
    for part, value in (("fields", fields), ("changelog", changelog)):
        if value is None:
            return _reject(body, f"{part} missing")
        if not isinstance(value, dict):
            return _reject(body, f"{part} not an object")
    fields, changelog = cast(dict[str, JsonValue], fields), cast(dict[str, JsonValue], changelog)
    if not isinstance(changelog.get("histories"), list):
        return _reject(body, "changelog without histories")
    if fields.get("comment") is None:
        # Every issue has that field: without it nobody knows what was said.
        return _reject(body, "comments missing")
    # Where time is not tracked there is no worklog.
    lists = {"histories": changelog, "comments": fields["comment"], "worklogs": fields.get("worklog")}
    for name, holder in lists.items():
        problem = None if holder is None else _find_gap(holder, name)
        if problem:
            return _reject(body, problem)
    return Document(document_id(upstream_id), last_change(fields, changelog), body)


def last_change(fields: Mapping[str, JsonValue], changelog: Mapping[str, JsonValue]) -> datetime | None:
    """The latest of ``fields.updated`` and every history's ``created``; None when ``updated`` cannot be read.

    Workflow migrations add histories without moving ``updated``; comments and worklogs move ``updated``
    alone, so that without it the histories would let a newer issue seem older than it is.
    """
    updated = parse_time(fields.get("updated"))
    return None if updated is None else max([updated, *_moments(changelog)])


def _moments(changelog: Mapping[str, JsonValue]) -> Iterator[datetime]:
    histories = changelog.get("histories")
    for history in histories if isinstance(histories, list) else ():
        created = parse_time(history.get("created")) if isinstance(history, dict) else None
        if created is not None:
            yield created


def _find_gap(holder: JsonValue, name: str) -> str | None:
    if not isinstance(holder, dict):
        return f"{name} not an object"
    items, total = holder.get(name), holder.get("total")
    if not isinstance(items, list):
        return f"{name} not a list"
    if isinstance(total, int) and len(index_by_id(items)) < total:
        return f"{name} incomplete"
    return None


def _parse_json(text: object) -> JsonValue:
    """The value of a JSON text. orjson refuses what Jira may hold (lone surrogates, NaN): then slower."""
    if isinstance(text, dict):
        return cast(JsonValue, text)
    if not isinstance(text, str):
        raise ValueError("not a text")  # noqa: TRY004 - answered like any text that cannot be read
    try:
        return cast(JsonValue, orjson.loads(text))
    except ValueError:
        return cast(JsonValue, json.loads(text))


def _describe(text: object, error: Exception) -> dict[str, JsonValue]:
    """Where reading stopped. The text itself stays out: unparsed, nobody's name can be found in it."""
    return {
        "length": len(text) if isinstance(text, str) else None,
        "position": error.pos if isinstance(error, json.JSONDecodeError) else None,
    }


def _reject(
    issue: Mapping[str, JsonValue], reason: str, seen: Mapping[str, JsonValue] | None = None
) -> DocumentReject:
    upstream_id = issue.get("id")
    named = None if upstream_id is None else str(upstream_id).strip()
    return DocumentReject(
        document_id(named) if named else None,
        reason,
        {"id": upstream_id, "key": issue.get("key"), **(seen or {})},
    )
