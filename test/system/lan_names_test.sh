#!/bin/bash
# Hosts that end in .local are found on the LAN by multicast DNS, and lead to what the gateway serves there.
# shellcheck source=test/support/orilla_box.sh
. "$(dirname "$0")/../support/orilla_box.sh"

cat >"$T/ask.py" <<'P'
"""ask.py NAME [SECONDS]: asks the LAN for an IPv4 address of NAME, as a host that speaks multicast DNS itself does, and prints
what it is told. With "claim ADDRESS" in front it answers for NAME so long."""
import socket
import struct
import sys
import time

GROUP = ("224.0.0.251", 5353)


def name_bytes(name):
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"


def open_socket():
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind(("", 5353))
    made.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, socket.inet_aton(GROUP[0]) + socket.inet_aton(sys.argv[1]))
    made.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(sys.argv[1]))
    made.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 255)
    made.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 0)
    made.settimeout(0.1)
    return made


def packets(made, seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            yield made.recvfrom(9000)
        except TimeoutError:
            yield None


made, name, seconds = open_socket(), sys.argv[2], float(sys.argv[3])
if len(sys.argv) > 4:
    record = name_bytes(name) + struct.pack("!HHIH", 1, 0x8001, 120, 4) + socket.inet_aton(sys.argv[4])
    for packet in packets(made, seconds):
        if packet and not packet[0][2] & 0x80 and name_bytes(name) in packet[0]:
            made.sendto(struct.pack("!6H", 0, 0x8400, 0, 1, 0, 0) + record, GROUP)
    sys.exit()
made.sendto(struct.pack("!6H", 0, 0, 1, 0, 0, 0) + name_bytes(name) + struct.pack("!HH", 1, 1), GROUP)
for packet in packets(made, seconds):
    if packet and packet[0][2] & 0x80 and name_bytes(name) in packet[0]:
        at = packet[0].index(struct.pack("!HH", 1, 0x8001)) + 10
        print(socket.inet_ntoa(packet[0][at:at + 4]))
        break
P
lan() { outside timeout 20 python3 "$T/ask.py" 192.0.2.1 "$@"; }
finds() { [ "$(lan "$1" 2)" = 192.0.2.2 ]; }

start_orilla
import_images echo
ingress() { # NAME HOST
  cat <<Y
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: $1}
spec:
  rules:
  - host: $2
    http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: echo, port: {number: 80}}}}]}
Y
}
cat >"$T/echo.yaml" <<'Y'
apiVersion: v1
kind: Pod
metadata: {name: echo, labels: {app: echo}}
spec: {containers: [{name: echo, image: "echo:1", imagePullPolicy: Never}]}
---
apiVersion: v1
kind: Service
metadata: {name: echo}
spec: {selector: {app: echo}, ports: [{port: 80, targetPort: 8080}]}
Y
check "nobody answers for a name that is in no Ingress" eval '[ -z "$(lan shop.local 1)" ]'
o apply -f "$T/echo.yaml" >/dev/null
ingress shop shop.local | o apply -f - >/dev/null
check "a host of an Ingress is found on the LAN" within 10 finds shop.local
check "another one is not" eval '[ -z "$(lan other.local 1)" ]'
check "what is served there is reached by that name" \
  within 20 outside curl -sf --max-time 2 -o /dev/null --resolve shop.local:80:192.0.2.2 http://shop.local/
ingress shop store.local | o apply -f - >/dev/null
check "a new name is found" within 10 finds store.local
check "the old one is not any more" eval '[ -z "$(lan shop.local 1)" ]'
kill_orilla
start_orilla
check "after kill -9 of the daemon it is found again" within 10 finds store.local

lan taken.local 8 192.0.2.77 &
claimer=$!
sleep 0.5
ingress taken taken.local | o apply -f - >/dev/null
conflict_is_told() { o describe ingress taken | grep -q 'another host of the LAN has the name taken.local'; }
check "a name that another host has is told by an event" within 10 conflict_is_told
wait $claimer
o delete ingress shop taken >/dev/null
check "without an Ingress nobody answers" eval '[ -z "$(lan store.local 1)" ]'
check "and nobody listens" within 5 eval '! grep -q ":14E9 " /proc/net/udp'
finish
