"""Which functions serve a source? A decorator that is a table, and the discovery that fills it."""

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import override

from pydantic_settings import BaseSettings

from temporaletl.errors import ConfigurationError


class Registry[T]:
    """A decorator that is a table: ``@registry("jira")`` adds, ``registry["jira"]`` finds.

    A name registered twice raises; an unknown name raises and lists the known ones. *needs* are the
    settings that must be complete before the entry can serve.
    """

    def __init__(self, what: str) -> None:
        self.what = what
        self._entries: dict[str, T] = {}
        self._needs: dict[str, tuple[type[BaseSettings], ...]] = {}

    def __call__[U](self, name: str, needs: tuple[type[BaseSettings], ...] = ()) -> Callable[[U], U]:
        """Register what is decorated under *name*."""

        def add(entry: U) -> U:
            if name in self._entries:
                raise ConfigurationError(f"{self.what} {name!r} is registered twice")
            self._entries[name] = entry  # type: ignore[assignment]
            self._needs[name] = needs
            return entry

        return add

    def __getitem__(self, name: str) -> T:
        """The entry of that name; ConfigurationError lists the known ones."""
        if name not in self._entries:
            known = ", ".join(self) or "none"
            raise ConfigurationError(f"no {self.what} {name!r}; known: {known}")
        return self._entries[name]

    def needs(self, name: str) -> tuple[type[BaseSettings], ...]:
        """The settings models that entry *name* was registered with."""
        return self._needs.get(name, ())

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._entries))

    def __len__(self) -> int:
        return len(self._entries)

    @override
    def __repr__(self) -> str:
        return f"<Registry of {self.what}: {', '.join(self) or 'empty'}>"


def discover(package: str) -> list[str]:
    """Import every module below *package* in sorted order and answer their names.

    Raises ConfigurationError with the module's name when one cannot be imported, or would not be found.
    """
    return list(_import_below(importlib.import_module(package)))


def _import_below(package: ModuleType) -> Iterator[str]:
    for folder in package.__path__:
        _refuse_unmarked(Path(folder))
    for module in sorted(pkgutil.iter_modules(package.__path__, f"{package.__name__}."), key=_name):
        try:
            loaded = importlib.import_module(module.name)
        # A module that exits would end the process as if it had been asked to.
        except (Exception, SystemExit) as error:
            raise ConfigurationError(
                f"source module {module.name} cannot be imported: {type(error).__name__}: {error}"
            ) from error
        yield module.name
        if module.ispkg:
            yield from _import_below(loaded)


def _refuse_unmarked(folder: Path) -> None:
    """A folder of modules that is no package is never looked into; what an uninstalled one left has none."""
    for below in sorted(folder.glob("[!.]*/")):
        if any(below.rglob("*.py")) and not (below / "__init__.py").exists():
            raise ConfigurationError(f"{below} has modules but no __init__.py: nobody would find them")


def _name(module: pkgutil.ModuleInfo) -> str:
    return module.name
