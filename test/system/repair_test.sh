#!/bin/bash
# Somebody takes away what Orilla made in the node's network: addresses, routes, devices, rules, forwarding. All of it is back
# at once, with the same addresses; whoever does it again and again is not raced.
# shellcheck source=test/support/orilla_box.sh
. "$(dirname "$0")/../support/orilla_box.sh"
repair_s_max=3
start_orilla
import_images busybox echo
o apply -f - >/dev/null <<'Y'
apiVersion: v1
kind: Pod
metadata: {name: web, labels: {app: web}}
spec:
  terminationGracePeriodSeconds: 0
  containers: [{name: echo, image: 'echo:1'}]
---
apiVersion: v1
kind: Pod
metadata: {name: client}
spec:
  terminationGracePeriodSeconds: 0
  containers: [{name: main, image: 'busybox:1', command: [sleep, '100000']}]
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
Y
check "pods run" o wait pod/web pod/client --for=condition=Ready --timeout=20s
pod_ip=$(o get pod web -o 'jsonpath={.status.podIP}') service_ip=$(o get service web -o 'jsonpath={.spec.clusterIP}')
client_netns=$(find /run/orilla/netns -name "$(o get pod client -o 'jsonpath={.metadata.uid}')_*")
IFS=. read -ra bytes <<<"$pod_ip"
link=$(printf 'pod%02x%02x%02x%02x' "${bytes[@]}")
in_client() { nsenter --net="$client_netns" "$@"; }
answers() { curl -sf --max-time 1 "http://$1/"; }
works() {
  answers "$pod_ip:8080" && answers "$service_ip" && in_client curl -sf --max-time 1 "http://$service_ip/" &&
    [ "$(sysctl -n net.ipv4.ip_forward net.ipv4.conf.orilla0.forwarding net.ipv4.conf.orilla0.route_localnet | tr '\n' ' ')" = "1 1 1 " ] &&
    [ "$(ip -br link show dev "$link" | grep -c UP)" = 1 ]
}
# is_repaired COMMAND...: it breaks something, which then works again.
is_repaired() {
  local begun
  "$@" >/dev/null || { not_ok "$* is possible"; return; }
  begun=$(date +%s%N)
  check "$*: is repaired" within $repair_s_max works
  echo "# $* took $((($(date +%s%N) - begun) / 1000000)) ms"
}
# forgets_repairs: Orilla starts anew and repairs at once again; it waits longer the more it had to repair.
forgets_repairs() {
  kill_orilla
  start_orilla
  check "everything works after a start" within 10 works
}
check "everything works" within 10 works
is_repaired ip address flush dev orilla0
is_repaired ip address del 10.42.0.1/24 dev orilla0
is_repaired ip route del 10.42.0.0/24 dev orilla0
is_repaired ip route del 10.43.0.0/16 dev orilla0
is_repaired ip link set "$link" down
is_repaired ip link set "$link" nomaster
forgets_repairs # the eighth waits 2.5 s, and a client whose packets were lost another one
is_repaired sysctl net.ipv4.ip_forward=0
is_repaired sysctl net.ipv4.conf.orilla0.forwarding=0
is_repaired nft flush table ip orilla
is_repaired nft delete table ip orilla
is_repaired nft flush ruleset
forgets_repairs
is_repaired ip route flush dev orilla0
is_repaired ip link set orilla0 down
is_repaired ip link del "$link"
is_repaired ip link del orilla0
check "DNS answers" in_client busybox nslookup -type=a web.default.svc.cluster.local 10.42.0.1
check "the messages say what it was" eval 'grep -q "bridge orilla0 was repaired: its address had gone" "$T/daemon.log" && grep -q "was repaired: it was down" "$T/daemon.log"'
check_equal "no pod was restarted" 0,0 "$(o get pods -o 'jsonpath={.items[0].status.containerStatuses[0].restartCount},{.items[1].status.containerStatuses[0].restartCount}')"

# Again and again.
repairs() { grep -c 'was repaired' "$T/daemon.log"; }
before=$(repairs)
for ((i = 0; i < 60; i++)); do
  ip address flush dev orilla0
  sleep 0.05
done
check "what is broken again and again is repaired a few times only" [ $(($(repairs) - before)) -le 10 ]
check "and in the end" within 15 works
other() { nft "add table ip other; delete table ip other"; }
cpu_ticks() { awk '{ print $14 + $15 }' "/proc/$daemon/stat"; }
before=$(cpu_ticks)
for ((i = 0; i < 100; i++)); do other; done
check "changes of other tables cost next to nothing" [ $(($(cpu_ticks) - before)) -le 30 ]
check "and leave everything as it was" works
stop_orilla
finish
