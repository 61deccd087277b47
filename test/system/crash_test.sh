#!/bin/bash
# kill -9 of the daemon, a hundred times at random moments while objects are written: no container starts again and no
# acknowledged object is lost.
# shellcheck source=test/support/orilla_box.sh
. "$(dirname "$0")/../support/orilla_box.sh"
kills=${KILLS:-100}
start_orilla
import_images busybox
cat >"$T/steady.yaml" <<'Y'
apiVersion: v1
kind: Pod
metadata: {name: steady}
spec:
  terminationGracePeriodSeconds: 1
  containers:
  - name: main
    image: busybox:1
    command: [sh, -c, 'n=0; while :; do echo line $n; n=$((n+1)); sleep 0.1; done']
Y
check "a pod runs" o apply -f "$T/steady.yaml"
check "it gets ready" o wait pod/steady --for=condition=Ready --timeout=20s
container=$(pgrep -f 'echo line' | head -n 1)

# One writer that notes what was acknowledged; it tries again while the daemon is away.
write_objects() {
  local n=0
  while [ ! -e "$T/enough" ]; do
    if o create configmap "c$n" --from-literal="n=$n" >/dev/null 2>&1; then
      echo "c$n" >>"$T/acknowledged"
    else
      sleep 0.02
    fi
    n=$((n + 1))
  done
}
write_objects &
writer=$!
for ((round = 0; round < kills; round++)); do
  sleep "0.$((RANDOM % 3))$((RANDOM % 10))"
  kill_orilla
  start_orilla
done
touch "$T/enough"
wait $writer
check "after $kills kills the container is the same process" kill -0 "$container"
check "it was never restarted" within 20 eval '[ "$(o get pod steady -o "jsonpath={.status.containerStatuses[0].restartCount}")" = 0 ]'
check "the pod is ready" o wait pod/steady --for=condition=Ready --timeout=20s
lost=$(o get configmaps -o name | sed 's|.*/||' | sort | comm -13 - <(sort "$T/acknowledged"))
check_equal "no acknowledged object of $(wc -l <"$T/acknowledged") is lost" "" "$lost"
o logs steady >"$T/log"
missing=$(sed "s/line //" "$T/log" | awk '$1 != n + 0 { print "line " n " is missing"; exit } { n++ }')
check_equal "no line of its log is lost or doubled" "" "$missing"
finish
