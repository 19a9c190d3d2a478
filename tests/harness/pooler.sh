#!/bin/sh
# Starts PgBouncer with the configuration FOLDER/pgbouncer.ini, and kills it when standard input closes.
#
#     pooler.sh PGBOUNCER FOLDER
#
# Prints "ready" when it listens. The test process holds the other end of standard input.
set -eu
program=$1 folder=$2
trap '' INT TERM HUP

"$program" "$folder/pgbouncer.ini" > "$folder/out.log" 2>&1 &
pid=$!

# At most 10 seconds.
tries=0
until grep -q "process up" "$folder/pgbouncer.log" 2> /dev/null; do
    tries=$((tries + 1))
    if [ "$tries" -ge 100 ] || ! kill -0 "$pid"; then
        cat "$folder/out.log" >&2
        exit 1
    fi
    sleep 0.1
done
echo ready
read -r _ || true
kill -KILL "$pid"
{ wait "$pid"; } 2> /dev/null || true
