#!/bin/bash
# Boots Debian 12 and installs, upgrades, removes and purges both packages (packaging/build) there, with a pod that must not
# notice an upgrade.
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
for needed in $emulator mmdebstrap; do
  command -v "$needed" >/dev/null || { echo "1..0 # SKIP $needed is not installed"; exit 77; }
done
[ -x "$program" ] || { echo "1..0 # SKIP there is no static program at $program"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
test/vm/make_root.sh "$arch" "$disk"
examples/images/build.sh -o "$work/images" --arch "$arch" echo
mkdir "$work/job"
# The second stands for a later version.
packaging/build --arch "$arch" --program "$program" -o "$work/packages"
packaging/build --arch "$arch" --program "$program" -o "$work/packages" --revision +later
cp "$work"/packages/* test/vm/packages_job/* test/vm/checks.sh test/vm/unit_job/pod.yaml "$work/images/echo.tar" "$work/job/"
test/vm/boot --arch "$arch" --time-max 840 "$disk" "$work/job"
