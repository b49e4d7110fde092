#!/usr/bin/env bash
# The benchmark: static release build, a Docker Engine of its own, everything interleaved in one run.
#
#   Tests/bench/run.sh [--samples 300] [--idle 60] [--hooks 1000000]
set -euo pipefail
cd "$(dirname "$0")/../.."

build=(-c release --static-swift-stdlib --scratch-path .build-release)
swift build "${build[@]}" --product svcd
swift build "${build[@]}" --product svcctl
swift build "${build[@]}" --product bench
bin=$(swift build "${build[@]}" --show-bin-path)

dir=$(mktemp -d /tmp/svcd-bench.XXXXXX)
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
Tests/dockerd.sh start "$dir/docker" 5 >/dev/null
Tests/dockerd.sh image "$dir/docker"
export SVCD_TEST_DIR="$dir" SVCD_TEST_DOCKER="$dir/docker" SVCD_TEST_BIN="$bin"
"$bin/bench" "$@"
