"""Know which sources this process can serve: those with plug-ins and with complete settings."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic_settings import BaseSettings
from structlog.typing import FilteringBoundLogger

from temporaletl.contract import plugin_of
from temporaletl.environment import read_models
from temporaletl.errors import ConfigurationError
from temporaletl.findings import Finding
from temporaletl.registry import Registry
from temporaletl.settings import SourceSettings


@dataclass(frozen=True, slots=True)
class Sources:
    """The sources of a process.

    Attributes:
        known: those that were discovered, sorted.
        settings: the settings of all that are complete.
        problems: what is missing or wrong, of each that cannot be served.
        left_out: those of *problems* that nobody asked for: nothing of theirs is set, they are switched
            off, or SOURCES does not name them.
        refusals: why the process cannot start as SOURCES asks.
    """

    known: tuple[str, ...]
    settings: tuple[BaseSettings, ...]
    problems: Mapping[str, tuple[str, ...]]
    left_out: frozenset[str] = frozenset()
    refusals: tuple[str, ...] = ()

    @property
    def ready(self) -> tuple[str, ...]:
        """The sources that can be served, sorted."""
        return tuple(name for name in self.known if name not in self.problems)

    @property
    def findings(self) -> list[Finding]:
        """The sources that somebody began to configure."""
        return [
            Finding(
                None,
                f"source {name} is not served: settings are missing or wrong: {'; '.join(problems)}",
                "set them, or name the sources that you want in SOURCES",
            )
            for name, problems in self.problems.items()
            if name not in self.left_out
        ]

    def require(self, source_kind_id: str) -> str:
        """The plug-in that serves *source_kind_id*; ConfigurationError says why none can."""
        plugin = plugin_of(source_kind_id)
        if plugin not in self.known:
            raise ConfigurationError(_unknown(source_kind_id, self.known))
        if plugin in self.problems:
            missing = "; ".join(self.problems[plugin])
            raise ConfigurationError(f"source {source_kind_id!r} is not configured: {missing}")
        return plugin


def log_left_out(log: FilteringBoundLogger, sources: Sources) -> None:
    """Print one line for each source that nobody asked for."""
    for name in sorted(sources.left_out):
        log.info("source is left out", source=name, reason="; ".join(sources.problems[name]))


def check_sources(registries: Iterable[Registry[Any]], shared: Iterable[type[BaseSettings]] = ()) -> Sources:
    """Read the settings that each source's entries were registered with, and *shared* ones for all.

    The first registry names the sources; an entry ``jira-issues`` of another belongs to ``jira``, unless
    there is a source ``jira-issues``. Where SOURCES names some, only these are served, and each must be.
    """
    tables = list(registries)
    known = tuple(tables[0])
    choice = read_models([SourceSettings])
    wanted = next((model.sources for model in choice.settings if isinstance(model, SourceSettings)), None)
    settings: dict[type[BaseSettings], BaseSettings] = {}
    problems: dict[str, tuple[str, ...]] = {}
    left_out = set[str]()
    for name in known:
        if wanted is not None and name not in wanted:
            problems[name] = ("SOURCES does not name it",)
            left_out.add(name)
            continue
        own = _needs(name, tables, known)
        reading = read_models(sorted({*shared, *own}, key=lambda model: model.__name__))
        settings.update({type(model): model for model in reading.settings})
        if reading.problems:
            problems[name] = reading.problems
            mine = read_models(own)
            if own and wanted is None and (mine.is_switched_off or not mine.is_configured):
                left_out.add(name)
    refusals = [*choice.problems]
    for name in wanted or ():
        if name not in known:
            refusals.append(f"SOURCES ({_unknown(name, known)})")
        elif name in problems:
            refusals.append(f"SOURCES names {name}, which needs {'; '.join(problems[name])}")
    return Sources(known, tuple(settings.values()), problems, frozenset(left_out), tuple(refusals))


def _needs(source: str, tables: Iterable[Registry[Any]], known: Iterable[str]) -> set[type[BaseSettings]]:
    return {
        model
        for table in tables
        for entry in table
        if _owner(entry, known) == source
        for model in table.needs(entry)
    }


def _unknown(name: str, known: Iterable[str]) -> str:
    return f"there is no source {name!r}; known: {', '.join(known) or 'none'}"


def _owner(entry: str, known: Iterable[str]) -> str | None:
    owners = [name for name in known if entry == name or entry.startswith(f"{name}-")]
    return max(owners, key=len, default=None)
