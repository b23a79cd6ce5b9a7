"""How does a document become events? The registry of transform methods."""

from collections.abc import Callable, Iterator

from temporaletl.contract import Document
from temporaletl.registry import Registry
from worker.models.context import Context
from worker.models.event import Event, Reject

type Transform = Callable[[Document, Context], Iterator[Event | Reject]]
"""(document, context) -> events and rejects. Pure: no I/O, no clock, no window."""

transform_method: Registry[Transform] = Registry("transform method")
