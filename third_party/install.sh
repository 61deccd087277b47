# shellcheck shell=bash
# Source this: installs the packages of packages.sh on this machine. What they bring does not run afterwards, nor at the next
# boot: a build machine must not serve a registry to its neighbours because the tests want the program.

install_here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# Units that were enabled by their packages and are off again, one a line.
install_off=$install_here/.prefix/off
service_policy=/usr/sbin/policy-rc.d

# require_debian_12: one sentence instead of what apt would say elsewhere.
require_debian_12() {
  local codename name
  codename=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release 2>/dev/null)
  [ "$codename" != bookworm ] || ! command -v apt-get >/dev/null || return 0
  name=$(sed -n 's/^PRETTY_NAME="\?\([^"]*\)"\?$/\1/p' /etc/os-release 2>/dev/null)
  echo "prepare.sh: Orilla builds on Debian 12 (bookworm), and this is ${name:-another system}: use a machine, a container" \
    "or a virtual machine with Debian 12" >&2
  return 1
}

is_installed() { # PACKAGE
  [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" != installed ] || return 0
  # Node.js from elsewhere brings its own, which Debian's package would fight with.
  [ "$1" = npm ] && command -v npm >/dev/null
}

# Packages ask this program before they start, stop or restart a service; 101 is "no".
forbid_services() {
  [ -e $service_policy ] && ! grep -qs '^# prepare.sh of Orilla' $service_policy && return
  printf '#!/bin/sh\n# prepare.sh of Orilla, while it installs\nexit 101\n' >$service_policy
  chmod +x $service_policy
}
allow_services() { ! grep -qs '^# prepare.sh of Orilla' $service_policy || rm -f $service_policy; }

# What starts at boot: systemd's units, of the machine and of its users, and init scripts.
enabled_links() {
  find /etc/systemd/system /etc/systemd/user -mindepth 2 -type l -path '*.d/*' -prune -o -mindepth 2 -type l -print 2>/dev/null || :
  find /etc/rc2.d -name 'S*' 2>/dev/null || :
}

# disable_since FILE: turns off what packages have enabled since FILE was written by enabled_links. A package that belongs to
# every Debian (systemd, e2fsprogs) keeps what it has.
disable_since() {
  local link unit package user
  comm -13 <(sort "$1") <(enabled_links | sort) | while read -r link; do
    unit=${link##*/} user=()
    [[ $link != /etc/systemd/user/* ]] || user=(--user)
    if [[ $link = /etc/rc2.d/* ]]; then unit=${unit#S[0-9][0-9]}; fi
    # One of the two patterns matches nothing, which is an error to dpkg-query.
    package=$({ dpkg-query -S "*/systemd/*/$unit" "/etc/init.d/$unit" 2>/dev/null || :; } | sed -n '1s/:.*//p')
    [[ $(dpkg-query -W -f '${Priority}' "${package:-none}" 2>/dev/null || :) =~ ^(optional|extra)$ ]] || continue
    if [[ $link = /etc/rc2.d/* ]]; then
      update-rc.d "$unit" disable
    else
      deb-systemd-helper "${user[@]}" disable "$unit"
    fi >/dev/null 2>&1 || :
    rm -f "$link"
    echo "$unit"
  done | sort -u | tee -a "$install_off" | sed 's/^/prepare.sh: is installed, and stays off: /'
}

# keep_formats_off: emulators of other processors do not make foreign programs run on this machine as if they were its own.
emulated_formats() { find /usr/lib/binfmt.d -name 'qemu-*.conf' -printf '%f\n' 2>/dev/null | sort || :; }
keep_formats_off() { # FILE, by emulated_formats before the installation
  local name registered
  comm -13 "$1" <(emulated_formats) | while read -r name; do
    registered=/proc/sys/fs/binfmt_misc/${name%.conf}
    ! grep -qs '^interpreter /usr/libexec/qemu-binfmt/' "$registered" || echo -1 >"$registered"
    mkdir -p /etc/binfmt.d
    [ -e "/etc/binfmt.d/$name" ] || ln -s /dev/null "/etc/binfmt.d/$name"
  done
}

apt_install() { # PACKAGE...
  export DEBIAN_FRONTEND=noninteractive
  # A machine that never fetched package lists has nothing to install from; stale ones fail and are fetched again.
  apt-get -qq install -y --no-install-recommends "$@" >/dev/null 2>&1 && return 0
  apt-get -qq update
  apt-get -qq install -y --no-install-recommends "$@" >/dev/null
}

install_packages() ( # SET...
  local wanted missing=() package before formats status=0
  mapfile -t wanted < <("$install_here/packages.sh" "$@" | sort -u)
  for package in "${wanted[@]}"; do is_installed "$package" || missing+=("$package"); done
  [ ${#missing[@]} -gt 0 ] || exit 0
  require_debian_12 || exit 1
  [ "$(id -u)" = 0 ] || { echo "prepare.sh: installing packages needs root: sudo $install_here/prepare.sh" >&2; exit 1; }
  echo "prepare.sh: installing ${missing[*]}"
  before=$(mktemp) formats=$(mktemp)
  emulated_formats >"$formats"
  mkdir -p "$(dirname "$install_off")"
  enabled_links >"$before"
  trap 'allow_services; rm -f "$before" "$formats"' EXIT
  forbid_services
  apt_install "${missing[@]}" || status=1
  disable_since "$before"
  keep_formats_off "$formats"
  exit $status
)
