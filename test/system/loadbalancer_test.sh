#!/bin/bash
# Services of type LoadBalancer and ExternalName, and the traffic policies, on a LAN of three hosts: the node (192.0.2.2), a
# client at 192.0.2.1 (`outside`) and another one at 192.0.2.9 (`other`), who also has an address of the pool.
kubectls=${kubectls:-$("$(dirname "$0")/../support/kubectl.sh" | grep -E 'kubectl\.1\.(27|33|35)$')}
export kubectls
# shellcheck source=test/support/orilla_box.sh
. "$(dirname "$0")/../support/orilla_box.sh"

# The outside becomes a switch with both clients on it.
unshare --net sleep infinity </dev/null >/dev/null 2>&1 &
other_pid=$!
within 5 eval '[ "$(readlink /proc/$other_pid/ns/net)" != "$(readlink /proc/self/ns/net)" ]'
other() { nsenter --net="/proc/$other_pid/ns/net" "$@"; }
outside sh -c "ip link add lan type bridge && ip link set inside master lan && ip address flush dev inside &&
  ip address add 192.0.2.1/24 dev lan && ip link set lan up &&
  ip link add port type veth peer name eth0 netns $other_pid && ip link set port master lan up"
other sh -c 'ip link set lo up && ip address add 192.0.2.9/24 dev eth0 && ip address add 192.0.2.51/24 dev eth0 && ip link set eth0 up'

pool=192.0.2.50-192.0.2.53
start_orilla --load-balancer-pool $pool
import_images busybox echo
get() { curl -s --max-time 3 "$@"; }
of() { o get service "$1" -o "jsonpath={$2}"; }
lb() { of "$1" '.status.loadBalancer.ingress[0].ip'; }
has_now() { [ "$(lb "$1")" = "$2" ]; }
has() { within 10 has_now "$@"; }
events() { o get events --field-selector "involvedObject.name=$1" -o 'jsonpath={range .items[*]}{.type} {.reason}: {.message}{"\n"}{end}'; }

# change NAME PATCH: of a Service.
change() {
  curl -sf -o /dev/null --unix-socket $socket -X PATCH -H 'Content-Type: application/merge-patch+json' -d "$2" \
    "http://localhost/api/v1/namespaces/default/services/$1"
}

cat >"$T/echo.yaml" <<'Y'
apiVersion: apps/v1
kind: Deployment
metadata: {name: echo}
spec:
  replicas: 2
  selector: {matchLabels: {app: echo}}
  template:
    metadata: {labels: {app: echo}}
    spec:
      terminationGracePeriodSeconds: 2
      containers:
      - name: echo
        image: echo:1
        env: [{name: PORT, value: '80'}]
        ports: [{containerPort: 80}]
        readinessProbe: {httpGet: {path: /, port: 80}, periodSeconds: 1}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  type: LoadBalancer
  selector: {app: echo}
  ports: [{name: http, port: 87, targetPort: 80, nodePort: 30080}]
Y
check "a Deployment and a LoadBalancer are applied" o apply -f "$T/echo.yaml"
check "it rolls out" o rollout status deployment/echo --timeout=60s
check "the first address of the pool is its" has web 192.0.2.50
check "it answers on its port on the LAN" within 5 outside curl -sf --max-time 2 http://192.0.2.50:87/
check "to the other client as well" other curl -sf --max-time 3 http://192.0.2.50:87/
check_equal "the address was found by ARP" 1 "$(other ip neighbour show 192.0.2.50 | grep -c lladdr)"
check "and on the node port" outside curl -sf --max-time 3 http://192.0.2.2:30080/
check "pods' and the node's own way leads there too" curl -sf --max-time 3 http://192.0.2.50:87/
check_equal "the client's address is kept" "peer 192.0.2.9" "$(other curl -s --max-time 3 http://192.0.2.50:87/ | grep ^peer)"
check_equal "another port of it is refused at once" 7 "$(outside curl -s --max-time 3 -o /dev/null -w '%{exitcode}' http://192.0.2.50:22/)"
check_equal "the finalizer is there" service.kubernetes.io/load-balancer-cleanup "$(of web '.metadata.finalizers[0]')"
check_equal "the status has the port" 87/TCP/VIP "$(of web '.status.loadBalancer.ingress[0].ports[0].port')/$(of web '.status.loadBalancer.ingress[0].ports[0].protocol')/$(of web '.status.loadBalancer.ingress[0].ipMode')"
check "get shows it" grep -qE '^web +LoadBalancer +10\.43\.[0-9.]+ +192\.0\.2\.50 +87:30080/TCP ' <(o get service web)
for event in 'Normal EnsuringLoadBalancer: Ensuring load balancer' 'Normal IPAllocated: Assigned IP \["192.0.2.50"\]' \
  'Normal nodeAssigned: announcing from node "node" with protocol "layer2"' 'Normal EnsuredLoadBalancer: Ensured load balancer'; do
  check "event ${event%%:*}" within 5 eval 'events web | grep -qx "$event"'
done

# ---- the daemon dies -----------------------------------------------------------------------------------------------------
# $BASHPID's connection from the other client, held open by a coprocess there.
coproc HELD { other bash -c 'exec 7<>/dev/tcp/192.0.2.50/87; while read -r _; do printf "GET /count HTTP/1.1\r\nHost: x\r\n\r\n" >&7; timeout 5 sed "/^[0-9]/q" <&7 | tail -n 1; done'; }
ask() { echo >&"${HELD[1]}" && read -r -t 6 answer <&"${HELD[0]}" && [[ $answer =~ ^[0-9]+ ]]; }
check "a connection through the address is open" ask
kill_orilla
check "it goes on while the daemon is away" ask
check "new ones are made as well" other curl -sf --max-time 3 http://192.0.2.50:87/
start_orilla --load-balancer-pool $pool
check "the address is kept" has web 192.0.2.50
check "the connection goes on" ask
check "no address was asked for again" eval '[ "$(events web | grep -c IPAllocated)" -le 1 ]'

# ---- conflicts, exhaustion -----------------------------------------------------------------------------------------------
o create service loadbalancer two --tcp=80 >/dev/null
check "an address that another host has is passed over" has two 192.0.2.52
check "that is told" within 5 eval 'events two | grep -qE "Warning AddressConflict: 192.0.2.51 is in use on the LAN by [0-9a-f:]{17}: another one is tried"'
o create service loadbalancer three --tcp=80 >/dev/null
check "the pool ends" has three 192.0.2.53
o create service loadbalancer four --tcp=80 >/dev/null
check "who gets none waits" within 5 eval 'events four | grep -qx "Warning AllocationFailed: Failed to allocate IP for \"default/four\": no available IPs"'
check "get shows that" grep -qE '^four +LoadBalancer +[0-9.]+ +<pending> ' <(o get service four)
o delete service three >/dev/null
check "and is served once an address is free" has four 192.0.2.53
check_equal "the address of a Service that is gone is nobody's" 1 "$(ip -o address show label orilla-lb | grep -c '192\.0\.2\.53')"
# Another host takes an address that is ours.
other ip address add 192.0.2.52/24 dev eth0
other ip neighbour flush dev eth0
other curl -s --max-time 1 --interface 192.0.2.52 http://192.0.2.1:9/
check "one who takes an address that is given is told of" within 5 eval 'events two | grep -qE "Warning AddressConflict: 192.0.2.52 is claimed on the LAN by [0-9a-f:]{17}, too"'
other ip address del 192.0.2.52/24 dev eth0
# Frames that nobody sends by accident, 5,000 in all: cut, of other kinds, with the node's own hardware address, and a flood of
# claims of every address of the pool.
cat >"$T/hostile_arp.py" <<'Y'
import os, socket, struct, sys
node, frames = bytes.fromhex(sys.argv[1].replace(':', '')), 5000
link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
link.bind(('lan', 0))
mine = bytes.fromhex('020000000666')
def arp(operation, hardware, sender, target, kinds=b'\0\1\x08\0\6\4'):
    body = kinds + struct.pack('>H', operation) + hardware + socket.inet_aton(sender) + bytes(6) + socket.inet_aton(target)
    return b'\xff' * 6 + mine + b'\x08\x06' + body
for number in range(frames):
    address = '192.0.2.%d' % (50 + number % 4)
    frame = arp(1 + number % 2, mine, address, '192.0.2.2')
    if number % 10 == 1: frame = frame[:14 + number % 28]
    if number % 10 == 2: frame = arp(2, node, address, address)
    if number % 10 == 3: frame = arp(2, mine, address, address, b'\xff\xff\x86\xdd\x10\x10')
    if number % 10 == 4: frame = frame[:14] + os.urandom(1400)
    if number % 10 == 5: frame = arp(1, mine, '0.0.0.0', address)
    link.send(frame)
Y
reads() { awk '/^voluntary/ { print $2 }' "/proc/$daemon/status"; }
woken=$(reads)
check "a LAN floods the node with ARP" outside python3 "$T/hostile_arp.py" "$(ip -o link show uplink | sed "s/.*link.ether \\([0-9a-f:]*\\).*/\\1/")"
check "it is woken a bounded number of times" test $(($(reads) - woken)) -lt 500
check "the API answers" curl -sf --max-time 0.2 -o /dev/null --unix-socket $socket http://localhost/readyz
check "the addresses are what they were" eval 'has web 192.0.2.50 && has two 192.0.2.52 && has four 192.0.2.53'
other ip neighbour flush dev eth0
check "and are found" within 5 other curl -sf --max-time 2 http://192.0.2.50:87/
ip address del 192.0.2.50/32 dev uplink
check "an address that is taken off the device is back" within 5 outside curl -sf --max-time 1 http://192.0.2.50:87/
o delete service two four >/dev/null

change web '{"spec":{"sessionAffinity":"ClientIP"}}'
sticky() { [ "$(for _ in {1..12}; do other curl -s --max-time 2 http://192.0.2.50:87/ | grep ^host; done | sort -u | wc -l)" = 1 ]; }
check "a client keeps its pod with session affinity" within 5 sticky
change web '{"spec":{"sessionAffinity":"None"}}'

# ---- who may, and from where ---------------------------------------------------------------------------------------------
change web '{"spec":{"loadBalancerSourceRanges":["192.0.2.0/29","10.42.0.0/24"]}}' 
check "a client in the source ranges is let in" within 5 outside curl -sf --max-time 2 http://192.0.2.50:87/
check_equal "another one is dropped" 28 "$(other curl -s --max-time 2 -o /dev/null -w '%{exitcode}' http://192.0.2.50:87/)"
check "but not at the node port" other curl -sf --max-time 3 http://192.0.2.2:30080/
change web '{"spec":{"loadBalancerSourceRanges":null}}' >/dev/null
check "without ranges all are let in again" within 5 other curl -sf --max-time 2 http://192.0.2.50:87/
check "nft can print the table" eval 'nft list table ip orilla >/dev/null'

# ---- policies ------------------------------------------------------------------------------------------------------------
change web '{"spec":{"externalTrafficPolicy":"Local"}}' >/dev/null
check "Local is served by this node's pods" within 5 other curl -sf --max-time 2 http://192.0.2.50:87/
check_equal "and keeps the client's address" "peer 192.0.2.9" "$(other curl -s --max-time 3 http://192.0.2.50:87/ | grep ^peer)"
health=$(of web .spec.healthCheckNodePort)
check "it has a port for health checks" test "$health" -ge 30000
printf '{\n\t"service": {\n\t\t"namespace": "default",\n\t\t"name": "web"\n\t},\n\t"localEndpoints": 2,\n\t"serviceProxyHealthy": true\n}' >"$T/healthy"
check_equal "which answers how many endpoints are here" "$(<"$T/healthy")" "$(outside curl -s --max-time 3 "http://192.0.2.2:$health/any/path")"
check_equal "with its headers" "200 application/json nosniff 2" "$(outside curl -s --max-time 3 -o /dev/null -w '%{http_code} %{content_type} %header{x-content-type-options} %header{x-load-balancing-endpoint-weight}' "http://192.0.2.2:$health/")"
cat >"$T/elsewhere.yaml" <<'Y'
apiVersion: v1
kind: Service
metadata: {name: elsewhere}
spec:
  type: LoadBalancer
  externalTrafficPolicy: Local
  ports: [{port: 80}]
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: elsewhere-1, labels: {kubernetes.io/service-name: elsewhere}}
addressType: IPv4
ports: [{port: 8080, protocol: TCP}]
endpoints: [{addresses: [192.0.2.1], nodeName: another}]
Y
outside busybox httpd -f -p 8080 -h / 2>/dev/null &
o apply -f "$T/elsewhere.yaml" >/dev/null
check "a Service with endpoints elsewhere has an address" within 10 eval '[ -n "$(lb elsewhere)" ]'
check_equal "whose health check says so" 503 "$(outside curl -s --max-time 3 -o /dev/null -w '%{http_code}' "http://192.0.2.2:$(of elsewhere .spec.healthCheckNodePort)/")"
check_equal "from outside Local drops what no pod here serves" 28 "$(other curl -s --max-time 2 -o /dev/null -w '%{exitcode}' "http://$(lb elsewhere)/")"
check "the node itself uses all endpoints" within 5 eval '[ "$(curl -s --max-time 3 -o /dev/null -w "%{http_code}" "http://$(lb elsewhere)/")" != 000 ]'
change elsewhere '{"spec":{"internalTrafficPolicy":"Local"}}' >/dev/null
check "internalTrafficPolicy Local drops at the cluster IP" within 5 eval '[ "$(curl -s --max-time 1 -o /dev/null -w "%{exitcode}" http://$(of elsewhere .spec.clusterIP)/)" = 28 ]'
o delete service elsewhere >/dev/null

# ---- other types ---------------------------------------------------------------------------------------------------------
# pod NAME COMMAND...: what it prints in a pod of its own.
pod() {
  local name=$1
  shift
  cat >"$T/client.yaml" <<Y
apiVersion: v1
kind: Pod
metadata: {name: $name}
spec:
  restartPolicy: Never
  containers: [{name: main, image: 'busybox:1', command: [sh, -c, '$*']}]
Y
  o apply -f "$T/client.yaml" >/dev/null && within 20 eval 'o get pod '"$name"' -o "jsonpath={.status.phase}" | grep -qE "Succeeded|Failed"'
  o logs "$name"
}
check_equal "a pod reaches the load balancer's address" 1 "$(pod by-address 'wget -q -O- http://192.0.2.50:87/' | grep -c ^host)"
check "an ExternalName of another Service" o create service externalname alias --external-name web.default.svc.cluster.local
check_equal "get shows its name" 1 "$(o get service alias | grep -cE '^alias +ExternalName +<none> +web\.default\.svc\.cluster\.local +<none> ')"
check_equal "pods reach it by the alias" 1 "$(pod by-alias 'wget -q -O- http://alias:87/' | grep -c ^host)"
check_equal "DNS answers with the alias" 1 "$(pod by-cname 'nslookup -type=cname alias.default.svc.cluster.local' | grep -c 'canonical name = web.default.svc.cluster.local')"
check "it becomes a ClusterIP" change alias '{"spec":{"type":"ClusterIP","selector":{"app":"echo"},"ports":[{"port":80}]}}'
check_equal "and answers as such" 1 "$(pod by-name 'wget -q -O- http://alias/' | grep -c ^host)"
check "and an ExternalName again" change alias '{"spec":{"type":"ExternalName"}}'
check_equal "without an address" "" "$(of alias .spec.clusterIP)"
change alias '{"spec":{"type":"ClusterIP","externalIPs":["192.0.2.77"]}}' >/dev/null
outside ip route add 192.0.2.77/32 via 192.0.2.2
check "an external IP whose packets reach the node is served" within 5 outside curl -sf --max-time 2 http://192.0.2.77/
check "web becomes a NodePort" change web '{"spec":{"type":"NodePort"}}'
check "its address is gone" within 5 eval '[ -z "$(lb web)$(of web ".metadata.finalizers")" ] && ! ip -o address show | grep -q 192.0.2.50'
check "the node port stays" outside curl -sf --max-time 3 http://192.0.2.2:30080/
o delete service web alias >/dev/null

cat >"$T/full.yaml" <<'Y'
apiVersion: v1
kind: Service
metadata: {name: full}
spec:
  type: LoadBalancer
  selector: {app: echo}
  externalTrafficPolicy: Local
  internalTrafficPolicy: Local
  sessionAffinity: ClientIP
  trafficDistribution: PreferClose
  loadBalancerIP: 192.0.2.52
  loadBalancerSourceRanges: [192.0.2.0/24, 10.0.0.0/8]
  externalIPs: [192.0.2.78]
  ports: [{name: http, port: 87, targetPort: 80}, {name: dns, port: 53, protocol: UDP}]
Y
check "a Service with everything is applied" o apply -f "$T/full.yaml"
check "it gets the address that it asks for" has full 192.0.2.52

# ---- stock kubectl -------------------------------------------------------------------------------------------------------
o kubeconfig --data-dir "$T/data" >"$KUBECONFIG" || { not_ok "orilla kubeconfig"; finish; }
for kubectl in $kubectls; do
  version=${kubectl##*kubectl.}
  k() { "$kubectl" "$@"; }
  check "kubectl $version: expose" k expose deployment echo --type=LoadBalancer --port=87 --target-port=80 --name=exposed
  check "kubectl $version: an address" has exposed 192.0.2.50
  check "kubectl $version: it answers" within 5 outside curl -sf --max-time 2 http://192.0.2.50:87/
  check "kubectl $version: create service" eval 'k create service externalname en --external-name example.com && k create service clusterip ci --tcp=80 &&
    k create service nodeport np --tcp=80 && k create service loadbalancer lb --tcp=80'
  check "kubectl $version: wait" k wait service/lb "--for=jsonpath={.status.loadBalancer.ingress[0].ipMode}=VIP" --timeout=10s
  without_age() { awk '{ $NF = ""; print }'; }
  check_equal "kubectl $version: get" "$(o get services | without_age)" "$(k get services | without_age)"
  # Older ones say a little less.
  if [ "$version" = 1.35 ]; then
    for name in exposed en ci np lb full; do
      plain() { sed -e '/^Events:/,$d' | tr -s ' '; }
      check_equal "kubectl $version: describe $name" "" "$(diff <(k describe service $name | plain) <(o describe service $name | plain))"
    done
  fi
  check "kubectl $version: delete" k delete service exposed en ci np lb --timeout=20s
done
# ---- the node's own address ----------------------------------------------------------------------------------------------
o delete service full >/dev/null
stop_orilla
start_orilla --listen 0.0.0.0:6443
check "without a pool there is no address of the pool" eval '[ -z "$(ip -o address show label orilla-lb)" ]'
check "apply the page again" o apply -f "$T/echo.yaml"
check "a LoadBalancer has the node's address" has web 192.0.2.2
check "it answers there" within 5 outside curl -sf --max-time 2 http://192.0.2.2:87/
o create service loadbalancer late --tcp=87 >/dev/null
o create service loadbalancer api --tcp=6443 >/dev/null
check "a port of another Service is told of" within 5 eval 'events late | grep -qF "port 87/TCP of the node'\''s address 192.0.2.2 is already in use by service default/web"'
check "a port of a process as well" within 5 eval 'events api | grep -qF "port 6443/TCP of the node'\''s address 192.0.2.2 is already in use by a process on the node"'
check "the API is still reached there" outside curl -sk --max-time 3 -o /dev/null https://192.0.2.2:6443/livez
o delete service web late api >/dev/null

# ---- a thousand ----------------------------------------------------------------------------------------------------------
stop_orilla
ip address add 198.18.0.1/16 dev uplink
start_orilla --load-balancer-pool 198.18.4.0/22
services=1000
for ((i = 0; i < services; i++)); do
  printf -- '---\napiVersion: v1\nkind: Service\nmetadata: {name: s%s}\nspec: {type: LoadBalancer, selector: {app: echo}, allocateLoadBalancerNodePorts: false, ports: [{port: 87, targetPort: 80}]}\n' $i
done >"$T/many.yaml"
served() { o get services -o 'jsonpath={range .items[*]}{.status.loadBalancer.ingress[0].ip}{"\n"}{end}' | grep -c '^198'; }
before=$(date +%s%N)
check "$services Services are applied" o apply -f "$T/many.yaml"
applied=$(date +%s%N)
check "all have an address" within 60 eval '[ "$(served)" = $services ]'
after=$(date +%s%N)
check_equal "none twice" $services "$(o get services -o 'jsonpath={range .items[*]}{.status.loadBalancer.ingress[0].ip}{"\n"}{end}' | grep '^198' | sort -u | wc -l)"
check "the last one answers" within 5 curl -sf --max-time 2 "http://$(lb s999):87/"
before_delete=$(date +%s%N)
check "all are deleted" o delete -f "$T/many.yaml" --timeout=60s
gone=$(date +%s%N)
check "no address is left" within 10 eval '[ -z "$(ip -o address show label orilla-lb)" ]'
echo "# $services LoadBalancers: applied in $(((applied - before) / 1000000)) ms, served $(((after - applied) / 1000000)) ms later, deleted in $(((gone - before_delete) / 1000000)) ms"
grep 'nothing was served' "$T/daemon.log" | sort -t' ' -k5 -n | tail -n 3 | sed 's/^/# /'
finish
