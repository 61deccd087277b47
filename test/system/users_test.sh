#!/bin/bash
# hostUsers: false: a pod's users are its own, and nobody to the host; all else works as in other pods.
# shellcheck source=test/support/orilla_box.sh
. "$(dirname "$0")/../support/orilla_box.sh"
# Layers, writable layers and volumes have to be on a file system that can be mounted with other ids.
mkdir "$T/data" "$T/host" && mount -t tmpfs data "$T/data" && mount -t tmpfs host "$T/host" && echo from the host >"$T/host/file"
start_orilla
import_images busybox echo
o create configmap settings --from-literal=COLOUR=green >/dev/null
o create secret generic keys --from-literal=KEY=secret >/dev/null
pod() { # NAME
  cat <<Y
apiVersion: v1
kind: Pod
metadata: {name: $1, labels: {app: own}}
spec:
  hostUsers: false
  terminationGracePeriodSeconds: 0
  securityContext: {fsGroup: 3000}
  initContainers:
  - {name: first, image: 'busybox:1', command: [sh, -c, 'cp /etc/passwd /shared/passwd'], volumeMounts: [{name: shared, mountPath: /shared}]}
  containers:
  - name: main
    image: busybox:1
    command: [sh, -c, 'echo up; exec sleep 1000']
    readinessProbe: {exec: {command: [sh, -c, 'test "\$(id -u)" = 0 && grep -q 65536 /proc/self/uid_map']}, periodSeconds: 1}
    volumeMounts:
    - {name: shared, mountPath: /shared}
    - {name: settings, mountPath: /settings}
    - {name: keys, mountPath: /settings/keys}
    - {name: host, mountPath: /host}
  - {name: web, image: 'echo:1', securityContext: {runAsUser: 1234}}
  volumes:
  - {name: shared, emptyDir: {}}
  - {name: settings, configMap: {name: settings}}
  - {name: keys, secret: {secretName: keys, defaultMode: 0400}}
  - {name: host, hostPath: {path: $T/host}}
---
Y
}
{ pod one; pod two; } >"$T/pods.yaml"
check "pods with users of their own are applied" o apply -f "$T/pods.yaml"
check "they get ready" o wait pod/one pod/two --for=condition=Ready --timeout=40s
process() { pgrep -fx 'sleep 1000' | sed -n "$1p"; }
ids_of() { awk '{ print $2 }' "/proc/$1/uid_map"; }
one=$(process 1) two=$(process 2)
check "no two have an id in common" test "$(ids_of "$one")" -ge 65536 -a "$(ids_of "$two")" -ge 65536 -a "$(ids_of "$one")" != "$(ids_of "$two")"
check_equal "their root is nobody to the host" "$(ids_of "$one")" "$(sed -n 's/^Uid:[[:space:]]*\([0-9]*\).*/\1/p' "/proc/$one/status")"
check_equal "their own users are theirs" "$(($(ids_of "$one") + 1234)) $(($(ids_of "$two") + 1234))" \
  "$(for pid in $(pgrep -x echo); do awk '/^Uid:/ { print $2 }' "/proc/$pid/status"; done | sort -n | paste -sd ' ')"
inside() { nsenter -t "$one" -a "$@"; }
check_equal "what is projected is root's" "green secret 0" "$(inside sh -c 'echo $(cat /settings/COLOUR) $(cat /settings/keys/KEY) $(stat -L -c %u /settings/keys/KEY)')"
check_equal "an emptyDir is, with its group" "0:3000 0" "$(inside sh -c 'echo $(stat -c %u:%g /shared) $(stat -c %u /shared/passwd)')"
check "a hostPath shows the host's ids as its own" eval 'inside sh -c "echo more >>/host/file; touch /host/new" && [ "$(stat -c %u "$T/host/new")" = 0 ]'
check "the network answers" within 10 eval 'curl -s --max-time 5 "http://$(o get pod one -o "jsonpath={.status.podIP}"):8080/" | grep -q .'
check "it is their own" eval 'inside ip link set lo down && inside ip link set lo up'
check "names are looked up" within 10 inside nslookup kubernetes.default.svc.cluster.local 10.42.0.1

kill_orilla
start_orilla
check "the next daemon takes them over" within 20 eval '[ "$(o get pods | grep -c "2/2 *Running *0")" = 2 ]'
check "and goes on probing" within 10 eval '[ "$(process 1)" = "$one" ] && o get pod one | grep -q 2/2'
kill -KILL "$one"
check "a container that ends starts again" within 30 eval 'o get pods | grep -q "2/2 *Running *1"'
check_fails "the host's network excludes it" 'spec.hostNetwork: Forbidden: when `hostUsers` is false' \
  o apply -f - <<<"{apiVersion: v1, kind: Pod, metadata: {name: refused}, spec: {hostUsers: false, hostNetwork: true, containers: [{name: c, image: 'busybox:1'}]}}"
check "they are deleted" o delete pod one two --timeout=20s
left() { findmnt -rn -o TARGET | grep /run/orilla/pods; find /run/orilla/pods /run/orilla/netns -mindepth 1; }
check "nothing of them is left" within 20 eval '[ -z "$(left)" ]'

# Where the kernel cannot do it, that is said and tried again, and the ids are not the host's.
pod none | sed "s#path: $T/host#path: /proc/sys#" | o apply -f - >/dev/null
check "a volume that cannot be mapped is a reason on the container" within 20 eval \
  'o get pod none -o "jsonpath={.status.containerStatuses[0].state.waiting.reason}: {.status.containerStatuses[0].state.waiting.message}" | grep -q "^CreateContainerError: .*map user ids of /proc/sys"'
o delete pod none --timeout=20s >/dev/null
stop_orilla
finish
