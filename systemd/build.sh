#!/usr/bin/env bash
# Builds what an installation needs into a directory: svcd, svcctl, and their manual pages.
#
#   systemd/build.sh DIR
#
# The Swift runtime is linked in: the host that it goes to needs libsystemd, libyaml and libsqlite3, no toolchain.
set -euo pipefail
cd "$(dirname "$0")/.."
dir=$1
mkdir -p "$dir"

need=()
[ -e /usr/include/systemd/sd-daemon.h ] || need+=(libsystemd-dev)
[ -e /usr/include/yaml.h ] || need+=(libyaml-dev)
[ -e /usr/include/sqlite3.h ] || need+=(libsqlite3-dev)
if [ ${#need[@]} -gt 0 ]; then
    echo "installing ${need[*]}" >&2
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "${need[@]}" >/dev/null
fi

release=(-c release --static-swift-stdlib --scratch-path .build-release)
for product in svcd svcctl; do
    swift build "${release[@]}" --product "$product" >&2
    install -m 755 "$(swift build "${release[@]}" --show-bin-path)/$product" "$dir/$product"
    strip --strip-unneeded "$dir/$product"
done
# Manual pages and completions come from the commands themselves.
swift build --scratch-path .build-release --product generate-manual >&2
manual=$(swift build --scratch-path .build-release --show-bin-path)/generate-manual-tool
rm -rf "$dir/man" "$dir/completions"
mkdir -p "$dir/man" "$dir/completions"
for command in svcd svcctl; do
    "$manual" "$dir/$command" --section 8 --output-directory "$dir/man" >&2
    for shell in bash zsh fish; do
        "$dir/$command" --generate-completion-script "$shell" >"$dir/completions/$command.$shell"
    done
done
