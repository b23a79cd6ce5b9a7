"""Is the repository what its README and its own rules say?"""

import ast
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
PACKAGES = ("temporaletl", "queuer", "worker")
CODE = (*PACKAGES, "scripts", "tests")
TOP_LEVEL = {*CODE, "docs", "pyproject.toml", "README.md", "CHANGELOG.md", "LICENSE"}
GENERATED = {"build", "dist", "htmlcov", "__pycache__"}
SCRIPTS = ("demo", "test", "check", "lock", "pack", "real-trino", "start-worker.sh", "environment.sh")

PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def files_of(*folders: str, suffix: str) -> list[Path]:
    return [path for folder in folders for path in sorted((ROOT / folder).rglob(f"*{suffix}"))]


def test_the_top_level_holds_exactly_what_the_design_names() -> None:
    found = {path.name for path in ROOT.iterdir() if not path.name.startswith(".")}

    assert {name for name in found - GENERATED if not name.endswith(".egg-info")} == TOP_LEVEL


def readme_layout() -> list[str]:
    """Every path of README's picture of the layout, from the repository's root."""
    text = (ROOT / "README.md").read_text()
    picture = text.split("## Layout\n")[1].split("\n## ")[0]
    paths: list[str] = []
    folder = ""
    for line in filter(str.strip, picture.splitlines()):
        indent = len(line) - len(line.lstrip())
        name = line.split()[0]
        if indent == 4:
            folder = name
        paths.append(name if indent == 4 else folder + name)
    return paths


def test_everything_in_the_readmes_layout_exists() -> None:
    missing = [path for path in readme_layout() if not (ROOT / path).exists()]

    assert missing == []


def test_the_readmes_layout_names_every_folder_of_code() -> None:
    assert {f"{name}/" for name in CODE} <= set(readme_layout())


def test_the_readme_links_to_files_that_exist() -> None:
    links = re.findall(r"\]\((?!http)([^)#]+)\)", (ROOT / "README.md").read_text())

    assert [link for link in links if not (ROOT / link).exists()] == []


def test_nothing_directly_under_queuer_hides_another_module() -> None:
    """``python schedule.py`` runs with queuer/ first on sys.path."""
    own = {path.stem for path in (ROOT / "queuer").iterdir() if path.suffix == ".py" or path.is_dir()}
    others = {*sys.stdlib_module_names, *packages_distributions(), *CODE}

    assert (own & others) - {"__init__", "__main__", "__pycache__"} == set()


def test_every_version_is_the_projects() -> None:
    version = PYPROJECT["project"]["version"]
    images = [yaml.safe_load((ROOT / name / "rockcraft.yaml").read_text()) for name in ("queuer", "worker")]

    assert [image["version"] for image in images] == [version, version]
    assert re.search(rf"\b{re.escape(version)}\b", (ROOT / "CHANGELOG.md").read_text())


def test_the_licence_is_the_whole_mozilla_public_licence() -> None:
    text = (ROOT / "LICENSE").read_text()

    assert text.startswith("Mozilla Public License Version 2.0")
    assert 'This Source Code Form is "Incompatible With Secondary Licenses"' in text
    assert all(re.search(rf"(?m)^[* ]*{section}\. ", text) for section in range(1, 11))


@pytest.mark.parametrize("package", PACKAGES)
def test_only_a_main_module_reads_the_environment(package: str) -> None:
    readers = {"environ", "getenv"}
    offenders = [
        str(path.relative_to(ROOT))
        for path in files_of(package, suffix=".py")
        if path.name != "__main__.py"
        for node in ast.walk(ast.parse(path.read_text()))
        if (isinstance(node, ast.Attribute) and node.attr in readers)
        or (isinstance(node, ast.alias) and node.name in readers)
    ]

    assert offenders == []


def test_every_package_says_what_lives_there() -> None:
    silent = [
        str(path.relative_to(ROOT))
        for path in files_of(*PACKAGES, "scripts", suffix="__init__.py")
        if not ast.get_docstring(ast.parse(path.read_text()))
    ]

    assert silent == []


@pytest.mark.parametrize("name", SCRIPTS)
def test_every_script_is_plain_posix_shell(name: str) -> None:
    script = ROOT / "scripts" / name

    subprocess.run(["sh", "-n", str(script)], check=True)
    assert name == "environment.sh" or script.stat().st_mode & 0o111
    assert "[[" not in script.read_text()
