#!/bin/bash
# A file system that never answers, as an NFS server that is gone: the pods on it wait, and nobody else does.
# shellcheck source=test/support/orilla_box.sh
. "$(dirname "$0")/../support/orilla_box.sh"
[ -e /dev/fuse ] || { echo "1..0 # SKIP there is no /dev/fuse"; exit 77; }
start_orilla
import_images busybox
mkdir "$T/hung"
python3 "$repository/test/support/silent_fuse.py" "$T/hung" >"$T/fuse.log" 2>&1 &
server=$!
check "a file system that never answers is mounted" within 5 grep -q mounted "$T/fuse.log"
check "it does not answer" eval '! timeout -s KILL 1 stat "$T/hung"'
answers_ms_max=500
slowest_ms=0
# asks COMMAND...: and remembers the longest time that an answer took.
asks() {
  local from=$(($(date +%s%N) / 1000000)) took
  "$@" >/dev/null || return 1
  took=$(($(date +%s%N) / 1000000 - from))
  [ $took -le $slowest_ms ] || slowest_ms=$took
}
pod() { # NAME VOLUME MOUNT
  cat <<Y
---
apiVersion: v1
kind: Pod
metadata: {name: $1}
spec:
  terminationGracePeriodSeconds: 0
  volumes: [{name: data, $2}, {name: scratch, emptyDir: {}}]
  containers: [{name: c, image: 'busybox:1', command: [sleep, '1000'], volumeMounts: [{name: data, mountPath: /data$3}]}]
Y
}
for name in one two three four; do pod "hung-$name" "hostPath: {path: $T/hung, type: Directory}" ""; done >"$T/hung.yaml"
pod below "hostPath: {path: $T/hung}" ", subPath: x" >>"$T/hung.yaml"
check "pods on it are taken" o apply -f "$T/hung.yaml"
sleep 0.5
o create configmap settings --from-literal=COLOUR=green >/dev/null
for name in a b c; do pod "well-$name" "configMap: {name: settings}" ""; done >"$T/well.yaml"
check "others run meanwhile, with volumes of their own" eval \
  'o apply -f "$T/well.yaml" && o wait pod/well-a pod/well-b pod/well-c --for=condition=Ready --timeout=20s'
curl -sN --unix-socket "$socket" -X POST "http://orilla/orilla/v1/images/import?path=$T/hung/image.tar" >/dev/null 2>&1 &
importer=$!
for i in $(seq 50); do
  asks o get pods || break
  asks o create configmap "m$i" || break
  sleep 0.05
done
check_equal "the API answers all the time" 50 "$(o get configmap -o name | grep -c '/m[0-9]')"
check "each time within $answers_ms_max ms ($slowest_ms)" [ "$slowest_ms" -lt $answers_ms_max ]
check_equal "who waits says so" "ContainerCreating" \
  "$(o get pod hung-one -o 'jsonpath={.status.containerStatuses[0].state.waiting.reason}')"
check "a pod that waits can be deleted" o delete pod hung-one --timeout=20s
check "and one whose container hangs at its start" o delete pod below --timeout=60s
check "an import from it waits, too" kill -0 $importer
kill $importer
# Where two of its threads are in one directory, one is out of the reach of signals, and the process itself does not go.
ended() { [ ! -e "/proc/$daemon" ] || grep -q '^State:.*zombie' "/proc/$daemon/status"; }
kill -TERM "$daemon"
check "the daemon ends as far as it can" within 20 ended
start_orilla --manifests "$T/hung"
check_equal "the next one starts, and with manifests on it, too" 2 "$(grep -c ' is ready: ' "$T/daemon.log")"
check "what ran goes on" o wait pod/well-a --for=condition=Ready --timeout=20s
check_equal "as often started as before" 0 "$(o get pod well-a -o 'jsonpath={.status.containerStatuses[0].restartCount}')"
check "others are still made" eval 'pod late "configMap: {name: settings}" "" | o apply -f - && o wait pod/late --for=condition=Ready --timeout=20s'
kill -KILL $server
wait $server 2>/dev/null
umount -l "$T/hung"
check "what comes back is used" o wait pod/hung-two pod/hung-three pod/hung-four --for=condition=Ready --timeout=60s
stop_orilla
finish
