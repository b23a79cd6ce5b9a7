"""What is said of records? Histories decoded whole, and every table searched for addresses."""

import json
import re
from collections.abc import Iterator

from google.protobuf.message import Message
from temporalio.api.common.v1 import Payload
from temporalio.client import WorkflowHistory

from scripts.sandbox.world import World
from tests.e2e.deployment import Deployment


def walk(message: Message) -> Iterator[str | Payload]:
    """Every text and every payload in *message*, at any depth."""
    if isinstance(message, Payload):
        yield message
        return
    for _, value in message.ListFields():
        if isinstance(value, str):
            yield value
        elif isinstance(value, Message):
            yield from walk(value)
        elif hasattr(value, "values"):
            for entry in value.values():
                if isinstance(entry, Message):
                    yield from walk(entry)
        elif not isinstance(value, int | float | bytes):
            for entry in value:
                if isinstance(entry, Message):
                    yield from walk(entry)


def read_history(history: WorkflowHistory, *, inputs: bool = True) -> str:
    """All that a history says, decoded; without the arguments that were asked for where not *inputs*."""
    said: list[str] = []
    for event in history.events:
        attributes = getattr(event, str(event.WhichOneof("attributes")))
        if not inputs and hasattr(attributes, "input"):
            attributes.ClearField("input")
        for part in walk(event):
            if isinstance(part, Payload):
                assert part.metadata["encoding"] in (b"json/plain", b"json/protobuf", b"binary/null")
                part = json.dumps(json.loads(part.data), ensure_ascii=False) if part.data else ""
            said.append(part)
    return "\n".join(said)


def measure_payloads(history: WorkflowHistory) -> int:
    """The size of the largest payload in a history, in bytes."""
    return max(
        (len(part.data) for event in history.events for part in walk(event) if isinstance(part, Payload)),
        default=0,
    )


def find_addresses(deployment: Deployment, world: World) -> Iterator[tuple[str, str]]:
    """Each table that holds what stands before the @ of an address of the world, whatever follows it."""
    names = {email.lower().partition("@")[0].partition("+")[0] for email in world.emails}
    spelt = re.compile(rf"(?<![a-z0-9])(?:{'|'.join(map(re.escape, sorted(names)))})(?![0-9])")
    for table in deployment.tables():
        for row in deployment.rows(table):
            # A packed block cannot be searched: there must be none.
            text = repr(row).lower()
            if (found := spelt.search(text)) is not None or "@example.com" in text:
                yield table, "" if found is None else found[0]
