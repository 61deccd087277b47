#!/bin/bash
# kill -9 of the daemon right after pods got ready, before their status was written behind: the next one knows it from the first
# moment, and Services lose none of them.
# shellcheck source=test/support/orilla_box.sh
. "$(dirname "$0")/../support/orilla_box.sh"
kills=4
start_orilla
import_images busybox
cat >"$T/web.yaml" <<'Y'
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 8
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
      - name: main
        image: busybox:1
        command: [sh, -c, 'echo hello >/tmp/index.html; exec httpd -f -p 80 -h /tmp']
        readinessProbe: {httpGet: {path: /, port: 80}, periodSeconds: 5}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, clusterIP: 10.43.7.7, ports: [{port: 80}]}
Y
slices() { o get endpointslices -l kubernetes.io/service-name=web -o 'jsonpath={.items[*].endpoints[*].conditions.ready}'; }
all_true="true true true true true true true true"
check "a Deployment and its Service are applied" o apply -f "$T/web.yaml"
check "its pods get ready" within 60 eval '[ "$(slices)" = "$all_true" ]'
check "the Service answers" within 5 curl -s --max-time 1 http://10.43.7.7/

# One client that never stops; each request is a new connection.
touch "$T/asking"
ask() {
  while [ -e "$T/asking" ]; do
    if curl -s --max-time 3 http://10.43.7.7/ >/dev/null; then echo answered; else echo "failed with $?"; fi
    sleep 0.01
  done
}
ask >"$T/answers" &
client=$!
sleep 1
for ((round = 0; round < kills; round++)); do
  kill_orilla
  start_orilla
  for ((look = 0; look < 5; look++)); do slices && echo; done >>"$T/slices"
  sleep 1
done
rm "$T/asking"
wait $client
check_equal "after a kill all pods are ready from the first moment" "$all_true" "$(sort -u "$T/slices")"
check_equal "no connection through the Service failed" answered "$(sort -u "$T/answers")"
check "statuses are kept in memory" test -s /run/orilla/pod-status
finish
