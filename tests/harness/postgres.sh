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
#
# A line with the name of a signal restarts the cluster: the signal is sent to its first process. Prints "ready" then, too.
set -eu
binaries=$1 folder=$2 afterwards=$3
shift 3
[ "$afterwards" = kept ] || trap 'rm -rf "$folder"' EXIT
trap '' INT TERM HUP

if [ ! -f "$folder/data/PG_VERSION" ]; then
    "$binaries/initdb" --pgdata="$folder/data" --username=postgres --auth=trust --encoding=UTF8 --locale=C --no-sync \
        > "$folder/initdb.log" 2>&1 || { cat "$folder/initdb.log" >&2; exit 1; }
fi
# Starts PostgreSQL and waits until it is ready, for at most 30 seconds.
start() {
    "$binaries/postgres" -D "$folder/data" -c listen_addresses= -c unix_socket_directories="$folder" "$@" > "$folder/postgres.log" 2>&1 &
    pid=$!
    tries=0
    until grep -qs "ready to accept connections" "$folder/postgres.log"; do
        tries=$((tries + 1))
        [ "$tries" -lt 600 ] && kill -0 "$pid" 2> /dev/null || return 1
        sleep 0.05
    done
    echo ready
}

start "$@" || { cat "$folder/postgres.log" >&2; exit 1; }
while read -r signal; do
    kill -"$signal" "$pid"
    wait "$pid" || true
    # After a kill -9 the other processes of the cluster end by themselves, but not at once.
    attempts=0
    until start "$@"; do
        attempts=$((attempts + 1))
        [ "$attempts" -lt 100 ] || { cat "$folder/postgres.log" >&2; exit 1; }
        sleep 0.05
    done
done

# A cluster that is kept stops cleanly; one that is removed needs no last checkpoint.
if [ "$afterwards" = kept ]; then kill -INT "$pid"; else kill -QUIT "$pid"; fi
wait "$pid" || true
