#!/usr/bin/env bash
# Swap for tests that hand memory back, where the host has none.
#
#   swap.sh on DIR         a zram of 2 GiB, or else a file in DIR
#   swap.sh file DIR       a file in DIR, whatever else there is, of the highest priority
#   swap.sh off DIR        takes away what was set up for DIR
set -euo pipefail

file() {
    local path=$1/swapfile
    dd if=/dev/zero of="$path" bs=1M count=2048 status=none
    chmod 600 "$path"
    mkswap "$path" >/dev/null
    swapon -p 200 "$path"
    echo "$path" >>"$1/swaps"
}

case "${1:-}" in
on)
    [ "$(wc -l </proc/swaps)" -le 1 ] || exit 0
    [ -b /dev/zram0 ] || modprobe zram 2>/dev/null || true
    if [ -b /dev/zram0 ] && echo 2G >/sys/block/zram0/disksize && mkswap /dev/zram0 >/dev/null; then
        swapon -p 100 /dev/zram0
        echo /dev/zram0 >>"$2/swaps"
    else
        file "$2"
    fi
    ;;
file) file "$2" ;;
off)
    [ -f "$2/swaps" ] || exit 0
    while read -r device; do
        swapoff "$device" 2>/dev/null || true
        [ "$device" != /dev/zram0 ] || echo 1 >/sys/block/zram0/reset
    done <"$2/swaps"
    ;;
*)
    sed -n '2,6p' "$0"
    exit 64
    ;;
esac
