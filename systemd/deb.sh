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

# Of the C library, what was linked here.
glibc=$(objdump -T "$bin/svcd" "$bin/svcctl" | grep -o 'GLIBC_[0-9.]*' | sort -uV | tail -1 | cut -d_ -f2)
mkdir "$root/DEBIAN"
cat >"$root/DEBIAN/control" <<EOF
Package: svcd
Version: $version
Architecture: $(dpkg --print-architecture)
Maintainer: svcd <maintainers@svcd.example.org>
Section: admin
Priority: optional
Installed-Size: $(du -sk --exclude=DEBIAN "$root" | cut -f1)
Depends: libc6 (>= $glibc), libgcc-s1, libsqlite3-0, libstdc++6, libsystemd0, libyaml-0-2, systemd
Recommends: docker.io | docker-ce
Description: sleep and wake of service containers
 Puts idle containers to sleep, hands their memory back to the host, and wakes
 them before anybody notices: when a gateway asks, or by the packet that comes.
EOF
echo /etc/svcd/policy.yaml >"$root/DEBIAN/conffiles"
(cd "$root" && find etc usr -type f -print0 | xargs -0 md5sum >DEBIAN/md5sums)

units='svcd-control.socket svcd-hook.socket svcd.service'
cat >"$root/DEBIAN/preinst" <<'EOF'
#!/bin/sh
set -e
if [ -f /etc/systemd/system/svcd.service ]; then
    echo "svcd is here by install.sh; remove that one first: systemd/install.sh --uninstall" >&2
    exit 1
fi
EOF
cat >"$root/DEBIAN/postinst" <<EOF
#!/bin/sh
set -e
[ "\$1" = configure ] || exit 0
systemd-sysusers svcd.conf
for unit in $units; do
    deb-systemd-helper unmask "\$unit" >/dev/null
    # Who has disabled it wants it so.
    if deb-systemd-helper --quiet was-enabled "\$unit"; then
        deb-systemd-helper enable "\$unit" >/dev/null
    else
        deb-systemd-helper update-state "\$unit" >/dev/null
    fi
done
[ -d /run/systemd/system ] || exit 0
systemd-tmpfiles --create svcd.conf
journalctl --update-catalog 2>/dev/null || true
systemctl --system daemon-reload
deb-systemd-invoke start svcd-control.socket svcd-hook.socket || true
if svcctl policy check /etc/svcd/policy.yaml >/dev/null; then
    systemctl try-restart svcd.service || true
else
    echo "svcd goes on as it is: mend /etc/svcd/policy.yaml, then systemctl restart svcd" >&2
fi
EOF
cat >"$root/DEBIAN/prerm" <<EOF
#!/bin/sh
set -e
# An upgrade restarts it afterwards. The sockets first, so that nobody's call starts it again.
[ "\$1" = remove ] || exit 0
[ ! -d /run/systemd/system ] || deb-systemd-invoke stop $units || true
# Whatever on_exit says: afterwards nobody would wake them.
[ ! -e /var/lib/svcd ] || svcd release --all
EOF
cat >"$root/DEBIAN/postrm" <<EOF
#!/bin/sh
set -e
case "\$1" in
remove)
    rm -rf /run/svcd /run/svcd-hook
    for unit in $units; do deb-systemd-helper mask "\$unit" >/dev/null || true; done
    ;;
purge)
    for unit in $units; do
        deb-systemd-helper purge "\$unit" >/dev/null || true
        deb-systemd-helper unmask "\$unit" >/dev/null || true
    done
    rm -rf /var/lib/svcd /etc/svcd /etc/systemd/system/svcd.service.d
    for group in svcd svcd-hook; do groupdel "\$group" 2>/dev/null || true; done
    ;;
*) exit 0 ;;
esac
if [ -d /run/systemd/system ]; then
    systemctl --system daemon-reload
    journalctl --update-catalog 2>/dev/null || true
fi
EOF
chmod 755 "$root"/DEBIAN/{preinst,postinst,prerm,postrm}
dpkg-deb --root-owner-group --build "$root" "$file" >/dev/null
echo "$file is svcd $version"
