#!/usr/bin/env bash
# Installs svcd as a systemd service, or removes it. Safe to run again: what is there is brought up to date.
#
#   systemd/install.sh               builds svcd (needs Swift), installs, enables and starts it
#   systemd/install.sh --bin DIR     takes the binaries in DIR, as systemd/build.sh makes them
#   systemd/install.sh --uninstall   wakes everything, and removes it; keeps a policy that was edited
#   systemd/install.sh --purge       the same, and removes the policy and the groups, too
#
# The policy, /etc/svcd/policy.yaml, is written only where there is none.
set -euo pipefail
source "$(dirname "$0")/files.sh"
here=$(cd "$(dirname "$0")" && pwd)
bindir=/usr/local/bin unitdir=/etc/systemd/system share=/usr/local/share
policy=/etc/svcd/policy.yaml

complain() {
    echo "install.sh: $1" >&2
    exit 1
}

is_packaged() { dpkg -s svcd 2>/dev/null | grep -q '^Status:.* installed'; }

has_systemd() { [ -d /run/systemd/system ]; }

uninstall() {
    ! is_packaged || complain "svcd came as a package; remove that one: apt-get remove svcd"
    if has_systemd; then
        # The sockets first, so that nobody's call starts it again. Stopping wakes everything.
        systemctl disable --now svcd-control.socket svcd-hook.socket svcd.service 2>/dev/null || true
    fi
    # Whatever on_exit says: afterwards nobody would.
    if [ -x "$bindir/svcd" ] && [ -e /var/lib/svcd ]; then
        "$bindir/svcd" release --all || complain "some still sleep; nothing is removed. Try again when Docker answers"
    fi
    if [ -e "$policy" ]; then
        if [ "$1" = purge ] || cmp -s "$policy" "$share/svcd/policies/default.yaml"; then
            rm -f "$policy"
        else
            echo "$policy was edited and stays; --purge removes it"
        fi
    fi
    rmdir /etc/svcd 2>/dev/null || true
    rm -f "$bindir/svcd" "$bindir/svcctl" "$unitdir"/svcd.service "$unitdir"/svcd-{control,hook}.socket
    rm -f /usr/lib/sysusers.d/svcd.conf /usr/lib/tmpfiles.d/svcd.conf /usr/lib/systemd/catalog/svcd.catalog
    for command in svcd svcctl; do
        rm -f "$share/bash-completion/completions/$command" "$share/zsh/vendor-completions/_$command" \
            "$share/fish/vendor_completions.d/$command.fish" "$share/man/man8/$command.8.gz"
    done
    rm -rf "$share/svcd" /var/lib/svcd /run/svcd /run/svcd-hook
    if [ "$1" = purge ]; then
        rm -rf "$unitdir/svcd.service.d"
        for group in svcd svcd-hook; do groupdel "$group" 2>/dev/null || true; done
    fi
    if has_systemd; then
        systemctl daemon-reload
        journalctl --update-catalog 2>/dev/null || true
    fi
    echo "svcd is removed"
}

install_all() {
    ! is_packaged || complain "svcd is here as a package; upgrade that one, or remove it first"
    local bin=$1
    if [ -z "$bin" ]; then
        bin=$here/../.build-stage
        "$here/build.sh" "$bin"
    fi
    [ -x "$bin/svcd" ] && [ -x "$bin/svcctl" ] || complain "no svcd and svcctl in $bin; systemd/build.sh makes them"
    libraries "$bin/svcd"
    place "" "$bin" "$bindir" "$unitdir" "$share"
    [ -e "$policy" ] || install -D -m 644 "$share/svcd/policies/default.yaml" "$policy"
    # A bad policy is told here, not in the journal.
    "$bindir/svcctl" policy check "$policy" >/dev/null || complain "$policy is invalid; mend it and run this again"
    if ! has_systemd; then
        echo "installed; systemd doesn't run here, so nothing is started"
        return
    fi
    systemd-sysusers svcd.conf
    systemd-tmpfiles --create svcd.conf
    journalctl --update-catalog 2>/dev/null || true
    systemctl daemon-reload
    systemctl enable --quiet svcd-control.socket svcd-hook.socket svcd.service
    systemctl start svcd-control.socket svcd-hook.socket
    # A svcd that runs is replaced; calls wait in the sockets meanwhile. Else the first call starts it, or the next boot.
    systemctl try-restart svcd.service
    echo "svcd is installed; 'svcctl status' starts it. Name services in $policy, then 'systemctl reload svcd'."
    echo "Operators are members of the group svcd: usermod -aG svcd USER. Gateways: svcd-hook."
}

# What the binaries need of this host, and Debian may not have.
libraries() {
    local missing
    missing=$(ldd "$1" | awk '/not found/ { print $1 }')
    [ -n "$missing" ] || return 0
    command -v apt-get >/dev/null || complain "missing libraries: $missing"
    echo "installing what svcd is linked with"
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq libsystemd0 libyaml-0-2 libsqlite3-0 libstdc++6 >/dev/null
}

bin=
while [ $# -gt 0 ]; do
    case $1 in
    --bin)
        [ $# -gt 1 ] || complain "--bin needs a directory"
        bin=$2
        shift
        ;;
    --uninstall | --purge) action=${1#--} ;;
    *)
        sed -n '4,7p' "$0" >&2
        exit 64
        ;;
    esac
    shift
done
[ "$(id -u)" = 0 ] || complain "needs root: sudo $0"
case ${action:-install} in
install) install_all "$bin" ;;
*) uninstall "$action" ;;
esac
