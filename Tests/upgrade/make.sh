#!/usr/bin/env bash
# Makes state.sql anew: the state directory that a svcd leaves when it is killed amid sleepers of every kind.
#
#   Tests/upgrade/make.sh BINARIES     a folder with an svcd and an svcctl of the version to upgrade from
#
# Starts a Docker Engine of its own, so it needs root. What differs from host to host is a parameter in the text:
# @BOOT@, @ID:NAME@ and @PLACE:NAME@ of each container, and @NOW@, milliseconds since 1970, which times are told from.
set -euo pipefail
binaries=$(realpath "$1")
cd "$(dirname "$0")"

dir=$(mktemp -d /tmp/svcd-upgrade.XXXXXX)
daemon=
cleanup() {
    trap - EXIT INT TERM
    [ -z "$daemon" ] || kill -9 "$daemon" 2>/dev/null || true
    ../dockerd.sh stop "$dir/docker" || true
    ../swap.sh off "$dir"
    rm -rf "$dir"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

../swap.sh on "$dir"
../dockerd.sh start "$dir/docker" 8 >/dev/null
../dockerd.sh image "$dir/docker"
export DOCKER_HOST="unix://$dir/docker/docker.sock" SVCD_CONTROL="$dir/control.sock"
services="paused frozen reclaimed stopped learned leased pinned pinned-for-a-while"
for name in $services; do
    docker run -d --init --name "$name" svcd-busybox service 30 80 0 >/dev/null
done

"$binaries/svcd" --policy policy.yaml --state-dir "$dir/state" --control "$SVCD_CONTROL" --hook "$dir/hook.sock" \
    --log-level warning &
daemon=$!
svcctl() { "$binaries/svcctl" "$@"; }
for name in $services; do
    for _ in $(seq 100); do
        svcctl is-awake "$name" 2>/dev/null && break
        sleep 0.1
    done
done

svcctl mode auto
svcctl pin pinned
svcctl pin pinned-for-a-while --for 1h
curl -fsS --unix-socket "$SVCD_CONTROL" -X POST "http://svcd/v1/services/leased/leases?ttl=1h"
# Its wakes are over their budget, so it learns to keep more in memory.
for _ in 1 2; do
    svcctl sleep learned --depth reclaimed
    svcctl wake learned
    sleep 2
done
svcctl sleep paused
svcctl wake paused
svcctl sleep paused frozen
svcctl sleep reclaimed --depth reclaimed
svcctl sleep stopped --depth stopped
svcctl status
sleep 1
kill -9 "$daemon"
wait "$daemon" 2>/dev/null || true

docker ps -a --no-trunc --format '{{.ID}} {{.Names}}' >"$dir/containers"
python3 dump.py "$dir/state/svcd.db" "$dir/containers" >state.sql.new
mv state.sql.new state.sql
