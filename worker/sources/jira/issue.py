"""What do all events of one issue share? Its ids, its people, and how an event of it is made."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from pydantic import JsonValue

from worker.models.event import Event, Reject
from worker.sources.jira.adf import RichText, read_rich_text
from worker.sources.jira.people import UTC_ZONE, Participants, Person
from worker.sources.jira.settings import JiraOptions
from worker.sources.jira.values import JsonObject, listed, order_of, part, text_of, upstream_id

_TOLD = ("id", "created", "updated", "started", "timeSpentSeconds", "field", "fieldId", "fieldtype")


@dataclass(frozen=True, slots=True)
class Issue:
    """One issue: what its events have in common."""

    id: str
    key: str
    address: str
    fields: JsonObject
    people: Participants
    options: JiraOptions

    @property
    def project(self) -> str | None:
        """The project's key."""
        return text_of(part(self.fields, "project").get("key")) or self.key.rpartition("-")[0] or None

    @property
    def url(self) -> str | None:
        """Where people open the issue, or its REST address where base_url is not set."""
        if self.options.base_url and self.key:
            return f"{self.options.base_url.rstrip('/')}/browse/{quote(self.key, errors='replace')}"
        return self.address or None

    def url_of(self, item: JsonObject, focus: str) -> str | None:
        """Where people see a comment or worklog; *focus* is the parameter that Jira's pages scroll to."""
        if self.options.base_url and self.key:
            return f"{self.url}?{focus}={quote(str(item.get('id')), errors='replace')}"
        return text_of(item.get("self"))

    def read_text(self, source: JsonValue) -> tuple[RichText, list[JsonValue]]:
        """A rich text, and the employee ids of those it mentions, in the order of its placeholders."""
        rich = read_rich_text(source)
        return rich, [self.people.employee_mentioned(account) for account in rich.mentions]

    def tell(
        self, event_id: str, event_type: str, person: Person, when: datetime, properties: JsonObject
    ) -> Event:
        """The event that *person* did something to this issue, as an author."""
        return Event(
            event_id=event_id,
            event_type=event_type,
            relation_type="author",
            employee_id=self.people.employee(person),
            event_time_utc=when,
            timezone=person.zone or UTC_ZONE,
            parent_item_id=self.id,
            event_properties={"project": self.project, "issue_id": self.id, **properties},
        )


def collect_items(
    values: Iterable[JsonValue], what: str, rejects: list[Reject]
) -> Iterator[tuple[str, JsonObject]]:
    """Each item once with its id, in the order of the ids; what has no id goes to *rejects*.

    Of two with one id the one updated later counts, whatever order they came in.
    """
    found: dict[str, dict[str, JsonValue]] = {}
    for value in values:
        item = value if isinstance(value, dict) else None
        key = None if item is None else upstream_id(item)
        if item is None or key is None:
            reason = f"{what} not an object" if item is None else f"{what} without id"
            rejects.append(Reject(None, reason, None if item is None else fragment_of(item)))
        elif key not in found or _freshness(item) > _freshness(found[key]):
            found[key] = item
    return ((key, found[key]) for key in sorted(found, key=order_of))


def fragment_of(item: JsonObject) -> dict[str, JsonValue]:
    """What a reject shows of an item: ids, times and field names, neither people nor text."""
    seen = {name: item[name] for name in _TOLD if isinstance(item.get(name), str | int | float)}
    fields = [entry.get("field") for entry in listed(dict(item), "items") if isinstance(entry, dict)]
    return {**seen, "fields": list(fields)} if fields else dict(seen)


def _freshness(item: dict[str, JsonValue]) -> tuple[str, str]:
    return text_of(item.get("updated")) or "", repr(sorted(item.items()))
