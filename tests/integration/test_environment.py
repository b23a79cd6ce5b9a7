"""Is the private environment made once, by whoever comes first, and left alone afterwards?

A repository of two files with an empty lock stands for the real one: nothing is downloaded.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SAY = '. "$(dirname -- "$0")/environment.sh"; "$python" -c "import sys; print(sys.prefix)"; pwd -P'


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A folder with the scripts that make the environment, and an empty lock."""
    scripts = tmp_path / "a repository" / "scripts"
    scripts.mkdir(parents=True)
    for name in ("environment.sh", "environment.py", "check"):
        shutil.copy(ROOT / "scripts" / name, scripts)
    (scripts / "requirements.txt").write_text("# nothing\n")
    (scripts / "say").write_text(f"#!/bin/sh\n{SAY}\n")
    (scripts / "say").chmod(0o755)
    return scripts.parent


def say(repository: Path, path: str | None = None, script: str = "say") -> "subprocess.Popen[str]":
    """Start a script of the repository from another folder, without standard input."""
    python = Path(sys.executable).resolve().parent
    return subprocess.Popen(
        [str(repository / "scripts" / script)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd="/",
        env={
            "PATH": path or f"{python}{os.pathsep}{os.environ['PATH']}",
            "CI": "true",
            "HOME": str(repository),
        },
    )


def test_the_environment_is_made_once_though_two_ask_at_once_and_anew_for_another_lock(
    repository: Path,
) -> None:
    both = [say(repository), say(repository)]
    answers = [process.communicate(timeout=100) for process in both]
    assert [out.splitlines() for out, _ in answers] == [[f"{repository}/.venv", str(repository)]] * 2
    assert sum(err.count("Preparing") for _, err in answers) == 1

    witness = repository / ".venv" / "witness"
    witness.touch()
    out, err = say(repository).communicate(timeout=100)
    assert (out.splitlines()[0], err) == (f"{repository}/.venv", "")
    assert witness.exists()

    (repository / "scripts" / "requirements.txt").write_text("# nothing else\n")
    _, err = say(repository).communicate(timeout=100)
    assert "Preparing" in err
    assert not witness.exists()


def install_stand_in(environment: Path, package: str, command: str) -> None:
    """A package of that name as pip installs it, whose command tells what it was asked."""
    [packages] = environment.glob("lib/python3*/site-packages")
    (packages / package).mkdir()
    said = f"import sys\n\ndef tell():\n    print('{command} ran', *sys.argv[1:])\n\n"
    for module in ("__init__", "cli"):
        (packages / package / f"{module}.py").write_text(f"{said}lint_imports_command = tell\n")
    (packages / package / "__main__.py").write_text(f"from {package} import tell\n\ntell()\n")
    program = environment / "bin" / command
    program.write_text(f"#!{environment}/bin/python\nfrom {package} import tell\n\ntell()\n")
    program.chmod(0o755)


def test_a_repository_that_was_moved_is_checked_as_before(repository: Path) -> None:
    say(repository).communicate(timeout=100)
    for package, command in (("ruff", "ruff"), ("mypy", "mypy"), ("importlinter", "lint-imports")):
        install_stand_in(repository / ".venv", package, command)
    moved = repository.rename(repository.with_name("renamed"))

    process = say(moved, script="check")
    out, err = process.communicate(timeout=100)

    assert (process.returncode, err) == (0, "")
    asked = ["ruff ran check .", "ruff ran format --check .", "mypy ran", "lint-imports ran"]
    assert [line for line in out.splitlines() if " ran" in line] == asked


def test_a_lock_that_cannot_be_installed_is_no_environment(repository: Path) -> None:
    (repository / "scripts" / "requirements.txt").write_text("no_such_package_at_all\n")

    for _ in range(2):
        process = say(repository)
        _, err = process.communicate(timeout=100)
        assert process.returncode == 1
        assert "could not be installed" in err


def test_a_machine_without_a_fitting_python_is_told_what_is_needed(repository: Path, tmp_path: Path) -> None:
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ("sh", "dirname", "cmp"):
        (tools / name).symlink_to(str(shutil.which(name)))

    process = say(repository, path=str(tools))
    _, err = process.communicate(timeout=100)

    assert process.returncode == 1
    assert "needs Python 3.12" in err
