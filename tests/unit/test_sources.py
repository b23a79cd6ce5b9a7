"""Which sources can be served: those whose settings are complete, and what the others lack."""

from typing import override

import pytest
from pydantic_settings import BaseSettings, SettingsConfigDict

from temporaletl.errors import ConfigurationError
from temporaletl.registry import Registry
from temporaletl.settings import Settings
from temporaletl.sources import Sources, check_sources


class Lake(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="LAKE_")
    host: str
    user: str


class Directory(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="DIRECTORY_")
    key: str


@pytest.fixture(autouse=True)
def empty(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LAKE_HOST", "LAKE_USER", "DIRECTORY_KEY"):
        monkeypatch.delenv(name, raising=False)


def table(**needs: type[BaseSettings]) -> Registry[str]:
    """A registry with entries that need these settings; ``a__b`` stands for ``a-b``."""
    registry: Registry[str] = Registry("method")
    for name, model in needs.items():
        registry(name.replace("__", "-"), needs=(model,))(name)
    return registry


def plain(*names: str) -> Registry[str]:
    registry: Registry[str] = Registry("method")
    for name in names:
        registry(name)(name)
    return registry


def test_a_source_with_half_its_settings_is_known_but_not_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAKE_HOST", "lake")
    sources = check_sources([table(jira=Lake), plain("jira")])

    assert (sources.known, sources.ready) == (("jira",), ())
    assert sources.problems == {"jira": ("LAKE_USER (missing)",)}


def test_one_source_without_settings_leaves_the_others_ready() -> None:
    sources = check_sources([table(jira=Lake), plain()])
    both = check_sources([_merge(table(jira=Lake), plain("notes")), plain()])

    assert sources.ready == ()
    assert both.ready == ("notes",)


def test_everything_missing_is_named_at_once_wherever_it_is_needed() -> None:
    sources = check_sources([plain("jira"), table(jira__issues=Lake)], [Directory])

    assert sources.problems["jira"] == (
        "DIRECTORY_KEY (missing)",
        "LAKE_HOST (missing)",
        "LAKE_USER (missing)",
    )


def test_the_settings_that_are_complete_are_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LAKE_HOST", "LAKE_USER"):
        monkeypatch.setenv(name, "x")
    sources = check_sources([_merge(table(jira=Lake), table(notes=Lake))])

    assert sources.settings == (Lake(host="x", user="x"),)
    assert sources.ready == ("jira", "notes")


def test_an_entry_counts_for_the_source_with_the_longest_name() -> None:
    sources = check_sources([plain("jira", "jira-emea"), table(**{"jira__emea__issues": Lake})])

    assert sources.ready == ("jira",)
    assert set(sources.problems) == {"jira-emea"}


def test_a_source_that_is_ready_is_served_by_its_plugin() -> None:
    assert Sources(("jira",), (), {}).require("jira") == "jira"


def test_an_unknown_source_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ConfigurationError, match="there is no source 'jra'; known: jira, notes"):
        Sources(("jira", "notes"), (), {}).require("jra")


def test_a_source_that_is_not_configured_is_refused_with_what_it_lacks() -> None:
    sources = Sources(("jira",), (), {"jira": ("LAKE_HOST (missing)", "LAKE_USER (missing)")})

    with pytest.raises(ConfigurationError, match=r"LAKE_HOST \(missing\); LAKE_USER \(missing\)"):
        sources.require("jira")


def _merge(*tables: Registry[str]) -> Registry[str]:
    merged: Registry[str] = Registry("method")
    for one in tables:
        for name in one:
            merged(name, needs=one.needs(name))(one[name])
    return merged


def test_what_settings_say_decides_which_others_are_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    class Backend(Settings):
        model_config = SettingsConfigDict(env_prefix="NOTES_")
        backend: str = "lake"

        @property
        @override
        def needs(self) -> tuple[type[BaseSettings], ...]:
            return (Lake,) if self.backend == "lake" else (Directory,)

    in_lake = check_sources([table(notes=Backend), plain()])
    monkeypatch.setenv("NOTES_BACKEND", "directory")
    in_directory = check_sources([table(notes=Backend), plain()])

    assert in_lake.problems == {"notes": ("LAKE_HOST (missing)", "LAKE_USER (missing)")}
    assert in_directory.problems == {"notes": ("DIRECTORY_KEY (missing)",)}
