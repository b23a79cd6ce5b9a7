"""What the earlier tool left is taken over source by source."""

from typing import cast

import structlog

from temporaletl.connections import Connections
from temporaletl.errors import CredentialsError
from temporaletl.sources import Sources
from worker.external.wpe_db.connect import Warehouse
from worker.models.context import People
from worker.models.upgrade import EarlierRows


async def test_a_directory_that_refuses_us_is_told_for_every_source() -> None:
    def refuse(_connections: Connections, source: str) -> People:
        raise CredentialsError(f"no directory for {source}")

    # It is not reached.
    warehouse = cast(Warehouse, None)
    rows = EarlierRows(warehouse, Connections([]), Sources(("jira", "launchpad"), (), {}), refuse)

    with structlog.testing.capture_logs() as log:
        await rows.adopt()

    assert [(entry["event"], entry["reason"]) for entry in log] == [
        ("rows of the earlier tool are left", "no directory for jira"),
        ("rows of the earlier tool are left", "no directory for launchpad"),
    ]
