"""Is the private environment what the lock file says? Makes it so, once, however many ask.

Run by scripts/environment.sh with whatever interpreter it found: standard library only.
"""

import fcntl
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCK_FILE = ROOT / "scripts" / "requirements.txt"
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
MARK = VENV / f"requirements-{sys.version_info.major}.{sys.version_info.minor}.txt"


def prepare_environment(uv: str) -> None:
    """Fill .venv with exactly the locked packages, by *uv* where there is one, else by pip.

    Raises subprocess.CalledProcessError when the packages cannot be installed.
    """
    with _alone():
        if _is_current():
            return
        started = time.monotonic()
        print(f"Preparing {VENV} with Python {sys.version.split()[0]} (once) ...", file=sys.stderr)
        if not (uv and _install_by_uv(uv)):
            _install_by_pip()
        # Written last: a broken install leaves no mark and is made anew.
        shutil.copyfile(LOCK_FILE, MARK)
        print(f"... ready after {time.monotonic() - started:.0f} s", file=sys.stderr)


@contextmanager
def _alone() -> Iterator[None]:
    # A lock on the folder itself leaves no file behind, and the kernel drops it when its holder dies.
    folder = os.open(ROOT, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def _is_current() -> bool:
    return PYTHON.exists() and MARK.exists() and MARK.read_bytes() == LOCK_FILE.read_bytes()


def _install_by_uv(uv: str) -> bool:
    make = [uv, "venv", "--quiet", "--clear", "--no-project", "--python", sys.executable, str(VENV)]
    fill = [uv, "pip", "sync", "--quiet", "--require-hashes", "--python", str(PYTHON), str(LOCK_FILE)]
    for command in (make, fill):
        if subprocess.run(command, check=False).returncode != 0:
            print("uv could not do it; trying pip", file=sys.stderr)
            return False
    return True


def _install_by_pip() -> None:
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(VENV)], check=True)
    install = [str(PYTHON), "-m", "pip", "install", "--quiet", "--require-hashes", "-r", str(LOCK_FILE)]
    quiet = {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_USER": "0", "PIP_NO_INPUT": "1"}
    subprocess.run(install, check=True, env=os.environ | quiet)


if __name__ == "__main__":
    try:
        prepare_environment(sys.argv[1] if len(sys.argv) > 1 else "")
    except (OSError, subprocess.CalledProcessError) as error:
        sys.exit(f"The packages of scripts/requirements.txt could not be installed: {error}")
