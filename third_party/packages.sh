#!/bin/bash
# packages.sh SET...: the Debian 12 packages of each set, one a line. The only place that names them:
# third_party/prepare.sh installs them, the README's commands and CI call that.
#   build   what `meson setup build && ninja -C build` needs
#   target  the libraries among them, whose files a cross build needs for the other architecture
#   cross-arm64, cross-armhf  the compiler for that architecture and the emulator that runs its unit tests
#   images  what examples/images/build.sh needs
#   box     what test/support/box uses
#   quickstart  what examples/quickstart.sh needs besides build: images, a box, and its way out (slirp4netns)
#   test    the system tests, the tidy check, the boxes, the second compiler and its fuzzers, npm for stock kubectl, the Python client
#   vm      the virtual machine of test/vm
#   vm-arm64, vm-armhf  the same for that architecture, beside vm
#   peers   what test/bench compares with, and needs for a disk of its own
set -euo pipefail

target=(libssl-dev libsqlite3-dev libyaml-cpp-dev libzstd-dev zlib1g-dev libseccomp-dev libcap-dev libc-ares-dev
  libnghttp2-dev libboost1.81-dev libfmt-dev libcli11-dev catch2)
build=(g++ gcc libc6-dev meson ninja-build pkg-config python3 make perl tcl dpkg-dev ca-certificates mold ccache "${target[@]}")
cross_arm64=(g++-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user-static)
cross_armhf=(g++-arm-linux-gnueabihf libc6-dev-armhf-cross qemu-user-static)
images=(gcc libc6-dev jq)
box=(iproute2 procps util-linux)
quickstart=("${images[@]}" "${box[@]}" slirp4netns)
test=("${quickstart[@]}" busybox-static nftables curl jq git skopeo docker-registry apache2-utils zstd openssl shellcheck systemd strace nodejs npm e2fsprogs btrfs-progs xfsprogs
  python3-kubernetes clang-14 clang-format-14 libclang-rt-14-dev)
vm=(qemu-system-x86 mmdebstrap kmod cpio e2fsprogs xfsprogs)
vm_arm64=(qemu-system-arm gcc-aarch64-linux-gnu libc6-dev-arm64-cross)
vm_armhf=(qemu-system-arm gcc-arm-linux-gnueabihf libc6-dev-armhf-cross)
peers=(podman conmon crun catatonit netavark iptables golang-github-containers-common btrfs-progs nginx-light haproxy wrk)

[ $# -gt 0 ] || { sed -n '2,14s/^# \{0,1\}//p' "$0"; exit 2; }
for set; do
  case $set in
  build) printf '%s\n' "${build[@]}" ;;
  target) printf '%s\n' "${target[@]}" ;;
  cross-arm64) printf '%s\n' "${cross_arm64[@]}" ;;
  cross-armhf) printf '%s\n' "${cross_armhf[@]}" ;;
  images) printf '%s\n' "${images[@]}" ;;
  box) printf '%s\n' "${box[@]}" ;;
  quickstart) printf '%s\n' "${quickstart[@]}" ;;
  test) printf '%s\n' "${test[@]}" ;;
  vm) printf '%s\n' "${vm[@]}" ;;
  vm-arm64) printf '%s\n' "${vm_arm64[@]}" ;;
  vm-armhf) printf '%s\n' "${vm_armhf[@]}" ;;
  peers) printf '%s\n' "${peers[@]}" ;;
  *) echo "packages.sh: unknown set '$set'" >&2; exit 2 ;;
  esac
done
