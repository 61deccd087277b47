#!/bin/bash
# A data directory on a small disk that fills up: what makes room works, statuses stay true, and logs leave room.
# shellcheck source=test/support/orilla_box.sh
. "$(dirname "$0")/../support/orilla_box.sh"
mkdir "$T/data"
truncate -s 48M "$T/disk"
{ mkfs.ext4 -q "$T/disk" && mount -o loop "$T/disk" "$T/data"; } 2>/dev/null || mount -t tmpfs -o size=40m none "$T/data"
start_orilla
import_images busybox

# pod NAME COMMAND
pod() {
  o apply -f - <<Y
apiVersion: v1
kind: Pod
metadata: {name: $1}
spec:
  terminationGracePeriodSeconds: 0
  containers:
  - {name: main, image: 'busybox:1', command: [sh, -c, '$2']}
Y
}
fill() { dd if=/dev/zero of="$T/data/fill" bs="$1" oflag=append conv=notrunc status=none 2>/dev/null; true; }
reserve_bytes() { stat -c '%s' "$T/data/store.reserve"; }
disk_pressure() { o get node node -o 'jsonpath={.status.conditions[?(@.type=="DiskPressure")].status} {.spec.taints[*].key}'; }
phase() { o get pod "$1" -o 'jsonpath={.status.phase}{.status.containerStatuses[0].ready}'; }

check_equal "the node has no disk pressure" "False " "$(disk_pressure)"
check "two pods run" eval 'pod steady "sleep 1000" && pod other "sleep 1000" && o wait pod/steady pod/other --for=condition=Ready --timeout=20s'
check "objects are there" eval 'for n in $(seq 20); do o create configmap "c$n" --from-literal="a=$(printf %3000s x)" || exit 1; done'
check_equal "space is kept" 2097152 "$(reserve_bytes)"
# Less than the kubelet's thresholds free, but some.
head -c $(($(stat -f -c '%a * %S - %b * %S * 7 / 100' "$T/data"))) /dev/zero >"$T/data/fill"
check "the node says that its disk is short" within 45 eval '[ "$(disk_pressure)" = "True node.kubernetes.io/disk-pressure" ]'
check_equal "in the kubelet's words" "KubeletHasDiskPressure: kubelet has disk pressure" \
  "$(o get node node -o 'jsonpath={.status.conditions[?(@.type=="DiskPressure")].reason}: {.status.conditions[?(@.type=="DiskPressure")].message}')"
pod waiting "sleep 1000" >/dev/null
check "it takes no new pods" within 10 eval 'o describe pod waiting | grep -q "had untolerated taint {node.kubernetes.io/disk-pressure"'
check "one that waits can be deleted" o delete pod waiting --timeout=20s
fill 64k
fill 1k
printf %100000s x >"$T/large"
# The first few may still fit into files of the store that are there already.
check_fails "on a full disk nothing more is added" "no space left" eval \
  'for n in $(seq 100); do o create configmap "large$n" --from-file="a=$T/large" || exit 1; done'
check_equal "and what is kept for removals is untouched" 2097152 "$(reserve_bytes)"
fill 1k
kill_orilla
start_orilla
check_equal "after a restart the node still says so" "True node.kubernetes.io/disk-pressure" "$(disk_pressure)"
check "after a restart the status of a running pod is told" within 10 eval '[ "$(phase steady)" = Runningtrue ]'
check "a pod can be deleted" o delete pod other --timeout=20s
check "objects can be deleted, many" eval 'for n in $(seq 20); do o delete configmap "c$n" || exit 1; done'
fill 1k
kill_orilla
start_orilla
check "and again, after another restart, the status is told" within 10 eval '[ "$(phase steady)" = Runningtrue ]'
check_equal "what was deleted stays away" "" "$(o get configmaps -o name | grep '/c[0-9]')"
rm "$T/data/fill"
check "with room, objects are added" within 5 o create configmap room --from-literal=a=b
check "the node's disk pressure is over" within 45 eval '[ "$(disk_pressure)" = "False " ]'
check "and the space is kept again" within 5 eval '[ "$(reserve_bytes)" = 2097152 ]'

check "a pod that prints without end runs" pod flood 'yes aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'
free_percent() { stat -f -c '%a %b' "$T/data" | awk '{ print int(100 * $1 / $2) }'; }
check "it fills the disk" within 30 eval '[ "$(free_percent)" -lt 6 ]'
sleep 2
check "its log stops before the disk is full" eval '[ "$(free_percent)" -ge 2 ]'
check "objects are still added" o create configmap during --from-literal=a=b
check "it is deleted" o delete pod flood --timeout=20s
check "which makes room" within 10 eval '[ "$(free_percent)" -gt 20 ]'
check_equal "nothing was restarted" 0 "$(o get pod steady -o 'jsonpath={.status.containerStatuses[0].restartCount}')"
check "the last pod goes" o delete pod steady --timeout=20s
stop_orilla
finish
