"""What Launchpad's links name, and which paths may be asked for."""

from typing import Any

import pytest

from worker.sources.launchpad.links import bug_of, is_safe_path, number_in, path_of, person_of

API = "https://api.launchpad.net/devel/"
HIDDEN = "tag:launchpad.net:2008:redacted"


@pytest.mark.parametrize(
    ("link", "name"),
    [
        (f"{API}~ana", "ana"),
        (f"{API}~J.Doe%2Bdev", "j.doe+dev"),
        (f"{API}~ana/proj/branch", None),
        (f"{API}proj", None),
        (f"{API}~", None),
        ("~ana", None),
        ("https://launchpad.net/~Ana", "ana"),
        ("https://bugs.launchpad.net/~ana/", "ana"),
        ("https://launchpad.net/proj", None),
        (HIDDEN, None),
        (None, None),
        (7, None),
    ],
)
def test_a_link_to_a_person_names_them(link: Any, name: str | None) -> None:
    assert person_of(link) == name


@pytest.mark.parametrize(
    ("link", "bug"),
    [
        (f"{API}bugs/7", "7"),
        (f"{API}ubuntu/+source/x/+bug/7", "7"),
        (f"{API}bugs/7/activity", None),
        (HIDDEN, None),
        (None, None),
    ],
)
def test_a_link_to_a_bug_has_its_number(link: Any, bug: str | None) -> None:
    assert bug_of(link) == bug


def test_a_path_is_what_follows_the_version() -> None:
    assert path_of(f"{API}~ana/proj/+git/repo/+merge/7") == "~ana/proj/+git/repo/+merge/7"
    assert path_of(API) is None


@pytest.mark.parametrize(
    ("link", "marker", "number"),
    [
        (f"{API}~ana/proj/b/+merge/42", "+merge", 42),
        (f"{API}x/+bug/7/comments/0", "comments", 0),
        (f"{API}x/+bug/7/comments/last", "comments", None),
        (f"{API}x/42", "+merge", None),
        (f"{API}+merge/{'9' * 30}", "+merge", None),
        (None, "+merge", None),
    ],
)
def test_the_number_behind_a_marker_is_read(link: Any, marker: str, number: int | None) -> None:
    assert number_in(link, marker) == number


@pytest.mark.parametrize("path", ["7", "~ana/proj/+git/re..po/+merge/7", "~ana/%C3%A9/b/+merge/7"])
def test_a_path_below_the_version_is_safe(path: str) -> None:
    assert is_safe_path(path)


@pytest.mark.parametrize(
    "path", ["/7", "../7", "~a/../../x", "~a/.", "a//b", "7?ws.op=x", "7#x", "a b", "a\nb", "a\\b"]
)
def test_a_path_that_leads_elsewhere_is_not(path: str) -> None:
    assert not is_safe_path(path)
