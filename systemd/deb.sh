#!/usr/bin/env bash
# Builds a Debian package that does what install.sh does.
#
#   systemd/deb.sh [--bin DIR] [--version-suffix S] FILE.deb
set -euo pipefail
source "$(dirname "$0")/files.sh"
here=$(cd "$(dirname "$0")" && pwd)
bin= suffix=
while [ $# -gt 1 ]; do
    case $1 in
    --bin) bin=$2 ;;
    --version-suffix) suffix=$2 ;;
    *) break ;;
    esac
    shift 2
done
[ $# = 1 ] || {
    sed -n '4p' "$0" >&2
    exit 64
}
file=$1
if [ -z "$bin" ]; then
    bin=$here/../.build-stage
    "$here/build.sh" "$bin"
fi
version=$("$bin/svcctl" --version)$suffix
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
chmod 755 "$root"
umask 022

place "$root" "$bin" /usr/bin /usr/lib/systemd/system /usr/share
install -D -m 644 "$here/../policies/default.yaml" "$root/etc/svcd/policy.yaml"
doc=$root/usr/share/doc/svcd
install -d "$doc"
printf 'svcd (%s) unstable; urgency=medium\n\n  * This version.\n\n -- svcd <maintainers@svcd.example.org>  %s\n' \
    "$version" "$(date -R)" | gzip -9n >"$doc/changelog.gz"
cat >"$doc/copyright" <<EOF
Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: svcd

Files: *
Copyright: svcd's authors
License: unstated
 The source says nothing of a license: all rights are its authors'.
EOF

mkdir "$root/DEBIAN"
cat >"$root/DEBIAN/control" <<EOF
Package: svcd
Version: $version
Architecture: $(dpkg --print-architecture)
Maintainer: svcd <maintainers@svcd.example.org>
Section: admin
Priority: optional
Installed-Size: $(du -sk --exclude=DEBIAN "$root" | cut -f1)
Depends: libc6 (>= 2.34), libgcc-s1, libsqlite3-0, libstdc++6, libsystemd0, libyaml-0-2, systemd
Recommends: docker.io | docker-ce
Description: sleep and wake of service containers
 Puts idle containers to sleep, hands their memory back to the host, and wakes
 them before anybody notices: when a gateway asks, or by the packet that comes.
EOF
echo /etc/svcd/policy.yaml >"$root/DEBIAN/conffiles"
(cd "$root" && find etc usr -type f -print0 | xargs -0 md5sum >DEBIAN/md5sums)

cat >"$root/DEBIAN/postinst" <<'EOF'
#!/bin/sh
set -e
if [ "$1" = configure ] && [ -d /run/systemd/system ]; then
    systemd-sysusers svcd.conf
    systemd-tmpfiles --create svcd.conf
    journalctl --update-catalog 2>/dev/null || true
    systemctl daemon-reload
    # Once: who has disabled it since wants it so.
    [ -n "$2" ] || systemctl enable --quiet svcd-control.socket svcd-hook.socket svcd.service
    systemctl is-enabled --quiet svcd-control.socket && systemctl start svcd-control.socket
    systemctl is-enabled --quiet svcd-hook.socket && systemctl start svcd-hook.socket
    systemctl try-restart svcd.service
fi
exit 0
EOF
cat >"$root/DEBIAN/prerm" <<'EOF'
#!/bin/sh
set -e
# An upgrade restarts it afterwards. Stopping wakes everything that sleeps.
if [ "$1" = remove ] && [ -d /run/systemd/system ]; then
    systemctl disable --now svcd-control.socket svcd-hook.socket svcd.service || true
fi
exit 0
EOF
cat >"$root/DEBIAN/postrm" <<'EOF'
#!/bin/sh
set -e
if [ "$1" = remove ] || [ "$1" = purge ]; then
    rm -rf /run/svcd /run/svcd-hook
    if [ -d /run/systemd/system ]; then
        systemctl daemon-reload
        journalctl --update-catalog 2>/dev/null || true
    fi
fi
if [ "$1" = purge ]; then
    rm -rf /var/lib/svcd /etc/svcd /etc/systemd/system/svcd.service.d
    for group in svcd svcd-hook; do groupdel "$group" 2>/dev/null || true; done
fi
exit 0
EOF
chmod 755 "$root"/DEBIAN/{postinst,prerm,postrm}
dpkg-deb --root-owner-group --build "$root" "$file" >/dev/null
echo "$file is svcd $version"
