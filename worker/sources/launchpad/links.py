"""What does a Launchpad link name? People, items and paths, read from the addresses of the web service."""

import re
from typing import Final
from urllib.parse import unquote, urlsplit

from pydantic import JsonValue

NAME: Final = re.compile(r"[a-z0-9][a-z0-9+.-]*")
"""How Launchpad spells the name of a person or team."""

_BUG: Final = re.compile(r"(?:.*/)?(?:\+bug|bugs)/(\d+)")
_UNSAFE: Final = re.compile(r"[?#\\\s]|(?:^|/)\.{1,2}(?:/|$)|//")


def path_of(link: JsonValue) -> str | None:
    """The path below the service's version: ``~ana/proj/+git/repo/+merge/7``; None for what is no link.

    What Launchpad hides from us has a ``tag:`` instead of a link.
    """
    if not isinstance(link, str):
        return None
    parts = urlsplit(link)
    _, _, path = parts.path.strip("/").partition("/")
    return path if parts.scheme in {"http", "https"} and path else None


def person_of(link: JsonValue) -> str | None:
    """The name of the person (or team) that *link* leads to, in lower case; None where it leads to none.

    In the web service (``https://api.launchpad.net/devel/~ana``) or on the web (``https://launchpad.net/~ana``).
    """
    path = path_of(link)
    if path is None and isinstance(link, str) and link.startswith(("http://", "https://")):
        path = urlsplit(link).path.strip("/")
    if path is None or not path.startswith("~") or "/" in path:
        return None
    return unquote(path[1:]).lower() or None


def bug_of(link: JsonValue) -> str | None:
    """The number of the bug that *link* leads to."""
    path = path_of(link)
    found = None if path is None else _BUG.fullmatch(path)
    return None if found is None else found[1]


def number_in(link: JsonValue, marker: str) -> int | None:
    """The number after the path's last *marker* (``+merge``, ``comments``), where the path ends with it."""
    path = path_of(link) or (link if isinstance(link, str) else "")
    head, _, number = path.rstrip("/").rpartition("/")
    is_there = head == marker or head.endswith(f"/{marker}")
    return int(number) if is_there and number.isascii() and number.isdecimal() and len(number) < 19 else None


def is_safe_path(path: str) -> bool:
    """Whether *path* stays below the service's version when it is put behind it."""
    return not path.startswith("/") and _UNSAFE.search(path) is None


def is_number(text: str) -> bool:
    """Whether *text* is the number of a bug or a question."""
    return text.isascii() and text.isdecimal()
