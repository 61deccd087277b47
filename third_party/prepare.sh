#!/bin/bash
# prepare.sh [--arch amd64|arm64|armhf] [--with SET]... [--no-install]
# Gets a Debian 12 machine ready to build Orilla:
#   1. installs the packages of packages.sh: the build set, that of another --arch, and every SET of --with; services that
#      they bring stay off, and emulators do not run foreign programs unasked;
#   2. for another architecture, unpacks the libraries' packages into third_party/.prefix/ARCH/sysroot;
#   3. builds minimal static libraries from Debian's source packages into third_party/.prefix/ARCH: see libraries.sh.
# What is there already is reused, so a second run takes no time. Installing needs root; meson calls this with
# --no-install, for what is not there yet.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=third_party/debian.sh
. "$here/debian.sh"
# shellcheck source=third_party/install.sh
. "$here/install.sh"

command -v dpkg >/dev/null || require_debian_12 || exit 1
native=$(dpkg --print-architecture)
arch=$native install=1 sets=(build)
while [ $# -gt 0 ]; do
  case $1 in
  --arch) arch=$2; shift ;;
  --with) sets+=("$2"); shift ;;
  --no-install) install= ;;
  *) sed -n '2,9s/^# \{0,1\}//p' "$0"; exit 2 ;;
  esac
  shift
done
case $arch in
amd64) triple=x86_64-linux-gnu ;;
arm64) triple=aarch64-linux-gnu ;;
armhf) triple=arm-linux-gnueabihf ;;
*) echo "prepare.sh: architecture '$arch' is not amd64, arm64 or armhf" >&2; exit 2 ;;
esac
[ "$arch" = "$native" ] || sets+=("cross-$arch")
prefix=$here/.prefix/$arch
# shellcheck source=third_party/libraries.sh
. "$here/libraries.sh"

# Only one run builds in this tree: two meson configurations may call us at once.
mkdir -p "$prefix"
exec 9>"$prefix/.lock"
flock 9

prepare_sysroot() {
  local packages libraries
  sed "s|@PREFIX@|$prefix|g" "$here/cross/$arch.ini.in" >"$prefix/cross.ini"
  mapfile -t packages < <("$here/packages.sh" target)
  # What the -dev packages only depend on, and static or dynamic links need as well.
  libraries=(libssl3 libsqlite3-0 libyaml-cpp0.7 libzstd1 zlib1g libseccomp2 libcap2 libc-ares2 libnghttp2-14 libfmt9)
  # One with other packages is made anew.
  [ "$(cat "$prefix/sysroot.done" 2>/dev/null)" != "${packages[*]} ${libraries[*]}" ] || return 0
  rm -rf "$prefix/sysroot" "$prefix/sysroot.done"
  debian_unpack "$arch" "$prefix/sysroot" "${packages[@]}" "${libraries[@]}"
  echo "${packages[*]} ${libraries[*]}" >"$prefix/sysroot.done"
}

[ -z "$install" ] || install_packages "${sets[@]}"
[ "$arch" = "$native" ] || prepare_sysroot
library openssl openssl
library sqlite sqlite3
# Its interface has a time in it, which Debian's has in 32 bits there.
[ "$arch" != armhf ] || library cares c-ares
library curl curl
