"""What is there to see? The demo's tables."""

import shlex
from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.table import Table

from scripts.sandbox.stack import Sandbox
from scripts.showcase.follow import Histories, Pass
from scripts.showcase.processes import ProductProcess
from scripts.showcase.warehouse import Reader
from temporaletl.contract import describe_counts, events_table


def show_pass(console: Console, done: Pass) -> None:
    """What a run of one source did."""
    tally, events = done.result.tally, done.result.tally.events
    rate = events.items_processed / done.seconds
    window = done.result.window
    console.print(f"  [bold]{done.source}[/bold]  {window.date_start} to {window.date_end}")
    console.print(f"  {describe_counts(events)}", highlight=False)
    console.print(
        f"  {tally.succeeded} of {tally.queued} jobs ({tally.failed} failed, {tally.skipped} skipped)"
        f" · {done.seconds:.1f} s · {rate:,.0f} events/s"
    )
    for reason, number in sorted({**tally.notes, **events.unavailable}.items()):
        console.print(f"  seen and left out: {number} {reason}")


def show_events(console: Console, reader: Reader, source: str) -> None:
    """A source's events by type, and its rejects by reason."""
    table = Table(title=events_table(source), title_justify="left", title_style="bold")
    table.add_column("event type")
    table.add_column("events", justify="right")
    table.add_column("people", justify="right")
    for event_type, events, people in reader.events_by_type(source):
        table.add_row(event_type, str(events), str(people))
    console.print(table)
    found = reader.rejects_by_reason(source)
    if not found:
        return
    rejects = Table(title=f"etl_rejects of {source}", title_justify="left", title_style="bold")
    rejects.add_column("reason")
    rejects.add_column("rejects", justify="right")
    for reason, number in found:
        rejects.add_row(reason, str(number))
    console.print(rejects)


def show_cost(console: Console, processes: Sequence[ProductProcess], histories: Histories) -> None:
    """Memory of the processes, and the largest history."""
    memory = " · ".join(f"{one.package} {one.peak_bytes / 1e6:.0f} MB" for one in processes)
    console.print(f"peak memory: {memory}")
    console.print(
        f"largest of {histories.workflows} workflow histories: {histories.events} events; "
        f"largest event: {histories.payload_bytes / 1024:.1f} KB"
    )


def show_way_on(console: Console, sandbox: Sandbox, environment: Mapping[str, str]) -> None:
    """Where everything is, and what makes the commands of README work on it."""
    console.print(f"\nTemporal's UI  {sandbox.temporal.ui_url}")
    console.print(f"psql           {sandbox.postgres.psql_command()}")
    console.print("for `python -m queuer run jira --wait` and the like, in another terminal:")
    for name, value in environment.items():
        console.print(f"  export {name}={shlex.quote(value)}", markup=False)
    console.print("Everything keeps running until Ctrl-C.")
