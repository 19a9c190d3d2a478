#!/bin/sh
# Starts a PostgreSQL cluster and stops it when standard input closes.
#
#     postgres.sh BINARIES FOLDER kept|removed [POSTGRES ARGUMENT ...]
#
# BINARIES is the folder of `initdb` and `postgres`. The data, the socket and the logs are in FOLDER; the cluster is created
# there when it does not exist yet. "removed" deletes FOLDER at the end. Prints "ready" when the cluster accepts connections.
#
# The test process holds the other end of standard input, so the cluster stops however that process ends. That is also why
# signals are ignored: Ctrl-C reaches the whole process group, and the cluster must outlive the last test.
set -eu
binaries=$1 folder=$2 afterwards=$3
shift 3
[ "$afterwards" = kept ] || trap 'rm -rf "$folder"' EXIT
trap '' INT TERM HUP

if [ ! -f "$folder/data/PG_VERSION" ]; then
    "$binaries/initdb" --pgdata="$folder/data" --username=postgres --auth=trust --encoding=UTF8 --locale=C --no-sync \
        > "$folder/initdb.log" 2>&1 || { cat "$folder/initdb.log" >&2; exit 1; }
fi
"$binaries/postgres" -D "$folder/data" -c listen_addresses= -c unix_socket_directories="$folder" "$@" > "$folder/postgres.log" 2>&1 &
pid=$!

# At most 30 seconds.
tries=0
until grep -q "ready to accept connections" "$folder/postgres.log"; do
    tries=$((tries + 1))
    if [ "$tries" -ge 300 ] || ! kill -0 "$pid"; then
        cat "$folder/postgres.log" >&2
        exit 1
    fi
    sleep 0.1
done
echo ready
read -r _ || true

# A cluster that is kept stops cleanly; one that is removed needs no last checkpoint.
if [ "$afterwards" = kept ]; then kill -INT "$pid"; else kill -QUIT "$pid"; fi
wait "$pid" || true
