#!/bin/bash
# Quotas and limits of a namespace: what they let through and what they refuse, in whatever way it comes, with what is counted
# told while it changes; the same after the daemon was killed.
kubectls=${kubectls:-$("$(dirname "$0")/../support/kubectl.sh")}
export kubectls
[ -n "$kubectls" ] || { echo "1..0 # SKIP there is no kubectl, and npm could not fetch one"; exit 77; }
# shellcheck source=test/support/orilla_box.sh
. "$(dirname "$0")/../support/orilla_box.sh"
start_orilla
import_images busybox
o kubeconfig --data-dir "$T/data" >"$KUBECONFIG"

k() { timeout 60 "$kubectl" --cache-dir="$T/cache" "$@"; }
namespace() { o create namespace "$1" >/dev/null; }
pod() { # NAME [RESOURCES]
  printf -- '---\napiVersion: v1\nkind: Pod\nmetadata: {name: %s}\nspec:\n  terminationGracePeriodSeconds: 0\n  containers: [{name: c, image: "busybox:1", command: [sleep, "1000"]%s}]\n' \
    "$1" "${2:+, resources: {$2\}}"
}
claim() { # NAME SIZE
  printf -- '---\napiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: %s}\nspec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: %s}}}\n' "$1" "$2"
}
used() { o -n "$1" get quota "$2" -o "jsonpath={.status.used.${3//./\\.}}"; }
used_is() { [ "$(used "$1" "$2" "$3")" = "$4" ]; }
# posts NAMESPACE FIRST LAST: that many pods at once; prints how each was answered.
posts() {
  local i
  for ((i = $2; i <= $3; i++)); do
    printf 'next\nunix-socket = "%s"\nurl = "http://localhost/api/v1/namespaces/%s/pods"\nrequest = POST\nheader = "Content-Type: application/yaml"\ndata-binary = "@%s"\noutput = /dev/null\nwrite-out = "%%{http_code}\\n"\n' \
      $socket "$1" "$T/p-$i.yaml"
  done | sed 1d >"$T/posts"
  for ((i = $2; i <= $3; i++)); do pod "p-$i" >"$T/p-$i.yaml"; done
  curl -s --parallel --parallel-immediate --parallel-max 100 -K "$T/posts"
}

# ---- with each kubectl -----------------------------------------------------------------------------------------------------
for kubectl in $kubectls; do
  v=$(basename "$kubectl") ns=with-$(basename "$kubectl" | tr -cd 'a-z0-9')
  namespace "$ns"
  check_equal "$v: create quota" "resourcequota/q created" \
    "$(k -n "$ns" create quota q --hard=pods=1,requests.cpu=1,limits.memory=1Gi,count/configmaps=2)"
  check "$v: its status tells what is used" within 5 used_is "$ns" q pods 0
  check_equal "$v: get quota" "q count/configmaps: 0/2, pods: 0/1, requests.cpu: 0/1 limits.memory: 0/1Gi" \
    "$(k -n "$ns" get quota q --no-headers | sed -E 's/ [0-9]+s *$//; s/^q +[0-9]+s/q/; s/ +/ /g; s/ $//')"
  check_fails "$v: a pod has to say what is counted" \
    'pods "p" is forbidden: failed quota: q: must specify limits.memory for: c; requests.cpu for: c' eval 'pod p | k -n '"$ns"' create -f -'
  check "$v: a LimitRange" eval 'printf "apiVersion: v1\nkind: LimitRange\nmetadata: {name: l}\nspec: {limits: [{type: Container, default: {cpu: 200m, memory: 64Mi}, defaultRequest: {cpu: 100m}, max: {cpu: 500m}}]}\n" | k -n '"$ns"' create -f -'
  check_equal "$v: describe limits" "Container cpu - 500m 100m 200m - Container memory - - 64Mi 64Mi -" \
    "$(k -n "$ns" describe limits l | tail -n +5 | sort | xargs)"
  check "$v: gives the pod what it does not say" eval 'pod p | k -n '"$ns"' create -f -'
  check_equal "$v: and notes it" "LimitRanger plugin set: cpu, memory request for container c; cpu, memory limit for container c" \
    "$(k -n "$ns" get pod p -o 'jsonpath={.metadata.annotations.kubernetes\.io/limit-ranger}')"
  check "$v: which is counted" within 5 used_is "$ns" q requests.cpu 100m
  check_fails "$v: the next one is one too many" \
    'pods "r" is forbidden: exceeded quota: q, requested: pods=1, used: pods=1, limited: pods=1' eval 'pod r | k -n '"$ns"' create -f -'
  check_fails "$v: also as a dry run" 'exceeded quota: q' eval 'pod r | k -n '"$ns"' create --dry-run=server -f -'
  check_fails "$v: more than the most" 'maximum cpu usage per Container is 500m, but limit is 2' eval \
    'pod r "limits: {cpu: 2}" | k -n '"$ns"' create -f -'
  check_equal "$v: describe quota" "$(printf '%s\n' 'Name: q' "Namespace: $ns" 'Resource Used Hard' '-------- ---- ----' 'count/configmaps 0 2' \
    'limits.memory 64Mi 1Gi' 'pods 1 1' 'requests.cpu 100m 1')" "$(k -n "$ns" describe quota q | sed -E 's/ +/ /g')"
  check_equal "$v: orilla describes it in the same words" "$(k -n "$ns" describe quota q)" "$(o -n "$ns" describe quota q)"
  check_equal "$v: and the limits" "$(k -n "$ns" describe limits l | sort)" "$(o -n "$ns" describe limits l | sort)"
  check_equal "$v: and the namespace" "$(k describe ns "$ns" | sort)" "$(o describe ns "$ns" | sort)"
  check "$v: the pod goes" k -n "$ns" delete pod p --timeout=20s
  check "$v: and makes room at once" eval 'pod r | k -n '"$ns"' create -f -'
  check "$v: a namespace goes with all of it" k delete namespace "$ns" --timeout=60s
done
kubectl=$(tail -n 1 <<<"$kubectls")

# ---- the CLI -----------------------------------------------------------------------------------------------------------------
namespace cli
check_equal "orilla create quota" "resourcequota/small created" "$(o -n cli create quota small --hard=pods=2,services=1)"
check_equal "orilla create quota with scopes, dry" "$(k -n cli create quota s --hard=pods=2 --scopes=BestEffort --dry-run=client -o yaml | grep -v "^status: {}\|creationTimestamp: null")" \
  "$(o -n cli create quota s --hard=pods=2 --scopes=BestEffort --dry-run=client -o yaml)"
check_fails "orilla create quota: not NAME=AMOUNT" "invalid argument syntax" o -n cli create quota s --hard=pods
check_fails "orilla create quota: no amount" "quantities must match the regular expression" o -n cli create quota s --hard=pods=many
check_fails "a quota of what is not known" 'spec.hard[pots]: Invalid value: "pots": must be a standard resource' o -n cli create quota s --hard=pots=1
check_fails "a quota of less than nothing" "must be greater than or equal to 0" o -n cli create quota s --hard=pods=-1
check_fails "scopes that exclude each other" "conflicting scopes" o -n cli create quota s --hard=pods=1 --scopes=BestEffort,NotBestEffort
check_fails "a scope of what it does not say anything of" "unsupported scope applied to resource" o -n cli create quota s --hard=services=1 --scopes=BestEffort
check_fails "limits that contradict each other" 'min value 2 is greater than max value 1' eval \
  'printf "apiVersion: v1\nkind: LimitRange\nmetadata: {name: l}\nspec: {limits: [{type: Container, min: {cpu: 2}, max: {cpu: 1}}]}\n" | o -n cli create -f -'
check_equal "are not stored" "" "$(o -n cli get limits -o name)"

# ---- controllers -------------------------------------------------------------------------------------------------------------
check "a Deployment of more than there may be" o -n cli create deployment web --image=busybox:1 --replicas=4 -- sleep 1000
check "has as many as there may be" within 10 used_is cli small pods 2
check "its ReplicaSet says why" within 10 eval \
  'o -n cli get events -o "jsonpath={range .items[*]}{.reason}: {.message}{\"\n\"}{end}" | grep -qE "^FailedCreate: Error creating: pods \"web-[a-z0-9]+-[a-z0-9]+\" is forbidden: exceeded quota: small, requested: pods=1, used: pods=2, limited: pods=2"'
check "in its conditions as well" within 10 eval \
  'o -n cli get rs -o "jsonpath={.items[0].status.conditions[?(@.type==\"ReplicaFailure\")].message}" | grep -q "exceeded quota: small"'
check "and the Deployment's" within 10 eval \
  'o -n cli get deployment web -o "jsonpath={.status.conditions[?(@.type==\"ReplicaFailure\")].status}" | grep -q True'
check "more is allowed" k -n cli patch quota small -p '{"spec":{"hard":{"pods":"4"}}}'
check "and made, without anybody asking again" within 90 used_is cli small pods 4
check "lowered below what is used" k -n cli patch quota small -p '{"spec":{"hard":{"pods":"1"}}}'
check_equal "it says so" "4/1" "$(sleep 0.5; o -n cli get quota small -o 'jsonpath={.status.used.pods}/{.status.hard.pods}')"
check_fails "nothing more is made" "used: pods=4, limited: pods=1" eval 'pod p | o -n cli create -f -'
check "others go on" eval '[ "$(o -n cli get pods --no-headers | wc -l)" = 4 ]'
check "the Deployment goes" eval 'o -n cli delete deployment web && within 60 used_is cli small pods 0'

# ---- a hundred at once, kill -9 --------------------------------------------------------------------------------------------------
namespace rush
o -n rush create quota ten --hard=pods=10,count/pods=10 >/dev/null
answers=$(posts rush 1 100 | sort | uniq -c | xargs)
check_equal "a hundred at once: ten are made, ninety refused" "10 201 90 403" "$answers"
check "and counted" within 5 used_is rush ten pods 10
o -n rush delete pods --all --timeout=60s >/dev/null
check "all go, and give back" within 10 used_is rush ten pods 0
posts rush 101 200 >/dev/null 2>&1 &
sleep 0.03
kill_orilla
wait %% 2>/dev/null
start_orilla
there=$(o -n rush get pods --no-headers 2>/dev/null | wc -l)
check "a daemon that was killed while they were made: no more than ten" [ "$there" -le 10 ]
check "and counts those that are there" within 10 used_is rush ten count/pods "$there"
posts rush 201 260 >/dev/null
check_equal "which are made up to ten" 10 "$(o -n rush get pods --no-headers | wc -l)"
check "the namespace goes with all of it" o delete namespace rush --timeout=60s

# ---- storage ---------------------------------------------------------------------------------------------------------------------
namespace disks
o -n disks create quota q --hard=requests.storage=100Mi,local.storageclass.storage.k8s.io/persistentvolumeclaims=1 >/dev/null
check_fails "a claim that is too large" 'persistentvolumeclaims "c" is forbidden: exceeded quota: q, requested: requests.storage=200Mi, used: requests.storage=0, limited: requests.storage=100Mi' \
  eval 'claim c 200Mi | o -n disks create -f -'
check "one that fits" eval 'claim c 32Mi | o -n disks create -f -'
check_fails "one more of the class" "requested: local.storageclass.storage.k8s.io/persistentvolumeclaims=1" eval 'claim d 32Mi | o -n disks create -f -'
check "it is bound" within 20 eval '[ "$(o -n disks get pvc c -o jsonpath={.status.phase})" = Bound ]'
check_fails "growing beyond is refused" "exceeded quota: q, requested: requests.storage=168Mi, used: requests.storage=32Mi" \
  k -n disks patch pvc c -p '{"spec":{"resources":{"requests":{"storage":"200Mi"}}}}'
check "the claim goes" o -n disks delete pvc c --timeout=20s
check "and gives back" within 10 used_is disks q requests.storage 0

# ---- a thousand pods -------------------------------------------------------------------------------------------------------------
namespace many
o -n many create quota q --hard=pods=2000,requests.cpu=2000,requests.memory=1Ti >/dev/null
for ((i = 0; i < 1000; i++)); do pod "m-$i" 'requests: {cpu: 10m, memory: 1Mi}' | sed 's/^spec:/spec:\n  schedulingGates: [{name: example.com\/wait}]/'; done >"$T/many.yaml"
# The meter of turns begins anew with the daemon.
stop_orilla
start_orilla
check "a thousand pods in a namespace with a quota" eval 'o -n many create -f $T/many.yaml >/dev/null'
check "are counted" within 10 used_is many q pods 1k
check_equal "to the last" "10" "$(used many q requests.cpu)"
check "a quota that comes later counts them" eval 'o -n many create quota late --hard=count/pods=5000,requests.memory=2Ti && within 10 used_is many late count/pods 1k'
metric() { curl -s --unix-socket $socket http://localhost/metrics | sed -n "s/^$1 //p"; }
# Of the processor: on a busy machine the clock tells of others.
longest=$(metric orilla_loop_turn_cpu_seconds_max)
echo "# longest turn: $(metric orilla_loop_turn_seconds_max) s, of them $longest s of processor time"
check "no turn of the loop took 50 ms of processor time" eval '[ -n "$longest" ] && awk "BEGIN { exit !($longest < 0.05) }"'
kill_orilla
start_orilla
check "and counted again after a kill" within 20 used_is many q pods 1k
check "the namespace goes with all of it" o delete namespace many --timeout=120s
finish
