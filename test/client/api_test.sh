#!/bin/bash
# What stock kubectl does against the API alone (no node): every command here must work with every version.
# API_ONLY is the server (default: beside $ORILLA, else of the newest build); KUBECTLS names the programs, else it is those of
# test/support/kubectl.sh. Prints TAP lines.
set -u
repository=$(cd "$(dirname "$0")/../.." && pwd)
server=${API_ONLY:-${ORILLA:+$(dirname "$ORILLA")/test/client/api_only}}
[ -n "$server" ] || server=$(find "$repository" -maxdepth 4 -path '*/test/client/api_only' -type f -printf '%T@ %p\n' | sort -n | sed -n '$s/^[^ ]* //p')
[ -x "$server" ] || { echo "1..0 # SKIP there is no api_only: ninja test/client/api_only"; exit 77; }
KUBECTLS=$("$repository/test/support/kubectl.sh" | xargs)
[ -n "$KUBECTLS" ] || { echo "1..0 # SKIP there is no kubectl, and npm could not fetch one"; exit 77; }
directory=$(mktemp -d /tmp/orilla-tour-XXXXXX)
port=$((20000 + RANDOM % 20000))
"$server" "$directory" "127.0.0.1:$port" >"$directory/log" 2>&1 &
pid=$!
trap 'kill $pid; wait $pid 2>/dev/null; rm -rf "$directory"' EXIT
for _ in $(seq 100); do grep -q ready "$directory/log" && break; sleep 0.05; done
export HOME=$directory KUBECONFIG=$directory/admin.kubeconfig
passed=0; failed=0; out=$directory/out

# step NAME PATTERN COMMAND...: the command succeeds and its output has the pattern.
step() {
    local name=$1 pattern=$2; shift 2
    if "$@" >"$out" 2>&1 </dev/null && { [ -z "$pattern" ] || grep -qE -- "$pattern" "$out"; }; then
        passed=$((passed + 1)); echo "ok $((passed + failed)) - $version: $name"; return
    fi
    failed=$((failed + 1)); echo "not ok $((passed + failed)) - $version: $name: $*"; sed 's/^/#   /' "$out" | head -20
}
# refuse NAME PATTERN COMMAND...: the command fails and says why.
refuse() {
    local name=$1 pattern=$2; shift 2
    if ! "$@" >"$out" 2>&1 </dev/null && grep -qE -- "$pattern" "$out"; then
        passed=$((passed + 1)); echo "ok $((passed + failed)) - $version: $name"; return
    fi
    failed=$((failed + 1)); echo "not ok $((passed + failed)) - $version: $name: $*"; sed 's/^/#   /' "$out" | head -20
}

write_manifests() {
    cat >"$directory/web.yaml" <<YAML
apiVersion: v1
kind: ConfigMap
metadata: {name: page}
data: {index.html: hello}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - name: web
        image: nginx:1
        ports: [{containerPort: 80, name: http}]
        readinessProbe: {httpGet: {path: /, port: http}, periodSeconds: 1}
        env: [{name: A, value: "1"}, {name: B, value: "2"}]
        volumeMounts: [{name: page, mountPath: /usr/share/nginx/html}]
      volumes: [{name: page, configMap: {name: page}}]
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {type: NodePort, selector: {app: web}, ports: [{port: 80, targetPort: http}]}
YAML
    sed 's/nginx:1/nginx:2/; s/{name: A, value: "1"}, //' "$directory/web.yaml" >"$directory/web2.yaml"
    sed 's/replicas: 2/replicaz: 2/' "$directory/web.yaml" >"$directory/typo.yaml"
    sed 's/name: page}/name: Page_}/' "$directory/web.yaml" >"$directory/name.yaml"
    printf 'apiVersion: v1\nkind: Pod\nmetadata: {name: one, labels: {app: one}}\nspec: {containers: [{name: c, image: "busybox:1", command: [sleep, "9"]}]}\n' >"$directory/pod.yaml"
    printf 'apiVersion: v1\nkind: Endpoints\nmetadata: {name: loop}\nsubsets: [{addresses: [{ip: 127.0.0.1}], ports: [{port: 6443}]}]\n' >"$directory/loopback.yaml"
    printf '#!/bin/sh\nsed -i "s/replicas: .*/replicas: 7/" "$1"\n' >"$directory/editor"
    chmod +x "$directory/editor"
}

reading() {
    step "version" 'Server Version' "$k" version
    step "api-resources" 'deployments +deploy +apps/v1 +true +Deployment' "$k" api-resources
    step "api-versions" '^apps/v1$' "$k" api-versions
    step "explain" 'replicas' "$k" explain deployment.spec
    step "explain deep" 'containerPort' "$k" explain pod.spec.containers.ports
    step "explain a field" 'desired number of pods' "$k" explain deployment.spec.replicas
    step "explain recursive" 'matchLabels' "$k" explain rs --recursive
    step "get ns" 'default +Active' "$k" get ns
    step "get raw" 'ok' "$k" get --raw /readyz
    step "health checks one by one" '^readyz check passed$' "$k" get --raw '/readyz?verbose'
    step "get raw, pretty" '^  "kind": "Namespace",$' "$k" get --raw '/api/v1/namespaces/default?pretty=true'
    step "in pages" 'kube-system +Active' "$k" get ns --chunk-size=1
    step "in pages, names" 'namespace/kube-system' "$k" get ns --chunk-size=1 -o name
    step "one page" '"continue":"[^"]+","remainingItemCount":3' "$k" get --raw '/api/v1/namespaces?limit=1'
    step "OpenAPI v2 as JSON" '^."swagger":"2.0"' "$k" get --raw /openapi/v2
    step "cluster-info" 'running at' "$k" cluster-info
    step "get all, empty" 'No resources found' "$k" get all
    refuse "not found" 'Error from server \(NotFound\): pods "x" not found' "$k" get pod x
    refuse "acting as somebody else" 'users "nobody" is forbidden: User ".*" cannot impersonate resource "users"' "$k" --as=nobody get pods
    step "version tells the build" '"gitCommit":"[0-9a-f]{40}"' "$k" get --raw /version
    refuse "unknown resource" 'server doesn.t have a resource type "networkpolicies"' "$k" get networkpolicies
}

writing() {
    step "apply" 'deployment.apps/web created' "$k" apply -f "$directory/web.yaml"
    step "apply again" 'deployment.apps/web unchanged' "$k" apply -f "$directory/web.yaml"
    # What kubectl makes itself has resources: {}, strategy: {}, status: {} and, in the template, creationTimestamp: null. That of
    # the Deployment itself it patches for ever, here as anywhere.
    "$k" create deployment dry --image=busybox:1 --dry-run=client -o yaml | sed '/^  creationTimestamp: null$/d' >"$directory/dry.yaml"
    step "apply what kubectl made" 'deployment.apps/dry created' "$k" apply -f "$directory/dry.yaml"
    step "apply it again" 'deployment.apps/dry unchanged' "$k" apply -f "$directory/dry.yaml"
    step "a new Deployment has a status" '"status": *\{' "$k" get deploy dry -o json
    refuse "endpoints that lead into the node" 'may not be in the loopback range' "$k" create -f "$directory/loopback.yaml"
    refuse "diff" '-  +image: nginx:1' "$k" diff -f "$directory/web2.yaml"
    step "apply, server dry run" 'configured \(server dry run\)' "$k" apply --dry-run=server -f "$directory/web2.yaml"
    step "apply a change" 'deployment.apps/web configured' "$k" apply -f "$directory/web2.yaml"
    step "the change is there" '^nginx:2 B $' "$k" get deploy web -o 'jsonpath={.spec.template.spec.containers[0].image} {.spec.template.spec.containers[0].env[*].name} '
    refuse "apply a typo" 'unknown field "spec.replicaz"' "$k" apply -f "$directory/typo.yaml"
    refuse "apply a bad name" 'Page_' "$k" apply -f "$directory/name.yaml"
    refuse "server-side apply" 'server-side apply is not served' "$k" apply --server-side -f "$directory/pod.yaml"
    step "apply without validation" 'configmap/page' "$k" apply --validate=false -f "$directory/typo.yaml"
    step "create -f" 'pod/one created' "$k" create -f "$directory/pod.yaml"
    refuse "create twice" 'AlreadyExists' "$k" create -f "$directory/pod.yaml"
    step "replace" 'pod/one replaced' "$k" replace -f "$directory/pod.yaml"
    step "replace --force" 'pod/one replaced' "$k" replace --force -f "$directory/pod.yaml"
    step "create deployment" 'deployment.apps/made created' "$k" create deployment made --image=busybox:1 --replicas=1
    step "create configmap" 'configmap/made created' "$k" create configmap made --from-literal=a=b
    step "create secret" 'secret/made created' "$k" create secret generic made --from-literal=a=b
    step "create service" 'service/made created' "$k" create service clusterip made --tcp=80:8080
    step "create namespace" 'namespace/other created' "$k" create namespace other
    step "run" 'pod/ran created' "$k" run ran --image=busybox:1
    step "expose" 'service/ran exposed' "$k" expose pod ran --port=80
}

changing() {
    step "label" 'pod/one labeled' "$k" label pod one tier=x
    step "label, overwritten" 'pod/one labeled' "$k" label --overwrite pod one tier=y
    step "label removed" 'pod/one unlabeled' "$k" label pod one tier-
    step "annotate" 'pod/one annotate' "$k" annotate pod one note=hello
    step "patch strategic" 'patched' "$k" patch deploy web -p '{"spec":{"template":{"spec":{"containers":[{"name":"web","image":"nginx:3"}]}}}}'
    step "patch merge" 'patched' "$k" patch deploy web --type=merge -p '{"spec":{"paused":true}}'
    step "patch json" 'patched' "$k" patch deploy web --type=json -p '[{"op":"replace","path":"/spec/paused","value":false}]'
    refuse "patch json that fails" 'path|test|operation' "$k" patch deploy web --type=json -p '[{"op":"remove","path":"/spec/nothing"}]'
    step "patch status" 'patched' "$k" patch deploy web --subresource=status --type=merge -p '{"status":{"replicas":1}}'
    step "patch status, with a label" 'patched' "$k" patch deploy web --subresource=status --type=merge -p '{"metadata":{"labels":{"app":"other"}}}'
    step "which stays" '^web$' "$k" get deploy web -o 'jsonpath={.metadata.labels.app}'
    step "edit" 'deployment.apps/web edited' env EDITOR="$directory/editor" "$k" edit deploy web
    step "scale" 'deployment.apps/web scaled' "$k" scale deploy web --replicas=3
    step "scale with a condition" 'deployment.apps/web scaled' "$k" scale deploy web --current-replicas=3 --replicas=4
    refuse "scale with a wrong condition" 'Expected replicas' "$k" scale deploy web --current-replicas=9 --replicas=4
    step "get --subresource=scale" 'web' "$k" get deploy web --subresource=scale -o name
    step "set image" 'image updated' "$k" set image deploy/web web=nginx:4
    step "set env" 'env updated' "$k" set env deploy/web C=3
    step "set resources" 'resource requirements updated' "$k" set resources deploy/web --limits=cpu=1,memory=64Mi
    step "rollout pause" 'paused' "$k" rollout pause deploy/web
    step "rollout resume" 'resumed' "$k" rollout resume deploy/web
    step "rollout restart" 'restarted' "$k" rollout restart deploy/web
    refuse "an immutable field" 'field is immutable' "$k" patch deploy web --type=merge -p '{"spec":{"selector":{"matchLabels":{"app":"z"}},"template":{"metadata":{"labels":{"app":"z"}}}}}'
    refuse "an invalid value" 'The Deployment "web" is invalid' "$k" patch deploy web --type=merge -p '{"spec":{"replicas":-1}}'
}

showing() {
    step "get" 'web +[0-9]+/4' "$k" get deploy
    step "get -o wide" 'nginx:4 +app=web' "$k" get deploy -o wide
    step "get -o yaml" 'kind: Deployment' "$k" get deploy web -o yaml
    step "get -o json" '"kind": "List"' "$k" get deploy -o json
    step "get -o name" '^deployment.apps/web$' "$k" get deploy -o name
    step "get custom columns" '^web +nginx:4' "$k" get deploy -o 'custom-columns=N:.metadata.name,I:.spec.template.spec.containers[0].image'
    step "get -A" 'default +web' "$k" get deploy -A
    step "get -l" 'web' "$k" get deploy -l app=web
    step "get --show-labels" 'app=web' "$k" get deploy --show-labels
    step "get --sort-by" 'page' "$k" get cm --sort-by=.metadata.name
    step "get several" 'configmap/page' "$k" get cm,svc
    step "get all" 'deployment.apps/web' "$k" get all
    step "get --field-selector" 'one' "$k" get pods --field-selector=metadata.name=one
    step "get --chunk-size" 'one' "$k" get pods --chunk-size=1
    for object in deploy/web pod/one svc/web cm/page secret/made ns/default; do
        step "describe $object" 'Name:' "$k" describe $object
    done
    step "events" 'No events found|LAST SEEN' "$k" events
    step "wait" 'condition met' "$k" wait --for=jsonpath='{.spec.replicas}'=4 deploy/web --timeout=5s
}

watching() {
    "$k" get cm -w >"$directory/watched" 2>&1 &
    local watcher=$!
    "$k" get cm page -w -o name >"$directory/watched-one" 2>&1 &
    local second=$!
    sleep 1.5
    "$k" create configmap seen --from-literal=a=b >/dev/null
    "$k" label cm page seen=yes >/dev/null
    "$k" delete cm seen >/dev/null
    sleep 0.5
    kill $watcher $second; wait $watcher $second 2>/dev/null
    step "get -w shows changes" 'seen' cat "$directory/watched"
    step "get NAME -w shows changes" '^2$' grep -c page "$directory/watched-one"
}

deleting() {
    step "delete" 'pod "one" (force )?deleted' "$k" delete pod one
    step "delete -f" 'deployment.apps "web" deleted' "$k" delete -f "$directory/web.yaml"
    step "delete -l" 'pod "ran" (force )?deleted' "$k" delete pod -l run=ran
    step "delete several" 'configmap "made" deleted' "$k" delete cm/made secret/made svc/made svc/ran deploy/made deploy/dry
    step "delete, ignoring" '' "$k" delete pod none --ignore-not-found
    refuse "delete what is not there" 'NotFound' "$k" delete pod none
    step "delete --dry-run=server" 'deleted' "$k" delete ns other --dry-run=server
    refuse "exec" 'not served|MethodNotAllowed|unable to upgrade|not found' "$k" exec none -- true
}

write_manifests
for k in $KUBECTLS; do
    version=$("$k" version --client -o json | sed -n 's/.*"gitVersion": "\(.*\)".*/\1/p')
    reading; writing; changing; showing; watching; deleting
    "$k" delete ns other --wait=false >/dev/null 2>&1
    "$k" patch ns other --subresource=finalize -p '{}' >/dev/null 2>&1
    # No controller here ends the namespace: take its finalizer away by hand.
    "$k" get ns other -o json 2>/dev/null | sed '/"finalizers"/,/]/d' | sed 's/"spec": {[^}]*}/"spec": {}/' |
        "$k" replace --raw /api/v1/namespaces/other/finalize -f - >/dev/null 2>&1
done
echo "1..$((passed + failed))"
[ $failed = 0 ]
