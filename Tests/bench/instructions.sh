#!/usr/bin/env bash
# Counts what a hook costs, by valgrind: instructions of one for an awake service, allocations of one for a sleeper.
#
#   Tests/bench/instructions.sh SVCD         prints both
#   Tests/bench/instructions.sh OLD NEW      prints both of each, and the ratios new/old
#
# Docker is a stub, so this needs neither an engine nor root (root only where valgrind is to be installed).
set -euo pipefail
need=()
command -v valgrind >/dev/null || need+=(valgrind)
command -v strip >/dev/null || need+=(binutils)
if [ ${#need[@]} -gt 0 ]; then
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "${need[@]}" >/dev/null
fi
exec python3 "$(dirname "$0")/instructions.py" "$@"
