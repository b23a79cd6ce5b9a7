"""Runs a real Trino with the seeded world's Jira tables until Ctrl-C."""

import argparse
import os
import shlex
import sys
import time
from collections.abc import Sequence
from typing import NoReturn

from scripts.sandbox.process import NOTICE_S, StartError, be_interruptible
from scripts.sandbox.world import World
from scripts.trino.libraries import read_trino_version
from scripts.trino.server import CATALOG, USER, RealTrino, start_real_trino
from scripts.trino.tables import fill_tables
from scripts.trino.toolchain import AbsentError

ISSUE_BYTES = 20_000
"""An issue of full detail."""


def run_real_trino(arguments: Sequence[str] | None = None) -> int:
    """Start it, fill it, say where it is, and wait for the end. The exit code."""
    parser = argparse.ArgumentParser(prog="scripts/real-trino", description=__doc__)
    parser.add_argument("--issues", type=int, default=1000, help="how many issues Jira has (1000)")
    parser.add_argument("--seed", type=int, default=1, help="another seed, another world (1)")
    parser.add_argument("--detail", type=float, default=1.0, help="size of documents: 1 realistic, 0 bare")
    options = parser.parse_args(arguments)
    be_interruptible()
    try:
        _serve(World(options.issues, options.seed, detail=options.detail), options.detail)
    except KeyboardInterrupt:
        print("all gone")
    except (AbsentError, StartError) as error:
        print(f"No real Trino: {error}", file=sys.stderr)
        return 1
    return 0


def _serve(world: World, detail: float) -> NoReturn:
    """Serve *world* until somebody interrupts."""
    # Half of the memory may hold tables.
    memory_gb = 2 + 4 * len(world) * ISSUE_BYTES * max(detail, 0.2) / 1e9
    print("starting (the first time Maven fetches its libraries) ...", flush=True)
    began = time.monotonic()
    with start_real_trino(os.environ, memory_gb=memory_gb, options=()) as trino:
        started = time.monotonic()
        fill_tables(trino, world)
        print(f"started: {started - began:.1f} s, filled: {time.monotonic() - started:.1f} s\n")
        _print_address(trino)
        while True:
            time.sleep(NOTICE_S)


def _print_address(trino: RealTrino) -> None:
    [[issues]] = trino.ask("SELECT count(*) AS n FROM jira.issues")
    [[users]] = trino.ask("SELECT count(*) AS n FROM jira.users")
    print(f"Trino {read_trino_version()}   host {trino.host}, port {trino.port}, any user")
    print(f"catalogue {CATALOG}: {issues} rows in jira.issues, {users} in jira.users\n")
    for name, value in {**trino.environment(), "TRINO_USER": USER}.items():
        print(f"export {name}={shlex.quote(value)}")
    print("\nCtrl-C ends it.", flush=True)


if __name__ == "__main__":
    sys.exit(run_real_trino())
