"""Does each run do what it must? Three passes over the sources, held to their promises."""

import asyncio
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from temporalio.client import Client

from scripts.sandbox.stack import Sandbox
from scripts.sandbox.upstreams import Source
from scripts.showcase.follow import Pass, run_pass
from scripts.showcase.report import show_pass
from scripts.showcase.warehouse import Reader

CHANGED_SHARE = 50
"""One document in so many is changed before the third pass."""


class NotAsPromisedError(Exception):
    """A pass did not do what it must."""


@dataclass(frozen=True, slots=True)
class Passes:
    """The runs of all *sources* at once, pass by pass; *check* raises when a process has ended."""

    sources: Sequence[Source]
    sandbox: Sandbox
    client: Client
    reader: Reader
    console: Console
    check: Callable[[], None]

    async def load_all(self) -> None:
        """The first pass: everything is new."""
        await self._run("First pass: everything is new")

    async def load_again(self) -> None:
        """The second pass writes nothing."""
        for done in await self._run("Second pass: the same window again"):
            events = done.result.tally.events
            if events.items_inserted or events.items_updated or events.retired:
                raise NotAsPromisedError(
                    f"the second pass of {done.source} wrote something, though nothing had changed"
                )

    async def load_changes(self, number: int | None, seed: int) -> None:
        """The third pass writes what was changed upstream in between, and keeps what was there before."""
        moment, rng, now = self.reader.clock(), random.Random(seed), datetime.now(UTC)
        changed = {
            source: self.sandbox.upstreams.change_some(
                source, number or max(3, self.sandbox.upstreams.size(source) // CHANGED_SHARE), rng, now
            )
            for source in self.sources
        }
        told = ", ".join(f"{len(documents)} documents of {source}" for source, documents in changed.items())
        for done in await self._run(f"Third pass: {told} changed upstream"):
            self._hold_to_changes(done, changed[done.source], moment)

    async def _run(self, title: str) -> list[Pass]:
        columns = (TextColumn("  {task.description}"), BarColumn(), TimeElapsedColumn())
        self.console.print(f"[bold]{title}[/bold]")
        with Progress(*columns, console=self.console, transient=True) as progress:
            running = [
                run_pass(self.client, source, self.reader, progress, self.check) for source in self.sources
            ]
            done = await asyncio.gather(*running)
        for one in done:
            show_pass(self.console, one)
        failed = [name for one in done for name in one.result.tally.failed_names]
        if failed:
            raise NotAsPromisedError(f"jobs failed: {', '.join(failed)}")
        return done

    def _hold_to_changes(self, done: Pass, changed: set[str], moment: datetime) -> None:
        events = done.result.tally.events
        touched = self.reader.documents_touched_since(done.source, moment)
        history = self.reader.history_since(done.source, moment)
        updated, retired = history.get("updated", 0), history.get("retired", 0)
        self.console.print(
            f"  rows of {len(touched)} documents of {done.source} changed; "
            f"history: {updated} updated, {retired} retired"
        )
        if touched != changed:
            raise NotAsPromisedError(
                f"these documents differ from the changed ones: {sorted(touched ^ changed)}"
            )
        if (updated, retired) != (events.items_updated, events.retired):
            raise NotAsPromisedError(
                f"the history of {done.source} does not hold one row for each update and retirement"
            )
