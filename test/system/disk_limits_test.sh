#!/bin/bash
# Limits on what pods take of the node's disk: who exceeds one is evicted, in the kubelet's words, also when the daemon is killed
# meanwhile; others are left alone, and cost nothing.
# shellcheck source=test/support/orilla_box.sh
. "$(dirname "$0")/../support/orilla_box.sh"
start_orilla
import_images busybox
of() { o get pod "$1" -o "jsonpath={$2}"; }
is() { [ "$(of "$1" "$2")" = "$3" ]; }
event_of() { o get events -o "jsonpath={range .items[?(@.involvedObject.name==\"$1\")]}{.type} {.reason}: {.message}{\"\n\"}{end}"; }
# A container that writes MIB to FILE and then only lives.
writes() { printf "name: main, image: 'busybox:1', command: [sh, -c, 'dd if=/dev/zero of=%s bs=1M count=%s 2>/dev/null; sleep 1000']" "$2" "$1"; }
cat >"$T/pods.yaml" <<Y
apiVersion: v1
kind: Pod
metadata: {name: volume}
spec:
  terminationGracePeriodSeconds: 0
  volumes: [{name: scratch, emptyDir: {sizeLimit: 4Mi}}]
  containers: [{$(writes 8 /scratch/file), volumeMounts: [{name: scratch, mountPath: /scratch}]}]
---
apiVersion: v1
kind: Pod
metadata: {name: layer}
spec:
  terminationGracePeriodSeconds: 0
  containers:
  - {$(writes 8 /file), resources: {limits: {ephemeral-storage: 4Mi}}}
  - {name: other, image: 'busybox:1', command: [sleep, '1000'], resources: {limits: {ephemeral-storage: 32Mi}}}
---
apiVersion: v1
kind: Pod
metadata: {name: sum}
spec:
  terminationGracePeriodSeconds: 0
  volumes: [{name: scratch, emptyDir: {}}]
  containers: [{$(writes 8 /scratch/file), volumeMounts: [{name: scratch, mountPath: /scratch}], resources: {limits: {ephemeral-storage: 4Mi}}}]
---
apiVersion: v1
kind: Pod
metadata: {name: modest}
spec:
  terminationGracePeriodSeconds: 0
  volumes: [{name: scratch, emptyDir: {sizeLimit: 16Mi}}]
  containers: [{$(writes 8 /scratch/file), volumeMounts: [{name: scratch, mountPath: /scratch}], resources: {limits: {ephemeral-storage: 32Mi}}}]
---
apiVersion: v1
kind: Pod
metadata: {name: free}
spec:
  terminationGracePeriodSeconds: 0
  containers: [{$(writes 8 /file)}]
Y
check "pods with limits on the disk are applied" o apply -f "$T/pods.yaml"
check_equal "a limit without a request is the request" 4Mi "$(of layer '.spec.containers[0].resources.requests.ephemeral-storage')"
said() { # POD MESSAGE
  check "$1 is evicted" within 40 is "$1" .status.phase Failed
  check_equal "it says why" "Evicted: $2" "$(of "$1" .status.reason): $(of "$1" .status.message)"
  check_equal "in a condition" "True TerminationByKubelet $2" \
    "$(of "$1" '.status.conditions[?(@.type=="DisruptionTarget")].status') $(of "$1" '.status.conditions[?(@.type=="DisruptionTarget")].reason') $(of "$1" '.status.conditions[?(@.type=="DisruptionTarget")].message')"
  check_equal "in one event" "Warning Evicted: $2" "$(event_of "$1" | grep Evicted)"
  check_equal "its container was not started again" "137 0" \
    "$(of "$1" '.status.containerStatuses[0].state.terminated.exitCode') $(of "$1" '.status.containerStatuses[0].restartCount')"
}
said volume 'Usage of EmptyDir volume "scratch" exceeds the limit "4Mi". '
said layer 'Container main exceeded its local ephemeral storage limit "4Mi". '
said sum 'Pod ephemeral local storage usage exceeds the total limit of containers 4Mi. '
check_equal "who stays below is left alone, and so is who has no limit" "Running Running" "$(of modest .status.phase) $(of free .status.phase)"

# kill -9 between the condition and the end of a container that does not want to go.
o apply -f - >/dev/null <<'Y'
apiVersion: v1
kind: Pod
metadata: {name: killed}
spec:
  terminationGracePeriodSeconds: 0
  volumes: [{name: scratch, emptyDir: {sizeLimit: 4Mi}}]
  containers:
  - {name: main, image: 'busybox:1', volumeMounts: [{name: scratch, mountPath: /scratch}], command: [sh, -c, 'trap "rm /scratch/file" TERM; dd if=/dev/zero of=/scratch/file bs=1M count=8 2>/dev/null; while :; do sleep 0.1; done']}
Y
within 40 is killed '.status.conditions[?(@.type=="DisruptionTarget")].reason' TerminationByKubelet
kill_orilla
start_orilla
check "an eviction goes on when the daemon was killed, although nothing exceeds a limit any more" within 20 is killed .status.reason Evicted
check "it was told once at most: events are in memory" test "$(event_of killed | grep -c Evicted)" -le 1
check_equal "it was not started again" 0 "$(of killed '.status.containerStatuses[0].restartCount')"

# 100,000 files: counted beside everything else, and not more than a hundredth of the time.
o apply -f - >/dev/null <<'Y'
apiVersion: v1
kind: Pod
metadata: {name: many}
spec:
  terminationGracePeriodSeconds: 0
  volumes: [{name: scratch, emptyDir: {sizeLimit: 4Gi}}]
  containers:
  - {name: main, image: 'busybox:1', volumeMounts: [{name: scratch, mountPath: /scratch}], command: [sleep, '1000']}
Y
check "a pod with a limit runs" within 40 is many .status.phase Running
check "100,000 files are in its volume" python3 - "$T/data/pods/$(of many .metadata.uid)/volumes/scratch" <<'P'
import os, sys
for i in range(100):
    os.mkdir(f"{sys.argv[1]}/{i}")
    for j in range(1000):
        os.close(os.open(f"{sys.argv[1]}/{i}/{j}", os.O_CREAT | os.O_WRONLY))
P
ticks() { awk '{ print $14 + $15 }' "/proc/$daemon/stat"; }
before=$(ticks)
sleep 31
spent=$((($(ticks) - before) * 10))
echo "# 31 s with 100,000 files under a limit: $spent ms of processor time"
check "looking at them takes a small part of the processor" test $spent -lt 1500
check "the API answers meanwhile" ready
check_equal "the pod runs" Running "$(of many .status.phase)"
check "all of them go" o delete pod --all --timeout=60s
stop_orilla
finish
