"""Which variables of a terminal do the sandbox's own clients not meet?"""

import os

import pytest

from scripts.sandbox.surroundings import forget_surroundings


def test_only_what_leads_elsewhere_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PGSSLMODE", "PGOPTIONS", "https_proxy", "HTTP_PROXY", "no_proxy", "SEEN_PG", "PROXY"):
        monkeypatch.setenv(name, "set")

    forget_surroundings()

    assert [name for name in os.environ if name.startswith("PG") or name.lower().endswith("_proxy")] == []
    assert (os.environ["SEEN_PG"], os.environ["PROXY"]) == ("set", "set")
