#!/bin/bash
# A second daemon, beside one that runs or whose pods do: it is refused before it changes anything, in whatever namespaces it
# is, and nobody's pods notice. A daemon that was killed a moment ago is waited for.
# shellcheck source=test/support/orilla_box.sh
. "$(dirname "$0")/../support/orilla_box.sh"
serve_s_max=20

# Both with the default cgroup root, which is the cgroup that this script is in.
serve() { # FLAG...
  "$ORILLA" serve --data-dir "$T/data" --run-dir /run/orilla --socket $socket --node-name node "$@" >>"$T/daemon.log" 2>&1 </dev/null &
  daemon=$!
}
data2=$T/data2 run2=/run/orilla2
second() { # FLAG...: in a network namespace of its own
  outside timeout "$serve_s_max" "$ORILLA" serve --data-dir "$data2" --run-dir "$run2" --node-name second "$@" </dev/null
}
first_is_ready() { within 20 ready && ready_pods; }
ready_pods() { [ "$(o get pod steady -o 'jsonpath={.status.containerStatuses[0].restartCount}{.status.containerStatuses[0].ready}')" = 0true ]; }
bridges() { ip -o link show type bridge; outside ip -o link show type bridge; }

serve
within 20 ready
import_images busybox
o apply -f - >/dev/null <<'Y'
apiVersion: v1
kind: Pod
metadata: {name: steady}
spec: {containers: [{name: main, image: 'busybox:1', command: [sleep, '100000']}]}
Y
check "a pod runs" within 20 ready_pods
container=$(pgrep -f 'sleep 100000' | head -n 1)
before=$(bridges)

check_fails "a second daemon with the same cgroup root is refused" "another orilla serve has its pods below cgroup" second
check_fails "one in the same network namespace, too" "in this network namespace" timeout "$serve_s_max" "$ORILLA" serve \
  --data-dir "$T/data2" --run-dir /run/orilla2 --cgroup-root "$BOX_CGROUP/second"
run2=/run/orilla
check_fails "one with the same run directory, too" "run directory /run/orilla is in use" second --cgroup-root "$BOX_CGROUP/second"
run2=/run/orilla2 data2=$T/data
check_fails "one with the same data directory, too" "is in use by another orilla serve" second --cgroup-root "$BOX_CGROUP/second"
data2=$T/data2
check_fails "one that cannot listen, too" "listen address 1: must be IP:PORT" second --listen 1
check_fails "one whose port is no number, too" "port x: must be a number" second --listen 127.0.0.1:x
check_fails "one with a socket path that is too long, too" "must have 1 to 103 bytes" second --socket "/run/$(printf %0120d 0)"
check_fails "one with a bridge that cannot be, too" "a device name has 1 to 15 characters" second --bridge a/b
check_fails "one with a pod range that is too small, too" "the prefix must be from 16 to 29" second --pod-cidr 10.50.0.0/30
nsenter --net="$BOX_OUTSIDE" python3 -c 'import socket, time
taken = socket.create_server(("127.0.0.1", 6443))
time.sleep(600)' &
taken=$!
within 10 outside bash -c '</dev/tcp/127.0.0.1/6443'
outside ip address add 10.43.7.1/24 dev inside
check_fails "one whose port is taken, too" "listen on 127.0.0.1:6443: another program has this port" second --cgroup-root "$BOX_CGROUP/second"
kill $taken
check_fails "one whose ranges are taken, too" "overlaps the network of inside" second --cgroup-root "$BOX_CGROUP/second"
check_equal "none of them made a bridge" "$before" "$(bridges)"
check "and the pod did not notice" eval "ready_pods && kill -0 $container"

# While no daemon runs, its pods are nobody else's.
stop_orilla
check_fails "the pods of a daemon that is stopped are not another's to end" "run the pods of run directory /run/orilla on device" second
check "they run on" kill -0 "$container"
note=$(ip -o link show orilla0 | grep -o 'orilla, with the pods of.*')
check_fails "nor is their bridge" "bridge orilla0 has the links of the pods of run directory /run/orilla on device" timeout "$serve_s_max" "$ORILLA" serve \
  --data-dir "$data2" --run-dir "$run2" --cgroup-root "$BOX_CGROUP/second"
check_equal "which is as it was" "$note" "$(ip -o link show orilla0 | grep -o 'orilla, with the pods of.*')"
serve
check "until their own daemon is back" eval "first_is_ready && kill -0 $container"

# A lock that is held for a moment by whoever dies.
kill_orilla
flock -o "$T/data/store.lock" sleep 1.5 &
started=$(date +%s%N)
sleep 0.1
serve
check "a daemon waits for the data directory" first_is_ready
check "no longer than it must" [ $((($(date +%s%N) - started) / 1000000)) -lt 2500 ]
check_equal "and says so once" 1 "$(grep -c 'waiting a moment: data directory' "$T/daemon.log")"
kill_orilla
flock -o "$T/data/store.lock" sleep 10 &
holder=$!
sleep 0.1
started=$(date +%s%N)
check_fails "but not for ever" "data directory $T/data is in use" timeout "$serve_s_max" "$ORILLA" serve --data-dir "$T/data" --run-dir /run/orilla
took_ms=$((($(date +%s%N) - started) / 1000000))
check "3 s at most ($took_ms ms)" eval "[ $took_ms -ge 2900 ] && [ $took_ms -lt 5000 ]"
kill $holder 2>/dev/null
# Under load a killed daemon needs some time to be gone.
for i in 1 2 3 4 5; do
  serve
  within 20 ready
  o create configmap "load$i" --from-literal=a=b >/dev/null 2>&1 &
  kill -KILL $daemon
done
serve
check "after kills one after another it is ready" first_is_ready
check "and the pod never noticed" eval "ready_pods && kill -0 $container"
finish
