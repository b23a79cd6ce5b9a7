"""Did requests keep their pace? Held by the moments at which the sandbox's server got them."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from scripts.sandbox.http_server import LoopbackServer


@contextmanager
def keeps_pace(server: LoopbackServer, per_second: float, *, at_least: int) -> Iterator[None]:
    """The block sends at least *at_least* requests, and none before *per_second* allows it.

    A pace is kept where requests leave. They may arrive late, and then close together, but never too soon:
    the one after n others, after n intervals at the earliest.
    """
    server.log.clear()
    began = time.monotonic()
    yield
    waited = [entry.at - began for entry in sorted(server.log.entries, key=lambda entry: entry.at)]
    assert len(waited) >= at_least
    early = [number for number, after_s in enumerate(waited) if after_s < number / per_second - 0.001]
    assert early == []
