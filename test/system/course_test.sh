#!/bin/bash
# examples/course, lesson by lesson: each file is applied, does what it says, and goes again; with orilla and with stock kubectl.
kubectl=${kubectl:-$("$(dirname "$0")/../support/kubectl.sh" | tail -n 1)}
export kubectl
[ -n "$kubectl" ] || { echo "1..0 # SKIP there is no kubectl, and npm could not fetch one"; exit 77; }
# shellcheck source=test/support/orilla_box.sh
. "$(dirname "$0")/../support/orilla_box.sh"
[ -e /dev/loop-control ] || { echo "1..0 # SKIP there is no /dev/loop-control"; exit 77; }
start_orilla
import_images busybox nginx
o kubeconfig --data-dir "$T/data" >"$KUBECONFIG"
k() { timeout 90 "$kubectl" --cache-dir="$T/cache" "$@"; }
course=$repository/examples/course
field() { "$by" get "$1" "$2" -o "jsonpath={$3}"; }
logs_are() { [ "$("$by" logs "$1" | xargs)" = "$2" ]; }
is_ready() { "$by" wait "$@" --for=condition=Ready --timeout=30s; }
pods_are() { [ "$("$by" get pods -l "$1" --field-selector=status.phase=Running -o name | wc -l)" = "$2" ]; }
got() { [ "$(field pvc "$1" .spec.volumeName)" = "$2" ]; }
page() { curl -sf --max-time 5 "$@"; }
address() { field "$1" "$2" "$3"; }

lesson_01() {
  check "$by: two containers share a directory" is_ready pod/two-containers
  check "$by: one serves what the other writes" within 10 eval 'page "http://$(address pod two-containers .status.podIP)/" | grep -q UTC'
}
lesson_02() {
  check "$by: settings are in the environment and in files" eval \
    'is_ready pod/configured && within 5 logs_are configured "green not-in-the-image Hello from a ConfigMap not-in-the-image"'
}
lesson_03() { check "$by: init containers run in turn" eval 'is_ready pod/prepared && within 5 logs_are prepared "first second"'; }
lesson_04() {
  check "$by: who answers is ready" is_ready pod/probed
  [ "$by" = k ] || check "$by: who hangs is started again" within 60 eval '[ "$(field pod probed ".status.containerStatuses[0].restartCount")" -ge 1 ]'
}
lesson_05() {
  check "$by: files of the node are there" eval 'is_ready pod/host-paths && within 5 eval "$by logs host-paths | grep -qx /node-etc/passwd"'
  check "$by: what is missing is told" within 20 eval "$by describe pod host-path-missing | grep -q 'hostPath type check failed: .* is not a directory'"
}
lesson_06() {
  check "$by: a ReplicaSet keeps three" within 30 pods_are app=three 3
  "$by" delete pod -l app=three --wait=false >/dev/null
  check "$by: also when they are deleted" within 30 pods_are app=three 3
  check "$by: a Deployment is rolled out" "$by" rollout status deployment/web --timeout=60s
  check "$by: 11-services.yaml is applied" "$by" apply -f "$course/11-services.yaml"
  check "$by: a ClusterIP answers" within 10 eval 'page "http://$(address svc web-inside .spec.clusterIP)/"'
  check "$by: so does the port of the node" within 10 page http://192.0.2.2:30081/
  check "$by: a headless Service has no address" [ "$(address svc web-pods .spec.clusterIP)" = None ]
  check "$by: and both pods" within 10 eval '[ "$("$by" get endpointslices -l kubernetes.io/service-name=web-pods -o "jsonpath={.items[0].endpoints[*].addresses}" | grep -o "10\." | wc -l)" = 2 ]'
  check "$by: 11-services.yaml is deleted" "$by" delete -f "$course/11-services.yaml" --timeout=30s
}
lesson_07() {
  check "$by: numbered pods are ready" "$by" rollout status statefulset/counter --timeout=60s
  check "$by: each counts by itself" within 5 logs_are counter-1 "counter-1: start 1"
  "$by" delete pod counter-1 --timeout=30s >/dev/null
  check "$by: the next one of that name goes on counting" within 30 logs_are counter-1 "counter-1: start 2"
}
lesson_08() { check "$by: there is one on this node" eval '$by rollout status ds/each-node --timeout=30s && within 5 logs_are ds/each-node "on node"'; }
lesson_09() {
  check "$by: five squares are calculated" "$by" wait job/squares --for=condition=complete --timeout=60s
  check "$by: one a pod" within 5 eval '[ "$("$by" logs -l job-name=squares --tail=-1 --max-log-requests=9 | sort -n | xargs)" = "0 1 4 9 16" ]'
}
lesson_10() {
  check "$by: a Job is made of a CronJob" "$by" create job by-hand --from=cronjob/each-minute
  check "$by: it completes" "$by" wait job/by-hand --for=condition=complete --timeout=30s
}
lesson_12() {
  check "$by: a label decides" within 20 got by-label course-labelled
  check "$by: a mode decides" within 20 got by-mode course-shared
  check "$by: the size decides" within 20 got by-size course-large
  check "$by: else the smallest is taken" within 20 got smallest course-small
  check "$by: a class that nobody offers leaves the claim waiting" eval 'got by-class "" && [ "$(field pvc by-class .status.phase)" = Pending ]'
  check "$by: the pod writes to what it got" eval 'is_ready pod/claimant && within 5 grep -q kept /run/course/small/file'
}
lesson_13() { check "$by: a volume is made on demand" within 20 eval '[ "$(field pvc made-for-me .status.phase)" = Bound ]'; }

lesson_14() {
  check "$by: a load balancer has an address" within 20 eval '[ "$(field svc wordpress ".status.loadBalancer.ingress[0].ip")" = 192.0.2.2 ]'
  for port in 87 30080; do
    check "$by: its port $port leads to port 80 of a pod" within 20 page "http://192.0.2.2:$port/"
    check "$by: also from another host" within 10 outside curl -sf --max-time 5 "http://192.0.2.2:$port/"
  done
  check "$by: the other Service is for the inside" within 20 eval 'page "http://$(address svc mariadb .spec.clusterIP):3306/"'
  check "$by: an ExternalName has no address" eval '[ "$(field svc elsewhere-by-name .spec.externalName)$(field svc elsewhere-by-name .spec.clusterIP)" = www.example.org ]'
}
lesson_15() {
  check "$by: two pods of three are made" within 30 eval '[ "$($by get pods -n small --field-selector=status.phase=Running -o name | wc -l)" = 2 ]'
  check "$by: the third is over the quota" within 10 eval '$by describe rs too-many -n small | grep -q "exceeded quota: quota, requested: pods=1, used: pods=2, limited: pods=2"'
  check_equal "$by: they have the limit that they did not name" 32Mi "$("$by" get pods -n small -o 'jsonpath={.items[0].spec.containers[0].resources.limits.memory}')"
}
lesson_16() { check "$by: who is busy gets more pods" within 90 eval '[ "$(field deployment busy .spec.replicas)" = 3 ]'; }
lesson_17() {
  check "$by: two pods are wanted" "$by" rollout status deployment/wanted --timeout=30s
  check "$by: one of them may go" within 10 eval '[ "$(field pdb wanted .status.disruptionsAllowed)" = 1 ]'
  check_fails "$by: the node is drained of one, not of both" "violate the pod's disruption budget" "$by" drain node --ignore-daemonsets --timeout=8s
  check "$by: one is still there" pods_are app=wanted 1
  check "$by: pods may come again" "$by" uncordon node
  check "$by: and do" within 30 pods_are app=wanted 2
}

for by in o k; do
  for file in "$course"/*.yaml; do
    name=$(basename "$file") lesson=lesson_${file##*/}
    lesson=${lesson%%-*}
    declare -F "$lesson" >/dev/null || continue
    check "$by: $name is applied" "$by" apply -f "$file"
    "$lesson"
    check "$by: $name is deleted" "$by" delete -f "$file" --ignore-not-found --timeout=60s
    "$by" delete pvc,jobs --all >/dev/null
  done
done
lessons=$(find "$course" -name '[0-9]*.yaml' -printf '%f\n' | sed 's/-.*//' | sort)
tried=$({ declare -F | sed -n 's/.*lesson_//p'; echo 11; } | sort)
check_equal "each lesson has been tried" "$lessons" "$tried"
finish
