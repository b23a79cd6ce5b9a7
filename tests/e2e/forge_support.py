"""The wiki of docs/sources.md over loopback HTTP, and the guide's files as a newcomer would write them."""

import re
import shutil
import subprocess
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from scripts.sandbox.exchange import Request, Response, answer_json
from scripts.sandbox.http_server import LoopbackServer
from tests.e2e.launch_support import copy_packages

ROOT = Path(__file__).resolve().parents[2]
GUIDE = ROOT / "docs" / "sources.md"
TOKEN = "a-token-of-the-tests"

_FILE = re.compile(r"(?m)^`([\w/]+\.py)`\n\n```python\n((?s:.*?))^```$")
_SHELL = re.compile(r"(?m)^```sh\n((?s:.*?))^```$")


def files_of_the_guide() -> dict[str, str]:
    """The text of each file that the guide shows, by its path."""
    return dict(_FILE.findall(GUIDE.read_text()))


def follow_the_guide(folder: Path) -> Path:
    """*folder* as the guide leaves it: the packages, and in them the folders and files of a new source."""
    root = copy_packages(folder)
    for name in ("pyproject.toml", "README.md"):
        shutil.copy(ROOT / name, root / name)
    for commands in _SHELL.findall(GUIDE.read_text()):
        subprocess.run(["sh", "-euc", commands], cwd=root, check=True)
    for name, text in files_of_the_guide().items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=name.startswith("tests/") or path.parent.exists())
        path.write_text(text)
    return root


@dataclass
class Wiki:
    """The pages that Forge has, by id, as it serves them. *hidden* ones are listed and then refused."""

    pages: dict[str, dict[str, Any]] = field(default_factory=dict)
    hidden: set[str] = field(default_factory=set)

    def add_page(self, page_id: str, when: datetime, author: Any, revisions: int = 2) -> None:
        """A page by *author* with so many revisions and a comment."""
        at = _spell(when)
        number = len(self.pages)
        self.pages[page_id] = {
            "id": page_id,
            "updated": at,
            "deleted": False,
            "title": f"Page {page_id}",
            "url": f"https://forge.example.com/{page_id}",
            "owner": author,
            "revisions": [
                {"number": one + 1, "at": at, "author": author, "summary": f"revision {one + 1}"}
                for one in range(revisions)
            ],
            "comments": [{"id": 1000 + number, "at": at, "author": author, "text": "looks good"}],
        }

    def touch(self, page_id: str, when: datetime) -> dict[str, Any]:
        """The page, last changed at *when*, to be edited by the caller."""
        self.pages[page_id]["updated"] = _spell(when)
        return self.pages[page_id]


class ForgeServer(LoopbackServer):
    """Serves a wiki as the guide says."""

    def __init__(self, wiki: Wiki) -> None:
        self.wiki = wiki
        super().__init__(self._answer)

    def _answer(self, request: Request) -> Response:
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return answer_json({"error": "who are you?"}, 401)
        if request.path == "/api/pages":
            return answer_json({"pages": [{"id": one} for one in self._find(request.query)]})
        page_id = request.path.removeprefix("/api/pages/")
        if page_id in self.wiki.hidden or page_id not in self.wiki.pages:
            return answer_json({"error": "no such page"}, 404)
        return answer_json(self.wiki.pages[page_id])

    def _find(self, query: Any) -> list[str]:
        since, until = (datetime.fromisoformat(query[name]) for name in ("since", "until"))
        found = [
            page_id
            for page_id, page in sorted(self.wiki.pages.items())
            if page_id > query["after"] and since <= datetime.fromisoformat(page["updated"]) < until
        ]
        return found[: int(query["limit"])]


def _spell(when: datetime) -> str:
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")
