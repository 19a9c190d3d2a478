#!/bin/sh
# Runs a program in the foreground of this script, and kills it when standard input closes.
#
#     proxy.sh LOG PROGRAM [ARGUMENT...]
#
# The test process holds the other end of standard input.
set -eu
log=$1
shift
trap '' INT TERM HUP

"$@" > "$log" 2>&1 < /dev/null &
pid=$!
read -r _ || true
kill -KILL "$pid" 2> /dev/null || true
{ wait "$pid"; } 2> /dev/null || true
