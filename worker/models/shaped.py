"""What a transform made of one document, as the engine hands it to the load."""

from collections.abc import Callable, Set
from dataclasses import dataclass
from datetime import datetime

from temporaletl.addresses import replace_addresses
from worker.models.event import Event, Reject


def hide_addresses(text: str) -> str:
    """*text* with a dash in place of every e-mail address: where nobody can say whose it is."""
    return replace_addresses(text, lambda _address: "-")


@dataclass(frozen=True, slots=True)
class ShapedDocument:
    """One document's events and rejects, complete.

    *clean_text* replaces e-mail addresses in every string written of it. *unknown* are the pseudonyms
    that its events use or left out; it is read after its texts were cleaned, so a set that *clean_text*
    adds to is welcome. *deleted*: the upstream says that it is gone, so it has no events.
    """

    id: str
    updated: datetime | None
    extracted_at: datetime
    events: tuple[Event, ...]
    rejects: tuple[Reject, ...]
    unknown: Set[str]
    version: str
    specific_version: str
    clean_text: Callable[[str], str] = hide_addresses
    deleted: bool = False
