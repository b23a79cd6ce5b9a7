"""Runs the sandbox until Ctrl-C: ``python -m scripts.sandbox --issues 1000``."""

import argparse
import random
import shlex
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NoReturn

from scripts.sandbox.process import NOTICE_S, be_interruptible
from scripts.sandbox.stack import Sandbox
from scripts.sandbox.surroundings import forget_surroundings
from scripts.sandbox.upstreams import SOURCES

CHANGE_EVERY_S = 60


def run_sandbox(arguments: Sequence[str] | None = None) -> None:
    """Start everything, say where it is, and change the world as asked until the end."""
    parser = argparse.ArgumentParser(prog="python -m scripts.sandbox", description=__doc__)
    parser.add_argument("--issues", type=int, default=1000, help="how many issues Jira has (1000)")
    parser.add_argument("--seed", type=int, default=1, help="another seed, another world (1)")
    parser.add_argument("--detail", type=float, default=1.0, help="size of documents: 1 realistic, 0 bare")
    parser.add_argument(
        "--change", type=int, default=0, metavar="N", help="change N documents of each source every minute"
    )
    options = parser.parse_args(arguments)
    forget_surroundings()
    interrupted = be_interruptible()
    try:
        _serve(options)
    except BaseException:
        if not interrupted():
            raise
    print("all gone")


def _serve(options: argparse.Namespace) -> NoReturn:
    """Serve the world, and change it as asked, until somebody interrupts."""
    with Sandbox(options.issues, seed=options.seed, detail=options.detail) as sandbox:
        _print_addresses(sandbox)
        rng, changed_at = random.Random(options.seed), time.monotonic()
        while True:
            time.sleep(NOTICE_S)
            sandbox.check()
            if options.change and time.monotonic() - changed_at > CHANGE_EVERY_S:
                changed_at = time.monotonic()
                for source in SOURCES:
                    changed = sandbox.upstreams.change_some(source, options.change, rng, datetime.now(UTC))
                    print(f"changed in {source}: {', '.join(sorted(changed))}")


def _print_addresses(sandbox: Sandbox) -> None:
    took = ", ".join(f"{part} {seconds:.1f} s" for part, seconds in sandbox.started_s.items())
    print(f"started: {took}\n")
    print(f"Temporal    {sandbox.temporal.address}   UI {sandbox.temporal.ui_url}")
    upstreams = sandbox.upstreams
    print(f"Trino       {upstreams.trino.url}   {upstreams.size('jira')} issues")
    print(f"Launchpad   {upstreams.launchpad.url}   {upstreams.size('launchpad')} bugs, proposals, questions")
    print(f"Salesforce  {upstreams.salesforce.url}   {upstreams.size('salesforce')} cases")
    print(f"PostgreSQL  {sandbox.postgres.psql_command()}\n")
    for name, value in sandbox.environment().items():
        print(f"export {name}={shlex.quote(value)}")
    print("\nCtrl-C ends it.", flush=True)


if __name__ == "__main__":
    run_sandbox()
