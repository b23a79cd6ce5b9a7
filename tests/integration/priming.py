"""Primes the code parts of an image as Rockcraft would: ``python priming.py <project> <work folder>``.

A program of its own, because craft-parts leaves files and sockets open that a test run must not inherit.
"""

import os
import sys
from pathlib import Path

import craft_parts
import yaml
from craft_parts import packages
from craft_parts.packages.base import DummyRepository


def prime(project: Path, folder: Path) -> None:
    """Prime every dump part of *project* into *folder*/work/prime."""
    os.chdir(project)
    parts = yaml.safe_load(Path("rockcraft.yaml").read_text())["parts"]
    # These parts install no system package: take the repository of systems that have none.
    packages.Repository = DummyRepository  # type: ignore[misc]
    manager = craft_parts.LifecycleManager(
        {"parts": {name: part for name, part in parts.items() if part["plugin"] == "dump"}},
        application_name="temporaletl",
        cache_dir=folder / "cache",
        work_dir=folder / "work",
        ignore_local_sources=["*.rock"],
    )
    actions = manager.plan(craft_parts.Step.PRIME)
    with manager.action_executor() as executor:
        executor.execute(actions)


if __name__ == "__main__":
    prime(Path(sys.argv[1]), Path(sys.argv[2]))
