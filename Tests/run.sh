#!/usr/bin/env bash
# Runs the tests: installs what is missing, starts a Docker Engine of its own, cleans up, also after Ctrl-C.
#
#   Tests/run.sh                 all tests
#   Tests/run.sh --pure          those that need neither root nor Docker, and the check of the house
#   Tests/run.sh --filter NAME   passes on to swift test
#
# A stage that fails doesn't keep the later ones from running; the exit status is 1 all the same.
set -euo pipefail
cd "$(dirname "$0")/.."

need=()
install_missing() {
    [ ${#need[@]} -gt 0 ] || return 0
    echo "installing ${need[*]}"
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "${need[@]}" >/dev/null
}
command -v python3 >/dev/null || need+=(python3)
[ -e /usr/include/yaml.h ] || need+=(libyaml-dev)
[ -e /usr/include/sqlite3.h ] || need+=(libsqlite3-dev)
[ -e /usr/include/systemd/sd-daemon.h ] || need+=(libsystemd-dev)
if [ "${1:-}" != --pure ]; then
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
fi
install_missing

failed=()
# stage NAME COMMAND…: runs it, and prints how long it took.
stage() {
    local name=$1 began=$SECONDS outcome=
    shift
    "$@" || { failed+=("$name") && outcome=", FAILED"; }
    echo "stage $name: $((SECONDS - began)) s$outcome"
}
# Without these there is nothing to go on with.
needed() {
    stage "$@"
    [ ${#failed[@]} -eq 0 ] || { [ "${failed[-1]}" != "$1" ] || exit 1; }
}
finish() {
    [ ${#failed[@]} -eq 0 ] || { echo "failed: ${failed[*]}" && exit 1; }
    exit 0
}

export SWIFT_BACKTRACE=color=no,images=none,registers=none
# Everything in this suite needs root and Docker, and nothing else does.
real=svcdTests.RealTests
if [ $# -eq 0 ] || [ "$1" = --pure ]; then
    stage self-test Tests/house.py --self-test
    stage house Tests/house.py
fi
needed build swift build --build-tests
# Random histories keep both cores busy: beside them others would miss their deadlines.
pure() {
    stage machine swift test --skip-build --filter '^SleepCoreTests\.'
    stage pure swift test --skip-build --skip "$real" --skip '^SleepCoreTests\.'
}
if [ "${1:-}" = --pure ]; then
    pure
    finish
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

Tests/swap.sh on "$dir"
echo "starting a Docker Engine"
Tests/dockerd.sh start "$dir/docker" 3 >/dev/null
Tests/dockerd.sh image "$dir/docker"

export SVCD_TEST_DIR="$dir" SVCD_TEST_DOCKER="$dir/docker" SVCD_TEST_BIN="$PWD/.build/debug"
if [ $# -gt 0 ]; then
    stage tests swift test --skip-build "$@"
    finish
fi
pure
stage real swift test --skip-build --filter "$real"

# The optimizer changes what runs. First the rules and the parts around them, within the tests.
optimized=(-c release -Xswiftc -enable-testing --scratch-path .build-release-tests)
needed build-optimized swift build --build-tests "${optimized[@]}"
stage optimized swift test --skip-build "${optimized[@]}" --filter '^(SleepCore|SleepEngine|ControlServer)Tests\.'

# Then the heart of the real ones, with the binaries that are released.
release=(-c release --static-swift-stdlib --scratch-path .build-release)
needed build-release swift build "${release[@]}" --product svcd
needed build-svcctl swift build "${release[@]}" --product svcctl
SVCD_TEST_BIN=$(swift build "${release[@]}" --show-bin-path)
export SVCD_TEST_BIN
stage released swift test --skip-build --filter "$real/(SleepAndWake|Freezer|Traffic|Gateways)"
finish
