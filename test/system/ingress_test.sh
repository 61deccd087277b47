#!/bin/bash
# Ingresses, their classes and the Gateway API as stock kubectl and orilla have them.
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
finish
