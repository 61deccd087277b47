#!/bin/bash
# Starts that find something wrong: a port that is taken, pods that the store does not know, objects that cannot be read,
# supervisors that hang, a bridge that somebody removed.
# shellcheck source=test/support/orilla_box.sh
. "$(dirname "$0")/../support/orilla_box.sh"
serve_s_max=30

supervisors() { ps -eo pid,args | awk '$2 == "orilla-pod" { print $1 }'; } # of this box: it has processes of its own
no_supervisors() { [ -z "$(supervisors)" ]; }
no_networks() { [ -z "$(ls -A /run/orilla/netns)" ]; }
ready_pods() { [ "$(o get pods | grep -c '1/1 *Running')" = "$1" ]; }
pod_answers() { curl -sf --max-time 2 "http://$(o get pod "$1" -o 'jsonpath={.status.podIP}'):8080/"; }
pods() {
  local i
  for i in 1 2 3 4; do
    printf 'apiVersion: v1\nkind: Pod\nmetadata: {name: p%s}\nspec:\n  terminationGracePeriodSeconds: 0\n' "$i"
    printf '  containers: [{name: echo, image: "echo:1"}]\n---\n'
  done
}

# A start that fails takes back what it made.
python3 -c 'import socket, time
taken = socket.create_server(("127.0.0.1", 6443))
time.sleep(600)' &
taken=$!
within 10 bash -c '</dev/tcp/127.0.0.1/6443'
check_fails "a port that is taken ends serve" "6443" timeout $serve_s_max "$ORILLA" serve --data-dir "$T/data" \
  --run-dir /run/orilla --socket $socket --node-name node --cgroup-root "$BOX_CGROUP/orilla"
check_fails "and leaves no bridge" "orilla0" ip link show orilla0
check_fails "and no rules" "" nft list table ip orilla
kill $taken
wait $taken 2>/dev/null # the port is free only when it is gone

start_orilla
import_images echo
pods >"$T/pods.yaml"
check "pods run" o apply -f "$T/pods.yaml"
check "they get ready" within 20 ready_pods 4

# An emptied data directory: what runs is garbage, and the start goes on.
for round in 1 2 3; do
  kill_orilla
  mv "$T/data" "$T/data.kept"
  start_orilla
  check "with an empty data directory pods of the earlier one go (round $round)" within 20 no_supervisors
  check "and so do their networks (round $round)" within 20 no_networks
  kill_orilla
  rm -rf "$T/data"
  mv "$T/data.kept" "$T/data"
  start_orilla
  check "pods of the store start again (round $round)" within 30 ready_pods 4
done

# Objects that cannot be read.
kill_orilla
python3 - "$T/data/store.db" <<'P'
import sqlite3, sys
store = sqlite3.connect(sys.argv[1])
changed = 0
for kind, name in (("pods", "p1"), ("nodes", "node"), ("namespaces", "default"), ("services", "kubernetes"), ("leases", "node")):
    changed += store.execute("update objects set val = x'7b' where key like ? and key like ?", (kind + "/%", "%" + name)).rowcount
store.commit()
assert changed >= 4, changed
P
start_orilla
check "objects that cannot be read do not end serve" ready
check_equal "and are told" 1 "$(grep -c -m 1 'read stored pods default/p1' "$T/daemon.log")"
check "other pods run on" within 20 pod_answers p2
kill_orilla
rm -rf "$T/data"
start_orilla
import_images echo
check "pods run again" o apply -f "$T/pods.yaml"
check "and get ready" within 30 ready_pods 4

# Supervisors that hang.
# shellcheck disable=SC2046 # one word a pid
kill -STOP $(supervisors)
kill_orilla
begun=$SECONDS
start_orilla
check "hung supervisors cost one wait together" [ $((SECONDS - begun)) -lt 18 ]
check "their pods start again" within 30 ready_pods 4
check_equal "and they are gone" 4 "$(supervisors | wc -l)"

# The bridge.
ip link del orilla0
check "pods are back after the bridge was removed" within 10 pod_answers p2
kill_orilla
ip link del orilla0
start_orilla
check "also when that was while no daemon ran" within 10 pod_answers p2
check "the pods were not restarted" ready_pods 4

# A pod's network namespace, of which nothing is left that leads to it.
uid=$(o get pod p2 -o 'jsonpath={.metadata.uid}')
restarts() { o get pods p1 p2 p3 p4 -o 'jsonpath={.items[*].status.containerStatuses[0].restartCount}'; }
read -r r1 r2 r3 r4 <<<"$(restarts)"
kill_orilla
umount "/run/orilla/netns/${uid}_"*
start_orilla
check "a pod whose network namespace was unmounted answers again" within 30 pod_answers p2
check "that is told" eval 'o get events -o "jsonpath={.items[*].message}" | grep -q "Pod sandbox changed, it will be killed and re-created."'
check_equal "it has restarted, the others have not" "$r1 $((r2 + 1)) $r3 $r4" "$(restarts)"

# Pods that have done their work.
mkdir "$T/runs"
job() { # NAME POLICY EXIT
  printf '%s\n' 'apiVersion: v1' 'kind: Pod' "metadata: {name: $1}" 'spec:' "  restartPolicy: $2" \
    "  volumes: [{name: runs, hostPath: {path: $T/runs}}]" \
    "  containers: [{name: main, image: 'busybox:1', command: [sh, -c, 'echo run >>/runs/$1; exit $3'], volumeMounts: [{name: runs, mountPath: /runs}]}]" |
    o apply -f - >/dev/null
}
runs() { wc -l <"$T/runs/$1"; }
import_images busybox
job once Never 0
job failed Never 3
job onfailure OnFailure 0
ended() { [ "$(o get pods once failed onfailure -o 'jsonpath={.items[*].status.phase}')" = "Succeeded Failed Succeeded" ]; }
check "pods end" within 20 ended
kill_orilla
start_orilla
check "they have ended after a kill, too" ended
sleep 1
check_equal "and did not run again" "1 1 1" "$(runs once) $(runs failed) $(runs onfailure)"
o delete pods once failed onfailure >/dev/null

# A start on a wrong data directory must not end them.
kill_orilla
check_fails "another data directory is refused while pods run" "/run/orilla holds the pods of data directory $T/data" \
  timeout 20 "$ORILLA" serve --data-dir "$T/other" --run-dir /run/orilla --socket $socket --node-name node --cgroup-root "$BOX_CGROUP/orilla"
start_orilla
check "and they go on" pod_answers p2
check "as they were" ready_pods 4
finish
