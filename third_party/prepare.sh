#!/bin/bash
# prepare.sh [--arch amd64|arm64] [--with SET]... [--no-install]
# Gets a Debian 12 machine ready to build Orilla:
#   1. installs the packages of packages.sh: the build set, `cross` for another --arch, and every SET of --with;
#   2. for another architecture, unpacks the libraries' packages into third_party/.prefix/ARCH/sysroot;
#   3. builds the minimal static curl from Debian's source package into third_party/.prefix/ARCH: Debian's own libcurl
#      would bring 39 libraries for protocols that Orilla does not speak.
# What is there already is reused, so a second run takes no time. Installing needs root; meson calls this with
# --no-install when the curl is not there yet.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=third_party/debian.sh
. "$here/debian.sh"

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
*) echo "prepare.sh: architecture '$arch' is not amd64 or arm64" >&2; exit 2 ;;
esac
[ "$arch" = "$native" ] || sets+=(cross)
prefix=$here/.prefix/$arch

install_packages() {
  local wanted missing=() package
  mapfile -t wanted < <("$here/packages.sh" "$@" | sort -u)
  for package in "${wanted[@]}"; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  echo "prepare.sh: installing ${missing[*]}"
  [ "$(id -u)" = 0 ] || { echo "prepare.sh: that needs root: sudo $0" >&2; exit 1; }
  export DEBIAN_FRONTEND=noninteractive
  # A machine that never fetched package lists has nothing to install from; stale ones fail and are fetched again.
  apt-get -qq install -y --no-install-recommends "${missing[@]}" >/dev/null 2>&1 && return 0
  apt-get -qq update
  apt-get -qq install -y --no-install-recommends "${missing[@]}" >/dev/null
}

# Only one run builds in this tree: two meson configurations may call us at once.
mkdir -p "$prefix"
exec 9>"$prefix/.lock"
flock 9

prepare_sysroot() {
  local packages libraries
  sed "s|@PREFIX@|$prefix|g" "$here/cross/$arch.ini.in" >"$prefix/cross.ini"
  [ ! -e "$prefix/sysroot.done" ] || return 0
  mapfile -t packages < <("$here/packages.sh" target)
  # What the -dev packages only depend on, and static or dynamic links need as well.
  libraries=(libssl3 libsqlite3-0 libyaml-cpp0.7 libzstd1 zlib1g libseccomp2 libcap2 libc-ares2 libfmt9)
  rm -rf "$prefix/sysroot"
  debian_unpack "$arch" "$prefix/sysroot" "${packages[@]}" "${libraries[@]}"
  touch "$prefix/sysroot.done"
}

# curl_flags: HTTP and TLS for registries, a unix socket for the CLI, c-ares because a static glibc cannot load NSS.
curl_flags() {
  local off
  for off in shared ftp file ldap ldaps rtsp dict telnet tftp pop3 imap smb smtp gopher mqtt manual alt-svc hsts cookies \
    doh mime netrc dateparse get-easy-options tls-srp ntlm ntlm-wb crypto-auth kerberos-auth negotiate-auth aws \
    libcurl-option sspi socketpair headers-api dependency-tracking; do
    echo "--disable-$off"
  done
  for off in zlib brotli zstd libpsl libidn2 librtmp libssh libssh2 libgsasl nghttp2 nghttp3 ngtcp2 gssapi; do
    echo "--without-$off"
  done
  printf '%s\n' --enable-static --enable-ares --with-openssl --with-ca-bundle=/etc/ssl/certs/ca-certificates.crt \
    --host=$triple --prefix=/
}

prepare_curl() {
  local work flags cflags='-Os -ffunction-sections -fdata-sections' ldflags=
  [ ! -e "$prefix/lib/libcurl.a" ] || return 0
  echo "prepare.sh: building the minimal static curl for $arch (about half a minute)"
  work=$(mktemp -d)
  # shellcheck disable=SC2064 # the directory of now
  trap "rm -rf '$work'" EXIT
  debian_source curl "$work/curl"
  mapfile -t flags < <(curl_flags)
  if [ "$arch" != "$native" ]; then
    cflags+=" -isystem $prefix/sysroot/usr/include -isystem $prefix/sysroot/usr/include/$triple"
    ldflags="-L$prefix/sysroot/usr/lib/$triple -Wl,-rpath-link,$prefix/sysroot/usr/lib/$triple"
  fi
  # Debian's patches touch the inputs of automake; what upstream generated from them still fits our configuration.
  local regenerate=(AUTOMAKE=: ACLOCAL=: AUTOCONF=: AUTOHEADER=:)
  (
    cd "$work/curl"
    export CC=$triple-gcc CFLAGS=$cflags LDFLAGS=$ldflags PKG_CONFIG=false
    ./configure -q "${flags[@]}" >../log 2>&1 &&
      make -s -C lib -j"$(nproc)" "${regenerate[@]}" V=0 >>../log 2>&1 &&
      make -s -C lib "${regenerate[@]}" DESTDIR="$work/out" install >>../log 2>&1 &&
      make -s -C include "${regenerate[@]}" DESTDIR="$work/out" install >>../log 2>&1
  ) || { tail -n 30 "$work/log" >&2; echo "prepare.sh: curl for $arch did not build" >&2; exit 1; }
  cp -a "$work/out/include" "$prefix/"
  mkdir -p "$prefix/lib"
  # Last and by rename: its presence says that all of this is done.
  cp "$work/out/lib/libcurl.a" "$prefix/lib/libcurl.a.new"
  mv "$prefix/lib/libcurl.a.new" "$prefix/lib/libcurl.a"
}

[ -z "$install" ] || install_packages "${sets[@]}"
[ "$arch" = "$native" ] || prepare_sysroot
prepare_curl
