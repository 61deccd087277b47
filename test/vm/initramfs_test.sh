#!/bin/bash
# Boots a machine that never leaves its first root in memory, as small boxes do, and runs a pod there: pivot_root refuses
# that root, so containers and the workers that unpack images get theirs another way.
# shellcheck source=test/vm/machine.sh
. "$(dirname "$0")/machine.sh"
# The kernel unpacks one archive after another: ours only brings another /init, which stays where it is.
mkdir -p "$work/first"
install -m 755 test/vm/initramfs_init "$work/first/init"
(cd "$work/first" && find . | cpio --quiet -o -H newc | gzip -1) | cat "$disk/initrd" - >"$work/initrd"
cp test/vm/initramfs_job/* "$job/"
test/vm/boot --arch "$arch" --memory 512 --time-max 600 --initrd "$work/initrd" "$disk" "$job"
