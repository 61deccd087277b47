#!/bin/bash
# Ingresses, their classes and the Gateway API as stock kubectl and orilla have them, and where requests go by them.
kubectls=${kubectls:-$("$(dirname "$0")/../support/kubectl.sh")}
export kubectls
[ -n "$kubectls" ] || { echo "1..0 # SKIP there is no kubectl, and npm could not fetch one"; exit 77; }
# shellcheck source=test/support/orilla_box.sh
. "$(dirname "$0")/../support/orilla_box.sh"
start_orilla
o kubeconfig --data-dir "$T/data" >"$KUBECONFIG"
k() { timeout 60 "$kubectl" --cache-dir="$T/cache" "$@"; }
has() { # TEXT PART...
  local text=$1 part
  shift
  for part; do [[ $text == *"$part"* ]] || { echo "# no \"$part\" in: $text"; return 1; }; done
}

check "the classes are there" within 5 eval 'o get ingressclass orilla && o get gatewayclass orilla'
check_equal "the class is the default" true "$(o get ingressclass orilla -o 'jsonpath={.metadata.annotations.ingressclass\.kubernetes\.io/is-default-class}')"

# The Ingress of the notes, as it stands.
cat >"$T/notes.yaml" <<'Y'
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: wordpress}
spec:
  rules:
  - host: app.empresa.com
    http:
      paths: [{path: /, pathType: Prefix, backend: {service: {name: wordpress, port: {number: 87}}}}]
---
apiVersion: v1
kind: Service
metadata: {name: wordpress}
spec: {selector: {app: wordpress}, ports: [{port: 87, targetPort: 80}]}
Y
for kubectl in $kubectls; do
  v=$(basename "$kubectl")
  check "$v: the Ingress of the notes applies" k apply -f "$T/notes.yaml"
  check_equal "$v: it gets the default class" orilla "$(k get ingress wordpress -o 'jsonpath={.spec.ingressClassName}')"
  check "$v: get" has "$(k get ing)" NAME CLASS HOSTS ADDRESS PORTS AGE orilla app.empresa.com
  check "$v: describe" has "$(k describe ingress wordpress)" "Ingress Class:" "Default backend:" app.empresa.com "wordpress:87 ("
  check "$v: describe the class" has "$(k describe ingressclass orilla)" "Controller:" orilla.dev/gateway
  check_equal "$v: create ingress" "ingress.networking.k8s.io/made created" \
    "$(k create ingress made --rule='b.com/shop*=wordpress:87,tls=keys' --annotation=orilla.dev/max-wait=10s)"
  check_equal "$v: its ports" "80, 443" "$(k get ingress made --no-headers | sed 's/.* \(80, 443\) .*/\1/')"
  check_fails "$v: a path that no request has is refused" "must not contain '//'" k create ingress bad --rule='b.com/a//b=wordpress:87'
  check "$v: delete" k delete ingress made wordpress
done
check "orilla describes it, too" eval 'o apply -f "$T/notes.yaml" && has "$(o describe ingress wordpress)" "wordpress:87 (<none>)"'
check_fails "a backend that is no Service is refused" "requests go to Services only" o apply -f - <<'Y'
{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: bad}, spec: {defaultBackend: {resource: {kind: Bucket, name: b}}}}
Y

cat >"$T/edge.yaml" <<'Y'
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: edge}
spec: {gatewayClassName: orilla, listeners: [{name: http, port: 8080, protocol: HTTP}]}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: app}
spec: {parentRefs: [{name: edge}], hostnames: [app.empresa.com], rules: [{backendRefs: [{name: wordpress, port: 87}]}]}
---
apiVersion: gateway.networking.k8s.io/v1beta1
kind: ReferenceGrant
metadata: {name: grant}
spec: {from: [{group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: other}], to: [{group: '', kind: Service}]}
Y
for kubectl in $kubectls; do
  v=$(basename "$kubectl")
  check "$v: a Gateway, a route and a grant apply" k apply -f "$T/edge.yaml"
  check "$v: get gateway" has "$(k get gtw)" NAME CLASS ADDRESS PROGRAMMED AGE edge
  check_equal "$v: hosts of a route" '["app.empresa.com"]' "$(k get httproute app --no-headers | awk '{print $2}')"
  check_equal "$v: a grant is there in both versions" "grant grant" \
    "$(k get referencegrants.v1.gateway.networking.k8s.io,referencegrants.v1beta1.gateway.networking.k8s.io -o 'jsonpath={.items[*].metadata.name}')"
  check_fails "$v: what is not served is refused" "no matches for kind" k apply -f - <<'Y'
apiVersion: gateway.networking.k8s.io/v1
kind: TCPRoute
metadata: {name: t}
spec: {rules: []}
Y
  check "$v: delete" k delete -f "$T/edge.yaml"
done
o delete -f "$T/notes.yaml" >/dev/null

# ---- with requests ---------------------------------------------------------------------------------------------------------
import_images echo
workload() { # NAME REPLICAS: answers with its name; port 87 of its Service
  printf -- '---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: %s}\nspec:\n  replicas: %s\n  selector: {matchLabels: {app: %s}}\n  template:\n    metadata: {labels: {app: %s}}\n    spec:\n      terminationGracePeriodSeconds: 1\n      containers: [{name: echo, image: "echo:1", env: [{name: TEXT, value: is-%s}], readinessProbe: {httpGet: {path: /, port: 8080}, periodSeconds: 1}}]\n' "$1" "$2" "$1" "$1" "$1"
  printf -- '---\napiVersion: v1\nkind: Service\nmetadata: {name: %s}\nspec: {selector: {app: %s}, ports: [{name: http, port: 87, targetPort: 8080}]}\n' "$1" "$1"
}
{ workload one 1; workload two 1; } | o apply -f - >/dev/null
cat >"$T/table.yaml" <<'Y'
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: table}
spec:
  defaultBackend: {service: {name: two, port: {name: http}}}
  tls: [{hosts: [app.empresa.com], secretName: keys}]
  rules:
  - host: app.empresa.com
    http:
      paths:
      - {path: /aaa, pathType: Prefix, backend: {service: {name: one, port: {number: 87}}}}
      - {path: /exact, pathType: Exact, backend: {service: {name: one, port: {name: http}}}}
  - host: '*.foo.com'
    http:
      paths: [{path: /, pathType: Prefix, backend: {service: {name: one, port: {number: 87}}}}]
Y
ask() { curl -sk --max-time 5 "${@:3}" -H "Host: $1" "http://127.0.0.1${port:+:$port}$2"; }
goes_to() { [[ "$(ask "$1" "$2")" == *is-"$3"* ]]; }
check "an Ingress with more of everything applies" o apply -f "$T/table.yaml"
check "its path answers" within 60 goes_to app.empresa.com /aaa one
for row in app.empresa.com,/aaa/bbb,one app.empresa.com,/aaabbb,two app.empresa.com,/exact,one app.empresa.com,/exact/,two \
  bar.foo.com,/x,one baz.bar.foo.com,/x,two foo.com,/x,two nobody.com,/,two; do
  check "a request goes where it should: $row" within 10 goes_to ${row//,/ }
done
check_equal "the node's address stands there" "$(o get node node -o 'jsonpath={.status.addresses[?(@.type=="InternalIP")].address}')" \
  "$(o get ingress table -o 'jsonpath={.status.loadBalancer.ingress[0].ip}')"
check "a Secret that is missing is told" within 5 eval 'has "$(o describe ingress table)" CertificateNotUsable "not found"'
subject() { openssl s_client -connect 127.0.0.1:443 -servername app.empresa.com </dev/null 2>/dev/null | openssl x509 -noout -subject 2>/dev/null; }
keys() { # NAME
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$1" -keyout "$T/$1.key" -out "$T/$1.crt" 2>/dev/null
  o create secret tls keys --cert="$T/$1.crt" --key="$T/$1.key" --dry-run=client -o yaml | o apply -f - >/dev/null
}
keys first
check "its certificate is shown" within 10 eval '[[ "$(subject)" == *first* ]]'
keys second
check "and the next one, once it is there" within 10 eval '[[ "$(subject)" == *second* ]]'
check "HTTPS answers" eval '[[ "$(curl -sk --max-time 5 --resolve app.empresa.com:443:127.0.0.1 https://app.empresa.com/aaa)" == *is-one* ]]'

cat >"$T/queue.yaml" <<'Y'
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: queue, annotations: {orilla.dev/max-waiting: many}}
spec:
  rules:
  - host: queue.com
    http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: one, port: {number: 87}}}}]}
Y
o apply -f "$T/queue.yaml" >/dev/null
check "a bad annotation is told" within 5 eval 'has "$(o describe ingress queue)" InvalidAnnotation orilla.dev/max-waiting'

sed 's/name: wordpress, port: 87/name: two, port: 87/' "$T/edge.yaml" | o apply -f - >/dev/null
port=8080 check "a route of a Gateway answers at its port" within 20 goes_to app.empresa.com / two
check_equal "the Gateway says that it is open" True "$(o get gateway edge -o 'jsonpath={.status.conditions[?(@.type=="Programmed")].status}')"
check_equal "and counts its route" 1 "$(o get gateway edge -o 'jsonpath={.status.listeners[0].attachedRoutes}')"
check_equal "which is attached" "True True" "$(o get httproute app -o 'jsonpath={.status.parents[0].conditions[*].status}')"
finish
