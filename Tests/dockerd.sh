#!/usr/bin/env bash
# A Docker Engine of our own, away from the user's: own data, own socket, own bridge, no iptables rules.
#
#   dockerd.sh start DIR [NUMBER]   starts one in DIR and prints its socket; NUMBER (0-15) picks the bridge
#   dockerd.sh stop DIR             stops it and removes everything that it left
#   dockerd.sh image DIR            imports an image, svcd-busybox: busybox, and the service of service.c
set -euo pipefail

start() {
    local dir=$1 number=${2:-0}
    local bridge="svcdbr$number"
    mkdir -p "$dir"
    echo "$bridge" >"$dir/bridge"
    if ! ip link show "$bridge" >/dev/null 2>&1; then
        ip link add "$bridge" type bridge
        ip addr add "172.30.$((number * 16 + 1)).1/24" dev "$bridge"
        ip link set "$bridge" up
    fi
    : >"$dir/dockerd.log"
    [ -f "$dir/daemon.json" ] || echo '{}' >"$dir/daemon.json"
    (
        # Whoever waits for this script must not wait for dockerd: it gets none of our descriptors.
        for fd in /proc/self/fd/*; do
            [ "${fd##*/}" -le 2 ] || eval "exec ${fd##*/}>&-"
        done
        exec setsid dockerd --config-file "$dir/daemon.json" --data-root "$dir/data" --exec-root "$dir/exec" \
            --pidfile "$dir/dockerd.pid" --bridge "$bridge" --iptables=false --ip6tables=false \
            -H "unix://$dir/docker.sock"
    ) </dev/null >>"$dir/dockerd.log" 2>&1 &
    for _ in $(seq 300); do
        if docker -H "unix://$dir/docker.sock" info >/dev/null 2>&1; then
            echo "$dir/docker.sock"
            return
        fi
        sleep 0.1
    done
    echo "dockerd did not start; its last words:" >&2
    tail -5 "$dir/dockerd.log" >&2
    return 1
}

stop() {
    local dir=$1
    [ -d "$dir" ] || return 0
    if [ -S "$dir/docker.sock" ] && [ -f "$dir/dockerd.pid" ]; then
        kill -CONT "$(cat "$dir/dockerd.pid")" 2>/dev/null || true
        local ids
        ids=$(timeout 20 docker -H "unix://$dir/docker.sock" ps -aq 2>/dev/null) || ids=
        # shellcheck disable=SC2086
        [ -z "$ids" ] || timeout 120 docker -H "unix://$dir/docker.sock" rm -f $ids >/dev/null 2>&1 || true
    fi
    if [ -f "$dir/dockerd.pid" ]; then
        local pid
        pid=$(cat "$dir/dockerd.pid")
        kill "$pid" 2>/dev/null || true
        for _ in $(seq 200); do
            kill -0 "$pid" 2>/dev/null || break
            sleep 0.1
        done
        kill -9 "$pid" 2>/dev/null || true
    fi
    # What a dockerd that was killed leaves behind.
    pkill -f "$dir/exec" 2>/dev/null || true
    awk -v dir="$dir/" 'index($5, dir) == 1 { print $5 }' /proc/self/mountinfo | sort -r |
        xargs -r -n1 umount -l 2>/dev/null || true
    [ ! -f "$dir/bridge" ] || ip link del "$(cat "$dir/bridge")" 2>/dev/null || true
    rm -rf "$dir"
}

image() {
    local dir=$1 root
    root=$(mktemp -d)
    mkdir -p "$root/bin" "$root/tmp"
    cp "$(command -v busybox)" "$root/bin/busybox"
    cc -O2 -static -pthread -o "$root/bin/service" "$(dirname "$0")/service.c"
    for applet in sh sleep httpd nc cat echo wget true false; do ln -s busybox "$root/bin/$applet"; done
    tar -C "$root" -c . | docker -H "unix://$dir/docker.sock" import - svcd-busybox >/dev/null
    rm -rf "$root"
}

case "${1:-}" in
start | stop | image) "$@" ;;
*)
    sed -n '2,6p' "$0"
    exit 64
    ;;
esac
