#!/bin/bash
# What a client of the API finds when the daemon was started again: the events of the last hour, standard namespaces, and a
# certificate for the names that it is called by.
# shellcheck source=test/support/orilla_box.sh
. "$(dirname "$0")/../support/orilla_box.sh"

events() { o get events -o 'jsonpath={range .items[*]}{.metadata.name} {.metadata.uid} {.reason}{"\n"}{end}' | sort; }
has_event() { events | grep -q "$1"; }
keep_time() { sleep 1.5; } # events are written one second behind
calls() { # NAME: asks the API by that name, from outside of the node
  outside curl -sS --max-time 5 --resolve "$1:6443:192.0.2.2" --cacert "$T/data/pki/ca.crt" --cert "$T/data/pki/admin.crt" \
    --key "$T/data/pki/admin.key" "https://$1:6443/readyz"
}
get_raw() { curl -sf --max-time 5 --unix-socket "$socket" "http://localhost$1"; }
node_owns_lease() { get_raw /apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/node | grep -q '"kind":"Node","name":"node"'; }
namespace_is_new() { [ "$(o get ns kube-node-lease -o 'jsonpath={.metadata.uid}')" != "$1" ] && o get ns kube-node-lease | grep -q Active; }

start_orilla --listen 0.0.0.0:6443 --tls-san kitchen.example --tls-san 192.0.2.2
check_equal "the API is called by an extra name" ok "$(calls kitchen.example)"
check_equal "and by an address" ok "$(calls 192.0.2.2)"
check_fails "another name is none of the box's" "pantry.example" calls pantry.example
sha256sum "$T/data/pki/ca.crt" "$T/data/pki/admin.crt" >"$T/sums"

printf 'apiVersion: v1\nkind: Pod\nmetadata: {name: none}\nspec:\n  containers: [{name: c, image: "localhost/none:1", imagePullPolicy: Never}]\n' >"$T/pod.yaml"
check "a pod without an image" o apply -f "$T/pod.yaml"
check "has an event" within 10 has_event ErrImageNeverPull
keep_time
events >"$T/before"
kill_orilla
start_orilla --listen 0.0.0.0:6443 --tls-san pantry.example
check "after a kill its events are there" within 5 has_event Scheduled
check_equal "the very same ones" "" "$(comm -23 "$T/before" <(events))"
check_equal "nothing of them is on the disk" "" "$(grep -lr ErrImageNeverPull "$T/data" 2>/dev/null)"
check_equal "the new name is the certificate's" ok "$(calls pantry.example)"
check_fails "the one that was taken away is not" "kitchen.example" calls kitchen.example
check "the CA and the administrator stay" sha256sum --quiet -c "$T/sums"

o delete pod none --wait=false >/dev/null
keep_time
events >"$T/before"
stop_orilla
size=$(stat -c %s /run/orilla/events)
truncate -s $((size - 7)) /run/orilla/events # as a write that was cut off
start_orilla
check "after a stop and a torn file events are there" within 5 has_event Scheduled
check "all but the last one" [ "$(comm -23 "$T/before" <(events) | wc -l)" -le 1 ]

uid=$(o get ns kube-node-lease -o 'jsonpath={.metadata.uid}')
check "kube-node-lease can be deleted" o delete ns kube-node-lease --wait=false
check "and comes back" within 20 namespace_is_new "$uid"
check "and so does the node's lease, which is the node's" within 5 node_owns_lease
pod_uid() { o get pod none -o 'jsonpath={.metadata.uid}'; }
o apply -f "$T/pod.yaml" >/dev/null
uid=$(pod_uid)
check "the node can be deleted" o delete node node
check "and is there again" within 5 o get node node
check_equal "and its pods stay" "$uid" "$(pod_uid)"
check_fails "default cannot be deleted" 'namespaces "default" is forbidden: this namespace may not be deleted' o delete ns default
finish
