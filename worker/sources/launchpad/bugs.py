"""Which events does a bug tell? Its creation, its activity and its messages."""

from collections.abc import Iterator

from pydantic import JsonValue

from worker.models.event import Event, Reject
from worker.sources.launchpad.links import number_in
from worker.sources.launchpad.people import Participants, hide_names
from worker.sources.launchpad.settings import LaunchpadOptions
from worker.sources.launchpad.telling import Item, JsonObject, objects_in, part_of

_METRICS = (
    "heat",
    "number_of_duplicates",
    "users_affected_count",
    "users_affected_count_with_dupes",
    "users_unaffected_count",
)


def tell_bug(body: JsonObject, people: Participants, options: LaunchpadOptions) -> Iterator[Event | Reject]:
    """Every event of one bug."""
    bug = part_of(body, "bug")
    number = bug.get("id")
    activity, messages = objects_in(body, "activity"), objects_in(body, "messages")
    if not isinstance(number, int) or isinstance(number, bool) or activity is None or messages is None:
        yield Reject(None, "not a bug")
        return
    item = Item(f"b-{number}", people, {"bug_id": number})
    known_only = options.outsiders == "leave_out"
    yield from _tell_creation(item, bug, objects_in(body, "tasks") or [])
    yield from _tell_activity(item, activity, known_only=known_only)
    yield from _tell_messages(item, messages, known_only=known_only)


def _tell_creation(item: Item, bug: JsonObject, tasks: list[JsonObject]) -> Iterator[Event | Reject]:
    fields = ("title", "information_type", "private", "security_related", "name", "tags")
    properties = {
        **item.take(bug, *fields),
        "link": bug.get("web_link"),
        # A bug has none of its own: that of the first place where it is to be mended.
        "importance": tasks[0].get("importance") if tasks else None,
    }
    yield from item.tell(
        "c",
        "bug_created",
        "owner",
        who=bug.get("owner_link"),
        when=bug.get("date_created"),
        properties=properties,
        metrics={name: bug.get(name) for name in _METRICS},
    )


def _tell_activity(item: Item, activity: list[JsonObject], *, known_only: bool) -> Iterator[Event | Reject]:
    """The log by its lines' places: it only grows, and Launchpad gives its lines no ids."""
    for index, line in enumerate(activity):
        what = line.get("whatchanged")
        yield from item.tell(
            f"a{index}",
            "bug_activity",
            "author",
            who=line.get("person_link"),
            when=line.get("datechanged"),
            properties={
                "watch_changed": hide_names(what),
                "old_value": item.people.hide_change(what, line.get("oldvalue")),
                "new_value": item.people.hide_change(what, line.get("newvalue")),
                "message": item.people.hide_message(line.get("message")),
            },
            known_only=known_only,
        )


def _tell_messages(item: Item, messages: list[JsonObject], *, known_only: bool) -> Iterator[Event | Reject]:
    """Comments by Launchpad's own index; the first message is the description, not a comment."""
    for index, message in zip(_indexes(messages), messages, strict=True):
        if index == 0:
            continue
        yield from item.tell(
            f"m{index}",
            "bug_message",
            "author",
            who=message.get("owner_link"),
            when=message.get("date_created"),
            properties={"link": message.get("web_link"), **item.take(message, "content", "subject")},
            known_only=known_only,
        )


def _indexes(messages: list[JsonObject]) -> list[int]:
    """Each message's index as its link ends with it, because a hidden message takes none of the others'.

    Where one has no such link, their places in the list.
    """
    told: list[int] = []
    for message in messages:
        link: JsonValue = message.get("self_link")
        index = number_in(link, "comments")
        if index is None:
            return list(range(len(messages)))
        told.append(index)
    return told
