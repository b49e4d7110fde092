#!/usr/bin/env bash
# The benchmark: static release build, a Docker Engine of its own, everything interleaved in one run.
#
#   Tests/bench/run.sh [--samples 300] [--idle 60] [--hooks 1000000]      wakes, and svcd itself
#   Tests/bench/run.sh deep [--samples 30]                                memory handed back, to zram
#   Tests/bench/run.sh deep-file [--samples 30]                           the same to a swap file; prefetch on and off
#   Tests/bench/run.sh metering [--services 100]                          reading what counts as use
#   Tests/bench/run.sh storm                                              fifty sleepers at once
#   Tests/bench/run.sh traffic                                            sleepers that packets wake, and who pays
#   Tests/bench/run.sh hooks                                              the hook server under load, next to nginx
#   Tests/bench/run.sh scale                                              svcd itself with 10 to 10,000 services
#   Tests/bench/run.sh all                                                wakes, storm, traffic, hooks, scale in one run
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
export SVCD_TEST_DIR="$dir" SVCD_TEST_DOCKER="$dir/docker" SVCD_TEST_BIN="$bin"
case "${1:-}" in
hooks | scale) # without an engine beside them
    "$bin/bench" "$@"
    exit
    ;;
esac
Tests/swap.sh on "$dir"
Tests/dockerd.sh start "$dir/docker" 5 >/dev/null
Tests/dockerd.sh image "$dir/docker"
if [ "${1:-}" = all ]; then
    for what in wakes storm traffic hooks scale; do
        printf '\n== %s\n\n' "$what"
        "$bin/bench" "$what"
    done
elif [ "${1:-}" = deep-file ]; then
    shift
    Tests/swap.sh file "$dir"
    "$bin/bench" deep --medium "a file" "$@"
    "$bin/bench" deep --medium "a file" --prefetch "$@"
else
    "$bin/bench" "$@"
fi
