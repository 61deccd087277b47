#!/bin/bash
# The gateway's process on a real node: an Ingress is served by it, it is confined, the API is out of its reach, it comes back
# when it is killed, and no connection is refused when the daemon is.
# shellcheck source=test/support/orilla_box.sh
. "$(dirname "$0")/../support/orilla_box.sh"

gateway_pids() { ps -eo pid,comm | awk '$2 == "orilla-gateway" { print $1 }'; }
gateway() { gateway_pids | tail -1; }
# get URL_PATH [CURL_FLAG...]: status and body through the gateway, by the name app.example.
get() { local path=$1; shift; curl -s --max-time 10 -H 'Host: app.example' "$@" "http://127.0.0.1$path"; }
answers() { [ "$(get / -o /dev/null -w '%{http_code}')" = "$1" ]; }

start_orilla
check "without an Ingress there is no gateway" eval '[ -z "$(gateway_pids)" ]'
import_images nginx
cat >"$T/app.yaml" <<'YAML'
apiVersion: apps/v1
kind: Deployment
metadata: {name: app}
spec:
  replicas: 2
  selector: {matchLabels: {app: app}}
  template:
    metadata: {labels: {app: app}}
    spec:
      containers:
      - {name: web, image: "nginx:1", imagePullPolicy: Never}
---
apiVersion: v1
kind: Service
metadata: {name: app}
spec:
  selector: {app: app}
  ports: [{port: 87, targetPort: 80}]
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: app}
spec:
  rules:
  - host: app.example
    http:
      paths:
      - {path: /, pathType: Prefix, backend: {service: {name: app, port: {number: 87}}}}
YAML
check "an Ingress is applied" o apply -f "$T/app.yaml"
check "and served" within 60 answers 200
check "another host is not" eval '[ "$(curl -s -o /dev/null -w "%{http_code}" http://127.0.0.1/)" = 404 ]'
check "one gateway runs" eval '[ "$(gateway_pids | wc -l)" = 1 ]'

pid=$(gateway)
status() { grep -E "^$1:" "/proc/$pid/status" | tr -s '\t ' ' '; }
check "as a user of its own" eval '[ "$(status Uid)" = "Uid: 65531 65531 65531 65531" ]'
check "without capabilities" eval '[ "$(status CapEff)" = "CapEff: 0000000000000000" ] && [ "$(status CapBnd)" = "CapBnd: 0000000000000000" ]'
check "with no way to new ones" eval '[ "$(status NoNewPrivs)" = "NoNewPrivs: 1" ]'
check "behind a filter of system calls" eval '[ "$(status Seccomp)" = "Seccomp: 2" ]'
check "in an empty root" eval '[ -z "$(ls -A "/proc/$pid/root/")" ]'
# As its user, from the node: what the filter cannot see is the rules' matter.
as_gateway() { setpriv --reuid 65531 --regid 65531 --clear-groups "$@"; }
check "root reaches the API" curl -sk --max-time 5 -o /dev/null https://127.0.0.1:6443/readyz
check_fails "its user does not, on loopback" "" as_gateway curl -sk --max-time 5 https://127.0.0.1:6443/readyz
check_fails "nor by the Service" "" as_gateway curl -sk --max-time 5 https://10.43.0.1/readyz
check "but it reaches pods" eval 'as_gateway curl -s --max-time 5 -o /dev/null "http://$(o get pods -l app=app -o jsonpath="{.items[0].status.podIP}")/"'

# A new connection every 5 ms for some seconds, in the background; then how many of them failed.
probe() { python3 "$(dirname "$0")/gateway/prober.py" 127.0.0.1 80 app.example "$1" >"$T/probe" 2>&1 & prober=$!; }
check "a client may keep its endpoint" o annotate ingress app orilla.dev/affinity-cookie=at
gives_cookie() { get / -o /dev/null -D - | tr -d '\r' | sed -n 's/^[Ss]et-[Cc]ookie: \(at=[^;]*\).*/\1/p' | grep .; }
check "by a cookie" within 10 gives_cookie
cookie=$(gives_cookie)
knows_cookie() { [ "$(get / -o /dev/null -D - -H "Cookie: $cookie" -w '%{http_code}' | tail -1)" = 200 ] &&
  ! get / -o /dev/null -D - -H "Cookie: $cookie" | grep -qi '^set-cookie: at='; }
check "which is known" knows_cookie
probe 4
sleep 1
kill -KILL "$(gateway)"
wait $prober
check "a gateway that is killed is back, and refuses nobody meanwhile" eval '! grep -q "refused" "$T/probe" && [ "$(gateway)" != "$pid" ]'
check "the next one knows the cookie" within 5 knows_cookie
check "only what it had in its hands is lost" eval '[ "$(sed -n "s/^failed //p" "$T/probe")" -le 5 ]'
check "the daemon says so" grep -q "the gateway ended: it was killed by signal 9" "$T/daemon.log"

probe 6
sleep 1
kill_orilla
sleep 1
start_orilla
within 20 eval '[ "$(gateway_pids | wc -l)" = 1 ]'
wait $prober
check "the end of the daemon and the next one's start fail no request" eval '[ "$(sed -n "s/^failed //p" "$T/probe")" = 0 ]'
cat "$T/probe" >&2
check "the gateway before has ended" within 20 eval '[ "$(gateway_pids | wc -l)" = 1 ]'
check "metrics tell of it" eval 'o get --raw /metrics | grep -q "^orilla_gateway_starts_total 1"'
check "and of its backends" within 5 eval 'o get --raw /metrics | grep -q "orilla_gateway_backend_requests_total{backend=.default/app"'

# TLS by a Secret, which may come later and change.
make_pair() { # DAYS: a new certificate for app.example
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout "$T/tls.key" -out "$T/tls.crt" -days "$1" \
    -subj /CN=app.example -addext subjectAltName=DNS:app.example 2>/dev/null
}
secure() { curl -s --max-time 10 --resolve app.example:443:127.0.0.1 -o /dev/null -w '%{http_code}' https://app.example/ "$@"; }
sed -i 's/^  rules:/  tls: [{hosts: [app.example], secretName: pair}]\n  rules:/' "$T/app.yaml"
check "the Ingress gets TLS" o apply -f "$T/app.yaml"
check "without its Secret a certificate of nobody is shown" within 10 eval '[ "$(secure -k)" = 200 ]'
check "which is not believed" eval '[ "$(secure)" = 000 ]'
make_pair 30
check "the Secret is made" o create secret tls pair --cert "$T/tls.crt" --key "$T/tls.key"
check "and shown" within 10 eval '[ "$(secure --cacert "$T/tls.crt")" = 200 ]'
check "with HTTP/2" eval '[ "$(secure --cacert "$T/tls.crt" -w "%{http_version}" --http2)" = 2 ]'
check "with TLS 1.2, too" eval '[ "$(secure --cacert "$T/tls.crt" --tls-max 1.2)" = 200 ]'

# Updates and crashes of replicas cost waiting, not errors.
probe 8
sleep 0.5
o rollout restart deployment app >/dev/null
o rollout status deployment app --timeout 60s >/dev/null
wait $prober
cat "$T/probe" >&2
check "a rolling update fails no request" eval '[ "$(sed -n "s/^failed //p" "$T/probe")" = 0 ]'

check "the Ingress is deleted" o delete ingress app
check "and the gateway ends with it" within 20 eval '[ -z "$(gateway_pids)" ]'
check_fails "its port is closed" "" curl -s --max-time 2 http://127.0.0.1/
finish
