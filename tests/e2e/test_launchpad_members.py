"""Who is asked for in Launchpad comes whole, however late Launchpad knows them."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from scripts.sandbox.stack import Sandbox
from scripts.sandbox.world import World
from tests.e2e.content import read_content
from tests.e2e.deployment import Deployment


async def test_a_member_who_was_unknown_for_a_while_is_read_from_the_beginning(
    servers: Sandbox, logs_folder: Path
) -> None:
    # All of it was last changed before the window of an ordinary run.
    world = World(24, anchor=datetime.now(UTC).date() - timedelta(days=30), detail=0.3, people=8)
    async with Deployment(servers, logs_folder, world, sources=["launchpad"]) as deployment:
        tracker = deployment.upstreams.tracker
        names = {account.name: tracker.rename_member(account.name) for account in tracker.accounts}
        unknown = (await deployment.run("launchpad")).tally.events
        for name, other in names.items():
            tracker.rename_member(other, name)
        await deployment.run("launchpad")
        found = read_content(deployment, "launchpad")
        again = (await deployment.run("launchpad")).tally.events
        deployment.empty_warehouse()
        await deployment.run("launchpad")

        assert (unknown.documents, set(unknown.unavailable)) == (0, {"members unknown to Launchpad"})
        assert len(found.rows) > 100
        # Covered once, old documents are asked for no more.
        assert again.documents < len(found.ledger)
        assert found.rows == read_content(deployment, "launchpad").rows
