#!/bin/bash
# A node that nobody named keeps its name when the host is called otherwise: what is bound to it goes on.
# shellcheck source=test/support/orilla_box.sh
. "$(dirname "$0")/../support/orilla_box.sh"
# serve_on HOST [FLAG...]: as start_orilla, on a host of that name and without one for the node.
serve_on() {
  local host=$1
  shift
  # shellcheck disable=SC2016 # the inner shell expands them
  unshare --uts sh -c 'hostname "$1" && shift && exec "$@"' sh "$host" "$ORILLA" serve --data-dir "$T/data" --run-dir /run/orilla \
    --socket $socket --cgroup-root "$BOX_CGROUP/orilla" "$@" >>"$T/daemon.log" 2>&1 </dev/null &
  daemon=$!
  within $ready_s_max ready || { not_ok "orilla serve gets ready"; finish; }
}
nodes() { o get nodes -o 'jsonpath={.items[*].metadata.name}'; }
names() { openssl s_client -connect 127.0.0.1:6443 </dev/null 2>/dev/null | openssl x509 -noout -ext subjectAltName; }

serve_on First
import_images busybox
check "a pod is made" o apply -f - <<'Y'
apiVersion: v1
kind: Pod
metadata: {name: steady}
spec: {terminationGracePeriodSeconds: 0, containers: [{name: main, image: 'busybox:1', command: [sleep, '4321']}]}
Y
check "it gets ready" o wait pod/steady --for=condition=Ready --timeout=20s
check_equal "a new node is called as its host" first "$(nodes)"
check "its program runs" within 5 pgrep -fx 'sleep 4321'
container=$(pgrep -fx 'sleep 4321')
stop_orilla

serve_on second
check_equal "a node whose host is called otherwise keeps its name" first "$(nodes)"
check "its pod runs on" within 10 eval 'kill -0 $container && o get pod steady | grep -q "1/1 *Running *0"'
check "the certificate is for the host's new name, too" eval 'names | grep -q "DNS:first," && names | grep -q "DNS:second"'
kill -KILL "$container"
check "the pod is still looked after" within 20 eval 'o get pod steady | grep -q "1/1 *Running *1"'
stop_orilla

serve_on second --node-name third
check_equal "a name that is chosen counts" "first third" "$(nodes)"
stop_orilla
finish
