#!/bin/bash
# What pods and the node use, and who scales by it: metrics.k8s.io for `top` of stock kubectl and of orilla, and
# HorizontalPodAutoscalers on real containers.
# The oldest and the newest that there are.
KUBECTLS=$("$(dirname "$0")/../support/kubectl.sh" | sed -n '1p;$p' | xargs)
export KUBECTLS
[ -n "$KUBECTLS" ] || { echo "1..0 # SKIP there is no kubectl, and npm could not fetch one"; exit 77; }
# shellcheck source=test/support/orilla_box.sh
. "$(dirname "$0")/../support/orilla_box.sh"
start_orilla
import_images busybox
o kubeconfig --data-dir "$T/data" >"$KUBECONFIG" || { not_ok "orilla kubeconfig"; finish; }
version() { "$kubectl" version --client -o json | sed -n 's/.*"gitVersion": "\(.*\)".*/\1/p'; }
k() { timeout 60 "$kubectl" --cache-dir="$T/cache" "$@"; }
metrics() { curl -sf --max-time 10 --unix-socket "$socket" "http://localhost/apis/metrics.k8s.io/v1beta1$1"; }
# says PATTERN COMMAND...: it succeeds and prints the pattern.
says() {
  local pattern=$1 output
  shift
  output=$("$@" 2>&1) || { echo "$output"; return 1; }
  grep -qE -- "$pattern" <<<"$output" || { echo "no '$pattern' in: $output"; return 1; }
}
# fails_with TEXT COMMAND...: it fails, and says the text.
fails_with() {
  local text=$1 output
  shift
  ! output=$("$@" 2>&1) && [[ $output == *"$text"* ]]
}
# Uses as much as its limit lets it.
busy='{name: busy, image: "busybox:1", command: [sh, -c, "while :; do :; done"], resources: {requests: {cpu: 100m, memory: 8Mi}, limits: {cpu: 300m}}}'
idle='{name: idle, image: "busybox:1", command: [sleep, "4321"]}'
pod() { # NAME CONTAINERS
  o apply -f - <<Y
{apiVersion: v1, kind: Pod, metadata: {name: $1, labels: {app: $1}}, spec: {terminationGracePeriodSeconds: 0, containers: [$2]}}
Y
}

# ---- top ------------------------------------------------------------------------------------------------------------------
pod burner "$busy, $idle" >/dev/null
pod sleeper "$idle" >/dev/null
check "the pods run" o wait --for=condition=Ready pod --all --timeout=30s
check_fails "a pod that is not there has no metrics" 'pods "nobody" not found' o get --raw /apis/metrics.k8s.io/v1beta1/namespaces/default/pods/nobody
sleep 2
for kubectl in $KUBECTLS; do
  version=$(version)
  check "$version: top pod" says '^burner +[1-3][0-9]{1,2}m +[0-9]+Mi' k top pod
  check "$version: top pod --containers" says '^burner +idle +[0-9]m ' k top pod --containers
  check "$version: top pod -A --sum --sort-by=cpu" says '^default +burner ' k top pod -A --sum --sort-by=cpu
  check_equal "$version: top pod -l --no-headers" sleeper "$(k top pod -l app=sleeper --no-headers 2>&1 | cut -d ' ' -f 1)"
  check "$version: top pod NAME" says '^sleeper ' k top pod sleeper
  check "$version: top node" says '^node +[0-9]+m +[0-9]+% +[0-9]+Mi +[0-9]+%' k top node
  check "$version: get podmetrics" says '^burner +[0-9.]+[mnu]? +[0-9]+(Ki|Mi)? +[0-9.]+s' k get podmetrics
done
check "orilla top pod" says '^burner +[1-3][0-9]{1,2}m +[0-9]+Mi$' o top pod
check "orilla top pod --containers --sum -A" says '^default +burner +busy +[0-9]+m' o top pod -A --containers --sum
check "orilla top node" says '^node +[0-9]+m +[0-9]+% +[0-9]+Mi +[0-9]+%$' o top nodes
check_fails "orilla top of a pod that is not there" 'pods "nobody" not found' o top pod nobody
check "a list by label" says '"name":"sleeper"' metrics '/pods?labelSelector=app%3Dsleeper'
check_equal "a list by name" '"name":"burner"' "$(metrics '/pods?fieldSelector=metadata.name%3Dburner' | grep -oE '"name":"(burner|sleeper)"' | sort -u)"
o delete pod --all --grace-period=0 --force >/dev/null 2>&1

# ---- autoscalers ----------------------------------------------------------------------------------------------------------
# What the pods do is in a ConfigMap that they look at: with "busy" they burn what their limit lets them.
worker='while :; do if [ -e /load/busy ]; then i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; else sleep 0.2; fi; done'
o apply -f - >/dev/null <<Y
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      terminationGracePeriodSeconds: 0
      containers:
      - {name: web, image: 'busybox:1', command: [sh, -c, '$worker'], resources: {requests: {cpu: 20m, memory: 4Mi}, limits: {cpu: 60m}}, volumeMounts: [{name: load, mountPath: /load}]}
      volumes: [{name: load, hostPath: {path: $T/load, type: DirectoryOrCreate}}]
Y
hpa() { o get hpa "${2-web}" -o "jsonpath={$1}"; }
reason() { hpa ".status.conditions[?(@.type==\"$1\")].reason" "${2-web}"; }
replicas() { o get deployment web -o 'jsonpath={.spec.replicas}'; }
check "the workload runs" o rollout status deployment/web --timeout=30s
kubectl=${KUBECTLS%% *}
check "$(version): autoscale" says 'horizontalpodautoscaler.autoscaling/web autoscaled' k autoscale deployment web --min=3 --max=10 --cpu-percent=50
check "below the least it is scaled at once" within 5 eval '[ "$(replicas)" = 3 ]'
check_equal "and says so" "New size: 3; reason: Current number of replicas below Spec.MinReplicas" \
  "$(o get events --field-selector reason=SuccessfulRescale -o 'jsonpath={.items[0].message}')"
check "pods and figures are there" within 60 eval '[[ $(reason ScalingActive) == ValidMetricFound && $(replicas) == 3 ]]'
check_equal "its status tells what was seen" 'True 3' "$(hpa '.status.conditions[0].status') $(hpa .status.currentReplicas)"
for kubectl in $KUBECTLS; do
  version=$(version)
  check "$version: get hpa" says '^web +Deployment/web +cpu: [0-9]+%/50% +3 +(9|10) +3 ' k get hpa
  check "$version: get hpa of autoscaling/v1" says '^web +Deployment/web +cpu: [0-9]+%/50% +3 +(9|10) +3 ' k get hpa.v1.autoscaling web
  check_equal "$version: v1 has the percentage in its spec" 50 "$(k get horizontalpodautoscalers.v1.autoscaling web -o 'jsonpath={.spec.targetCPUUtilizationPercentage}')"
  check "$version: describe hpa" says 'resource cpu on pods +\(as a percentage of request\): +[0-9]+% \([0-9]+m\) / 50%' k describe hpa web
  check "$version: patch of autoscaling/v1" k patch hpa.v1.autoscaling web --type=merge -p '{"spec":{"maxReplicas":9}}'
  check "$version: scale down is refused below one" fails_with 'must be greater than or equal to 1' k patch hpa web --type=merge -p '{"spec":{"minReplicas":0}}'
done
check_equal "v2 has what v1 was told" 9 "$(hpa .spec.maxReplicas)"
check "orilla describe hpa" says 'resource cpu on pods +\(as a percentage of request\): +[0-9]+% ' o describe hpa web

touch "$T/load/busy"
loaded=$(date +%s%N)
check "load is answered within a period" within 17 eval '[ "$(replicas)" -gt 3 ]'
echo "# reaction to load: $((($(date +%s%N) - loaded) / 1000000)) ms"
check "up to the most" within 75 eval '[ "$(replicas)" = 9 ]'
check "and no further" eval 'sleep 16; [ "$(replicas)" = 9 ]'
check_equal "the limit is told" TooManyReplicas "$(reason ScalingLimited)"
rm "$T/load/busy"
check "it does not go down at once" eval 'sleep 20; [ "$(replicas)" = 9 ]'
check_equal "why is told" ScaleDownStabilized "$(reason AbleToScale)"

# ---- the odd ones ---------------------------------------------------------------------------------------------------------
check "orilla autoscale" says 'horizontalpodautoscaler.autoscaling/other autoscaled' o autoscale deploy/web --max=4 --memory=100Mi --name=other
check "two on one target are told, and leave it alone" within 35 eval '[ "$(reason ScalingActive)" = AmbiguousSelector ]'
o delete hpa web other >/dev/null
o apply -f - >/dev/null <<'Y'
{apiVersion: autoscaling/v1, kind: HorizontalPodAutoscaler, metadata: {name: gone}, spec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: nobody}, maxReplicas: 3, targetCPUUtilizationPercentage: 70}}
Y
check "a target that is not there is told" within 5 eval '[ "$(reason AbleToScale gone)" = FailedGetScale ]'
check_equal "what v1 said is in v2" 70 "$(hpa '.spec.metrics[0].resource.target.averageUtilization' gone)"
check_fails "a least above the most is refused" 'must be greater than or equal to `minReplicas`' o apply -f - <<'Y'
{apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, metadata: {name: odd}, spec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}, minReplicas: 5, maxReplicas: 4}}
Y
stop_orilla
start_orilla
check_equal "autoscalers outlive the daemon" gone "$(o get hpa -o 'jsonpath={.items[*].metadata.name}')"
finish
