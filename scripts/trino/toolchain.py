"""Which Java and which Maven can a real Trino use here? Found at run time; nothing is installed."""

import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

OLDEST_JAVA: Final = 25

_JDK_FOLDERS: Final = (
    "/usr/lib/jvm/*",
    "/usr/java/*",
    "/usr/local/*",
    "/usr/local/lib/jvm/*",
    "/opt/*",
    "/opt/*/*",
    "/Library/Java/JavaVirtualMachines/*/Contents/Home",
    "/opt/homebrew/opt/openjdk*/libexec/openjdk.jdk/Contents/Home",
    "/home/linuxbrew/.linuxbrew/opt/openjdk*/libexec",
    "~/.sdkman/candidates/java/*",
    "~/.jdks/*",
    "~/.asdf/installs/java/*",
    "~/.local/share/mise/installs/java/*",
)

_MAVEN_PROGRAMS: Final = (
    "/usr/share/maven*/bin/mvn",
    "/usr/local/*maven*/bin/mvn",
    "/opt/*maven*/bin/mvn",
    "/opt/homebrew/bin/mvn",
    "~/.sdkman/candidates/maven/*/bin/mvn",
    "~/.asdf/installs/maven/*/bin/mvn",
    "~/.local/share/mise/installs/maven/*/*/bin/mvn",
)


class AbsentError(Exception):
    """Something that a real Trino needs is not on this machine; the message says what."""


def find_jdk(environ: Mapping[str, str]) -> Path:
    """The home of a JDK that is new enough: JAVA_HOME's, PATH's, else the oldest that will do.

    Raises AbsentError, which names the ones that are too old.
    """
    found: dict[Path, int] = {}
    for home in _list_homes(environ):
        version = _read_version(home)
        if version is not None:
            found.setdefault(home, version)
    chosen = [home for home in _list_chosen(environ) if found.get(home, 0) >= OLDEST_JAVA]
    others = sorted((version, home) for home, version in found.items() if version >= OLDEST_JAVA)
    for home in (*chosen, *(home for _, home in others)):
        return home
    old = ", ".join(f"{version} in {home}" for home, version in sorted(found.items())) or "none"
    raise AbsentError(
        f"a JDK of version {OLDEST_JAVA} or newer is missing (found: {old}): install one, or set JAVA_HOME"
    )


def find_maven(environ: Mapping[str, str]) -> Path:
    """The program ``mvn``: on PATH, in MAVEN_HOME, or where it is commonly installed. Else AbsentError."""
    named = shutil.which("mvn", path=environ.get("PATH", ""))
    if named is not None:
        return Path(named)
    homes = [environ[name] for name in ("MAVEN_HOME", "M2_HOME") if environ.get(name)]
    programs = [Path(home, "bin", "mvn") for home in homes]
    for program in (*programs, *_match(_MAVEN_PROGRAMS, environ)):
        if _is_program(program):
            return program
    raise AbsentError("Maven is missing: install it, or put the program mvn on PATH")


def _list_homes(environ: Mapping[str, str]) -> Iterator[Path]:
    yield from _list_chosen(environ)
    yield from (home.resolve() for home in _match(_JDK_FOLDERS, environ))


def _list_chosen(environ: Mapping[str, str]) -> list[Path]:
    """The homes that the environment names, the surest first."""
    homes = [Path(environ["JAVA_HOME"])] if environ.get("JAVA_HOME") else []
    program = shutil.which("javac", path=environ.get("PATH", ""))
    if program is not None:
        homes.append(Path(program).resolve().parent.parent)
    return [home.resolve() for home in homes]


def _match(patterns: tuple[str, ...], environ: Mapping[str, str]) -> Iterator[Path]:
    for pattern in patterns:
        if pattern.startswith("~/") and not environ.get("HOME"):
            continue
        base = Path(environ["HOME"]) if pattern.startswith("~/") else Path("/")
        yield from sorted(base.glob(pattern.lstrip("~/")))


def _read_version(home: Path) -> int | None:
    """The version of the JDK in *home*; None where there is none (a run-time alone compiles nothing)."""
    if not all(_is_program(home / "bin" / name) for name in ("java", "javac")):
        return None
    try:
        text = (home / "release").read_text(errors="replace")
    except OSError:
        return None
    version = re.search(r'^JAVA_VERSION="?(\d+)', text, re.MULTILINE)
    return int(version[1]) if version else None


def _is_program(path: Path) -> bool:
    return shutil.which(path.name, path=str(path.parent)) is not None
