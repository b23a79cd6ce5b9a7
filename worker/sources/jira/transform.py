"""Which events does a Jira issue tell? The whole issue in, every event and every unreadable part out."""

from collections.abc import Iterator

from pydantic import JsonValue

from temporaletl.contract import Document
from worker.models.context import Context
from worker.models.event import Event, Reject
from worker.models.transform import transform_method
from worker.sources.jira.changes import tell_changes
from worker.sources.jira.histories import read_assignments, read_histories
from worker.sources.jira.issue import Issue
from worker.sources.jira.items import tell_comments, tell_creation, tell_worklogs
from worker.sources.jira.people import Participants, is_user
from worker.sources.jira.settings import JiraOptions, JiraSettings
from worker.sources.jira.values import JsonObject, listed, part, text_of, upstream_id

_DEFAULTS = JiraOptions()


@transform_method("jira", needs=(JiraSettings,))
def transform(document: Document, context: Context) -> Iterator[Event | Reject]:
    """Every event of one issue, a pure function of the document, the options and the people.

    The order of the document's comments, worklogs and histories makes no difference. A comment, worklog
    or history that cannot be read becomes a Reject with its event's id, and the rest goes on.
    """
    body = document.body
    key = upstream_id(body) if isinstance(body, dict) else None
    if not isinstance(body, dict) or key is None:
        yield Reject(None, "not an issue")
        return
    options = context.options if isinstance(context.options, JiraOptions) else _DEFAULTS
    fields = part(body, "fields")
    changelog = listed(body.get("changelog"), "histories")
    people = Participants(_users(fields, changelog), options, context)
    issue = Issue(key, _string(body, "key"), _string(body, "self"), fields, people, options)

    rejects: list[Reject] = []
    histories = read_histories(changelog, people, options, rejects)
    today = people.find(fields.get("assignee"))
    assignments = read_assignments(histories, today.account if today is not None else None)
    yield from tell_creation(issue, histories, assignments)
    yield from tell_comments(issue)
    yield from tell_worklogs(issue, assignments)
    yield from tell_changes(issue, histories)
    yield from rejects


def _users(fields: JsonObject, changelog: list[JsonValue]) -> Iterator[JsonValue]:
    """Every user object of an issue, wherever it stands, and the ids that one change gives together."""
    for name in ("creator", "reporter", "assignee"):
        yield fields.get(name)
    for item in (
        *listed(fields.get("comment"), "comments"),
        *listed(fields.get("worklog"), "worklogs"),
        *changelog,
    ):
        if isinstance(item, dict):
            yield item.get("author")
            yield item.get("updateAuthor")
    yield from _users_within(list(fields.values()))
    for history in changelog:
        for item in listed(history, "items"):
            if isinstance(item, dict):
                yield from _users_of_change(item)


def _users_of_change(item: JsonObject) -> Iterator[JsonValue]:
    """What one change ties together: an account id, and the key that was the person's at that time."""
    for account_id, key in (("tmpFromAccountId", "from"), ("tmpToAccountId", "to")):
        if text_of(item.get(account_id)):
            yield {"accountId": item[account_id], "key": item.get(key)}


def _users_within(values: list[JsonValue]) -> Iterator[JsonValue]:
    """The user objects at any depth of *values*, rich texts left out."""
    left = values
    while left:
        value = left.pop()
        if isinstance(value, dict) and is_user(value):
            yield value
        elif isinstance(value, dict) and value.get("type") != "doc":
            left.extend(part for part in value.values() if isinstance(part, dict | list))
        elif isinstance(value, list):
            left.extend(part for part in value if isinstance(part, dict | list))


def _string(body: JsonObject, name: str) -> str:
    value = body.get(name)
    return value if isinstance(value, str) else ""
