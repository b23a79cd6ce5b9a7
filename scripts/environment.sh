# Sourced by the other scripts: leaves $root, and $python of a private environment that holds exactly
# scripts/requirements.txt. Makes it when it is absent or stale; otherwise touches no network.
set -eu
unset PYTHONHOME PYTHONPATH PYTHONSAFEPATH PYTHONDONTWRITEBYTECODE
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)
python=$root/.venv/bin/python

# The lock's copy is named after the interpreter: an upgraded system Python makes it stale as well.
is_current() {
    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) &&
        cmp -s "$root/scripts/requirements.txt" "$root/.venv/requirements-$version.txt"
}

# A name on PATH proves nothing (pyenv puts shims there, Debian splits off venv): run it.
fits() {
    modules=sys
    [ -n "$uv" ] || modules='sys, venv, ensurepip'
    "$1" -c "import $modules; sys.exit(not (3, 12) <= sys.version_info < (3, 15))" >/dev/null 2>&1
}

find_interpreter() {
    if [ -n "$uv" ]; then
        found=$("$uv" python find --system --no-project '>=3.12,<3.15' 2>/dev/null) && fits "$found" && return
    fi
    for name in python3.14 python3.13 python3.12 python3; do
        found=$(command -v "$name" 2>/dev/null) && fits "$found" && return
    done
    for minor in 14 13 12; do
        for found in "${PYENV_ROOT:-${HOME:-}/.pyenv}/versions/3.$minor".*/bin/python; do
            fits "$found" && return
        done
    done
    if [ -n "$uv" ]; then
        "$uv" python install 3.13 >&2 &&
            found=$("$uv" python find --system --no-project '>=3.12,<3.15') && fits "$found" && return
    fi
    echo "TemporalETL needs Python 3.12, 3.13 or 3.14 with its venv module (Debian: apt install python3-venv)," \
        "or uv. None was found on PATH or among pyenv's versions." >&2
    return 1
}

if ! is_current; then
    uv=$(command -v uv 2>/dev/null || true)
    find_interpreter
    "$found" "$root/scripts/environment.py" "$uv"
fi
cd "$root"
