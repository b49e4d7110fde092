#!/usr/bin/env bash
# From a clone to services that sleep and wake, on real containers, in one command.
#
#   examples/quickstart.sh          builds svcd, starts two containers, lets them sleep, wakes them
#
# Installs what is missing (Debian packages; as root), uses your Docker if there is one and else starts an
# engine of its own, and leaves the machine as it was: its containers, its image, its engine and its
# files are gone at the end. Packages that it installed stay.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }
run() {
    printf '$'
    printf ' %q' "$@"
    printf '\n'
    "$@"
}

# --- what it needs -------------------------------------------------------------------------------------------
command -v swift >/dev/null || {
    echo "Swift 6.2 or newer is needed to build svcd: https://www.swift.org/install/linux" >&2
    exit 1
}
need=()
[ -e /usr/include/yaml.h ] || need+=(libyaml-dev)
[ -e /usr/include/sqlite3.h ] || need+=(libsqlite3-dev)
[ -e /usr/include/systemd/sd-daemon.h ] || need+=(libsystemd-dev)
command -v curl >/dev/null || need+=(curl)
command -v busybox >/dev/null || need+=(busybox-static)
command -v ip >/dev/null || need+=(iproute2)

dir=$(mktemp -d /tmp/svcd-quickstart.XXXXXX)
own_engine= pid= containers=() image=
cleanup() {
    trap - EXIT INT TERM
    [ -z "$pid" ] || { kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null; } || true
    if [ -n "$own_engine" ]; then
        Tests/dockerd.sh stop "$dir/engine" || true
    else
        [ ${#containers[@]} -eq 0 ] || docker rm -f "${containers[@]}" >/dev/null 2>&1 || true
        [ -z "$image" ] || docker rmi "$image" >/dev/null 2>&1 || true
    fi
    rm -rf "$dir"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

if ! docker info >/dev/null 2>&1; then
    command -v dockerd >/dev/null || need+=(docker.io)
    own_engine=yes
fi
if [ ${#need[@]} -gt 0 ]; then
    say "Installing ${need[*]}"
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "${need[@]}" >/dev/null
    # An installed Docker may have started by itself.
    ! docker info >/dev/null 2>&1 || own_engine=
fi

say "Building svcd (a few minutes the first time)"
swift build -c release --product svcd
swift build -c release --product svcctl
bin=$(swift build -c release --show-bin-path)

if [ -n "$own_engine" ]; then
    say "Starting a Docker Engine of its own"
    DOCKER_HOST="unix://$(Tests/dockerd.sh start "$dir/engine" 7)"
    export DOCKER_HOST
else
    say "Using your Docker"
    host=$(docker context inspect -f '{{.Endpoints.docker.Host}}' 2>/dev/null || true)
    export DOCKER_HOST="${DOCKER_HOST:-${host:-unix:///var/run/docker.sock}}"
fi

# --- two services --------------------------------------------------------------------------------------------
image=svcd-quickstart:$$
mkdir -p "$dir/root/bin" "$dir/root/www"
cp "$(command -v busybox)" "$dir/root/bin/busybox"
echo "hello from a service" >"$dir/root/www/index.html"
tar -C "$dir/root" -c . | docker import - "$image" >/dev/null
github=svcd-quickstart-github-$$ fetch=svcd-quickstart-fetch-$$
containers=("$github" "$fetch")
for name in "${containers[@]}"; do
    docker run -d --init --name "$name" "$image" /bin/busybox httpd -f -p 80 -h /www >/dev/null
done

cat >"$dir/policy.yaml" <<POLICY
version: 1
services:
  github: {tier: on-demand, container: $github, activity: [hook], idle_after: 2s, min_awake: 1s}
  fetch: {tier: browser, container: $fetch, activity: [hook], idle_after: 1h, min_awake: 0s}
POLICY

say "The policy"
cat "$dir/policy.yaml"
export SVCD_CONTROL="$dir/control.sock"
"$bin/svcd" --policy "$dir/policy.yaml" --state-dir "$dir/state" --control "$SVCD_CONTROL" --hook "$dir/hook.sock" \
    >"$dir/svcd.log" 2>&1 &
pid=$!
ready=
for _ in $(seq 100); do
    if "$bin/svcctl" is-awake github >/dev/null 2>&1; then
        ready=yes
        break
    fi
    sleep 0.1
done
[ -n "$ready" ] || {
    cat "$dir/svcd.log" >&2
    exit 1
}

say "Both are awake; github falls asleep after 2 s without use"
run "$bin/svcctl" status
for _ in $(seq 100); do
    "$bin/svcctl" is-awake github >/dev/null 2>&1 || break
    sleep 0.1
done
run docker ps --filter "name=svcd-quickstart" --format 'table {{.Names}}\t{{.Status}}'

say "A gateway asks before it forwards, and github wakes"
run curl -sS --noproxy '*' -D - --unix-socket "$dir/hook.sock" http://svcd/hook/github

say "An operator puts fetch to sleep, and wakes it"
run "$bin/svcctl" sleep fetch
run "$bin/svcctl" why fetch
run "$bin/svcctl" wake fetch

say "Ten more rounds, and what became of the budgets"
for _ in $(seq 10); do
    "$bin/svcctl" sleep github fetch --force >/dev/null
    "$bin/svcctl" wake github fetch >/dev/null
done
run "$bin/svcctl" budgets

woke=$("$bin/svcctl" -o json status github | sed -n 's/.*"last_wake":{[^}]*"elapsed_ms":\([0-9.]*\).*/\1/p')
say "github slept, woke in ${woke} ms of 200 ms. svcd stops now, and wakes what sleeps."
