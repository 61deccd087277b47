# shellcheck shell=bash disable=SC2317 # functions are called by name
# Runs in the virtual machine, beside the packages and the image.
# shellcheck source=test/vm/checks.sh
. ./checks.sh

export PATH=/usr/local/bin:$PATH DEBIAN_FRONTEND=noninteractive
deb=$(echo orilla_*[0-9]_*.deb) later_deb=$(echo orilla_*later_*.deb)
tarball=$(echo orilla_*[0-9]_*.tar.gz) later_tarball=$(echo orilla_*later_*.tar.gz)
# This system was unpacked, not installed: dpkg knows of no package.
mkdir -p /var/lib/dpkg/{info,updates,triggers}
touch /var/lib/dpkg/status
ip link set lo up

install_deb() { dpkg --force-depends -i "$1"; }
active() { systemctl is-active -q orilla.service && systemctl is-active -q orilla.socket; }
main_pid() { systemctl show -p MainPID --value orilla; }
start_pod() {
  orilla image import echo.tar && orilla apply -f pod.yaml && within 60 orilla wait --for=condition=Ready pod/echo --timeout=5s
}
# upgrade NAME COMMAND...: the daemon is another one afterwards, the container is not.
upgrade() {
  local name=$1 pid daemon
  shift
  pid=$(pgrep -x echo) daemon=$(main_pid)
  check "$name: is upgraded" "$@"
  check "$name: the daemon is another process" test "$(main_pid)" != "$daemon"
  check "$name: the container is the same process" is "$(pgrep -x echo)" "$pid"
  check "$name: adopted, not restarted" within 20 field_is '{.status.containerStatuses[0].restartCount}' 0
  check "$name: and ready" within 20 field_is '{.status.containerStatuses[0].ready}' true
}
nothing_runs() {
  is "$(pgrep -x 'echo|orilla|orilla-pod')" "" && is "$(grep ' /run/orilla' /proc/mounts)" "" && test ! -e /run/orilla &&
    test ! -e /sys/class/net/orilla0 && is "$(find /sys/fs/cgroup -maxdepth 1 -name orilla)" ""
}
no_files() { is "$(find /usr /lib/systemd /etc/systemd -name '*orilla*')" ""; }
unpack() { mkdir "$2" && tar -C "$2" --strip-components=1 -xf "$1"; }

unpack "$tarball" first
unpack "$later_tarball" later

test_package() {
  check "the package installs" install_deb "$deb"
  check "the daemon is active, and will be after a boot" active
  check "enabled" systemctl is-enabled -q orilla.service orilla.socket
  check "the control socket belongs to the group orilla" is "$(stat -c '%G %a' /run/orilla/orilla.sock)" "orilla 660"
  check "systemd has nothing to say about the units" is "$(systemd-analyze verify --man=no orilla.service orilla.socket 2>&1)" ""
  check "manual pages and completions are there" test -s /usr/share/man/man1/orilla.1.gz -a -s /usr/share/man/man8/orilla-serve.8.gz \
    -a -s /usr/share/man/man5/orilla-config.5.gz -a -s /usr/share/bash-completion/completions/orilla
  check "so is what README leads to" test -s /usr/share/doc/orilla/docs/operate.md -a -s /usr/share/doc/orilla/examples/web.yaml
  check "a pod runs" start_pod
  upgrade package install_deb "$later_deb"
  check "the archive does not install beside the package" test "$(first/install.sh 2>&1 | grep -c 'is installed')" = 1
  check "the package is removed" dpkg -r orilla
  check "with pods, mounts, bridge and cgroups" nothing_runs
  check "objects stay" test -d /var/lib/orilla
  check "it is installed again" install_deb "$deb"
  check "and the pod comes back" within 60 orilla wait --for=condition=Ready pod/echo --timeout=5s
  check "purge" dpkg -P orilla
  check "ends everything" nothing_runs
  check "leaves no file of the program" no_files
  check "but the data" test -d /var/lib/orilla
  install_deb "$deb" >/dev/null 2>&1
  check "purge of the data, too" env ORILLA_PURGE_DATA=yes dpkg -P orilla
  check "takes them away" test ! -e /var/lib/orilla
}

test_archive() {
  check "the archive installs" first/install.sh
  check "the daemon is active" active
  check "enabled" systemctl is-enabled -q orilla.service orilla.socket
  check "a pod runs" start_pod
  check "the package does not install beside it" test "$(install_deb "$deb" 2>&1 | grep -c 'install.sh --uninstall first')" = 1
  upgrade archive later/install.sh
  check "it is uninstalled" /usr/local/lib/orilla/install.sh --uninstall
  check "with everything" nothing_runs
  check "leaves no file of the program" no_files
  check "but the data" test -d /var/lib/orilla
  first/install.sh >/dev/null 2>&1
  check "it is uninstalled with its data" /usr/local/lib/orilla/install.sh --uninstall --purge
  check "which are gone" test ! -e /var/lib/orilla
}

read -ra wanted <parts
for part in "${wanted[@]}"; do "test_$part"; done
finish journalctl -u orilla --no-pager -n 60
