#!/bin/bash
# Who may take pods away, and when: budgets and evictions, drains, cordons and taints, by stock kubectl and by orilla.
mapfile -t kubectls < <("$(dirname "$0")/../support/kubectl.sh")
export KUBECTLS=${KUBECTLS-${kubectls[*]}}
# shellcheck source=test/support/orilla_box.sh
. "$(dirname "$0")/../support/orilla_box.sh"
read -ra kubectls <<<"$KUBECTLS"
for one in "${kubectls[@]}"; do [[ $one != *.1.33 ]] || kubectls=("${kubectls[0]}" "$one"); done
[ ${#kubectls[@]} -gt 0 ] || { not_ok "there is a stock kubectl"; finish; }
k() { "${kubectls[-1]}" "$@"; } # whose words are compared
web() { # NAME REPLICAS [POD-SPEC]: a Deployment whose pods are ready at once
  o apply -f - <<Y
apiVersion: apps/v1
kind: Deployment
metadata: {name: $1}
spec:
  replicas: $2
  selector: {matchLabels: {app: $1}}
  template:
    metadata: {labels: {app: $1}}
    spec: {terminationGracePeriodSeconds: 0, containers: [{name: main, image: 'busybox:1', command: [sleep, '4321']}]${3:+, $3}}
Y
}
pod() { # NAME [SPEC]
  o apply -f - <<Y
apiVersion: v1
kind: Pod
metadata: {name: $1, labels: {app: $1}}
spec: {terminationGracePeriodSeconds: 0, containers: [{name: main, image: 'busybox:1', command: [sleep, '4321']}]${2:+, $2}}
Y
}
evict() { # POD [DELETE-OPTIONS]: the status code; the answer is in $T/answer
  curl -s --max-time 10 --unix-socket $socket -o "$T/answer" -w '%{http_code}' -H 'content-type: application/json' -d \
    "{\"apiVersion\":\"policy/v1\",\"kind\":\"Eviction\",\"metadata\":{\"name\":\"$1\"},\"deleteOptions\":${2:-{\}}}" \
    "http://localhost/api/v1/namespaces/default/pods/$1/eviction"
}
allowed() { [ "$(o get pdb "$1" -o 'jsonpath={.status.disruptionsAllowed}')" = "$2" ]; }
pods_of() { o get pods -l "app=$1" -o 'jsonpath={.items[*].metadata.name}'; }
ready_of() { [ "$(o get deploy "$1" -o 'jsonpath={.status.readyReplicas}')" = "$2" ]; }
# same NAME ARGS...: kubectl and orilla say the same, but for who they are.
same() {
  local name=$1 theirs ours
  shift
  theirs=$(k "$@" 2>&1 | sed 's/kubectl/orilla/g; /^See .orilla/d')
  ours=$(o "$@" 2>&1 | sed "/^See 'orilla/d")
  check_equal "$name" "$theirs" "$ours"
}

# same_drain NAME ARGS...: the same of a drain of a node that is not cordoned. Each line once: kubectl sees only after its pause of 5 s
# that its time is over, and says once more what it does.
# With order=sorted the refusals come in any order: kubectl's does not stay the same.
sorted() { sed 's/[][]//g; s/, continuing/\ncontinuing/; s/\(: \|, \)cannot/\1\ncannot/g' | sed 's/[:,] *$//' | sort; }
same_drain() {
  local name=$1 theirs ours
  shift
  o uncordon node >/dev/null
  theirs=$(k drain node "$@" 2>&1 | awk '!seen[$0]++' | ${order-cat})
  o uncordon node >/dev/null
  ours=$(o drain node "$@" 2>&1 | awk '!seen[$0]++' | ${order-cat})
  check_equal "$name" "$theirs" "$ours"
  o uncordon node >/dev/null
}

start_orilla --listen 127.0.0.1:6443
import_images busybox
o kubeconfig >"$KUBECONFIG"

# ---- budgets -----------------------------------------------------------------------------------------------------------------
check "three pods of a Deployment are ready" eval 'web web 3 && within 30 ready_of web 3'
check "a budget of them is made" o create pdb web --selector=app=web --min-available=2
check "one of them may go" within 5 allowed web 1
same "kubectl shows the budget like orilla" get pdb -o custom-columns=NAME:.metadata.name,MIN:.spec.minAvailable,MAY:.status.disruptionsAllowed
check_equal "in a table" "web 2 N/A 1" "$(o get pdb web --no-headers | awk '{print $1, $2, $3, $4}')"
same "and describes it like orilla" describe pdb web
check "describe has the numbers" eval 'o describe pdb web | grep -q "Allowed disruptions:  1"'
read -ra pods <<<"$(pods_of web)"
check_equal "a dry run of an eviction is allowed" 201 "$(evict "${pods[0]}" '{"dryRun":["All"]}')"
check "and takes nothing" allowed web 1
check_equal "the first eviction" 201 "$(evict "${pods[0]}")"
check_equal "the next one has to wait" 429 "$(evict "${pods[1]}")"
check "and hears why" grep -q '"message":"The disruption budget web needs 2 healthy pods and has 2 currently"' "$T/answer"
check "until another pod is ready" eval "within 30 allowed web 1 && [ \$(evict ${pods[1]}) = 201 ]"
check "all are there again" within 30 allowed web 1
check "a pod that two budgets are about" eval 'o create pdb second --selector=app=web --max-unavailable=1 && within 5 allowed second 1'
read -ra pods <<<"$(pods_of web)"
check_equal "cannot be evicted" 500 "$(evict "${pods[0]}")"
check "kubectl changes a budget" eval 'k delete pdb second && k patch pdb web --type=merge -p "{\"spec\":{\"minAvailable\":\"100%\"}}"'
check "which allows nothing then" within 5 allowed web 0
check_fails "a budget with both is refused" "minAvailable and maxUnavailable cannot be both set" o apply -f - <<'Y'
{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: both}, spec: {minAvailable: 1, maxUnavailable: 1}}
Y
for kubectl in "${kubectls[0]}" "${kubectls[-1]}"; do
  v=$(basename "$kubectl")
  check "$v: create, get, describe and delete a budget" eval "'$kubectl' create pdb of-$v --selector=app=none --max-unavailable=25% &&
    '$kubectl' get pdb of-$v | grep -q '25%' && '$kubectl' describe pdb of-$v | grep -q 'Max unavailable:  25%' && '$kubectl' delete pdb of-$v"
  check "$v: create, describe and delete a PriorityClass" eval "'$kubectl' create priorityclass of-$v --value=7 --description=some &&
    '$kubectl' describe pc of-$v | grep -q 'some' && '$kubectl' delete pc of-$v"
  check "$v: cordon and uncordon" eval "'$kubectl' cordon node && o get node node | grep -q SchedulingDisabled && '$kubectl' uncordon node"
  check "$v: taint and untaint" eval "'$kubectl' taint node node of=$v:PreferNoSchedule && '$kubectl' taint node node of-"
  check_fails "$v: a drain that a budget forbids gives up in time" "global timeout reached" "$kubectl" drain node --pod-selector=app=web --timeout=2s
  check "$v: uncordon" "$kubectl" uncordon node
done
check "orilla makes a PriorityClass" o create priorityclass vip --value=1000 --description="first of all" --preemption-policy=Never
same "kubectl describes it like orilla" describe priorityclass vip
same "and shows it like orilla" get priorityclass vip -o name

# ---- what kubectl says, orilla says -----------------------------------------------------------------------------------------
for how in client server; do
  same "cordon --dry-run=$how" cordon node "--dry-run=$how"
  same "uncordon --dry-run=$how" uncordon node "--dry-run=$how"
  same "taint --dry-run=$how" taint node node "a=b:NoSchedule" "--dry-run=$how"
  same "create pdb --dry-run=$how" create pdb x --selector=a=b --min-available=50% "--dry-run=$how" -o name
done
same "create pdb as YAML" create pdb x --selector='a=b,c in (d,e)' --max-unavailable=3 --dry-run=server -o jsonpath='{.spec.selector.matchExpressions[0].values}{.spec.selector.matchLabels}{.spec.maxUnavailable}'
same "create priorityclass" create priorityclass x --value=3 --global-default --dry-run=client -o jsonpath='{.value}{.globalDefault}{.preemptionPolicy}{.description}'
check "a cordon is a taint, too" eval 'o cordon node && k describe node node | grep -q "Taints: *node.kubernetes.io/unschedulable:NoSchedule"'
check "which goes with it" eval 'o uncordon node && k describe node node | grep -q "Taints: *<none>"'
same "cordon without a node" cordon
same "cordon of nobody" cordon nobody
same "drain of nobody" drain nobody
same "drain without a node" drain
same "drain with a bad selector of pods" drain node --pod-selector='a b'
check_fails "cordon of what is no node" '"pod/node" is no node' o cordon pod/node
same "uncordon of one that is not cordoned" uncordon node
same "taint without a taint" taint node node
same "taint without an effect" taint node node a=b
same "taint with an unknown effect" taint node node a=b:Never
same "taint of what is no node" taint pod x a=b:NoSchedule
same "taint that is not there" taint node node nothing-
same "taint with a bad key" taint node node -- -:NoSchedule
same "create pdb without a selector" create pdb x --min-available=1
same "create pdb without a number" create pdb x --selector=a=b
same "create pdb with both" create pdb x --selector=a=b --min-available=1 --max-unavailable=1
same "create pdb with nonsense" create pdb x --selector=a=b --min-available=few
check "a pod that nobody makes anew, one with scratch space, and one of a DaemonSet" eval 'pod bare && pod scratch "volumes: [{name: v, emptyDir: {}}]" &&
  o apply -f - <<Y
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: daemons}
spec: {selector: {matchLabels: {app: d}}, template: {metadata: {labels: {app: d}}, spec: {terminationGracePeriodSeconds: 0, containers: [{name: main, image: "busybox:1", command: [sleep, "4321"]}]}}}
Y
  within 30 eval "o get pods -l app=d | grep -q Running"'
order=sorted same_drain "drain refuses all of them"
same_drain "drain refuses scratch space" --ignore-daemonsets --force
same_drain "drain refuses daemons" --force --delete-emptydir-data
same_drain "drain refuses bare pods" --ignore-daemonsets --delete-emptydir-data --pod-selector=app=bare
same_drain "drain of nothing" --pod-selector=app=nothing
o cordon node >/dev/null
same "drain of a node that is cordoned" drain node --pod-selector=app=nothing
o uncordon node >/dev/null
same_drain "drain of daemons alone" --pod-selector=app=d --ignore-daemonsets
same_drain "drain --dry-run=client" --pod-selector=app=bare --force --dry-run=client
same_drain "drain --dry-run=server" --pod-selector=app=bare --force --dry-run=server
same_drain "a drain that a budget forbids" --pod-selector=app=bare,app=none --timeout=1s
o create pdb bare --selector=app=bare --min-available=1 >/dev/null
within 5 eval 'o get pdb bare -o "jsonpath={.status.observedGeneration}" | grep -q 1'
same_drain "a drain that a budget forbids" --pod-selector=app=bare --force --timeout=2s
same_drain "a second one" --pod-selector=app=bare --force --timeout=1s
o delete pdb bare >/dev/null
o uncordon node >/dev/null
theirs=$(k drain node --pod-selector=app=bare --force 2>&1)
check_equal "what a drain took is gone" "" "$(o get pods -l app=bare -o name 2>/dev/null)"
o uncordon node >/dev/null
pod bare >/dev/null && o wait pod/bare --for=condition=Ready --timeout=20s >/dev/null
check_equal "drain" "$theirs" "$(o drain node --pod-selector=app=bare --force 2>&1)"
o uncordon node >/dev/null
pod bare >/dev/null && o wait pod/bare --for=condition=Ready --timeout=20s >/dev/null
theirs=$(k drain node --pod-selector=app=bare --force --disable-eviction 2>&1)
o uncordon node >/dev/null
pod bare >/dev/null && o wait pod/bare --for=condition=Ready --timeout=20s >/dev/null
check_equal "drain --disable-eviction" "$theirs" "$(o drain node --pod-selector=app=bare --force --disable-eviction 2>&1)"
check "a drain of everything, as far as the budget lets it, leaves the daemons" eval 'k patch pdb web --type=merge -p "{\"spec\":{\"minAvailable\":0}}" &&
  o drain node --ignore-daemonsets --delete-emptydir-data --force --timeout=60s && [ "$(o get pods -o name | grep -c daemons)" = 1 ]'
check "who waits for the node" within 10 eval 'o get pods -l app=web | grep -q Pending'
check "and comes back to it" eval 'o uncordon node && within 30 ready_of web 3'

# ---- NoExecute ---------------------------------------------------------------------------------------------------------------
check "pods say how long they stay on a node that is not ready" eval 'pod plain && k get pod plain -o yaml | grep -A3 "effect: NoExecute" |
  grep -c "tolerationSeconds: 300" | grep -q 2'
check "a pod that tolerates it for ever, and one for a minute" eval 'pod stays "tolerations: [{key: gone, operator: Exists}]" &&
  pod minute "tolerations: [{key: gone, operator: Exists, effect: NoExecute, tolerationSeconds: 60}]" &&
  pod second "tolerations: [{key: gone, operator: Exists, effect: NoExecute, tolerationSeconds: 3}]" &&
  o wait pod/plain pod/stays pod/minute pod/second --for=condition=Ready --timeout=30s'
daemon_pod=$(o get pods -l app=d -o 'jsonpath={.items[0].metadata.name}')
check "a taint drives the others out" eval 'o taint node node gone:NoExecute && within 10 eval "! o get pod plain"'
check "with an event" within 5 eval 'o get events | grep -q "TaintManagerEviction.*Marking for deletion Pod default/plain"'
check "also one of a DaemonSet that does not tolerate it" within 10 eval "! o get pod $daemon_pod"
check "not those that tolerate it" eval 'o get pod stays && o get pod minute'
check "one after its seconds" within 8 eval "! o get pod second"
check "a taint that is taken back in time" o taint node node gone-
check "lets the pod stay, with an event" within 5 eval 'o get events | grep -q "Cancelling deletion of Pod default/minute"'
check "and the daemon comes back" within 20 eval 'o get pods -l app=d | grep -q Running'
check "five times there and back is no harm" eval 'for i in 1 2 3 4 5; do o taint node node gone:NoExecute && o taint node node gone-; done && o get pod minute'

# ---- hostile -----------------------------------------------------------------------------------------------------------------
o delete pod stays minute >/dev/null
check "a hundred evictions at once of twenty pods with five to spare" eval 'web many 20 && within 120 ready_of many 20 &&
  o create pdb many --selector=app=many --min-available=15 && within 5 allowed many 5'
o cordon node >/dev/null # nobody is made anew
for i in 1 2 3 4 5; do
  for one in $(pods_of many); do evict_out=$T/evict.$i.$one; (evict "$one" >"$evict_out" 2>&1) & done
done
for job in $(jobs -p); do [ "$job" = "$daemon" ] || wait "$job"; done
check "no more than five went" eval '[ "$(o get pods -l app=many --field-selector=status.phase=Running --no-headers | grep -c Running)" = 15 ]'
check "and the budget knows" within 5 allowed many 0
o uncordon node >/dev/null
check "all come back" within 120 ready_of many 20
read -ra pods <<<"$(pods_of many)"
within 10 allowed many 5
o cordon node >/dev/null
check_equal "evictions, and the daemon is killed" "201 201 201 201 201" "$(evict "${pods[0]}") $(evict "${pods[1]}") $(evict "${pods[2]}") $(evict "${pods[3]}") $(evict "${pods[4]}")"
kill_orilla
start_orilla --listen 127.0.0.1:6443
check_equal "the next daemon lets no sixth one go" 429 "$(evict "${pods[5]}")"
check "those that were evicted go" within 20 eval '[ "$(o get pods -l app=many --field-selector=status.phase=Running --no-headers | grep -c Running)" = 15 ]'
o uncordon node >/dev/null
check "and are made anew" within 120 ready_of many 20
check "a class that preempts everything, and pods to preempt" eval 'o delete deploy many web && o create priorityclass all --value=1000000000 &&
  web busy 3 "priorityClassName: \"\"" && within 30 ready_of busy 3 && o create pdb busy --selector=app=busy --min-available=3 && pod scratch2'
cores=$(o get node node -o 'jsonpath={.status.allocatable.cpu}')
cores=${cores%m}
[ "$cores" -gt 99 ] || cores=$((cores * 1000))
before=$(o get pods -l app=busy -o 'jsonpath={.items[*].metadata.uid}')
check "it takes what it needs" eval "o apply -f - <<Y
{apiVersion: v1, kind: Pod, metadata: {name: greedy}, spec: {priorityClassName: all, terminationGracePeriodSeconds: 0, containers: [{name: main,
  image: 'busybox:1', command: [sleep, '4321'], resources: {requests: {cpu: ${cores}m}}}]}}
Y
  o wait pod/greedy --for=condition=Ready --timeout=30s"
check_equal "and no more: who asks for nothing stays" "$before" "$(o get pods -l app=busy -o 'jsonpath={.items[*].metadata.uid}')"
check "one that does not fit whoever goes takes nobody" eval "o apply -f - <<Y
{apiVersion: v1, kind: Pod, metadata: {name: huge}, spec: {priorityClassName: all, containers: [{name: main, image: 'busybox:1', resources: {requests: {cpu: 9000}}}]}}
Y
  within 10 eval 'o get pod huge -o yaml | grep -q \"Preemption is not helpful\"'"
stop_orilla
finish
