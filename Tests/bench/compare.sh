#!/usr/bin/env bash
# Compares two builds of svcd: latencies of hooks and wakes in alternating rounds, and memory.
#
#   Tests/bench/compare.sh OLD_SVCD NEW_SVCD [--rounds 12] [--wakes 60] [--hooks 20000] [--readings 5]
#
# Both run against one Docker Engine of this script's own, on the same containers. Needs root.
set -euo pipefail
[ $# -ge 2 ] && [ -x "$1" ] && [ -x "$2" ] || { sed -n '4,6p' "$0" && exit 64; }
old=$(realpath "$1") new=$(realpath "$2")
shift 2
cd "$(dirname "$0")/../.."

build=(-c release --static-swift-stdlib --scratch-path .build-release)
swift build "${build[@]}" --product bench
bin=$(swift build "${build[@]}" --show-bin-path)

dir=$(mktemp -d /tmp/svcd-bench.XXXXXX)
cleanup() {
    trap - EXIT INT TERM
    pkill -f -- "--state-dir $dir/" 2>/dev/null || true
    Tests/dockerd.sh stop "$dir/docker" || true
    rm -rf "$dir"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
Tests/dockerd.sh start "$dir/docker" 6 >/dev/null
Tests/dockerd.sh image "$dir/docker"
export SVCD_TEST_DIR="$dir" SVCD_TEST_DOCKER="$dir/docker"
"$bin/bench" compare "$old" "$new" "$@"
