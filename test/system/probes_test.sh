#!/bin/bash
# What probes and hooks over HTTP take for an answer, and what pods in the host's network are told of addresses.
# shellcheck source=test/support/orilla_box.sh
. "$(dirname "$0")/../support/orilla_box.sh"
start_orilla
import_images busybox
# A server in a container: each path has its answer.
cat >"$T/answer" <<'S'
#!/bin/sh
read -r _ path _
while read -r line && [ "${#line}" -gt 1 ]; do :; done
say() { printf 'HTTP/1.1 %s\r\nContent-Length: %s\r\n%s\r\n%s' "$1" "${#3}" "$2" "$3"; }
case $path in
/healthz) say '200 OK' '' fine ;;
/early) printf 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n'; say '200 OK' '' fine ;;
/end) say '500 No' '' no ;;
/to-end) say '301 Moved' 'Location: /end
' '' ;;
/to-healthz) say '307 Moved' 'Location: healthz
' '' ;;
/away) say '301 Moved' 'Location: http://192.0.2.7/
' 'over there' ;;
/long) say '2222 Fine' '' fine ;;
*) say '404 Not Found' '' "$path" ;;
esac
S
o create configmap server --from-file="$T/answer" >/dev/null
probed() { # NAME PATH: a container that does nothing and is ready when the server says so
  printf '  - {name: %s, image: "busybox:1", command: [sleep, "1000"], readinessProbe: {httpGet: {path: "%s", port: 8080}, periodSeconds: 1}}\n' "$1" "$2"
}
server="command: [nc, -ll, -p, '8080', -e, /server/answer], volumeMounts: [{name: server, mountPath: /server}]"
volumes="volumes: [{name: server, configMap: {name: server, defaultMode: 0755}}]"
cat >"$T/probed.yaml" <<Y
apiVersion: v1
kind: Pod
metadata: {name: probed}
spec:
  terminationGracePeriodSeconds: 0
  $volumes
  containers:
  - {name: server, image: 'busybox:1', $server}
$(probed plain healthz; probed early /early; probed end /to-end; probed moved /to-healthz; probed away /away; probed long /long)
Y
check "a pod of probes is applied" o apply -f "$T/probed.yaml"
ready_of() { o get pod probed -o "jsonpath={.status.containerStatuses[?(@.name==\"$1\")].ready}"; }
event_of() { o get events -o "jsonpath={range .items[?(@.involvedObject.fieldPath==\"spec.containers{$1}\")]}{.reason}: {.message}{\"\n\"}{end}"; }
is_ready() { [ "$(ready_of "$1")" = true ]; }
says() { event_of "$1" | grep -qxF "$2"; }
check "a path gets its slash" within 20 is_ready plain
check "an interim answer is skipped" within 20 is_ready early
check "a redirect on the same host is followed" within 20 is_ready moved
check "its end counts" within 20 says end "Unhealthy: Readiness probe failed: HTTP probe failed with statuscode: 500"
check "one to another host is an answer" within 20 is_ready away
check "that is told" says away "ProbeWarning: Readiness probe warning: Probe terminated redirects, Response body: over there"
address=$(o get pod probed -o 'jsonpath={.status.podIP}')
check "a status has three digits" within 20 says long \
  "Unhealthy: Readiness probe failed: Get \"http://$address:8080/long\": malformed HTTP status code \"2222\""
check_equal "neither of them is ready" "false false" "$(ready_of end) $(ready_of long)"

# In the host's network, with hooks that ask the pod's address, and a server whose TLS ends without a word.
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=a -keyout "$T/key" -out "$T/certificate" 2>/dev/null
python3 - "$T" <<'P' &
import socket, ssl, sys
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1] + "/certificate", sys.argv[1] + "/key")
listener = socket.create_server(("0.0.0.0", 18443))
while True:
    peer = listener.accept()[0]
    try:
        secure = context.wrap_socket(peer, server_side=True)
        secure.recv(4096)
        secure.sendall(b"HTTP/1.0 200 OK\r\n\r\nfine")
        secure.close()
    except OSError:
        peer.close()
P
# A gRPC health service of another make: what it says of "down" is NOT_SERVING, and it knows no "none".
node - >/dev/null <<'J' &
const server = require('http2').createServer();
server.on('stream', (stream, head) => {
  const pieces = [];
  stream.on('error', () => {});
  stream.on('data', (piece) => pieces.push(piece));
  stream.on('end', () => {
    const service = Buffer.concat(pieces).subarray(7).toString();
    const type = {':status': 200, 'content-type': 'application/grpc'};
    if (head[':path'] !== '/grpc.health.v1.Health/Check' || head.te !== 'trailers')
      return stream.respond({...type, 'grpc-status': '12', 'grpc-message': 'unknown method'}, {endStream: true});
    if (service === 'none') return stream.respond({...type, 'grpc-status': '5', 'grpc-message': 'unknown%20service'}, {endStream: true});
    stream.respond(type, {waitForTrailers: true});
    stream.on('wantTrailers', () => stream.sendTrailers({'grpc-status': '0'}));
    stream.end(Buffer.from([0, 0, 0, 0, 2, 8, service === 'down' ? 2 : 1]));
  });
});
server.listen(18444);
J
grpc_probed() { # NAME PORT SERVICE
  printf '  - {name: %s, image: "busybox:1", command: [sleep, "2000"], readinessProbe: {grpc: {port: %s, service: %s}, periodSeconds: 1}}\n' "$@"
}
cat >"$T/host.yaml" <<Y
apiVersion: v1
kind: Pod
metadata: {name: host}
spec:
  hostNetwork: true
  terminationGracePeriodSeconds: 0
  $volumes
  containers:
  - name: server
    image: busybox:1
    $(sed 's/8080/18080/; s/, volumeMounts/\n    volumeMounts/' <<<"$server")
    readinessProbe: {httpGet: {path: to-healthz, port: 18080}, periodSeconds: 1}
  - name: secure
    image: busybox:1
    command: [sleep, '2000']
    readinessProbe: {httpGet: {path: /, port: 18443, scheme: HTTPS}, periodSeconds: 1}
$(grpc_probed grpc-fine 18444 '""'; grpc_probed grpc-down 18444 down; grpc_probed grpc-none 18444 none; grpc_probed grpc-away 18445 '""')
  - name: hooked
    image: busybox:1
    command: [sleep, '1000']
    env:
    - {name: POD_IP, valueFrom: {fieldRef: {fieldPath: status.podIP}}}
    - {name: POD_IPS, valueFrom: {fieldRef: {fieldPath: status.podIPs}}}
    - {name: HOST_IP, valueFrom: {fieldRef: {fieldPath: status.hostIP}}}
    lifecycle: {postStart: {httpGet: {path: to-healthz, port: 18080}}}
Y
check "a pod in the host's network is applied" o apply -f "$T/host.yaml"
ready_in_host() { o get pod host -o "jsonpath={.status.containerStatuses[?(@.name==\"$1\")].ready}"; }
is_ready_in_host() { [ "$(ready_in_host "$1")" = true ]; }
check "probe and hook ask the node" within 60 is_ready_in_host server
check "a server whose TLS ends without a word is one" within 20 is_ready_in_host secure
check "a service that is SERVING is ready" within 20 is_ready_in_host grpc-fine
check "one that is not is told of" within 20 says grpc-down 'Unhealthy: Readiness probe failed: service unhealthy (responded with "NOT_SERVING")'
check "and one that is not known" within 20 says grpc-none \
  'Unhealthy: Readiness probe failed: error: health rpc probe failed: rpc error: code = NotFound desc = unknown service'
address=$(o get pod host -o 'jsonpath={.status.podIP}')
check "and where nobody listens" within 20 says grpc-away \
  "Unhealthy: Readiness probe failed: timeout: failed to connect service \"$address:18445\" within 1s: context deadline exceeded"
check_equal "none of the three is ready" "false false false" "$(for one in down none away; do ready_in_host "grpc-$one"; echo; done | paste -sd ' ')"
check_equal "the service is the server as a whole by default" '""' \
  "$(o get pod host -o json | jq -c '.spec.containers[] | select(.name == "grpc-fine").readinessProbe.grpc.service')"
node=$(o get node node -o 'jsonpath={.status.addresses[?(@.type=="InternalIP")].address}')
hooked=$(for pid in $(pgrep -fx 'sleep 1000'); do tr '\0' '\n' <"/proc/$pid/environ" | grep -q ^POD_IP= && echo "$pid"; done)
check_equal "its variables name the node's address" "HOST_IP=$node POD_IP=$node POD_IPS=$node" \
  "$(tr '\0' '\n' <"/proc/$hooked/environ" | grep -E '^(POD_IPS?|HOST_IP)=' | LC_ALL=C sort | paste -sd ' ')"
stop_orilla
finish
