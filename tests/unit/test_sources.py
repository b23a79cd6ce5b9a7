"""Which sources can be served: those whose settings are complete, and what the others lack."""

from typing import override

import pytest
import structlog
from pydantic import field_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, SettingsConfigDict

from temporaletl.environment import SWITCHED_OFF, require_settings
from temporaletl.errors import ConfigurationError
from temporaletl.registry import Registry
from temporaletl.settings import LogSettings, Settings
from temporaletl.sources import Sources, check_sources, log_left_out


class Lake(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="LAKE_")
    host: str
    user: str


class Directory(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="DIRECTORY_")
    key: str


@pytest.fixture(autouse=True)
def empty(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LAKE_HOST", "LAKE_USER", "DIRECTORY_KEY", "SOURCES", "NEWS_ON", "LOG_LEVEL"):
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


class News(Settings):
    model_config = SettingsConfigDict(env_prefix="NEWS_")
    on: bool = False

    @field_validator("on")
    @classmethod
    def _is_on(cls, value: bool) -> bool:
        if not value:
            raise PydanticCustomError(SWITCHED_OFF, "set it to true to read news")
        return value


def test_a_source_that_nobody_configured_is_left_out_and_no_finding() -> None:
    sources = check_sources([table(jira=Lake), plain()])

    assert sources.left_out == {"jira"}
    assert [*sources.findings] == []
    with structlog.testing.capture_logs() as said:
        log_left_out(structlog.get_logger(), sources)
    assert [(line["log_level"], line["source"], line["reason"]) for line in said] == [
        ("info", "jira", "LAKE_HOST (missing); LAKE_USER (missing)")
    ]


def test_what_is_set_to_nothing_or_by_kubernetes_configures_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    class Server(Settings):
        model_config = SettingsConfigDict(env_prefix="LAKE_")
        host: str
        port: int = 443

    monkeypatch.setenv("LAKE_HOST", "")
    monkeypatch.setenv("LAKE_PORT", "tcp://10.0.0.1:443")

    assert check_sources([table(jira=Server), plain()]).left_out == {"jira"}


def test_a_source_with_half_its_settings_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAKE_HOST", "lake")
    sources = check_sources([table(jira=Lake), plain()], [Directory])

    [finding] = sources.findings
    assert sources.left_out == frozenset()
    assert finding.finding == (
        "source jira is not served: settings are missing or wrong:"
        " DIRECTORY_KEY (missing); LAKE_USER (missing)"
    )
    assert "SOURCES" in finding.remedy


def test_what_only_the_directory_lacks_is_a_finding_of_each_source_that_is_configured(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LAKE_HOST", "lake")
    monkeypatch.setenv("LAKE_USER", "me")
    sources = check_sources([_merge(table(jira=Lake, news=News), plain("notes"))], [Directory])

    assert sources.left_out == {"news"}
    assert [finding.finding.split(" is not")[0] for finding in sources.findings] == [
        "source jira",
        "source notes",
    ]


@pytest.mark.parametrize("value", [None, "", "false"])
def test_a_source_that_is_switched_off_is_left_out(
    monkeypatch: pytest.MonkeyPatch, value: str | None
) -> None:
    if value is not None:
        monkeypatch.setenv("NEWS_ON", value)

    assert check_sources([table(news=News), plain()]).left_out == {"news"}


def test_a_switch_that_is_neither_on_nor_off_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEWS_ON", "perhaps")

    [finding] = check_sources([table(news=News), plain()]).findings
    assert "NEWS_ON (must be true or false)" in finding.finding


@pytest.mark.parametrize("named", ["jira", "jira,", " Jira ,jira", '"jira"', "jira jira"])
def test_only_the_sources_that_are_named_are_served(monkeypatch: pytest.MonkeyPatch, named: str) -> None:
    monkeypatch.setenv("SOURCES", named)
    sources = check_sources([plain("jira", "notes"), plain()])

    assert (sources.ready, sources.left_out, sources.refusals) == (("jira",), {"notes"}, ())
    assert [*sources.findings] == []
    with pytest.raises(ConfigurationError, match="SOURCES does not name it"):
        sources.require("notes")


@pytest.mark.parametrize("named", ["", " ", ","])
def test_naming_no_source_serves_all_that_are_configured(monkeypatch: pytest.MonkeyPatch, named: str) -> None:
    monkeypatch.setenv("SOURCES", named)

    assert check_sources([plain("jira", "notes"), plain()]).ready == ("jira", "notes")


@pytest.mark.parametrize(
    ("named", "refusals"),
    [
        ("jira", ["SOURCES names jira, which needs LAKE_HOST (missing); LAKE_USER (missing)"]),
        ("news", ["SOURCES names news, which needs NEWS_ON (set it to true to read news)"]),
        ("notes,jra", ["SOURCES (there is no source 'jra'; known: jira, news, notes)"]),
    ],
)
def test_a_source_that_is_named_and_cannot_be_served_stops_the_start(
    monkeypatch: pytest.MonkeyPatch, named: str, refusals: list[str]
) -> None:
    monkeypatch.setenv("SOURCES", named)
    sources = check_sources([_merge(table(jira=Lake, news=News), plain("notes"))])

    assert [*sources.refusals] == refusals
    monkeypatch.setenv("LOG_LEVEL", "LOUD")
    with pytest.raises(ConfigurationError) as refused:
        require_settings(LogSettings, problems=sources.refusals)
    assert [part for part in ("LOG_LEVEL (", *refusals) if part not in str(refused.value)] == []
