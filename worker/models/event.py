"""What a transform yields: events, and the parts of a document that could not become one."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from pydantic import JsonValue

type Json = Mapping[str, JsonValue]


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that one person did at one moment.

    *event_time_utc* is aware; the engine derives week and the local event_time from it and *timezone*
    (an IANA name or a fixed offset such as ``+05:30``, the person's; None means UTC).
    """

    event_id: str
    event_type: str
    relation_type: str
    employee_id: str
    event_time_utc: datetime
    timezone: str | None = None
    parent_item_id: str | None = None
    event_properties: Json = field(default_factory=dict)
    relation_properties: Json = field(default_factory=dict)
    metrics: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reject:
    """One part of a document that could not become an event.

    With an *event_id* that event's former row is kept, and those of the further events in *keeps*; without
    one, this load retires nothing of the document. *reason* is a short stable code ("no author");
    *fragment* is what was seen.
    """

    event_id: str | None
    reason: str
    fragment: JsonValue = None
    keeps: tuple[str, ...] = ()
