"""What a real Trino needs is found on any machine, fetched once, and mended; what is missing is named."""

import shutil
from pathlib import Path

import pytest

from scripts.sandbox.process import StartError
from scripts.trino import toolchain
from scripts.trino.libraries import cache_folder, have_libraries, is_whole, read_trino_version
from scripts.trino.toolchain import AbsentError, find_jdk, find_maven

FETCH = """
for word; do
    case $word in -DoutputDirectory=*) lib=${word#-DoutputDirectory=} ;; esac
    [ "$last" = -l ] && log=$word
    last=$word
done
echo "$JAVA_HOME" >>"$(dirname "$0")/asked"
mkdir -p "$lib" && echo one >"$lib/one.jar" && echo two >"$lib/two.jar"
echo 'BUILD SUCCESS' >"$log"
"""


@pytest.fixture(autouse=True)
def bare_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """No JDK and no Maven where they are commonly installed."""
    monkeypatch.setattr(toolchain, "_JDK_FOLDERS", ("~/jdks/*",))
    monkeypatch.setattr(toolchain, "_MAVEN_PROGRAMS", ("~/maven/bin/mvn",))


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "bin").mkdir()
    return {"HOME": str(tmp_path), "PATH": f"{tmp_path / 'bin'}:/usr/bin:/bin"}


@pytest.fixture(autouse=True)
def own_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The programs of this machine are not found; those of a shell are."""
    which = shutil.which

    def find(name: str, *, path: str) -> str | None:
        return which(name, path=":".join(part for part in path.split(":") if part.startswith(str(tmp_path))))

    monkeypatch.setattr(toolchain.shutil, "which", find)


def install_jdk(home: Path, version: str, *, compiler: bool = True) -> Path:
    for name in ("java", "javac") if compiler else ("java",):
        install_program(home / "bin" / name, "exit 1")
    (home / "release").write_text(f'IMPLEMENTOR="x"\nJAVA_VERSION="{version}"\n')
    return home


def install_program(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def test_the_jdk_that_the_environment_names_comes_first(tmp_path: Path, environ: dict[str, str]) -> None:
    install_jdk(tmp_path / "jdks" / "a", "25.0.1")
    chosen = install_jdk(tmp_path / "mine", "26")
    assert find_jdk({**environ, "JAVA_HOME": str(chosen)}) == chosen


def test_a_jdk_that_is_too_old_is_passed_over_wherever_it_is(tmp_path: Path, environ: dict[str, str]) -> None:
    old = install_jdk(tmp_path / "old", "17.0.15")
    install_jdk(tmp_path / "jdks" / "newest", "27-ea")
    fitting = install_jdk(tmp_path / "jdks" / "z", "25.0.3")
    assert find_jdk({**environ, "JAVA_HOME": str(old)}) == fitting


def test_a_jdk_is_found_by_the_program_on_path(tmp_path: Path, environ: dict[str, str]) -> None:
    home = install_jdk(tmp_path / "somewhere", "25.0.3")
    (tmp_path / "bin" / "javac").symlink_to(home / "bin" / "javac")
    assert find_jdk(environ) == home


def test_without_a_fitting_jdk_those_that_do_not_fit_are_named(
    tmp_path: Path, environ: dict[str, str]
) -> None:
    install_jdk(tmp_path / "jdks" / "old", "1.8.0_402")
    install_jdk(tmp_path / "jdks" / "runtime", "25.0.3", compiler=False)
    with pytest.raises(AbsentError, match=r"JDK of version 25 or newer is missing \(found: 1 in .*/old\)"):
        find_jdk(environ)


def test_maven_is_found_beside_path_too(tmp_path: Path, environ: dict[str, str]) -> None:
    with pytest.raises(AbsentError, match="Maven is missing"):
        find_maven(environ)
    common = install_program(tmp_path / "maven" / "bin" / "mvn", "exit 1")
    assert find_maven(environ) == common
    named = install_program(tmp_path / "home" / "bin" / "mvn", "exit 1")
    assert find_maven({**environ, "MAVEN_HOME": str(tmp_path / "home")}) == named
    first = install_program(tmp_path / "bin" / "mvn", "exit 1")
    assert find_maven(environ) == first


def test_the_cache_is_where_the_user_keeps_caches(tmp_path: Path) -> None:
    assert cache_folder({"HOME": "/h"}) == Path("/h/.cache/temporaletl")
    assert cache_folder({"HOME": "/h", "XDG_CACHE_HOME": "/c"}) == Path("/c/temporaletl")
    assert cache_folder({"HOME": "/h", "XDG_CACHE_HOME": "relative"}) == Path("/h/.cache/temporaletl")


def test_libraries_are_fetched_once(tmp_path: Path, environ: dict[str, str]) -> None:
    maven = install_program(tmp_path / "bin" / "mvn", FETCH)
    jdk = tmp_path / "jdk"
    lib = have_libraries(environ, jdk)
    assert sorted(path.name for path in lib.iterdir()) == ["one.jar", "two.jar"]
    assert have_libraries(environ, jdk) == lib
    assert (maven.parent / "asked").read_text() == f"{jdk}\n"
    maven.unlink()
    assert have_libraries(environ, jdk) == lib


@pytest.mark.parametrize("damage", ["gone", "cut", "list gone", "of another pom"])
def test_a_cache_that_is_not_whole_is_filled_anew(
    tmp_path: Path, environ: dict[str, str], damage: str
) -> None:
    install_program(tmp_path / "bin" / "mvn", FETCH)
    lib = have_libraries(environ, tmp_path)
    match damage:
        case "gone":
            (lib / "one.jar").unlink()
        case "cut":
            (lib / "one.jar").write_text("on")
        case "list gone":
            (lib.parent / "libraries.txt").unlink()
        case "of another pom":
            (lib.parent / "pom.xml").write_text("<project/>")
    assert not is_whole(lib.parent)
    assert have_libraries(environ, tmp_path) == lib
    assert is_whole(lib.parent)
    assert lib.parent.name == f"trino-{read_trino_version()}"


def test_maven_that_reaches_nothing_is_an_absence(tmp_path: Path, environ: dict[str, str]) -> None:
    told = "[ERROR] Could not resolve dependencies: Unknown host"
    install_program(tmp_path / "bin" / "mvn", f"echo '{told}' >&2; exit 1")
    with pytest.raises(AbsentError, match="Could not resolve dependencies"):
        have_libraries(environ, tmp_path)
    assert list(cache_folder(environ).iterdir()) == []


def test_maven_that_fails_otherwise_is_an_error(tmp_path: Path, environ: dict[str, str]) -> None:
    install_program(tmp_path / "bin" / "mvn", "echo '[ERROR] Non-parseable POM' >&2; exit 1")
    with pytest.raises(StartError, match="Non-parseable POM"):
        have_libraries(environ, tmp_path)
