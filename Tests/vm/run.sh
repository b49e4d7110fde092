#!/usr/bin/env bash
# A host in a box: a Debian with systemd, cgroup v2 and Docker in an emulated machine, and svcd's host tests inside.
#
#   Tests/vm/run.sh [DIR]       builds what is missing in DIR (default .build-vm), boots, tests; about fifteen minutes,
#                               most of them emulation: right and wrong show here, speed doesn't
#   Tests/vm/run.sh DIR shell   boots it and leaves you at its console (root; Ctrl-A X ends it)
#
# DIR keeps the Debian; binaries, package and tests are made anew each time. The machine has no network.
set -euo pipefail
cd "$(dirname "$0")/../.."
dir=${1:-.build-vm}
mkdir -p "$dir"

need=()
command -v debootstrap >/dev/null || need+=(debootstrap)
command -v qemu-system-x86_64 >/dev/null || need+=(qemu-system-x86)
command -v busybox >/dev/null || need+=(busybox-static)
command -v mkfs.ext4 >/dev/null || need+=(e2fsprogs)
command -v dpkg-deb >/dev/null || need+=(dpkg)
command -v lintian >/dev/null || need+=(lintian)
[ -e /usr/include/systemd/sd-daemon.h ] || need+=(libsystemd-dev)
if [ ${#need[@]} -gt 0 ]; then
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "${need[@]}" >/dev/null
fi

if [ ! -e "$dir/debian/done" ]; then
    echo "making a Debian"
    rm -rf "$dir/debian"
    packages=$(tr '\n' , <Tests/vm/packages.txt | sed 's/,$//')
    debootstrap --variant=minbase --include="$packages" bookworm "$dir/debian" >"$dir/debootstrap.log" ||
        { tail "$dir/debootstrap.log" && exit 1; }
    touch "$dir/debian/done"
fi
cp Tests/vm/svcd-tests.service "$dir/debian/etc/systemd/system/"
mkdir -p "$dir/debian/etc/systemd/system/multi-user.target.wants" "$dir/debian/payload"
ln -sf /etc/systemd/system/svcd-tests.service "$dir/debian/etc/systemd/system/multi-user.target.wants/"
echo svcd-vm >"$dir/debian/etc/hostname"
printf '127.0.0.1 localhost svcd-vm\n' >"$dir/debian/etc/hosts"
printf '/dev/vda / ext4 defaults 0 1\n/dev/vdb /payload ext4 ro 0 2\n' >"$dir/debian/etc/fstab"
printf '[Journal]\nStorage=persistent\nForwardToConsole=no\n' >"$dir/debian/etc/systemd/journald.conf"
chroot "$dir/debian" passwd -d root >/dev/null

echo "building svcd and its package"
rm -rf "$dir/payload"
mkdir -p "$dir/payload"
systemd/deb.sh "$dir/payload/svcd.deb"
systemd/deb.sh --version-suffix +1 "$dir/payload/svcd-next.deb"
lintian --fail-on error "$dir/payload/svcd.deb"
cp -r systemd policies Tests/vm/host.sh "$dir/payload/"
cp -r .build-stage "$dir/payload/bin"
root=$(mktemp -d)
mkdir -p "$root/bin"
cp "$(command -v busybox)" "$root/bin/busybox"
cc -O2 -static -pthread -o "$root/bin/service" Tests/service.c
for applet in sh sleep wget cat true; do ln -s busybox "$root/bin/$applet"; done
tar -C "$root" -cf "$dir/payload/image.tar" .
rm -rf "$root"

echo "making disks"
rm -f "$dir/root.img" "$dir/payload.img"
mkfs.ext4 -q -d "$dir/debian" "$dir/root.img" 6G
mkfs.ext4 -q -d "$dir/payload" "$dir/payload.img" 400M
kernel=$(ls "$dir"/debian/boot/vmlinuz-* | tail -1)
initrd=$(ls "$dir"/debian/boot/initrd.img-* | tail -1)

machine=(qemu-system-x86_64 -accel "tcg,thread=multi" -cpu max -smp 2 -m 2048 -nographic -nic none
    -kernel "$kernel" -initrd "$initrd"
    -drive "file=$dir/root.img,format=raw,if=virtio,cache=unsafe"
    -drive "file=$dir/payload.img,format=raw,if=virtio,readonly=on")
line="root=/dev/vda rw console=ttyS0 quiet apparmor=0"
if [ "${2:-}" = shell ]; then
    exec "${machine[@]}" -append "$line systemd.mask=svcd-tests.service"
fi
echo "booting"
timeout 2700 "${machine[@]}" -append "$line" </dev/null | sed -u 's/\r//g' | tee "$dir/console.log" |
    grep --line-buffered '^\[vm\]' || true
grep -q '^\[vm\] all passed' "$dir/console.log"
