#!/bin/sh
# Starts the process whose package lies beside this folder: /app/queuer or /app/worker in the images.
set -eu
app=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)

process=
for name in queuer worker; do
    if [ -f "$app/$name/__main__.py" ]; then
        process="$process $name"
    fi
done
process=${process# }
case $process in
queuer | worker) ;;
'')
    echo "start-worker.sh: neither queuer nor worker lies in $app" >&2
    exit 2
    ;;
*)
    echo "start-worker.sh: both processes lie in $app; say which: python3 -m queuer, or python3 -m worker" >&2
    exit 2
    ;;
esac

cd "$app"
PYTHONPATH=$app${PYTHONPATH:+:$PYTHONPATH}
export PYTHONPATH
exec python3 -m "$process" "$@"
