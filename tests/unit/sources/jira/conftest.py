"""What the Jira tests share: people with readable ids, and a way to ask an issue for its events."""

import json
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from temporaletl.contract import Document
from tests.unit.sources.telling import Directory, Told
from worker.models.context import Context
from worker.sources.jira.document import read_issue
from worker.sources.jira.settings import JiraOptions
from worker.sources.jira.transform import transform

ROOT = Path(__file__).resolve().parents[4]


def ask(issue: Any, options: JiraOptions | None = None, directory: Directory | None = None) -> Told:
    document = issue if isinstance(issue, Document) else read_issue(issue)
    assert isinstance(document, Document), document
    people = directory or Directory("jira", {"ana": "E-ana", "bob": "E-bob", "eve": "E-eve"})
    context = Context(people, options)
    return Told(tuple(transform(document, context)), frozenset(context.unknown))


@pytest.fixture
def tell() -> Callable[..., Told]:
    """Everything that an issue tells, given options and people."""
    return ask


@pytest.fixture
def directory() -> Callable[..., Directory]:
    """Who is known."""
    return partial(Directory, "jira")


@pytest.fixture
def example() -> dict[str, Any]:
    """A small issue that has one of everything."""
    text = (ROOT / "tests" / "data" / "jira" / "issue.json").read_text(encoding="utf-8")
    issue: dict[str, Any] = json.loads(text)
    return issue


@pytest.fixture(scope="session")
def real_rows() -> list[dict[str, Any]]:
    """The issues of a real Jira Cloud project; skipped where they are not at hand."""
    path = ROOT.parent / "shared" / "data" / "jira" / "issues.ndjson"
    if not path.is_file():
        pytest.skip("the real issues are not beside this checkout (../shared/data/jira/issues.ndjson)")
    return list(_read_lines(path))


def _read_lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)
