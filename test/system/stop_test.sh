#!/bin/bash
# Graceful stops over a kill -9 of the daemon: grace period, preStop and stop signal go on where they were.
# shellcheck source=test/support/orilla_box.sh
. "$(dirname "$0")/../support/orilla_box.sh"
start_orilla
import_images busybox

# stopping_pod NAME GRACE PRE_STOP: notes in /notes of the host what happens to it; only SIGKILL ends it.
mkdir "$T/notes"
stopping_pod() {
  o apply -f - <<Y
apiVersion: v1
kind: Pod
metadata: {name: $1}
spec:
  terminationGracePeriodSeconds: $2
  containers:
  - name: main
    image: busybox:1
    command: [sh, -c, 'trap "echo term >>/notes/$1" TERM; while :; do sleep 0.1; done']
    lifecycle: {preStop: $3}
    volumeMounts: [{name: notes, mountPath: /notes}]
  volumes: [{name: notes, hostPath: {path: $T/notes}}]
Y
}

check "pods with preStop hooks are made" eval "
  stopping_pod plain 6 '{exec: {command: [sh, -c, \"echo hook >>/notes/plain\"]}}' &&
  stopping_pod under-way 12 '{exec: {command: [sh, -c, \"echo begun >>/notes/under-way; sleep 4; echo ended >>/notes/under-way\"]}}' &&
  stopping_pod sleeping 12 '{sleep: {seconds: 4}}'"
check "they run" eval 'for pod in plain under-way sleeping; do o wait pod/$pod --for=condition=Ready --timeout=20s || exit 1; done'
cat >"$T/short.yaml" <<'Y'
apiVersion: v1
kind: Pod
metadata: {name: short}
spec:
  activeDeadlineSeconds: 8
  terminationGracePeriodSeconds: 1
  containers: [{name: main, image: 'busybox:1', command: [sleep, '1000']}]
Y
active=$(date +%s%N)
check "a pod with a deadline is made" o apply -f "$T/short.yaml"
check "and runs" o wait pod/short --for=condition=Ready --timeout=20s
begun=$(date +%s%N)
check "they are deleted" o delete pod plain under-way sleeping --wait=false
sleep 2
kill_orilla
start_orilla
sleep 1
check_equal "a preStop hook that has ended is not run again, nor the stop signal sent again" "hook term" "$(paste -sd ' ' "$T/notes/plain")"
check_equal "a hook under way is not cut short" begun "$(paste -sd ' ' "$T/notes/under-way")"
check "a pod whose daemon was killed ends when its own grace period does" o wait pod/plain --for=delete --timeout=20s
check "that is not before it" eval "[ $(($(date +%s%N) - begun)) -ge 5900000000 ]"
check "and not a whole grace period after the restart" eval "[ $(($(date +%s%N) - begun)) -lt 7800000000 ]"
check_equal "the hook under way has ended once, and the signal followed" "begun ended term" "$(paste -sd ' ' "$T/notes/under-way")"
check_equal "so has the sleep" term "$(paste -sd ' ' "$T/notes/sleeping")"
check "the others end in time" o wait pod/under-way pod/sleeping --for=delete --timeout=20s
check "within their grace period" eval "[ $(($(date +%s%N) - begun)) -lt 14000000000 ]"
check "the deadline passes" o wait pod/short '--for=jsonpath={.status.reason}=DeadlineExceeded' --timeout=20s
finished=$(date -d "$(o get pod short -o 'jsonpath={.status.containerStatuses[0].state.terminated.finishedAt}')" +%s)
check "when it is due, as if nothing had happened to the daemon" eval \
  "[ $((finished - active / 1000000000)) -ge 7 ] && [ $((finished - active / 1000000000)) -le 11 ]"
check "a pod with a long hook is made" stopping_pod patient 60 '{sleep: {seconds: 60}}'
check "and runs" o wait pod/patient --for=condition=Ready --timeout=20s
begun=$(date +%s%N)
check "it is deleted" o delete pod patient --wait=false
sleep 1
check "and once more, with less patience" o delete pod patient --grace-period=2 --timeout=30s
check "which cuts the hook short" eval "[ $(($(date +%s%N) - begun)) -lt 12000000000 ]"
check_equal "the stop signal was still sent" term "$(paste -sd ' ' "$T/notes/patient")"
stop_orilla
finish
