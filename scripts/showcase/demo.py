"""Issues, bugs, reviews, questions and cases travel through two processes into PostgreSQL, three times.

The servers of Temporal and PostgreSQL are real and run on this machine; Trino, Launchpad and Salesforce
are stand-ins that speak their protocols over invented data.
"""

import argparse
import asyncio
import math
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import psycopg
from rich.console import Console
from temporalio.client import Client, WorkflowFailureError
from temporalio.service import RPCError

from scripts.sandbox.process import StartError
from scripts.sandbox.stack import Sandbox
from scripts.sandbox.upstreams import SOURCES
from scripts.showcase.follow import measure_histories
from scripts.showcase.passes import NotAsPromisedError, Passes
from scripts.showcase.processes import ProductProcess, make_schedule, wait_until_polling
from scripts.showcase.report import show_cost, show_events, show_way_on
from scripts.showcase.warehouse import Reader
from temporaletl.settings import TemporalSettings
from temporaletl.temporal import data_converter

_FAILURES = (
    NotAsPromisedError, RuntimeError, OSError, StartError, WorkflowFailureError, RPCError, psycopg.Error,
)  # fmt: skip


def run_demo(arguments: Sequence[str], interrupted: Callable[[], bool]) -> int:
    """0 when every pass did what it must, 1 with a sentence when not.

    *interrupted* tells whether a signal came: what is raised then, KeyboardInterrupt or not, passes.
    """
    asked = _read_arguments(arguments)
    console = Console(highlight=False, soft_wrap=True)
    folder = Path(tempfile.mkdtemp(prefix="temporaletl-demo-"))
    try:
        with ExitStack() as stack:
            stage = _set_stage(asked, console, stack, folder)
            asyncio.run(_show(asked, console, stage))
    except BaseException as error:
        if interrupted():
            shutil.rmtree(folder, ignore_errors=True)
            raise
        if not isinstance(error, _FAILURES):
            raise
        cause = error.cause if isinstance(error, WorkflowFailureError) else error
        text = f"the demo failed: {cause}; the processes' logs are in {folder}"
        console.print(text, style="red", markup=False)
        return 1
    shutil.rmtree(folder, ignore_errors=True)
    return 0


def _read_arguments(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="demo", description=__doc__)
    parser.add_argument("--source", choices=(*SOURCES, "all"), default="all", help="what travels (all)")
    parser.add_argument(
        "--jira-backend", choices=("trino", "rest"), default="trino", help="how Jira is read (trino)"
    )
    parser.add_argument("--issues", type=_count, default=1000, help="how many issues Jira has (1000)")
    parser.add_argument("--passes", type=int, choices=(1, 2, 3), default=3, help="stop after so many (3)")
    parser.add_argument(
        "--changes", type=_count, help="documents changed before the third pass (2 %% of all)"
    )
    parser.add_argument("--detail", type=_detail, default=1.0, help="size of issues: 1 realistic, 0 bare (1)")
    parser.add_argument("--seed", type=int, default=1, help="another seed, another world (1)")
    parser.add_argument("--keep", action="store_true", help="leave everything running until Ctrl-C")
    asked = parser.parse_args(arguments)
    asked.sources = SOURCES if asked.source == "all" else (asked.source,)
    return asked


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 on")
    return int(text)


def _detail(text: str) -> float:
    try:
        detail = float(text)
    except ValueError:
        detail = math.nan
    if not 0 <= detail < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 0 on")
    return detail


@dataclass(frozen=True, slots=True)
class Stage:
    """What runs during the demo."""

    sandbox: Sandbox
    environment: Mapping[str, str]
    processes: Sequence[ProductProcess]
    reader: Reader

    def check(self) -> None:
        """Raise RuntimeError when a server or a process has ended."""
        self.sandbox.check()
        for process in self.processes:
            process.check()


def _set_stage(asked: argparse.Namespace, console: Console, stack: ExitStack, folder: Path) -> Stage:
    console.print(f"Starting Temporal, PostgreSQL and the upstreams with {asked.issues} issues ...")
    sandbox = stack.enter_context(
        Sandbox(
            asked.issues,
            seed=asked.seed,
            detail=asked.detail,
            sources=asked.sources,
            jira_backend=asked.jira_backend,
        )
    )
    took = ", ".join(f"{part} {seconds:.1f} s" for part, seconds in sandbox.started_s.items())
    environment = sandbox.environment()
    ours = {**environment, "LOG_FORMAT": "json", "IDENTITY_TTL_S": "0"}
    processes = [
        stack.enter_context(ProductProcess(package, ours, folder / f"{package}.log"))
        for package in ("queuer", "worker")
    ]
    polling_s = wait_until_polling(processes, sandbox)
    console.print(f"  started: {took}; queuer and worker poll after {polling_s:.1f} s")
    for source in asked.sources:
        console.print(f"  {make_schedule(source, environment, folder)}")
    reader = Reader(sandbox.postgres.dsn())
    stack.callback(reader.close)
    return Stage(sandbox, environment, processes, reader)


async def _show(asked: argparse.Namespace, console: Console, stage: Stage) -> None:
    temporal = stage.sandbox.temporal
    settings = TemporalSettings(host=temporal.address, namespace=temporal.namespace)
    client = await Client.connect(
        temporal.address, namespace=temporal.namespace, data_converter=data_converter(settings)
    )
    passes = Passes(asked.sources, stage.sandbox, client, stage.reader, console, stage.check)
    await passes.load_all()
    if asked.passes > 1:
        await passes.load_again()
    if asked.passes > 2:
        await passes.load_changes(asked.changes, asked.seed)
    for source in asked.sources:
        show_events(console, stage.reader, source)
    show_cost(console, stage.processes, await measure_histories(client))
    if not asked.keep:
        console.print("./scripts/demo --keep leaves everything running, to look further.")
        return
    show_way_on(console, stage.sandbox, stage.environment)
    while True:
        await asyncio.sleep(1)
        stage.check()
