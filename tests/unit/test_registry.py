"""Registry and discovery: found by its decorator, in sorted order, and never silently twice."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pydantic_settings import BaseSettings

from temporaletl.errors import ConfigurationError
from temporaletl.registry import Registry, discover


class Host(BaseSettings):
    pass


def register(*names: str) -> Registry[Callable[[], str]]:
    """A registry with an entry of each name."""
    registry: Registry[Callable[[], str]] = Registry("params method")
    for name in names:
        registry(name)(lambda name=name: name)
    return registry


def test_what_is_decorated_is_found_by_name_and_stays_what_it_is() -> None:
    registry: Registry[Callable[[], str]] = Registry("params method")

    @registry("jira", needs=(Host,))
    def ask() -> str:
        return "asked"

    assert registry["jira"] is ask
    assert ask() == "asked"
    assert registry.needs("jira") == (Host,)


def test_a_name_registered_twice_raises() -> None:
    with pytest.raises(ConfigurationError, match="params method 'jira' is registered twice"):
        register("jira", "jira")


def test_an_unknown_name_raises_and_lists_the_known_ones() -> None:
    with pytest.raises(ConfigurationError, match="no params method 'jra'; known: jira, launchpad"):
        register("launchpad", "jira")["jra"]


def test_an_unknown_name_says_when_there_is_none() -> None:
    with pytest.raises(ConfigurationError, match="known: none"):
        register()["jira"]


def test_a_registry_is_a_table_in_sorted_order() -> None:
    registry = register("b", "a")

    assert (list(registry), len(registry), "a" in registry, "c" in registry) == (["a", "b"], 2, True, False)
    assert repr(registry) == "<Registry of params method: a, b>"


def test_an_entry_that_needs_nothing_needs_nothing() -> None:
    assert register("jira").needs("jira") == ()


type MakePackage = Callable[..., str]


@pytest.fixture
def make_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MakePackage]:
    """Makes a package of modules (``a/b.py``: source) that can be imported during the test."""
    name = f"found_{tmp_path.name.replace('-', '_')}"
    monkeypatch.syspath_prepend(tmp_path)

    def make(**modules: str) -> str:
        for path, source in {"__init__": "order = []", **modules}.items():
            file = tmp_path / name / f"{path}.py"
            file.parent.mkdir(parents=True, exist_ok=True)
            (file.parent / "__init__.py").touch()
            file.write_text(source)
        return name

    yield make
    for module in [module for module in sys.modules if module.split(".")[0] == name]:
        del sys.modules[module]


def test_every_module_below_is_imported_in_sorted_order(make_package: MakePackage) -> None:
    paths = ["b/z", "b/a", "a/deep/y", "a/x", "c", "a/deeper"]
    name = make_package(**dict.fromkeys(paths, ""))
    noted = f"import {name}; {name}.order.append(__name__)"
    for path in paths:
        make_package(**{path: noted})

    found = discover(name)

    below = [module.removeprefix(f"{name}.") for module in found]
    assert below == sorted(below) == ["a", "a.deep", "a.deep.y", "a.deeper", "a.x", "b", "b.a", "b.z", "c"]
    noted_order = [module.removeprefix(f"{name}.") for module in sys.modules[name].order]
    assert noted_order == ["a.deep.y", "a.deeper", "a.x", "b.a", "b.z", "c"]


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("import no_such_module", "ModuleNotFoundError: No module named 'no_such_module'"),
        ("x = 1 / 0", "ZeroDivisionError"),
        ("def", "SyntaxError"),
        ("raise SystemExit(0)", "SystemExit: 0"),
    ],
)
def test_a_module_that_cannot_be_imported_stops_the_start_by_its_name(
    make_package: MakePackage, source: str, why: str
) -> None:
    name = make_package(**{"jira/params": source})

    with pytest.raises(ConfigurationError) as refused:
        discover(name)

    assert f"{name}.jira.params cannot be imported: {why}" in str(refused.value)


def test_a_folder_of_modules_that_is_no_package_is_named(make_package: MakePackage, tmp_path: Path) -> None:
    name = make_package(**{"jira/extract/issues": "", ".saved/params": "", "gone/params": ""})
    for folder in ("jira", "gone", ".saved"):
        (tmp_path / name / folder).joinpath("__init__.py").unlink(missing_ok=True)
    (tmp_path / name / "gone" / "params.py").unlink()

    with pytest.raises(ConfigurationError) as refused:
        discover(name)

    assert f"{tmp_path / name / 'jira'} has modules but no __init__.py" in str(refused.value)


def test_what_a_package_without_modules_holds_is_nothing(make_package: MakePackage) -> None:
    assert discover(make_package()) == []
