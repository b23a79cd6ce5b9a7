"""How does an issue lie in the lake? As one row of JSON texts, now and then a broken one."""

from dataclasses import dataclass, replace

import orjson

from scripts.sandbox.issues import FIRST_ID, PARTS_PER_ISSUE, Issue, Json, listed

SPOIL_EVERY = 199
"""Kinds of damage, each on one issue of this many (3 % of all), early enough for a small world."""

SPOILT_AT = {
    11: "fields not JSON",
    17: "fields NULL",
    23: "id NULL",
    29: "bad parts",
    37: "changelog not JSON",
    41: "no updated",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One row of jira.issues."""

    id: str | None
    key: str
    self: str
    fields: str | None
    changelog: str | None


def seeded_damage(number: int) -> str | None:
    """What is wrong with issue *number* from the start, if anything."""
    return SPOILT_AT.get(number % SPOIL_EVERY)


def render_row(issue: Issue, damage: str | None) -> Row:
    """The row of *issue*, damaged as named."""
    fields, histories = issue.fields, issue.histories
    if damage == "no updated":
        fields = {**fields, "updated": None}
    if damage == "bad parts":
        fields = {**fields, "comment": listed("comments", _bad_comments(issue))}
        histories = [
            *histories,
            {"id": bad_part_id(issue.id, 0), "created": fields["created"], "items": [{"field": "status"}]},
        ]
    changelog = {"startAt": 0, "maxResults": len(histories), "total": len(histories), "histories": histories}
    row = Row(issue.id, issue.key, issue.url, _dump(fields), _dump(changelog))
    match damage:
        case "fields not JSON":
            return replace(row, fields=_dump(fields)[:-7])
        case "fields NULL":
            return replace(row, fields=None)
        case "id NULL":
            return replace(row, id=None)
        case "changelog not JSON":
            return replace(row, changelog="{histories: oops")
    return row


def bad_part_id(issue_id: str, number: int) -> str:
    """The id of bad history 0 or comment 1 to 3, the issue's own and after those of its sound parts."""
    return str((int(issue_id) - FIRST_ID + 1) * PARTS_PER_ISSUE - 10 + number)


def _bad_comments(issue: Issue) -> list[Json]:
    author, created = issue.fields["reporter"], issue.fields["created"]
    body: Json = {"type": "doc", "version": 1, "content": []}
    good: Json = {
        "id": bad_part_id(issue.id, 1),
        "author": author,
        "updateAuthor": author,
        "body": body,
        "created": created,
    }
    nobody: Json = {"id": bad_part_id(issue.id, 2), "body": body, "created": created, "updated": created}
    undated: Json = {
        "id": bad_part_id(issue.id, 3),
        "author": author,
        "updateAuthor": author,
        "body": body,
        "created": "soon",
    }
    return [{**good, "updated": created}, nobody, {**undated, "updated": "later"}]


def _dump(value: object) -> str:
    return orjson.dumps(value).decode()
