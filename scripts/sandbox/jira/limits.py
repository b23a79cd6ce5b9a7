"""How much does one answer hold?"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Sizes of pages (small, so that clients have to page) and of the lists inside an issue (Jira's own)."""

    issues: int = 10
    parts: int = 15
    bulk_histories: int = 50
    users: int = 20
    embedded_parts: int = 20
    embedded_histories_in_search: int = 40
    embedded_histories_in_issue: int = 100
    bulk_issues: int = 100
    bulk_changelogs: int = 1000
