"""What the Launchpad tests share: people with readable ids, documents as Launchpad shapes them."""

from collections.abc import Callable
from typing import Any

import pytest

from temporaletl.contract import Document
from tests.unit.sources.telling import Directory, Told
from worker.models.context import Context
from worker.sources.launchpad.settings import LaunchpadOptions
from worker.sources.launchpad.transform import transform

KNOWN = {"ana": "E-ana", "bob": "E-bob"}


type Tell = Callable[..., Told]


@pytest.fixture
def tell() -> Tell:
    """Everything that a document of a type tells."""

    def ask(event_type: str, body: Any, outsiders: Any = "leave_out") -> Told:
        context = Context(Directory("launchpad", KNOWN), LaunchpadOptions(outsiders=outsiders))
        found = tuple(transform(Document(f"{event_type}:7", None, body), context))
        return Told(found, frozenset(context.unknown))

    return ask
