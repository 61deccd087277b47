#!/bin/bash
# A Deployment behind a Service: every way to reach it, from the node, from a pod and from outside; and what happens
# without endpoints, when it scales, and when the daemon restarts.
# shellcheck source=test/support/orilla_box.sh
. "$(dirname "$0")/../support/orilla_box.sh"
start_orilla
import_images busybox echo nginx

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
        ports: [{name: http, containerPort: 8080}]
        readinessProbe: {httpGet: {path: /, port: http}, periodSeconds: 1}
---
apiVersion: v1
kind: Service
metadata: {name: echo}
spec:
  type: NodePort
  selector: {app: echo}
  ports: [{name: http, port: 80, targetPort: http, nodePort: 30081}]
---
apiVersion: v1
kind: Service
metadata: {name: sticky}
spec:
  sessionAffinity: ClientIP
  selector: {app: echo}
  ports: [{port: 80, targetPort: 8080}]
---
apiVersion: v1
kind: Service
metadata: {name: nobody}
spec: {selector: {app: nobody}, ports: [{port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: headless}
spec: {clusterIP: None, selector: {app: echo}, ports: [{name: http, port: 8080}]}
Y
get() { curl -s --max-time 5 "$@"; }
cluster_ip() { o get service "$1" -o 'jsonpath={.spec.clusterIP}'; }
hosts_behind() { # URL COUNT: how many different pods answer
  local i
  for ((i = 0; i < $2; i++)); do get "$1" | grep ^host; done | sort -u | wc -l
}
# in_pod NAME COMMAND...: the log of a pod that runs it.
in_pod() {
  local pod=$1
  shift
  cat >"$T/client.yaml" <<Y
apiVersion: v1
kind: Pod
metadata: {name: $pod}
spec:
  restartPolicy: Never
  containers: [{name: main, image: 'busybox:1', command: [sh, -c, '$*']}]
Y
  o apply -f "$T/client.yaml" >/dev/null && within 20 eval 'o get pod '"$pod"' -o "jsonpath={.status.phase}" | grep -qE "Succeeded|Failed"'
  o logs "$pod"
}

check "apply a Deployment and its Services" o apply -f "$T/echo.yaml"
check "it rolls out" o rollout status deployment/echo --timeout=60s
ip=$(cluster_ip echo)
check "the ClusterIP answers on the node" within 10 curl -sf --max-time 2 "http://$ip/"
check_equal "from both pods" 2 "$(hosts_behind "http://$ip/" 40)"
check "the NodePort answers on loopback" curl -sf --max-time 5 http://127.0.0.1:30081/
check "the NodePort answers on the node's address" curl -sf --max-time 5 http://192.0.2.2:30081/
check "the NodePort answers from outside" outside curl -sf --max-time 5 http://192.0.2.2:30081/
check_equal "session affinity stays with one pod" 1 "$(hosts_behind "http://$(cluster_ip sticky)/" 20)"
refuses_at_once() { [[ "$(curl -s --max-time 5 -o /dev/null -w '%{exitcode} %{time_total}' "http://$(cluster_ip "$1")/")" == "7 0."[0-4]* ]]; }
check "a Service without endpoints refuses at once" refuses_at_once nobody
check_equal "a pod reaches it by name" 1 "$(in_pod by-name 'wget -q -O- http://echo/ | grep -c ^host')"
check_equal "and by its full name" 1 "$(in_pod by-full-name 'wget -q -O- http://echo.default.svc.cluster.local/ | grep -c ^host')"
check_equal "a headless Service names both pods" 2 \
  "$(in_pod headless 'nslookup -type=a headless.default.svc.cluster.local' | grep -c '^Address: 10\.42\.[0-9.]*$')"

check "scale to three" o scale deployment/echo --replicas=3
check "it rolls out" o rollout status deployment/echo --timeout=60s
check "the third pod gets its share" within 20 eval '[ "$(hosts_behind "http://$ip/" 60)" = 3 ]'

# A connection through the Service that is open while the daemon dies and comes back.
exec 7<>"/dev/tcp/$ip/80"
ask() { printf 'GET /count HTTP/1.1\r\nHost: x\r\n\r\n' >&7; timeout 5 sed '/^[0-9]/q' <&7 >/dev/null; }
check "a connection through the Service is open" ask
kill_orilla
check "it goes on while the daemon is away" ask
check "new ones are made as well" curl -sf --max-time 5 "http://$ip/"
start_orilla
sleep 1
check "and after it is back" ask
exec 7>&-

check "the quickstart's page is served through its NodePort" eval \
  'o apply -f "$repository/examples/web.yaml" && o rollout status deployment/web --timeout=60s &&
   within 10 curl -sf --max-time 2 http://127.0.0.1:30080/ && get http://127.0.0.1:30080/ | grep -q "Hello from the shore"'
check "delete everything" o delete deployment/echo deployment/web service/echo --timeout=60s
check "the Service's address is let go" eval '! curl -s --max-time 2 "http://$ip/"'
check "no container is left" within 20 eval '! pgrep -x "echo|nginx"'
finish
