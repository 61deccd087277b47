#!/bin/bash
# Claims whose size project quota holds, on ext4 and on xfs: the kernels of test machines often have none, Debian's has.
VM_PACKAGES=e2fsprogs,xfsprogs
VM_DIR=${VM_DIR:-build-test/vm/${ARCH:-amd64}-quota}
export VM_PACKAGES
# shellcheck source=test/vm/machine.sh
. "$(dirname "$0")/machine.sh"
examples/images/build.sh -o "$work/images" --arch "$arch" busybox
cp test/vm/quota_job/* systemd/orilla.* "$work/images/busybox.tar" "$job/"
test/vm/boot --arch "$arch" --memory 384 --time-max 600 "$disk" "$job"
