#!/usr/bin/env bash
# Runs every test: installs what is missing, starts a Docker Engine of its own, cleans up, also after Ctrl-C.
#
#   Tests/run.sh                 all tests
#   Tests/run.sh --filter NAME   passes on to swift test
set -euo pipefail
cd "$(dirname "$0")/.."

need=()
command -v dockerd >/dev/null || need+=(docker.io)
command -v cc >/dev/null || need+=(gcc libc6-dev)
command -v docker-compose >/dev/null || need+=(docker-compose)
command -v busybox >/dev/null || need+=(busybox-static)
for gateway in nginx caddy haproxy; do
    command -v "$gateway" >/dev/null || need+=("$gateway")
done
command -v debootstrap >/dev/null || need+=(debootstrap)
python3 -c "import ensurepip" 2>/dev/null || need+=(python3-venv)
command -v ip >/dev/null || need+=(iproute2)
[ -e /usr/include/yaml.h ] || need+=(libyaml-dev)
[ -e /usr/include/sqlite3.h ] || need+=(libsqlite3-dev)
[ -e /usr/include/systemd/sd-daemon.h ] || need+=(libsystemd-dev)
if [ ${#need[@]} -gt 0 ]; then
    echo "installing ${need[*]}"
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "${need[@]}" >/dev/null
fi

dir=$(mktemp -d /tmp/svcd-test.XXXXXX)
cleanup() {
    trap - EXIT INT TERM
    pkill -f -- "--state-dir $dir/" 2>/dev/null || true
    Tests/dockerd.sh stop "$dir/docker" || true
    Tests/swap.sh off "$dir"
    rm -rf "$dir"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

echo "building"
swift build --build-tests
Tests/swap.sh on "$dir"
echo "starting a Docker Engine"
Tests/dockerd.sh start "$dir/docker" 3 >/dev/null
Tests/dockerd.sh image "$dir/docker"

export SVCD_TEST_DIR="$dir" SVCD_TEST_DOCKER="$dir/docker" SVCD_TEST_BIN="$PWD/.build/debug"
export SWIFT_BACKTRACE=color=no,images=none,registers=none
swift test --skip-build "$@"

# The optimizer changes what runs: the heart of it once more, with the binaries that are released.
if [ $# -eq 0 ]; then
    echo "building for release"
    release=(-c release --static-swift-stdlib --scratch-path .build-release)
    swift build "${release[@]}" --product svcd
    swift build "${release[@]}" --product svcctl
    SVCD_TEST_BIN=$(swift build "${release[@]}" --show-bin-path)
    export SVCD_TEST_BIN
    swift test --skip-build --filter 'RealTests/(SleepAndWake|Freezer|Traffic|Gateways)'
fi
