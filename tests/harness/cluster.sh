#!/bin/bash
# Runs three machines with etcd, Patroni and PostgreSQL, in network namespaces, from the files of integrations/patroni.
# Needs root, iproute2, etcd, Patroni and PostgreSQL.
#
#     cluster.sh FOLDER FILES NUMBER
#
# The machines have the addresses 10.77.NUMBER.1 to .3, and this one is .254. The ends of the time limits of Patroni are
# short. Reads commands from standard input, one a line, and answers each with "ok"; ends when standard input closes:
#
#     kill N      kill -9 of every process of machine N
#     start N     start its etcd and its Patroni
#     pause N     stop its Patroni and its PostgreSQL (SIGSTOP). Not its etcd: before 3.5.13 a leader of etcd that was
#                 paused ends the leases of others (etcd-io/etcd#15247), and Patroni makes the former primary the primary
#     resume N    let them go on
#     cut N       take its network away
#     join N      give it back
set -u
folder=$1 files=$2 number=$3
net=10.77.$number
bridge=dtbr$number
trap '' INT TERM HUP

space() { echo "dt$number-db$1"; }

pids() { ip netns pids "$(space "$1")" 2> /dev/null; }

# The processes of a machine but its etcd.
database() {
    local one
    for one in $(pids "$1"); do
        [ "$(cat "/proc/$one/comm" 2> /dev/null)" = etcd ] || echo "$one"
    done
}

end() {
    local one
    for one in 1 2 3; do
        # shellcheck disable=SC2046
        kill -9 $(pids $one) 2> /dev/null
        # The namespace lives as long as its processes, and its end of the pair with it.
        ip link del "dt$number-v$one" 2> /dev/null
        ip netns del "$(space $one)" 2> /dev/null
    done
    ip link del "$bridge" 2> /dev/null
    rm -rf "$folder"
}
trap end EXIT

# Runs a command on a machine as the user postgres, without standard input.
on() {
    local one=$1
    shift
    ip netns exec "$(space "$one")" setpriv --reuid=postgres --regid=postgres --clear-groups "$@" \
        < /dev/null > "$folder/db$one.$(basename "$1").log" 2>&1 &
}

start() {
    local one=$1
    set -a
    # shellcheck disable=SC1090
    . "$folder/etcd$one.conf"
    set +a
    on "$one" etcd --logger=zap
    on "$one" patroni "$folder/patroni$one.yml"
}

# A file of a machine, made from the file of machine 1.
of_machine() {
    sed -e "s/^\(ETCD_NAME=\|name: \)db1/\1db$1/" -e "/hosts:\|INITIAL_CLUSTER=/!s/10\.0\.0\.1:/10.0.0.$1:/" \
        -e "s/10\.0\.0\./$net./g" -e "s#/var/lib/etcd/deploytrack#$folder/etcd$1#" \
        -e "s#/var/run/postgresql#$folder/run$1#" -e "s#/var/lib/postgresql/15/deploytrack#$folder/data$1#" -e "s#/var/lib/postgresql/.pgpass-patroni#$folder/pgpass$1#" \
        -e "s#/usr/lib/postgresql/15/bin#$(ls -d /usr/lib/postgresql/*/bin | tail -1)#" \
        -e 's/ttl: 30/ttl: 20/' -e 's/loop_wait: 10/loop_wait: 2/' -e 's/retry_timeout: 10/retry_timeout: 8/' "$2"
}

ip link add "$bridge" type bridge && ip addr add "$net.254/24" dev "$bridge" && ip link set "$bridge" up || exit 1
chown postgres "$folder"
for one in 1 2 3; do
    ip netns add "$(space $one)" && ip link add "dt$number-v$one" type veth peer name eth0 netns "$(space $one)" || exit 1
    ip link set "dt$number-v$one" master "$bridge" up
    ip -n "$(space $one)" addr add "$net.$one/24" dev eth0
    ip -n "$(space $one)" link set eth0 up
    ip -n "$(space $one)" link set lo up
    of_machine $one "$files/etcd.conf" > "$folder/etcd$one.conf"
    of_machine $one "$files/patroni.yml" > "$folder/patroni$one.yml"
    install -d -o postgres -m 0700 "$folder/data$one" "$folder/etcd$one" "$folder/run$one"
    start $one
done
echo ready

while read -r what one; do
    case $what in
        # shellcheck disable=SC2046
        kill) kill -9 $(pids "$one") ;;
        start) start "$one" ;;
        # shellcheck disable=SC2046
        pause) kill -STOP $(database "$one") ;;
        # shellcheck disable=SC2046
        resume) kill -CONT $(database "$one") ;;
        cut) ip link set "dt$number-v$one" down ;;
        join) ip link set "dt$number-v$one" up ;;
    esac
    echo ok
done
