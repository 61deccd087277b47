#!/bin/bash
# Sidecars on real pods, by both command lines: they start before the containers and end after them, a Job's pod completes
# although they run, and kill -9 of the daemon changes nothing of it.
kubectls=${kubectls:-$("$(dirname "$0")/../support/kubectl.sh" | grep -E 'kubectl\.1\.(27|33)$')}
export kubectls
# shellcheck source=test/support/orilla_box.sh
. "$(dirname "$0")/../support/orilla_box.sh"
start_orilla
import_images busybox
kubectl=$(head -n 1 <<<"$kubectls")
k() { "$kubectl" "$@"; }
o kubeconfig --data-dir "$T/data" >"$KUBECONFIG"
mkdir -p "$T/order"
of() { o get pod "$1" -o "jsonpath={$2}"; }
init_of() { of "$1" ".status.initContainerStatuses[?(@.name==\"$2\")]$3"; }
gone() { [ -z "$(o get pod "$1" --ignore-not-found -o name)" ]; }
is() { [ "$(of "$1" "$2")" = "$3" ]; }
# A container that writes when it begins and ends; it takes SECONDS to end.
says() { # NAME SECONDS FILE
  printf '%s' "name: $1, image: 'busybox:1', volumeMounts: [{name: order, mountPath: /order}], command: [sh, -c, \"trap 'echo $1 asked >>/order/$3; sleep $2; echo $1 ends >>/order/$3; exit 0' TERM; echo $1 begins >>/order/$3; while :; do sleep 0.05; done\"]"
}
volumes="volumes: [{name: order, hostPath: {path: $T/order}}]"

cat >"$T/web.yaml" <<Y
apiVersion: v1
kind: Pod
metadata: {name: web}
spec:
  terminationGracePeriodSeconds: 20
  $volumes
  initContainers:
  - {$(says first 0.1 web), restartPolicy: Always, startupProbe: {exec: {command: [test, -e, /order/go]}, periodSeconds: 1, failureThreshold: 100}}
  - {name: setup, image: 'busybox:1', volumeMounts: [{name: order, mountPath: /order}], command: [sh, -c, 'echo setup >>/order/web']}
  - {$(says second 0.1 web), restartPolicy: Always, readinessProbe: {exec: {command: [test, -e, /order/ready]}, periodSeconds: 1}}
  containers:
  - {$(says main 1 web)}
Y
check "a pod with sidecars is applied" k apply -f "$T/web.yaml"
check "its first sidecar runs" within 20 grep -qx 'first begins' "$T/order/web"
check_equal "what follows waits for its startup probe" "first begins" "$(sleep 1.5; cat "$T/order/web")"
check_equal "the pod is pending, and says what for" "Pending containers with incomplete status: [first setup second]" \
  "$(of web .status.phase) $(of web '.status.conditions[?(@.type=="Initialized")].message')"
check "kubectl shows how far it is" grep -qE '^web +0/3 +Init:0/3 ' <(k get pod web)
kill_orilla
touch "$T/order/go"
start_orilla
check "the next daemon goes on from there" within 20 grep -qx 'main begins' "$T/order/web"
check_equal "each began once, in order" "first begins,setup,second begins,main begins" "$(paste -sd, "$T/order/web")"
check_equal "a sidecar that is not ready keeps the pod from it" "Running containers with unready status: [second]" \
  "$(of web .status.phase) $(of web '.status.conditions[?(@.type=="ContainersReady")].message')"
check "kubectl counts it" within 5 eval "k get pod web | grep -qE '^web +2/3 +Running '"
touch "$T/order/ready"
check "the pod gets ready with it" k wait pod/web --for=condition=Ready --timeout=20s
check "kubectl counts all three" grep -qE '^web +3/3 +Running +0 ' <(k get pod web)
check_equal "their states are told" "true/true true/true" \
  "$(init_of web first .started)/$(init_of web first .ready) $(init_of web second .started)/$(init_of web second .ready)"
check "logs of a sidecar are there" k logs web -c first
pid_of() { pgrep -f "echo $1 begins" | head -n 1; }
kill -9 "$(pid_of second)"
check "a sidecar that ends starts again" within 20 eval '[ "$(init_of web second .restartCount)/$(init_of web second .ready)" = 1/true ]'
check_equal "the others do not" "0 0" "$(init_of web first .restartCount) $(of web '.status.containerStatuses[0].restartCount')"
check "get shows the restart of it" grep -qE '^web +3/3 +Running +1 ' <(k get pod web)
check "a sidecar gets another image" k set image pod/web second=docker.io/library/busybox:1
check "it alone starts again" within 20 eval '[ "$(init_of web second .restartCount)/$(init_of web second .ready)" = 2/true ]'
kill_orilla
start_orilla
check "all of it outlives the daemon" within 20 eval '[ "$(init_of web second .restartCount) $(init_of web first .restartCount) $(of web ".status.containerStatuses[0].restartCount")" = "2 0 0" ] && is web ".status.conditions[?(@.type==\"Ready\")].status" True'
: >"$T/order/web"
k delete pod web --wait=false >/dev/null
within 10 grep -qx 'main asked' "$T/order/web"
kill_orilla # while main takes its second to end
start_orilla
check "it goes" within 25 gone web
check_equal "main ended first, then the sidecars, the last one first" \
  "main asked,main ends,second asked,second ends,first asked,first ends" "$(paste -sd, "$T/order/web")"

# A Job's pod, whose sidecar takes its time.
cat >"$T/job.yaml" <<Y
apiVersion: batch/v1
kind: Job
metadata: {name: sum}
spec:
  template:
    spec:
      restartPolicy: Never
      terminationGracePeriodSeconds: 30
      $volumes
      initContainers:
      - {$(says helper 2 job), restartPolicy: Always}
      containers:
      - {name: main, image: 'busybox:1', volumeMounts: [{name: order, mountPath: /order}], command: [sh, -c, 'until [ -e /order/done ]; do sleep 0.05; done']}
Y
check "a Job with a sidecar is applied" k apply -f "$T/job.yaml"
check "its pod runs" within 20 eval '[ "$(o get job sum -o "jsonpath={.status.ready}")" = 1 ]'
touch "$T/order/done"
within 10 grep -qx 'helper asked' "$T/order/job"
pod=$(o get pods -l job-name=sum -o 'jsonpath={.items[0].metadata.name}')
check_equal "while the sidecar ends the pod is still running" Running "$(of "$pod" .status.phase)"
kill_orilla
start_orilla
check "the Job completes" k wait job/sum --for=condition=complete --timeout=20s
check_equal "its sidecar was asked once, and ended well" "helper begins,helper asked,helper ends" "$(paste -sd, "$T/order/job")"
check_equal "the pod has succeeded" "Succeeded Completed 0" "$(of "$pod" .status.phase) $(init_of "$pod" helper .state.terminated.reason) $(init_of "$pod" helper .restartCount)"
check "get shows that" grep -qE "^$pod +0/2 +Completed +0 " <(k get pod "$pod")

# One that never starts, one that crashes, one that ignores its signal.
cat >"$T/bad.yaml" <<Y
apiVersion: v1
kind: Pod
metadata: {name: never}
spec:
  terminationGracePeriodSeconds: 1
  initContainers: [{name: side, image: 'busybox:1', restartPolicy: Always, command: [/no/such]}]
  containers: [{name: main, image: 'busybox:1', command: [sleep, '1000']}]
---
apiVersion: v1
kind: Pod
metadata: {name: hooked}
spec:
  terminationGracePeriodSeconds: 1
  initContainers: [{name: side, image: 'busybox:1', restartPolicy: Always, command: [sleep, '1000'], lifecycle: {postStart: {exec: {command: [sh, -c, 'sleep 0.3; exit 1']}}}}]
  containers: [{name: main, image: 'busybox:1', command: [sleep, '1000']}]
---
apiVersion: v1
kind: Pod
metadata: {name: crashes}
spec:
  terminationGracePeriodSeconds: 1
  restartPolicy: Never
  initContainers: [{name: side, image: 'busybox:1', restartPolicy: Always, command: [sh, -c, 'sleep 1; exit 3']}]
  containers: [{name: main, image: 'busybox:1', command: [sleep, '1000']}]
---
apiVersion: v1
kind: Pod
metadata: {name: deaf}
spec:
  terminationGracePeriodSeconds: 3
  initContainers: [{name: side, image: 'busybox:1', restartPolicy: Always, command: [sh, -c, 'trap "" TERM; while :; do sleep 1; done']}]
  containers: [{name: main, image: 'busybox:1', command: [sh, -c, 'trap "" TERM; while :; do sleep 1; done']}]
Y
check "bad sidecars are applied" k apply -f "$T/bad.yaml"
check "one that cannot run holds its pod up" within 20 eval "k get pod never | grep -qE '^never +0/2 +Init:(StartError|CrashLoopBackOff) '"
check_equal "nothing after it begins" PodInitializing "$(of never '.status.containerStatuses[0].state.waiting.reason')"
check "one whose postStart hook fails starts again" within 20 eval '[ "$(init_of hooked side .restartCount)" -ge 1 ]'
check_equal "nothing after it begins either" PodInitializing "$(of hooked '.status.containerStatuses[0].state.waiting.reason')"
check "one that crashes backs off" within 20 eval '[ "$(init_of crashes side .state.waiting.reason)" = CrashLoopBackOff ]'
check_equal "its pod goes on" "Running 0" "$(of crashes .status.phase) $(of crashes '.status.containerStatuses[0].restartCount')"
check "one that ignores its signal runs" within 20 is deaf '.status.conditions[?(@.type=="Ready")].status' True
begun=$(date +%s%3N)
check "it can be deleted" k delete pod deaf --timeout=20s
took=$(($(date +%s%3N) - begun))
check "the grace period and two seconds are all it gets" eval '[ $took -ge 3000 ] && [ $took -lt 9000 ]' || echo "# took $took ms"
check "so can the others" k delete pod never hooked crashes --timeout=20s

# Gates: somebody else says when the pod is ready.
o apply -f - >/dev/null <<'Y'
apiVersion: v1
kind: Pod
metadata: {name: gated}
spec:
  terminationGracePeriodSeconds: 0
  readinessGates: [{conditionType: example.com/tested}]
  containers: [{name: main, image: 'busybox:1', command: [sleep, '1000']}]
Y
check "a pod with a gate runs" within 20 is gated '.status.conditions[?(@.type=="ContainersReady")].status' True
check_equal "it is not ready" 'False ReadinessGatesNotReady corresponding condition of pod readiness gate "example.com/tested" does not exist.' \
  "$(of gated '.status.conditions[?(@.type=="Ready")].status') $(of gated '.status.conditions[?(@.type=="Ready")].reason') $(of gated '.status.conditions[?(@.type=="Ready")].message')"
check "get shows the gate" grep -qE '^gated +1/1 +Running .* 0/1$' <(k get pod gated -o wide)
gate() { "$kubectl" patch pod gated --subresource=status --type=strategic -p "{\"status\":{\"conditions\":[{\"type\":\"example.com/tested\",\"status\":\"$1\"}]}}"; }
check "describe shows what it waits for" grep -A 2 -xF 'Readiness Gates:' <(o describe pod gated)
same_description() { diff <(k describe pod "$1" | sed -n '/^Readiness/,/^Volumes/p') <(o describe pod "$1" | sed -n '/^Readiness/,/^Volumes/p'); }
check "as kubectl does" same_description gated
check "kubectl opens it" gate True
check "both describe that" same_description gated
check "the pod is ready" k wait pod/gated --for=condition=Ready --timeout=10s
check "get shows that too" grep -qE '^gated .* 1/1$' <(k get pod gated -o wide)
check "kubectl closes it" gate False
check "the pod is not ready any more" within 10 is gated '.status.conditions[?(@.type=="Ready")].message' \
  'the status of pod readiness gate "example.com/tested" is not "True", but False'

# A container's own restart policy.
o apply -f - >/dev/null <<'Y'
apiVersion: v1
kind: Pod
metadata: {name: rules}
spec:
  restartPolicy: Never
  containers:
  - {name: again, image: 'busybox:1', command: [sh, -c, 'sleep 1; exit 42'], restartPolicy: Never, restartPolicyRules: [{action: Restart, exitCodes: {operator: In, values: [42]}}]}
  - {name: once, image: 'busybox:1', command: [sh, -c, 'exit 1']}
Y
check "a rule starts a container again that the policies would leave" within 20 eval '[ "$(of rules ".status.containerStatuses[0].restartCount")" -ge 1 ]'
check_equal "the other one has ended" "Running 1" "$(of rules .status.phase) $(of rules '.status.containerStatuses[1].state.terminated.exitCode')"
stop_orilla
finish
