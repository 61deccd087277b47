# shellcheck shell=bash disable=SC2034 # the tests use what is set here
# Source this first in a test of this folder: it goes to the repository, and makes the virtual machine's disk and $job, a
# directory that test/vm/boot runs in the machine: the program, what checks are said with, a pod and its image.
# ARCH (amd64) and ORILLA (the static program of that architecture) choose what is tested; VM_DIR keeps the disk.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
arch=${ARCH:-amd64}
program=${ORILLA:-build-test/release/orilla}
disk=${VM_DIR:-build-test/vm/$arch}
case $arch in
amd64) emulator=qemu-system-x86_64 ;;
arm64) emulator=qemu-system-aarch64 ;;
armhf) emulator=qemu-system-arm ;;
*) echo "test/vm: ARCH is amd64, arm64 or armhf, not '$arch'" >&2; exit 2 ;;
esac
for needed in $emulator mmdebstrap cpio; do
  command -v "$needed" >/dev/null || { echo "1..0 # SKIP $needed is not installed"; exit 77; }
done
[ -x "$program" ] || { echo "1..0 # SKIP there is no static program at $program"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
test/vm/make_root.sh "$arch" "$disk"
examples/images/build.sh -o "$work/images" --arch "$arch" echo
job=$work/job
mkdir "$job"
cp "$program" "$job/orilla"
cp test/vm/checks.sh test/vm/pod.yaml "$work/images/echo.tar" "$job/"
