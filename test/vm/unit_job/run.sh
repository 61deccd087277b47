# shellcheck shell=bash disable=SC2317 # functions are called by name
# Runs in the virtual machine, beside the program, the units and the image: installs Orilla as README says and looks.
# shellcheck source=test/vm/checks.sh
. ./checks.sh

export PATH=/usr/local/bin:$PATH
install -D -m 755 orilla /usr/local/bin/orilla
install -D -m 644 -t /usr/local/lib/systemd/system orilla.service orilla.socket
install -D -m 644 orilla.sysusers /usr/local/lib/sysusers.d/orilla.conf
systemd-sysusers
# So that a daemon that never pets the watchdog is found within this test.
mkdir -p /etc/systemd/system/orilla.service.d
printf '[Service]\nWatchdogSec=8\n' >/etc/systemd/system/orilla.service.d/watchdog.conf
ip link set lo up
systemctl daemon-reload

check "systemd-analyze verify accepts the installed units" is "$(systemd-analyze verify orilla.service orilla.socket 2>&1)" ""
check "this kernel has what Orilla needs" orilla check
check "the unit becomes active, so the daemon told systemd that it is ready" systemctl start orilla.socket orilla.service
check "readyz answers over the activated socket" within 10 curl -sf --unix-socket /run/orilla/orilla.sock http://localhost/readyz
check "the control socket belongs to the group orilla" is "$(stat -c '%G %a' /run/orilla/orilla.sock)" "orilla 660"
check "an image is imported" orilla image import echo.tar
check "apply of a pod" orilla apply -f pod.yaml
check "the pod gets ready" within 60 orilla wait --for=condition=Ready pod/echo --timeout=5s
pid=$(pgrep -x echo)
check "its process is seen from the node" test -n "$pid"
cgroup=/sys/fs/cgroup$(sed -n 's/^0:://p' "/proc/$pid/cgroup")
check "its container's cgroup is below /orilla" test "${cgroup#/sys/fs/cgroup/orilla/}" != "$cgroup"
check "its container is limited by cgroup v2" is "$(cat "$cgroup/memory.max")" 33554432
check "its log is where collectors look for it" test -e "/var/log/pods/default_echo_$(orilla get pod echo -o 'jsonpath={.metadata.uid}')/echo/0.log"
address=$(orilla get pod echo -o 'jsonpath={.status.podIP}')
check "it answers on its address" within 20 curl -sf --max-time 5 "http://$address:8080/"

daemon=$(systemctl show -p MainPID --value orilla)
check "the unit restarts" systemctl restart orilla
check "as another process" test "$daemon" != "$(systemctl show -p MainPID --value orilla)"
check "while the container goes on" is "$(pgrep -x echo)" "$pid"
check "adopted, not restarted" within 20 field_is '{.status.containerStatuses[0].restartCount}' 0
check "and ready" within 20 field_is '{.status.containerStatuses[0].ready}' true
daemon=$(systemctl show -p MainPID --value orilla)
kill -KILL "$daemon"
check "after kill -9 systemd brings it back" within 30 curl -sf --unix-socket /run/orilla/orilla.sock http://localhost/readyz
check "and the container still goes on" is "$(pgrep -x echo)" "$pid"
sleep 12
check "it pets the watchdog" is "$(systemctl show -p NRestarts --value orilla)" 1
check "delete of the pod" orilla delete pod echo --timeout=60s
check "leaves no process" is "$(pgrep -x echo)" ""
check "the unit stops" systemctl stop orilla.service orilla.socket
finish journalctl -u orilla --no-pager -n 60
