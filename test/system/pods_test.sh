#!/bin/bash
# The thinnest thread through every room: images, pods, their logs and their end, and what is refused.
# shellcheck source=test/support/orilla_box.sh
. "$(dirname "$0")/../support/orilla_box.sh"
start_orilla
import_images busybox echo

cat >"$T/hello.yaml" <<'Y'
apiVersion: v1
kind: Pod
metadata: {name: hello}
spec:
  restartPolicy: Never
  containers:
  - name: main
    image: busybox:1
    command: [sh, -c, 'echo hello from $HOSTNAME; exit 3']
Y
check "apply a pod" o apply -f "$T/hello.yaml"
check "it fails, as its exit code says" o wait pod/hello '--for=jsonpath={.status.phase}=Failed' --timeout=20s
check_equal "its log is kept" "hello from hello" "$(o logs hello)"
check_equal "its exit code is told" 3 "$(o get pod hello -o 'jsonpath={.status.containerStatuses[0].state.terminated.exitCode}')"
check "delete it" o delete pod hello --timeout=20s
check_fails "it is gone" 'pods "hello" not found' o get pod hello

cat >"$T/echo.yaml" <<'Y'
apiVersion: v1
kind: Pod
metadata: {name: echo, labels: {app: echo}}
spec:
  initContainers:
  - {name: first, image: 'busybox:1', command: [sh, -c, 'echo prepared >/shared/file'], volumeMounts: [{name: shared, mountPath: /shared}]}
  containers:
  - name: echo
    image: echo:1
    ports: [{name: http, containerPort: 8080}]
    env: [{name: TEXT, valueFrom: {fieldRef: {fieldPath: metadata.name}}}]
    readinessProbe: {httpGet: {path: /, port: http}, periodSeconds: 1}
    volumeMounts: [{name: shared, mountPath: /shared}]
    resources: {limits: {memory: 32Mi, cpu: 500m}}
  - {name: side, image: 'busybox:1', command: [sh, -c, 'cat /shared/file; sleep 1000'], volumeMounts: [{name: shared, mountPath: /shared}]}
  volumes: [{name: shared, emptyDir: {}}]
Y
check "apply a pod of two containers, an init container and a volume" o apply -f "$T/echo.yaml"
check "it gets ready" o wait pod/echo --for=condition=Ready --timeout=30s
check "the init container's file is in the volume" within 10 eval '[ "$(o logs echo -c side)" = prepared ]'
address=$(o get pod echo -o 'jsonpath={.status.podIP}')
check_equal "it answers on its address, with its field as environment" "text echo" \
  "$(curl -s --max-time 5 "http://$address:8080/" | grep ^text)"
check "its container is limited" grep -qx 33554432 \
  <(find /sys/fs/cgroup -path "*$BOX_CGROUP/orilla/pods/*" \( -name memory.limit_in_bytes -o -name memory.max \) -exec cat {} + 2>/dev/null)
curl -s --max-time 5 "http://$address:8080/exit?4" >/dev/null
check "a container that ends is started again" within 20 eval \
  '[ "$(o get pod echo -o "jsonpath={.status.containerStatuses[?(@.name==\"echo\")].restartCount}")" = 1 ]'
check "delete with its grace period" o delete pod echo --grace-period=2 --timeout=30s
check_equal "no process is left of any pod" "" "$(pgrep -x echo)"
check_equal "no cgroup is left of any pod" "" "$(find /sys/fs/cgroup -path "*$BOX_CGROUP/orilla/pods/*" -type d)"
check_equal "no mount is left of any pod" "" "$(findmnt -rn -o TARGET | grep -e "$T" -e /run/orilla/pods)"

check_fails "an unknown field is refused with its line" 'unknown field "spec.contaners"' o create -f - <<'Y'
apiVersion: v1
kind: Pod
metadata: {name: bad}
spec: {contaners: []}
Y
check_fails "an unsupported kind is refused" 'Gadget' o apply -f - <<<'{apiVersion: v1, kind: Gadget, metadata: {name: g}}'
check_fails "a bad name is refused" 'Invalid value' o create -f - <<<'{apiVersion: v1, kind: ConfigMap, metadata: {name: Bad_Name}}'
cat >"$T/missing.yaml" <<'Y'
apiVersion: v1
kind: Pod
metadata: {name: missing}
spec:
  containers: [{name: main, image: 'nowhere:1', imagePullPolicy: Never}]
Y
o apply -f "$T/missing.yaml" >/dev/null
check "a missing image is a reason on the container" within 20 eval \
  '[ "$(o get pod missing -o "jsonpath={.status.containerStatuses[0].state.waiting.reason}")" = ErrImageNeverPull ]'
check "a second serve on the same data is refused" eval \
  '! timeout 20 "$ORILLA" serve --data-dir "$T/data" --run-dir /run/second --socket /run/second.sock --listen "" 2>"$T/second.log" && [ -s "$T/second.log" ]'
other_serve() { timeout 20 "$ORILLA" serve --data-dir "$T/other" --run-dir /run/other --socket /run/other.sock --listen "" "$@"; }
check_fails "one with other data in the same network is refused, with the process that is in its way" "(process $daemon)" other_serve
check_fails "also with another bridge and other ranges" "(process $daemon)" \
  other_serve --bridge other0 --pod-cidr 10.52.0.0/24 --service-cidr 10.53.0.0/16
check "neither has touched the network of the first" within 20 \
  eval 'ip -4 addr show dev orilla0 | grep -q 10.42.0.1/24 && ! ip link show other0 && nft list table ip orilla'
check "in a network namespace of its own it serves" eval '
  unshare --net "$ORILLA" serve --data-dir "$T/other" --run-dir /run/other --socket /run/other.sock --listen "" \
    --cgroup-root "$BOX_CGROUP/other" >"$T/other.log" 2>&1 & other=$!
  within 20 curl -sf --max-time 2 --unix-socket /run/other.sock http://localhost/readyz; served=$?
  kill $other; wait $other; [ $served = 0 ]'
kill_orilla
start_orilla
check "a killed one does not stand in its successor's way" ready
stop_orilla
finish
