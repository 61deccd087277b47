#!/bin/bash
# A tour with stock kubectl, several versions, against a whole node: what people type on a first day.
# KUBECTLS names the programs, else it is those of test/support/kubectl.sh.
KUBECTLS=$("$(dirname "$0")/../support/kubectl.sh" | xargs)
export KUBECTLS
[ -n "$KUBECTLS" ] || { echo "1..0 # SKIP there is no kubectl, and npm could not fetch one"; exit 77; }
# shellcheck source=test/support/orilla_box.sh
. "$(dirname "$0")/../support/orilla_box.sh"
start_orilla
import_images nginx busybox
o kubeconfig --data-dir "$T/data" >"$KUBECONFIG" || { not_ok "orilla kubeconfig"; finish; }

# says PATTERN COMMAND...: it succeeds and prints the pattern.
says() {
  local pattern=$1 output
  shift
  output=$("$@" 2>&1) || { echo "$output"; return 1; }
  grep -qE -- "$pattern" <<<"$output" || { echo "no '$pattern' in: $output"; return 1; }
}
fails() { ! "$@"; }
unchanged() {
  local output
  output=$("$@") && ! grep -v ' unchanged$' <<<"$output"
}
k() { timeout 90 "$kubectl" --cache-dir="$T/cache" "$@"; }
t() { check "$version: $1" "${@:2}"; }

discover() {
  t "version" says 'Server Version' k version
  t "api-resources" says '^deployments +deploy +apps/v1 +true +Deployment' k api-resources
  t "explain" says 'desired number of pods|Number of desired pods' k explain deployment.spec.replicas
  t "get nodes" says 'node .*Ready' k get nodes -o wide
  t "get namespaces" says 'kube-system +Active' k get ns
  t "create namespace" k create namespace tour
  k config set-context --current --namespace=tour >/dev/null
}

look() {
  local format
  t "apply" says 'deployment.apps/web created' k apply -f "$T/web.yaml"
  t "rollout status" says 'successfully rolled out' k rollout status deployment/web --timeout=60s
  t "apply again changes nothing" unchanged k apply -f "$T/web.yaml"
  t "diff finds nothing" k diff -f "$T/web.yaml"
  t "get pods" says 'web-[0-9a-z]+-[0-9a-z]+ +1/1 +Running +0' k get pods
  t "get -o wide" says '10\.42\.0\.[0-9]+ +node' k get pods -o wide
  for format in json yaml name 'jsonpath={.items[*].metadata.name}' 'custom-columns=N:.metadata.name' 'go-template={{len .items}}'; do
    t "get -o $format" says . k get pods -o "$format"
  done
  t "get by label and field" says web k get pods -l app=web --field-selector=status.phase=Running -o name
  t "get all" says 'deployment.apps/web +2/2' k get all
  t "describe deployment" says 'Replicas: +2 desired \| 2 updated \| 2 total \| 2 available' k describe deployment web
  t "describe pod" says 'Started container nginx|Normal +Started' k describe pods
  t "describe service" says 'Endpoints: +10\.42' k describe service web
  t "describe node" says 'Non-terminated Pods' k describe node node
  t "events" says 'Scheduled|ScalingReplicaSet' k get events
  t "logs" says 'GET / HTTP' k logs deployment/web
  t "logs --tail --timestamps" says '^20[0-9]{2}-' k logs -l app=web --tail=1 --timestamps
}

change() {
  t "patch (strategic)" k patch deployment web -p '{"spec":{"template":{"spec":{"containers":[{"name":"nginx","env":[{"name":"A","value":"1"}]}]}}}}'
  t "patch (merge)" k patch deployment web --type=merge -p '{"metadata":{"labels":{"tier":"front"}}}'
  t "patch (json)" k patch deployment web --type=json -p '[{"op":"add","path":"/metadata/labels/json","value":"yes"}]'
  t "rollout status" k rollout status deployment/web --timeout=60s
  t "edit" env KUBE_EDITOR='sed -i s/front/back/' "$kubectl" --cache-dir="$T/cache" edit deployment web
  t "edit changed it" says back k get deployment web -o 'jsonpath={.metadata.labels.tier}'
  t "label and annotate" eval 'k label deployment web a=b && k annotate deployment web note=hello --overwrite'
  t "scale" k scale deployment web --replicas=3
  t "wait for three" k wait deployment/web '--for=jsonpath={.status.readyReplicas}=3' --timeout=60s
  t "scale with a wrong precondition" fails k scale deployment web --current-replicas=9 --replicas=1
  t "scale back" k scale deployment web --replicas=2
  t "set image to one that is missing" k set image deployment/web nginx=missing:9
  t "the rollout does not get done" fails k rollout status deployment/web --timeout=3s
  t "the old pods go on" says '^2$' k get deployment web -o 'jsonpath={.status.availableReplicas}'
  t "rollout history" says '^3 ' k rollout history deployment/web
  t "rollout undo" k rollout undo deployment/web
  t "rollout status" says 'successfully rolled out' k rollout status deployment/web --timeout=60s
  t "rollout restart" k rollout restart deployment/web
  t "rollout status" k rollout status deployment/web --timeout=60s
  t "set env" k set env deployment/web B=2
  t "server-side dry run" says 'dry run' k scale deployment web --replicas=9 --dry-run=server
  t "replicas as before" says '^2$' k get deployment web -o 'jsonpath={.spec.replicas}'
}

prune() {
  printf 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: %s, labels: {of: shop}}\n---\n' kept extra >"$T/shop.yaml"
  t "apply a set" k apply -f "$T/shop.yaml"
  printf 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: kept, labels: {of: shop}}\n' >"$T/shop.yaml"
  t "apply --prune takes what is there no more" says '^configmap/extra pruned' k apply -f "$T/shop.yaml" --prune -l of=shop
  t "and nothing else" says '^configmap/kept$' k get configmap -l of=shop -o name
}

watch_and_delete() {
  k get pods -w -o name >"$T/watched" 2>&1 &
  local watcher=$!
  t "run" k run one --image=busybox:1 --restart=Never --command -- sh -c 'echo one; sleep 1'
  t "wait" k wait pod/one '--for=jsonpath={.status.phase}=Succeeded' --timeout=30s
  t "logs of a finished pod" says '^one$' k logs one
  t "get -w saw it" within 5 grep -q pod/one "$T/watched"
  kill $watcher 2>/dev/null
  wait $watcher 2>/dev/null
  t "create secret" k create secret generic s --from-literal=a=b
  t "create configmap" k create configmap c --from-literal=a=b
  t "refuses an unknown field" fails k create -f - <<<'{apiVersion: v1, kind: ConfigMap, metadata: {name: x}, dat: {}}'
  check_fails "$version: refuses a kind that is not served" 'no matches for kind "Gadget" in version "apps/v1"' \
    k apply -f - <<<$'apiVersion: apps/v1\nkind: Gadget\nmetadata:\n  name: x'
  t "delete and wait" says 'deleted' k delete deployment web --timeout=60s
  t "its pods are gone" eval 'within 30 says "No resources" k get pods -l app=web'
  t "delete -f" k delete -f "$T/web.yaml" --ignore-not-found --timeout=60s
  k config set-context --current --namespace=default >/dev/null
  t "delete namespace with all in it" k delete namespace tour --timeout=60s
  t "it is gone" fails k get namespace tour
}

sed 's/    nodePort: 30080//' "$repository/examples/web.yaml" >"$T/web.yaml"
for kubectl in $KUBECTLS; do
  version=$(basename "$kubectl")
  discover
  look
  change
  prune
  watch_and_delete
done
finish
