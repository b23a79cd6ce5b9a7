"""Which sources can this process serve? Those whose plug-ins are found and whose settings are complete."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic_settings import BaseSettings

from temporaletl.contract import plugin_of
from temporaletl.environment import read_settings
from temporaletl.errors import ConfigurationError
from temporaletl.registry import Registry


@dataclass(frozen=True, slots=True)
class Sources:
    """The sources of a process: their settings, and what is missing of those that cannot be served."""

    known: tuple[str, ...]
    settings: tuple[BaseSettings, ...]
    problems: Mapping[str, tuple[str, ...]]

    @property
    def ready(self) -> tuple[str, ...]:
        """The sources that can be served, sorted."""
        return tuple(name for name in self.known if name not in self.problems)

    def require(self, source_kind_id: str) -> str:
        """The plug-in that serves *source_kind_id*; ConfigurationError says why none can."""
        plugin = plugin_of(source_kind_id)
        if plugin not in self.known:
            known = ", ".join(self.known) or "none"
            raise ConfigurationError(f"there is no source {source_kind_id!r}; known: {known}")
        if plugin in self.problems:
            missing = "; ".join(self.problems[plugin])
            raise ConfigurationError(f"source {source_kind_id!r} is not configured: {missing}")
        return plugin


def check_sources(registries: Iterable[Registry[Any]], shared: Iterable[type[BaseSettings]] = ()) -> Sources:
    """Read the settings that each source's entries were registered with, and *shared* ones for all.

    The first registry names the sources; an entry ``jira-issues`` of another belongs to ``jira``, unless
    there is a source ``jira-issues``.
    """
    tables = list(registries)
    known = tuple(tables[0])
    settings: dict[type[BaseSettings], BaseSettings] = {}
    problems: dict[str, tuple[str, ...]] = {}
    for name in known:
        needs = {*shared}
        for table in tables:
            for entry in table:
                if _owner(entry, known) == name:
                    needs.update(table.needs(entry))
        read, missing = read_settings(sorted(needs, key=lambda model: model.__name__))
        settings.update({type(model): model for model in read})
        if missing:
            problems[name] = tuple(missing)
    return Sources(known, tuple(settings.values()), problems)


def _owner(entry: str, known: Iterable[str]) -> str | None:
    owners = [name for name in known if entry == name or entry.startswith(f"{name}-")]
    return max(owners, key=len, default=None)
