"""Does docs/sources.md name the settings of every source, and none that does not exist?"""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "sources.md").read_text()
EXAMPLE = (ROOT / ".env.example").read_text()

# What no source and no directory needs.
OTHERS = {"Temporal", "Log", "Sources", "Warehouse", "How much at once"}

SECTIONS = dict(re.findall(r"(?ms)^# --- ([^(\n-]+?) (?:\(.*?\) )?-+$(.*?)(?=^# --- |\Z)", EXAMPLE))


def names_in(text: str) -> set[str]:
    """The settings of a part of the example, commented out or not."""
    return set(re.findall(r"(?m)^#?([A-Z][A-Z0-9_]*)=", text))


def names_in_tables() -> set[str]:
    """The settings that the page's tables explain: what stands in their first column."""
    cells = re.findall(r"(?m)^\| (`[A-Z].*?) \|", PAGE)
    return {name for cell in cells for name in re.findall(r"`([A-Z][A-Z0-9_]+)`", cell)}


def test_the_page_explains_no_setting_that_the_example_does_not_have() -> None:
    assert names_in_tables() - names_in(EXAMPLE) == set()


@pytest.mark.parametrize("section", sorted(set(SECTIONS) - OTHERS))
def test_every_setting_of_a_section_is_explained_on_the_page(section: str) -> None:
    assert names_in(SECTIONS[section]) - names_in_tables() == set()


def test_every_section_of_the_example_is_looked_at() -> None:
    assert set().union(*map(names_in, SECTIONS.values())) == names_in(EXAMPLE)
    assert set(SECTIONS) >= OTHERS


def test_every_source_has_a_chapter() -> None:
    sources = {path.name for path in (ROOT / "worker" / "sources").iterdir() if (path / "query.py").exists()}

    assert sources <= {title.lower() for title in re.findall(r"(?m)^## (.+)$", PAGE)}


def test_every_link_within_the_page_leads_to_a_title() -> None:
    titles = {re.sub(r"[^a-z0-9 -]", "", title.lower()) for title in re.findall(r"(?m)^#+ (.+)$", PAGE)}

    links = set(re.findall(r"\]\(#([^)]+)\)", PAGE))

    assert links - {title.replace(" ", "-") for title in titles} == set()
