#!/bin/bash
# Where pods run, and which go first: priority and preemption, affinity, spread, gates and extended resources.
# shellcheck source=test/support/orilla_box.sh
. "$(dirname "$0")/../support/orilla_box.sh"
pod() { # NAME SPEC: a pod that sleeps
  o apply -f - <<Y
apiVersion: v1
kind: Pod
metadata: {name: $1, labels: {app: ${3-$1}}}
spec: {terminationGracePeriodSeconds: 1, containers: [{name: main, image: 'busybox:1', command: [sleep, '4321'], resources: {${4-requests: {cpu: 1m\}}}}], $2}
Y
}
patch() { # PATH TYPE JSON
  curl -sf --max-time 5 --unix-socket "$socket" -X PATCH -H "content-type: application/$2-patch+json" -d "$3" "http://localhost$1"
}
placed() { [ "$(o get pod "$1" -o 'jsonpath={.spec.nodeName}')" = node ]; }
why() { o get pod "$1" -o 'jsonpath={.status.conditions[?(@.type=="PodScheduled")].message}'; }
waits() { within 10 eval "[[ \$(why $1) == *\"$2\"* ]]"; }

start_orilla
import_images busybox
check "the classes of every cluster are there" within 5 eval '[ "$(o get priorityclasses -o name | sort | paste -sd " ")" = \
  "priorityclass.scheduling.k8s.io/system-cluster-critical priorityclass.scheduling.k8s.io/system-node-critical" ]'
check "one that is deleted comes back" eval 'o delete priorityclass system-node-critical && within 5 o get priorityclass system-node-critical'
check_fails "their names are reserved" "reserved for system use only" o apply -f - <<'Y'
{apiVersion: scheduling.k8s.io/v1, kind: PriorityClass, metadata: {name: system-mine}, value: 1}
Y
check_fails "no class is above the system's" "maximum allowed value of a user defined priority is 1000000000" o apply -f - <<'Y'
{apiVersion: scheduling.k8s.io/v1, kind: PriorityClass, metadata: {name: top}, value: 1000000001}
Y
check "classes are made" o apply -f - <<'Y'
{apiVersion: scheduling.k8s.io/v1, kind: PriorityClass, metadata: {name: low}, value: 10, globalDefault: true, description: for batch}
---
{apiVersion: scheduling.k8s.io/v1, kind: PriorityClass, metadata: {name: high}, value: 1000}
---
{apiVersion: scheduling.k8s.io/v1, kind: PriorityClass, metadata: {name: patient}, value: 1000, preemptionPolicy: Never}
Y
check_fails "two defaults are one too many" "PriorityClass low is already marked as default" o apply -f - <<'Y'
{apiVersion: scheduling.k8s.io/v1, kind: PriorityClass, metadata: {name: other}, value: 11, globalDefault: true}
Y
check_fails "a class that is there does not change its value" "may not be changed in an update" \
  o apply -f - <<'Y'
{apiVersion: scheduling.k8s.io/v1, kind: PriorityClass, metadata: {name: high}, value: 5}
Y
check_equal "the table of classes" "high 1000 false PreemptLowerPriority" \
  "$(o get pc high --no-headers | awk '{print $1, $2, $3, $5}')"

cores=$(o get node node -o 'jsonpath={.status.allocatable.cpu}')
cores=${cores%m}
[ "$cores" -gt 99 ] || cores=$((cores * 1000))
most=$((cores * 6 / 10))m
check "a pod of the default class runs" eval "pod batch '' batch 'requests: {cpu: $most}' && o wait pod/batch --for=condition=Ready --timeout=20s"
check_equal "with its class' number" "low 10 PreemptLowerPriority" \
  "$(o get pod batch -o 'jsonpath={.spec.priorityClassName} {.spec.priority} {.spec.preemptionPolicy}')"
check_fails "the number is not the user's" "must not be provided in pod spec" pod own 'priorityClassName: high, priority: 7'
check_fails "a class that is not there" "no PriorityClass with name nobody was found" pod own 'priorityClassName: nobody'
check "one that may not preempt waits" eval "pod polite 'priorityClassName: patient' polite 'requests: {cpu: $most}' &&
  waits polite 'Insufficient cpu. preemption: not eligible due to preemptionPolicy=Never.'"
o delete pod polite >/dev/null
check "an important one takes the place" eval "pod web 'priorityClassName: high' web 'requests: {cpu: $most}' && within 20 placed web"
check "of the batch pod, which is gone" within 10 eval '! o get pod batch'
check "who heard why" eval 'o get events | grep "Preempted by pod .* on node node"'
check "a less important one waits and says so" eval "pod batch '' batch 'requests: {cpu: $most}' && waits batch \
  '0/1 nodes are available: 1 Insufficient cpu. preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod.'"
check "and comes back when there is room" eval 'o delete pod web && within 20 placed batch'
o delete pod batch >/dev/null

anti='affinity: {podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: kubernetes.io/hostname, labelSelector: {matchLabels: {app: one}}}]}}'
check "a pod that wants to be alone" eval "pod first '$anti' one && within 10 placed first"
check "keeps the next one off" eval "pod second '$anti' one && waits second \"1 node(s) didn't match pod anti-affinity rules\""
check "until it goes" eval 'o delete pod first && within 10 placed second'
near='affinity: {podAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: kubernetes.io/hostname, labelSelector: {matchLabels: {app: late}}}]}}'
check "a pod waits for company" eval "pod lonely '$near' && waits lonely \"1 node(s) didn't match pod affinity rules\""
check "and goes where it is" eval "pod late '' late && within 10 placed lonely"
spread='topologySpreadConstraints: [{maxSkew: 1, minDomains: 2, topologyKey: kubernetes.io/hostname, whenUnsatisfiable: DoNotSchedule, labelSelector: {matchLabels: {app: even}}}]'
check "a spread over two nodes takes one pod of one" eval "pod even1 '$spread' even && within 10 placed even1 &&
  pod even2 '$spread' even && waits even2 \"1 node(s) didn't match pod topology spread constraints\""
nodes='affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchExpressions: [{key: disk, operator: In, values: [ssd]}]}]}}}'
check "required node affinity waits for the label" eval "pod picky '$nodes' && waits picky \"1 node(s) didn't match Pod's node affinity/selector\" &&
  o label node node disk=ssd && within 10 placed picky"

check "a gated pod is shown as that" eval "pod gated 'schedulingGates: [{name: example.com/wait}]' && o get pod gated | grep -q SchedulingGated"
check "without its gates it runs" eval 'patch /api/v1/namespaces/default/pods/gated json \
  "[{\"op\": \"remove\", \"path\": \"/spec/schedulingGates\"}]" && within 10 placed gated'

check "an extended resource that the node lacks" eval "pod gpu1 '' gpu 'limits: {example.com/gpu: 1}' && waits gpu1 '1 Insufficient example.com/gpu'"
check "and that it offers" eval 'patch /api/v1/nodes/node/status merge \
  "{\"status\": {\"capacity\": {\"example.com/gpu\": \"1\"}, \"allocatable\": {\"example.com/gpu\": \"1\"}}}" && within 10 placed gpu1'
check "is given once" eval "pod gpu2 '' gpu 'limits: {example.com/gpu: 1}' && waits gpu2 '1 Insufficient example.com/gpu'"
stop_orilla
start_orilla
check "also after a restart" eval 'sleep 1 && ! placed gpu2 && o delete pod gpu1 && within 10 placed gpu2'
stop_orilla
finish
