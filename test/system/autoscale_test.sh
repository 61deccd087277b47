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
k() { timeout 60 "$kubectl" --cache-dir="$T/cache" "$@"; }
metrics() { curl -sf --max-time 10 --unix-socket "$socket" "http://localhost/apis/metrics.k8s.io/v1beta1$1"; }
# says PATTERN COMMAND...: it succeeds and prints the pattern.
says() {
  local pattern=$1 output
  shift
  output=$("$@" 2>&1) || { echo "$output"; return 1; }
  grep -qE -- "$pattern" <<<"$output" || { echo "no '$pattern' in: $output"; return 1; }
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
  version=$("$kubectl" version --client -o json | sed -n 's/.*"gitVersion": "\(.*\)".*/\1/p')
  check "$version: top pod" says '^burner +(2[0-9]{2}|3[0-2][0-9])m +[0-9]+Mi' k top pod
  check "$version: top pod --containers" says '^burner +idle +[0-9]m ' k top pod --containers
  check "$version: top pod -A --sum --sort-by=cpu" says '^default +burner ' k top pod -A --sum --sort-by=cpu
  check_equal "$version: top pod -l --no-headers" sleeper "$(k top pod -l app=sleeper --no-headers 2>&1 | cut -d ' ' -f 1)"
  check "$version: top pod NAME" says '^sleeper ' k top pod sleeper
  check "$version: top node" says '^node +[0-9]+m +[0-9]+% +[0-9]+Mi +[0-9]+%' k top node
  check "$version: get podmetrics" says '^burner +[0-9.]+[mnu]? +[0-9]+(Ki|Mi)? +[0-9.]+s' k get podmetrics
done
check "orilla top pod" says '^burner +(2[0-9]{2}|3[0-2][0-9])m +[0-9]+Mi$' o top pod
check "orilla top pod --containers --sum -A" says '^default +burner +busy +[0-9]+m' o top pod -A --containers --sum
check "orilla top node" says '^node +[0-9]+m +[0-9]+% +[0-9]+Mi +[0-9]+%$' o top nodes
check_fails "orilla top of a pod that is not there" 'pods "nobody" not found' o top pod nobody
check "a list by label" says '"name":"sleeper"' metrics '/pods?labelSelector=app%3Dsleeper'
check_equal "a list by name" '"name":"burner"' "$(metrics '/pods?fieldSelector=metadata.name%3Dburner' | grep -oE '"name":"(burner|sleeper)"' | sort -u)"
finish
