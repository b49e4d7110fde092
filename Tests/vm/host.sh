#!/bin/bash
# svcd's host tests: systemd, cgroup v2, Docker with systemd's cgroup driver. Runs at boot inside the machine of run.sh.
#
# Each check prints a line. At the end the journal is printed if one has failed.
set -u
phase_file=/var/lib/svcd-tests-phase
failures=/var/lib/svcd-tests-failures
policy=/etc/svcd/policy.yaml

say() { echo "[vm] $*"; }

failed() {
    say "FAILED: $*"
    echo "$*" >>$failures
}

# end: what it came to. The machine stops.
end() {
    if [ -s $failures ]; then
        journalctl -u svcd -u svcd-control.socket -u svcd-hook.socket --no-pager | tail -n 120 | sed 's/^/[vm]   /'
        say "$(wc -l <$failures) failed"
    else
        say "all passed"
    fi
    systemctl poweroff --no-block
    exit
}

# check WHAT COMMAND…: the command succeeds.
check() {
    local what=$1 output
    shift
    if output=$("$@" 2>&1); then say "ok: $what"; else failed "$what: $* says: $output"; fi
}

# within SECONDS WHAT COMMAND…: it does, some time.
within() {
    local limit=$1 what=$2 end=$((SECONDS + $1))
    shift 2
    until "$@" >/dev/null 2>&1; do
        if [ $SECONDS -ge $end ]; then
            failed "not within $limit s: $what ($*)"
            return
        fi
        sleep 0.5
    done
    say "ok: $what"
}

field() {
    svcctl -o json status "$1" | tr ',{' '\n\n' |
        sed -n "s/^\"$2\":\"\\{0,1\\}\\([^\"]*\\)\"\\{0,1\\}\$/\\1/p" | head -1
}
is() { [ "$(field "$1" state)" = "$2" ]; }
fails() { ! "$@"; }
contains() { grep -qF -- "$1" <<<"$2"; }
status_says() { systemctl status svcd | grep 'Status: ' | grep -qF -- "$1"; }
pid() { systemctl show -p MainPID --value svcd; }
hook() { curl -s -m 60 -o /dev/null -w '%{http_code}' --unix-socket /run/svcd-hook/hook.sock "http://svcd/hook/$1"; }
hook_answers() { [ "$(hook "$1")" = 200 ]; }
address() { docker inspect -f '{{.NetworkSettings.IPAddress}}' "$1"; }
cgroup() { echo "/sys/fs/cgroup$(sed -n 's/^0:://p' "/proc/$(docker inspect -f '{{.State.Pid}}' "$1")/cgroup")"; }

write_policy() {
    cat >$policy <<'EOF'
version: 1
services:
  github: {tier: on-demand, idle_after: 1h, min_awake: 0s, wake_timeout: 60s, reclaim: {after: 1h, target: 70%}}
  fetch: {tier: on-demand, idle_after: 1h, min_awake: 0s, wake_timeout: 60s, freezer: cgroup}
  web: {tier: on-demand, idle_after: 1h, min_awake: 0s, wake_timeout: 60s, freezer: cgroup, wake_on: [hook, traffic]}
EOF
}

containers() {
    within 120 "Docker answers" docker info
    docker import /payload/image.tar svcd-busybox >/dev/null
    for name in github fetch web; do
        docker run -d --init --restart always --name "$name" svcd-busybox service \
            "$([ $name = github ] && echo 120 || echo 4)" 80 0 >/dev/null || failed "docker run $name"
    done
}

swap_on() {
    modprobe zram && echo 512M >/sys/block/zram0/disksize && mkswap /dev/zram0 >/dev/null && swapon /dev/zram0
}

activation() {
    check "install.sh installs" bash /payload/systemd/install.sh --bin /payload/bin
    check "the sockets listen" systemctl is-active svcd-control.socket svcd-hook.socket
    check "nothing has started svcd" fails systemctl is-active --quiet svcd
    check "the first svcctl starts it" svcctl status
    check "it is active" systemctl is-active svcd
    within 30 "status is a sentence" status_says '0 services, 0 asleep'
    write_policy
    check "a good policy is loaded" systemctl reload svcd
    within 30 "status tells of it" status_says '3 services'
    for name in github fetch web; do within 30 "$name is awake" is $name awake; done
    echo 'services: [' >>$policy
    check "a bad policy fails the reload" fails systemctl reload svcd
    check "the unit is active all the same" systemctl is-active svcd
    check "with the old policy" is github awake
    write_policy
    check "installed again, it goes on" bash /payload/systemd/install.sh --bin /payload/bin
    check "the edited policy is still there" grep -q github $policy
}

exposure() {
    systemd-analyze security svcd.service --no-pager | sed -n 's/.*exposure level for svcd.service: \([0-9.]*\).*/\1/p'
}
hardening() {
    check "systemd-analyze verify is clean" quiet \
        systemd-analyze verify svcd.service svcd-control.socket svcd-hook.socket
    local score less
    score=$(exposure)
    say "systemd-analyze security: $score"
    check "at most 3.0" awk "BEGIN { exit !($score <= 3.0) }"
    mkdir -p /etc/systemd/system/svcd.service.d
    cp /usr/local/share/svcd/svcd.service.d/no-kernel-powers.conf /etc/systemd/system/svcd.service.d/
    systemctl daemon-reload
    less=$(exposure)
    say "with no-kernel-powers.conf: $less"
    check "less with the drop-in" awk "BEGIN { exit !($less < $score) }"
    sed -i 's/freezer: cgroup, wake_on: \[hook, traffic\]/freezer: docker/' $policy
    check "with the drop-in it starts" systemctl restart svcd
    within 60 "github is awake" is github awake
    check "and pauses through Docker" svcctl sleep github --force
    check "and wakes" hook_answers github
    rm -r /etc/systemd/system/svcd.service.d
    systemctl daemon-reload
    write_policy
    check "without it again" systemctl restart svcd
    for name in github fetch web; do within 60 "$name is awake" is $name awake; done
    svcctl doctor | sed 's/^/[vm]   /'
}

# No word on standard output and error, and success.
quiet() {
    local output
    output=$("$@" 2>&1) && [ -z "$output" ] || { echo "$output" && return 1; }
}

cgroup_v2() {
    check "this is cgroup v2" test -e /sys/fs/cgroup/cgroup.controllers
    local place before after share
    place=$(cgroup fetch)
    say "Docker's cgroup driver puts containers into $place"
    check "fetch sleeps" svcctl sleep fetch --force
    check "by the kernel's freezer" grep -q 'frozen 1' "$place/cgroup.events"
    check "Docker thinks that it runs" test "$(docker inspect -f '{{.State.Status}}' fetch)" = running
    check "a hook wakes it" hook_answers fetch
    check "it is thawed" grep -q 'frozen 0' "$place/cgroup.events"
    check "web sleeps" svcctl sleep web --force
    check "a packet wakes it" curl -s -m 60 "http://$(address web)/"
    check "it was traffic" test "$(svcctl history web | grep -c traffic)" -ge 1

    place=$(cgroup github)
    before=$(cat "$place/memory.current")
    check "github gives memory back" svcctl sleep github --depth reclaimed --force
    after=$(cat "$place/memory.current")
    share=$(((before - after) * 100 / before))
    say "memory.reclaim: $before bytes before, $after after: $share % handed back, target 70 %"
    check "within 5 points of the target" test $share -ge 65 -a $share -le 75
    within 30 "status tells of it" status_says 'MiB handed back'
    check "github wakes" hook_answers github
    check "no byte is wrong" test "$(curl -s -m 60 "http://$(address github)/check")" = ok
}

story() {
    local json
    json=$(journalctl -u svcd -o json --no-pager | grep '"SVCD_SERVICE":"github"' | grep '"SVCD_TO":"awake"' | tail -1)
    for part in '"SVCD_TRIGGER":"hook"' '"SVCD_LATENCY_MS":' '"MESSAGE_ID":' '"SVCD_FROM":"asleep"'; do
        check "the journal has $part" contains "$part" "$json"
    done
    check "github's story can be found" test "$(journalctl SVCD_SERVICE=github --no-pager | wc -l)" -ge 3
    check "the catalog explains it" contains 'svcctl why github' "$(journalctl -x SVCD_SERVICE=github --no-pager)"
    check "who asked is known" contains 'svcctl' \
        "$(journalctl -u svcd -o json --no-pager | grep '"SVCD_REQUEST":"sleep' | tail -1)"
    check "and in the history" contains 'svcctl' "$(svcctl history github)"

    check "alice joins the group" useradd alice -G svcd
    check "a stranger doesn't" useradd stranger
    check "a member of the group is an operator" su alice -c 'svcctl pin github'
    check "whom the history names" contains "uid $(id -u alice)" "$(svcctl history github)"
    check "unpin" su alice -c 'svcctl unpin github'
    local answer
    answer=$(su stranger -c 'svcctl status' 2>&1)
    check "anybody else gets 77" test $? = 77
    check "and is told what to do" contains 'svcd' "$answer"
    say "stranger: $answer"
}

survival() {
    local old count
    check "github sleeps" svcctl sleep github --force
    old=$(pid)
    kill -STOP "$old"
    within 120 "the watchdog has started it anew" new_pid "$old"
    check "the watchdog was it" contains watchdog "$(journalctl -u svcd --no-pager -n 30)"
    check "its sleepers were released in between" test "$(docker inspect -f '{{.State.Status}}' github)" = running
    within 30 "it answers" svcctl status

    check "github sleeps" svcctl sleep github --force
    check "fetch sleeps" svcctl sleep fetch --force
    old=$(pid)
    kill -9 "$old"
    for _ in $(seq 100); do hook github >>/tmp/answers & done
    wait
    count=$(grep -o 200 /tmp/answers | wc -l)
    check "a hundred requests waited in the socket and were answered ($count)" test "$count" = 100
    check "by another svcd" new_pid "$old"
    check "fetch, which nobody has asked for, was released" grep -q 'frozen 0' "$(cgroup fetch)/cgroup.events"
    check "which its story tells" contains 'sleeper released' "$(journalctl SVCD_SERVICE=fetch --no-pager)"
    check "and the history" contains 'svcd release' "$(svcctl history fetch)"

    check "github sleeps" svcctl sleep github --force
    old=$(pid)
    check "docker restarts" systemctl restart docker
    check "svcd stays" test "$(pid)" = "$old"
    within 60 "it has reconciled" hook_answers github
    for name in github fetch web; do within 60 "$name is awake" is $name awake; done
}

new_pid() { [ "$(pid)" != "$1" ] && [ "$(pid)" != 0 ]; }

# A svcd that can't start is given up, and whoever calls hears it.
bad_start() {
    echo 'services: [' >>$policy
    check "svcd stops" systemctl stop svcd
    local answer
    answer=$(timeout 100 svcctl status 2>&1)
    check "with a bad policy a caller is told" test $? = 69
    say "caller: $answer"
    within 60 "the sockets are given up" fails systemctl is-active --quiet svcd-hook.socket
    write_policy
    systemctl reset-failed svcd svcd-control.socket svcd-hook.socket
    check "mended, it starts" systemctl start svcd
    check "and its sockets do" systemctl is-active svcd-control.socket svcd-hook.socket
    for name in github fetch web; do within 60 "$name is awake" is $name awake; done
}

removal() {
    sed -i 's/^version: 1/version: 1\non_exit: leave/' $policy
    check "on_exit: leave" systemctl reload svcd
    check "github sleeps" svcctl sleep github --force
    check "it is removed" bash /payload/systemd/install.sh --uninstall
    check "github was woken first" test "$(docker inspect -f '{{.State.Status}}' github)" = running
    check "the edited policy stays" grep -q github $policy
    check "nothing else does" nothing_but $policy /etc/svcd
    check "installed again" bash /payload/systemd/install.sh --bin /payload/bin
    check "with the edited policy" svcctl status github
    check "it is purged" bash /payload/systemd/install.sh --purge
    check "nothing is left" nothing_but
    for group in svcd svcd-hook; do check "no group $group either" fails getent group $group; done
}

nothing_but() {
    local left
    left=$(find /etc /usr /var /run -xdev \( -name '*svcd*' -o -name '*svcctl*' \) -not -path '*svcd-tests*' \
        -not -path '/var/lib/docker/*' -not -path '/var/log/*' -not -path '/run/log/*' | sort)
    for known in "$@"; do left=$(grep -vxF -- "$known" <<<"$left"); done
    [ -z "$left" ] || { echo "$left" && return 1; }
}

package() {
    # The one under /usr/local is gone.
    hash -r
    check "the package installs" dpkg -i /payload/svcd.deb
    check "the first call starts it" svcctl status
    write_policy
    check "reload" systemctl reload svcd
    within 60 "github is awake" is github awake
    check "github sleeps" svcctl sleep github --force
    check "it is upgraded" dpkg -i --force-confold /payload/svcd-next.deb
    check "to the next version" contains '+1' "$(dpkg -s svcd | grep ^Version)"
    check "the edited policy stays" grep -q github $policy
    check "it answers" svcctl status github
    within 60 "github is awake" is github awake
}

first() {
    mkdir -p "$(dirname $phase_file)"
    check "zram" swap_on
    containers
    activation
    hardening
    cgroup_v2
    story
    survival
    bad_start
    removal
    package
    check "github sleeps" svcctl sleep github --force
    check "fetch sleeps" svcctl sleep fetch --force
    say "rebooting with two sleepers"
    echo second >$phase_file
    systemctl reboot
}

second() {
    within 120 "Docker answers" docker info
    within 60 "svcd is up" systemctl is-active svcd
    for name in github fetch web; do
        within 120 "$name is awake" is $name awake
        check "$name answers" hook_answers $name
        check "Docker knows" test "$(docker inspect -f '{{.State.Status}}' $name)" = running
    done
    check "github sleeps" svcctl sleep github --force
    check "the package is removed" dpkg -r svcd
    check "github was woken first" test "$(docker inspect -f '{{.State.Status}}' github)" = running
    check "its policy stays" grep -q github $policy
    check "it is installed again" dpkg -i /payload/svcd-next.deb
    check "and enabled" systemctl is-enabled svcd svcd-control.socket svcd-hook.socket
    check "and answers" svcctl status github
    check "the package is removed again" dpkg -r svcd
    check "it is purged" dpkg -P svcd
    check "nothing is left" nothing_but
    end
}

"$(cat $phase_file 2>/dev/null || echo first)"
