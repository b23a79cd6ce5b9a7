"""Which fields does an issue have? The list that the end point ``field`` answers."""

from scripts.sandbox.jira.catalogue import Json

_SYSTEM = {
    "summary": ("Summary", "string"),
    "description": ("Description", "string"),
    "created": ("Created", "datetime"),
    "updated": ("Updated", "datetime"),
    "creator": ("Creator", "user"),
    "reporter": ("Reporter", "user"),
    "assignee": ("Assignee", "user"),
    "status": ("Status", "status"),
    "priority": ("Priority", "priority"),
    "issuetype": ("Issue Type", "issuetype"),
    "project": ("Project", "project"),
    "labels": ("Labels", "array"),
    "parent": ("Parent", "issuelink"),
    "comment": ("Comment", "comments-page"),
    "worklog": ("Log Work", "array"),
}
_CUSTOM = {
    "customfield_10016": ("Story Points", "number"),
    "customfield_10020": ("Sprint", "array"),
    "customfield_10050": ("Acceptance Criteria", "string"),
}


def _describe(field_id: str, name: str, kind: str, custom: bool) -> Json:
    number = int(field_id.removeprefix("customfield_")) if custom else None
    clause = [f"cf[{number}]", name] if custom else [field_id]
    schema: Json = {"type": kind}
    schema |= {"customId": number} if custom else {"system": field_id}
    return {
        "id": field_id,
        "key": field_id,
        "name": name,
        "custom": custom,
        "orderable": True,
        "navigable": field_id not in {"comment", "worklog"},
        "searchable": True,
        "clauseNames": clause,
        "schema": schema,
    }


FIELDS: tuple[Json, ...] = (
    *(_describe(field_id, name, kind, custom=False) for field_id, (name, kind) in _SYSTEM.items()),
    *(_describe(field_id, name, kind, custom=True) for field_id, (name, kind) in _CUSTOM.items()),
)
