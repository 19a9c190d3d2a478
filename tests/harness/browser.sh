#!/bin/sh
# Starts chromedriver, and kills it and its browsers when standard input closes.
#
#     browser.sh CHROMEDRIVER FOLDER
#
# FOLDER holds the log of the driver and the profiles of the browsers; it is deleted at the end. Prints the port of the driver.
#
# The test process holds the other end of standard input, so the browsers end however that process ends.
set -eu
driver=$1 folder=$2
# A browser has its profile below FOLDER, whose name is random: nothing else matches, this script included.
trap 'pkill -KILL -f "user-data-dir=$folder" || true; rm -rf "$folder"' EXIT
trap '' INT TERM HUP

: > "$folder/driver.log"
"$driver" --port=0 > "$folder/driver.log" 2>&1 &
pid=$!

# At most 30 seconds.
tries=0
until port=$(sed -n 's/.*started successfully on port \([0-9]*\).*/\1/p' "$folder/driver.log") && [ -n "$port" ]; do
    tries=$((tries + 1))
    if [ "$tries" -ge 300 ] || ! kill -0 "$pid"; then
        cat "$folder/driver.log" >&2
        exit 1
    fi
    sleep 0.1
done
echo "$port"
read -r _ || true
kill -KILL "$pid"
