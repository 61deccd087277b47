#!/bin/bash
# StatefulSets, DaemonSets and ReplicationControllers on a whole node, with stock kubectl and with orilla: numbered pods, their
# names in DNS and their claims, updates, histories and the way back.
kubectl=${kubectl:-$("$(dirname "$0")/../support/kubectl.sh" | tail -n 1)}
export kubectl
[ -n "$kubectl" ] || { echo "1..0 # SKIP there is no kubectl, and npm could not fetch one"; exit 77; }
# shellcheck source=test/support/orilla_box.sh
. "$(dirname "$0")/../support/orilla_box.sh"
start_orilla
import_images busybox
o kubeconfig --data-dir "$T/data" >"$KUBECONFIG" || { not_ok "orilla kubeconfig"; finish; }
k() { timeout 90 "$kubectl" --cache-dir="$T/cache" "$@"; }
field() { o get "$1" "$2" -o "jsonpath=$3"; }
is() { [ "$("${@:2}")" = "$1" ]; }
has() { "${@:2}" | grep -qF -- "$1"; }
pods() { o get pods -l "app=$1" -o 'jsonpath={range .items[*]}{.metadata.name}{" "}{end}'; }
# resolve NAME [TYPE]: what a pod gets to hear of it.
resolve() { o logs ask | sed -n "/ASK $1/,/END/p"; }

template() { # APP MARK: a pod that ends at once
  cat <<END
    metadata: {labels: {app: $1}}
    spec:
      terminationGracePeriodSeconds: 0
      containers:
      - name: main
        image: busybox:1
        imagePullPolicy: Never
        command: [sh, -c, "echo $2; exec sleep 1000000"]
END
}
stateful() { # NAME REPLICAS MARK [FIELDS]
  cat <<END
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: $1}
spec:
  replicas: $2
  serviceName: $1
  selector: {matchLabels: {app: $1}}
${4-}
  template:
$(template "$1" "$3")
END
}

cat >"$T/service.yaml" <<'Y'
apiVersion: v1
kind: Service
metadata: {name: db}
spec: {clusterIP: None, selector: {app: db}, ports: [{name: sql, port: 3306}]}
Y

# ---- StatefulSet ---------------------------------------------------------------------------------------------------------

k apply -f "$T/service.yaml" >/dev/null
stateful db 3 one | k apply -f - >/dev/null
check "kubectl waits for three pods" k rollout status statefulset/db --timeout=60s
check_equal "they are numbered" "db-0 db-1 db-2 " "$(pods db)"
check "each was made after the one before was ready" eval '
  [ "$(field pod db-0 "{.status.conditions[?(@.type==\"Ready\")].lastTransitionTime}")" "<" "$(field pod db-2 "{.metadata.creationTimestamp}")Z" ]'
check_equal "a pod knows which one it is" "db-1 1 db-1 db" \
  "$(field pod db-1 '{.metadata.labels.statefulset\.kubernetes\.io/pod-name} {.metadata.labels.apps\.kubernetes\.io/pod-index} {.spec.hostname} {.spec.subdomain}')"
check "get shows it" has "3/3" o get statefulset db
check "get -o wide shows the image" has "busybox:1" k get sts db -o wide
check "describe" has "3 desired | 3 total" o describe statefulset db
check "kubectl describe" has "Pods Status:        3 Running" k describe sts db
check "an event tells of a pod" has "create Pod db-2 in StatefulSet db successful" k get events

cat >"$T/ask.yaml" <<'Y'
apiVersion: v1
kind: Pod
metadata: {name: ask}
spec:
  restartPolicy: Never
  containers:
  - name: main
    image: busybox:1
    imagePullPolicy: Never
    command:
    - sh
    - -c
    - |
      for name in db-1.db.default.svc.cluster.local db-1.db db.default.svc.cluster.local; do echo ASK $name; nslookup $name; echo END; done
      ip=$(nslookup db-2.db.default.svc.cluster.local | sed -n 's/^Address.*: *\(10\.[0-9.]*\).*/\1/p' | tail -n 1)
      echo ASK reverse; nslookup "$ip"; echo END
Y
o apply -f "$T/ask.yaml" >/dev/null
within 20 is Succeeded field pod ask '{.status.phase}'
check "DNS has a name for each pod" has "$(field pod db-1 '{.status.podIP}')" resolve db-1.db.default.svc.cluster.local
check "DNS has all of them under the Service" eval '[ "$(resolve db.default.svc.cluster.local | grep -c "^Address: ")" = 3 ]'
check "DNS has a name for each address" has db-2.db.default.svc.cluster.local resolve reverse

first=$(field statefulset db '{.status.currentRevision}')
stateful db 3 two | k apply -f - >/dev/null
check "kubectl waits for an update" k rollout status statefulset/db --timeout=60s
check "all pods are new" eval '[ "$(for i in 0 1 2; do o logs db-$i; done | sort -u)" = two ]'
check "there are two revisions" eval '[ "$(k get controllerrevisions -l app=db -o name | wc -l)" = 2 ]'
check "get shows whose they are" has "statefulset.apps/db" k get controllerrevisions
check "kubectl tells the history" has "2 " k rollout history statefulset/db
check "orilla tells the history" has "2 " o rollout history statefulset/db
check "a revision's template" has "echo one" k rollout history statefulset/db --revision=1
check "orilla tells a revision's template" has "echo one" o rollout history statefulset/db --revision=1
check "kubectl undoes the update" k rollout undo statefulset/db
check "that is over" k rollout status statefulset/db --timeout=60s
check_equal "the old revision is the newest again" "$first" "$(field statefulset db '{.status.updateRevision}')"
check "the pods are as before" eval '[ "$(for i in 0 1 2; do o logs db-$i; done | sort -u)" = one ]'
check "orilla undoes the undoing" o rollout undo statefulset/db
check "orilla waits for it" o rollout status statefulset/db --timeout=60s
check "the pods are new again" eval '[ "$(for i in 0 1 2; do o logs db-$i; done | sort -u)" = two ]'
check "restart" k rollout restart statefulset/db
check "restart is over" o rollout status statefulset/db --timeout=60s

check "kubectl scales it down" k scale statefulset/db --replicas=1
check "the last go first" within 20 is "db-0 " pods db
check "orilla scales it up" o scale statefulset/db --replicas=2
check "orilla waits for that" o rollout status statefulset/db --timeout=30s
check_equal "the second is back" "db-0 db-1 " "$(pods db)"

k patch statefulset db --type=merge -p '{"spec":{"updateStrategy":{"rollingUpdate":{"partition":1}}}}' >/dev/null
stateful db 2 three '  updateStrategy: {type: RollingUpdate, rollingUpdate: {partition: 1}}' | k apply -f - >/dev/null
check "kubectl tells of a partition" has "partitioned roll out complete: 1 new pods" k rollout status statefulset/db --timeout=60s
check "the first stays as it was" within 10 eval '[ "$(o logs db-0) $(o logs db-1)" = "two three" ]'
o delete pod db-0 >/dev/null
within 20 is True field pod db-0 '{.status.conditions[?(@.type=="Ready")].status}'
check "it comes back as it was" within 10 eval '[ "$(o logs db-0)" = two ]'

check_fails "what may not change is refused" "updates to statefulset spec for fields other than 'replicas'" \
  k patch statefulset db --type=merge -p '{"spec":{"serviceName":"other"}}'
check_fails "a strategy that is none is refused" "supported values" \
  eval "stateful bad 1 x '  podManagementPolicy: Sideways' | k apply -f -"

stateful many 5 '$(hostname)' '  podManagementPolicy: Parallel' | k apply -f - >/dev/null
check "all at once" o rollout status statefulset/many --timeout=60s
check "a pod's host name is its own" within 10 eval '[ "$(o logs many-3)" = many-3 ]'
kill_orilla
start_orilla
check "after the daemon was killed nothing has changed" is 5 field statefulset many '{.status.readyReplicas}'
check "an orphaning delete leaves the pods" k delete statefulset many --cascade=orphan
check_equal "they are there" "many-0 many-1 many-2 many-3 many-4 " "$(pods many)"
stateful many 3 '$(hostname)' '  podManagementPolicy: Parallel' | k apply -f - >/dev/null
check "they are adopted, and the surplus goes" within 30 is "many-0 many-1 many-2 " pods many
check "deletion takes the pods along" k delete statefulset many --cascade=foreground --timeout=60s
check_equal "they are gone" "" "$(pods many)"
check "and the revisions" within 10 is "" o get controllerrevisions -l app=many -o name

# ---- claims --------------------------------------------------------------------------------------------------------------

keeper() { # REPLICAS WHEN-DELETED WHEN-SCALED: each pod adds a line to a file on its own volume
  cat <<END
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: kv}
spec:
  replicas: $1
  serviceName: kv
  selector: {matchLabels: {app: kv}}
  persistentVolumeClaimRetentionPolicy: {whenDeleted: $2, whenScaled: $3}
  template:
    metadata: {labels: {app: kv}}
    spec:
      terminationGracePeriodSeconds: 0
      containers:
      - name: main
        image: busybox:1
        imagePullPolicy: Never
        command: [sh, -c, "hostname >>/data/starts; cat /data/starts; exec sleep 1000000"]
        volumeMounts: [{name: data, mountPath: /data}]
  volumeClaimTemplates:
  - metadata: {name: data}
    spec:
      accessModes: [ReadWriteOnce]
      resources: {requests: {storage: 16Mi}}
END
}
claims() { o get persistentvolumeclaims -l app=kv -o 'jsonpath={range .items[*]}{.metadata.name}{" "}{end}'; }
keeper 2 Retain Delete | k apply -f - >/dev/null
check "pods with volumes of their own" o rollout status statefulset/kv --timeout=60s
check_equal "each has a claim" "data-kv-0 data-kv-1 " "$(claims)"
check_equal "it is bound" "Bound Bound" "$(o get pvc -l app=kv -o 'jsonpath={.items[*].status.phase}')"
check "an event tells of it" has "create Claim data-kv-1 Pod kv-1 in StatefulSet kv success" k get events
o delete pod kv-1 >/dev/null
check "a pod that is made anew has its volume again" within 30 eval '[ "$(o logs kv-1)" = "kv-1
kv-1" ]'
check "describe tells of the claims" has "Capacity:      16Mi" o describe statefulset kv
check "scale down" k scale statefulset kv --replicas=1
check "takes the claim along, as the policy says" within 30 is "data-kv-0 " claims
check "delete" k delete statefulset kv --cascade=foreground --timeout=60s
check_equal "leaves the claim, as the policy says" "data-kv-0 " "$(claims)"
keeper 1 Delete Retain | k apply -f - >/dev/null
check "the next StatefulSet takes it over" o rollout status statefulset/kv --timeout=60s
check "with what was in it" within 10 eval '[ "$(o logs kv-0 | wc -l)" = 2 ]'
check "its claim is its own now" within 10 is StatefulSet field pvc data-kv-0 '{.metadata.ownerReferences[0].kind}'
check "delete with the claims" k delete statefulset kv --cascade=foreground --timeout=60s
check "takes them along" within 30 is "" claims

# ---- DaemonSet -----------------------------------------------------------------------------------------------------------

daemons() { # MARK [FIELDS [FIELDS OF THE POD]]
  cat <<END
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: agent}
spec:
  selector: {matchLabels: {app: agent}}
${2-}
  template:
$(template agent "$1")
${3-}
END
}
daemons one | k apply -f - >/dev/null
check "kubectl waits for the pod" k rollout status daemonset/agent --timeout=60s
check_equal "there is one" 1 "$(k get pods -l app=agent -o name | wc -l)"
agent=$(o get pods -l app=agent -o 'jsonpath={.items[0].metadata.name}')
check_equal "it is for the node, by name" "metadata.name node" \
  "$(field pod "$agent" '{.spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchFields[0].key} {.spec.nodeName}')"
check "get shows it" has "agent   1         1         1" k get daemonset agent
check "describe" has "Desired Number of Nodes Scheduled: 1" o describe daemonset agent
check "kubectl describe" has "Number of Nodes Scheduled with Available Pods: 1" k describe ds agent

daemons two | k apply -f - >/dev/null
check "kubectl waits for an update" k rollout status daemonset/agent --timeout=60s
check "the pod is new" within 10 is two o logs daemonset/agent
check "kubectl undoes the update" k rollout undo daemonset/agent
check "orilla waits for it" o rollout status daemonset/agent --timeout=60s
check "the pod is as before" within 10 is one o logs daemonset/agent
check "orilla tells the history" has "3 " o rollout history daemonset/agent
check "orilla undoes" o rollout undo daemonset/agent
check "that is over" o rollout status daemonset/agent --timeout=60s
check "the pod is new again" within 10 is two o logs daemonset/agent
check "restart" o rollout restart daemonset/agent
check "restart is over" k rollout status daemonset/agent --timeout=60s

daemons three '  updateStrategy: {type: RollingUpdate, rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}' | k apply -f - >/dev/null
check "with a surge" k rollout status daemonset/agent --timeout=60s
check "the old pod has gone" within 20 eval '[ "$(pods agent | wc -w)" = 1 ]'
check_fails "both limits at once are refused" "may not be set when maxUnavailable is non-zero" \
  eval "daemons x '  updateStrategy: {rollingUpdate: {maxSurge: 1, maxUnavailable: 1}}' | k apply -f -"

k cordon node >/dev/null
o delete pod "$(pods agent | tr -d ' ')" >/dev/null
check "a daemon comes to a cordoned node" within 20 is 1 field daemonset agent '{.status.numberReady}'
k uncordon node >/dev/null
daemons four '' '      nodeSelector: {disk: ssd}' | k apply -f - >/dev/null
check "a daemon that no node is for goes" within 20 is "" pods agent
k label node node disk=ssd >/dev/null
check "it comes to a node that gets the label" within 20 is 1 field daemonset agent '{.status.numberReady}'
k taint node node gone=now:NoSchedule >/dev/null
check_equal "it stays when others may not come any more" 1 "$(pods agent | wc -w)"
k taint node node gone- >/dev/null
check "drain leaves daemons alone" k drain node --ignore-daemonsets --force --delete-emptydir-data --timeout=60s
check_equal "it is still there" 1 "$(pods agent | wc -w)"
k uncordon node >/dev/null

# ---- ReplicationController, PodTemplate ------------------------------------------------------------------------------------

cat >"$T/old.yaml" <<END
apiVersion: v1
kind: ReplicationController
metadata: {name: old}
spec:
  replicas: 2
  template:
$(template old one)
---
apiVersion: v1
kind: PodTemplate
metadata: {name: kept}
template:
$(template kept one)
END
check "a ReplicationController and a PodTemplate are applied" k apply -f "$T/old.yaml"
check "two pods" within 20 is 2 field replicationcontroller old '{.status.readyReplicas}'
check "kubectl scales it" k scale rc/old --replicas=3
check "three pods" within 20 is 3 field rc old '{.status.readyReplicas}'
check "orilla scales it" o scale rc/old --replicas=1
check "one pod" within 20 is 1 field rc old '{.status.replicas}'
check_equal "its scale names its pods" app=old "$(k get --raw /api/v1/namespaces/default/replicationcontrollers/old/scale | sed 's/.*"selector":"\([^"]*\)".*/\1/')"
check "describe" has "1 current / 1 desired" o describe rc old
check "get all shows them all" eval 'all=$(k get all); for kind in statefulset.apps/db daemonset.apps/agent replicationcontroller/old; do [[ $all == *$kind* ]] || exit 1; done'
check "a PodTemplate shows its pods' labels" has "app=kept" k get podtemplate kept
finish
