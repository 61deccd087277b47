#!/bin/bash
# Volumes that only a kernel with more rights and more file systems shows: a claim that grows while a pod has it, also with kill -9
# in between, and directories of an NFS server, which goes away.
VM_PACKAGES=e2fsprogs,nfs-kernel-server
VM_DIR=${VM_DIR:-build-test/vm/${ARCH:-amd64}-volumes}
export VM_PACKAGES
# shellcheck source=test/vm/machine.sh
. "$(dirname "$0")/machine.sh"
examples/images/build.sh -o "$work/images" --arch "$arch" busybox
cp test/vm/volumes_job/* systemd/orilla.* "$work/images/busybox.tar" "$job/"
test/vm/boot --arch "$arch" --memory 384 --time-max 850 "$disk" "$job"
