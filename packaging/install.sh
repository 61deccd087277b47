#!/bin/sh
# install.sh [--no-start]: installs this directory's Orilla below /usr/local, or replaces the one that is there; pods go on
#   running meanwhile. With systemd the daemon is enabled and started, or started anew.
# install.sh --uninstall [--purge]: ends the daemon and its pods and removes the files. Data (/var/lib/orilla) and settings
#   (/etc/orilla) stay, but for --purge. It is also /usr/local/lib/orilla/install.sh.
set -eu
prefix=/usr/local
files=$prefix/lib/orilla/files
here=$(cd "$(dirname "$0")" && pwd)
action=install start=1 purge=''
for word; do
  case $word in
  --no-start) start='' ;;
  --uninstall) action=uninstall ;;
  --purge) purge=1 ;;
  *) sed -n '2,5s/^# \{0,1\}//p' "$0"; exit 2 ;;
  esac
done
[ -z "$purge" ] || [ $action = uninstall ] || { echo "install.sh: --purge goes with --uninstall" >&2; exit 2; }
has_systemd() { [ -d /run/systemd/system ] && command -v systemctl >/dev/null; }
die() { echo "install.sh: $*" >&2; exit 1; }
[ "$(id -u)" = 0 ] || die "this needs root: sudo $0 $*"

add_group() {
  if grep -q '^orilla:' /etc/group; then return; fi
  if command -v systemd-sysusers >/dev/null; then systemd-sysusers $prefix/lib/sysusers.d/orilla.conf
  elif command -v groupadd >/dev/null; then groupadd --system orilla
  else addgroup -S orilla; fi
}

install_files() {
  [ -x "$here/bin/orilla" ] || die "there is no bin/orilla beside it: run it in the directory that the archive unpacks to"
  "$here/bin/orilla" --version >/dev/null 2>&1 || die "this program does not run here: it is for another processor than $(uname -m)"
  if [ -e /usr/bin/orilla ]; then die "the Debian package is installed: apt remove orilla, or install its new version instead"; fi
  (cd "$here" && find bin lib share -type f) | while read -r file; do
    mkdir -p "$prefix/$(dirname "$file")"
    # Beside and renamed: a program that runs cannot be written to.
    cp "$here/$file" "$prefix/$file.new"
    mv "$prefix/$file.new" "$prefix/$file"
  done
  cp "$here/install.sh" $prefix/lib/orilla/install.sh
  { (cd "$here" && find bin lib share -type f); echo lib/orilla/install.sh; echo lib/orilla/files; } >$files
}

start_daemon() {
  if ! has_systemd; then
    echo "Orilla is in $prefix/bin. There is no systemd here: start '$prefix/bin/orilla serve' as this system starts services."
    return
  fi
  systemctl daemon-reload
  [ -n "$start" ] || return 0
  if systemctl is-active --quiet orilla.service; then systemctl restart orilla.service
  else systemctl enable --now orilla.socket orilla.service; fi
}

uninstall() {
  [ -e $files ] || die "it is not installed below $prefix"
  if has_systemd; then systemctl disable --now orilla.service orilla.socket 2>/dev/null || true; fi
  $prefix/lib/orilla/end-pods
  while read -r file; do rm -f "$prefix/$file"; done <$files
  rmdir $prefix/lib/orilla $prefix/share/doc/orilla/docs $prefix/share/doc/orilla/examples $prefix/share/doc/orilla 2>/dev/null || true
  if has_systemd; then systemctl daemon-reload; fi
  if [ -n "$purge" ]; then
    rm -rf --one-file-system /var/lib/orilla /etc/orilla
  else
    echo "Orilla and its pods are gone. /var/lib/orilla and /etc/orilla stay: rm -r them, if that is what you want."
  fi
}

if [ $action = uninstall ]; then
  uninstall
  exit
fi
install_files
add_group
"$prefix/bin/orilla" check || echo "install.sh: this kernel lacks something, see above; Orilla is installed all the same" >&2
start_daemon
