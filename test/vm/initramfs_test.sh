#!/bin/bash
# Boots a machine that never leaves its first root in memory, as small boxes do, and runs a pod there: pivot_root refuses
# that root, so containers and the workers that unpack images get theirs another way.
# ARCH (amd64) and ORILLA (the static program of that architecture) choose what is tested; VM_DIR keeps the disk.
set -euo pipefail
cd "$(dirname "$0")/../.."
arch=${ARCH:-amd64}
program=${ORILLA:-build-test/release/orilla}
disk=${VM_DIR:-build-test/vm/$arch}
case $arch in
amd64) emulator=qemu-system-x86_64 ;;
arm64) emulator=qemu-system-aarch64 ;;
armhf) emulator=qemu-system-arm ;;
esac
for needed in $emulator mmdebstrap cpio; do
  command -v "$needed" >/dev/null || { echo "1..0 # SKIP $needed is not installed"; exit 77; }
done
[ -x "$program" ] || { echo "1..0 # SKIP there is no static program at $program"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
test/vm/make_root.sh "$arch" "$disk"
examples/images/build.sh -o "$work/images" --arch "$arch" echo
# The kernel unpacks one archive after another: ours only brings another /init, which stays where it is.
mkdir -p "$work/first" "$work/job"
install -m 755 test/vm/initramfs_init "$work/first/init"
(cd "$work/first" && find . | cpio --quiet -o -H newc | gzip -1) | cat "$disk/initrd" - >"$work/initrd"
cp test/vm/initramfs_job/* test/vm/unit_job/pod.yaml "$work/images/echo.tar" "$work/job/"
cp "$program" "$work/job/orilla"
test/vm/boot --arch "$arch" --memory 512 --time-max 600 --initrd "$work/initrd" "$disk" "$work/job"
