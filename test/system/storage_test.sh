#!/bin/bash
# Claims on the node's disk: they are bound and mounted, outlive pods and the daemon, hold no more than they asked for, and leave nothing
# when they go, wherever a kill -9 comes.
# shellcheck source=test/support/claims.sh
. "$(dirname "$0")/../support/claims.sh"
rounds=${ROUNDS:-50} claims_a_round=2
volumes=$T/data/volumes

volume_of() { o get pvc "$1" -o 'jsonpath={.spec.volumeName}'; }
is_ready() { o wait "$@" --for=condition=Ready --timeout=30s; }
logs_are() { [ "$(o logs "$1" 2>/dev/null)" = "$2" ]; }
ended() { [ "$(o get pod "$1" -o 'jsonpath={.status.phase}')" = "$2" ]; }
told() { o get events -o 'jsonpath={range .items[*]}{.reason}: {.message}{"\n"}{end}' | grep -q "$1"; }
our_loops() { losetup -l -n -O BACK-FILE | grep -c "$volumes" || :; }

check "the class local is there, and the default" eval '[ "$(o get sc local --no-headers | cut -d" " -f1,2)" = "local (default)" ]'
check "a claim is taken" eval 'claim data 64Mi | o apply -f -'
check "and bound" within 20 bound data
check_equal "to a volume as large as it asked for" "64Mi" "$(o get pvc data -o 'jsonpath={.status.capacity.storage}')"
check_equal "that is not mounted as long as nobody uses it" 0 "$(our_loops)"
check "a pod writes to it" eval 'pod writer data "echo kept >/data/file; sync; sleep 1000" | o apply -f - && is_ready pod/writer'
check "it is mounted" within 5 eval '[ "$(our_loops)" = 1 ]'
check "the pod goes" o delete pod writer --timeout=30s
check "the claim stays" bound data
check "its mount does not" within 5 eval '[ "$(our_loops)" = 0 ]'
check "the next pod reads what the first one wrote" eval \
  'pod reader data "cat /data/file; ls /data; sleep 1000" | o apply -f - && is_ready pod/reader && within 5 logs_are reader "kept
file"'
kill_orilla
start_orilla
check "a daemon that is killed leaves the pod its volume" eval \
  'o exec reader -- sh -c "echo more >>/data/file" && [ "$(o exec reader -- cat /data/file)" = "kept
more" ] || { pod late data "cat /data/file" "restartPolicy: Never" | o apply -f - && within 20 logs_are late "kept"; }'

check "a claim in use is deleted" o delete pvc data --wait=false
check "and stays until its pods are gone" eval 'sleep 0.5; o get pvc data --no-headers | grep -q Terminating'
# shellcheck disable=SC2034 # read by what is evaluated
gone=$(volume_of data)
check "a new pod does not get it" eval 'pod toolate data | o apply -f - && within 10 told "persistentvolumeclaim .data. is being deleted"'
check "the pods go" o delete pod reader toolate --timeout=30s
o delete pod late --ignore-not-found --timeout=30s >/dev/null
check "then the claim, the volume and its data" within 20 eval '! o get pvc data && ! o get pv $gone && [ ! -e $volumes/$gone ]'

check "two claims" eval '{ claim full 32Mi; claim other 32Mi; } | o apply -f - && within 20 bound full && within 20 bound other'
check "one is written full" eval \
  'pod filler full "dd if=/dev/zero of=/data/big bs=1M count=100 2>&1 | grep -o \"No space left\"; echo \$(du -m /data/big | cut -f1) >/dev/null" "restartPolicy: Never" | o apply -f - && within 30 ended filler Succeeded'
check "and told so" logs_are filler "No space left"
check "the disk gave it no more than it asked for" eval '[ "$(du -m $volumes/$(volume_of full)/image | cut -f1)" -le 32 ]'
check "the other has its own" eval 'pod calm other "dd if=/dev/zero of=/data/x bs=1M count=10 2>/dev/null && echo fine" "restartPolicy: Never" | o apply -f - && within 30 logs_are calm fine'
check "what was deleted inside is free outside" eval \
  'o delete pod filler --timeout=30s && pod sweeper full "rm /data/big; sync" "restartPolicy: Never" | o apply -f - && within 30 ended sweeper Succeeded && within 10 eval "[ \$(du -m $volumes/$(volume_of full)/image | cut -f1) -le 8 ]"'

check "a pod has the other claim" eval 'pod grower other "sleep 1000" | o apply -f - && is_ready pod/grower'
size_of() { o get pvc "$1" -o 'jsonpath={.status.capacity.storage}'; }
inside() { nsenter --mount="/proc/$daemon/ns/mnt" df -m --output=size "$volumes/$(volume_of "$1")/mount" | tail -1; }
ask_for() { kubectl patch pvc "$1" -p "{\"spec\":{\"resources\":{\"requests\":{\"storage\":\"$2\"}}}}"; }
check "it asks for more" ask_for other 80Mi
if ((0x$(sed -n 's/^CapBnd:\t//p' /proc/self/status) >> 24 & 1)); then
  check "and grows while the pod has it" within 20 eval '[ "$(size_of other)" = 80Mi ] && [ "$(inside other)" -gt 60 ]'
  check_fails "it does not shrink" "field can not be less than status.capacity" ask_for other 40Mi
else
  check "which takes a capability that is not there, and is told" within 20 told "VolumeResizeFailed.*CAP_SYS_RESOURCE"
  check "it can be given up" eval 'ask_for other 33Mi && [ "$(size_of other)" = 32Mi ]'
fi
cat <<'Y' | o apply -f - >/dev/null
apiVersion: v1
kind: Pod
metadata: {name: scratch}
spec:
  terminationGracePeriodSeconds: 0
  containers: [{name: c, image: 'busybox:1', command: [sleep, '1000'], volumeMounts: [{name: tmp, mountPath: /tmp}]}]
  volumes: [{name: tmp, ephemeral: {volumeClaimTemplate: {spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 16Mi}}}}}}]
Y
check "an ephemeral volume has a claim" eval 'is_ready pod/scratch && bound scratch-tmp'
check "that goes with its pod" eval 'o delete pod scratch --timeout=30s && within 30 eval "! o get pvc scratch-tmp"'

check "a claim larger than the disk waits, and says why" eval \
  'claim huge 900Ti | o apply -f - && within 10 told "not enough room on the node.s disk" && [ "$(phase huge)" = Pending ]'
check_equal "nothing was made for it" "" "$(find "$volumes" -maxdepth 1 -name "pvc-$(o get pvc huge -o 'jsonpath={.metadata.uid}')*")"
check "it goes" o delete pvc huge --timeout=10s

cat <<'Y' | o apply -f - >/dev/null
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: later}
provisioner: orilla.dev/local
reclaimPolicy: Retain
volumeBindingMode: WaitForFirstConsumer
Y
check "a claim that waits for its first pod" eval 'claim lazy 16Mi "storageClassName: later" | o apply -f - && within 10 told "waiting for first consumer to be created before binding"'
check "gets its volume with it" eval 'pod first lazy "echo x >/data/x; id -G | grep -o 4711; stat -c %g /data /data/x; sleep 1000" "securityContext: {fsGroup: 4711, runAsUser: 1000}" | o apply -f - && is_ready pod/first'
check "which belongs to the pod's group" within 5 logs_are first "4711
4711
4711"
# shellcheck disable=SC2034 # read by what is evaluated
kept=$(volume_of lazy)
check "pod and claim go" eval 'o delete pod first --timeout=30s && o delete pvc lazy --timeout=30s'
check "a volume that is to be retained is released, with its data" eval \
  'within 10 eval "[ \$(o get pv $kept -o jsonpath={.status.phase}) = Released ]" && [ -e $volumes/$kept/image ]'
check "an administrator gives it to another claim" eval \
  'kubectl patch pv $kept --type=json -p "[{\"op\":\"remove\",\"path\":\"/spec/claimRef\"}]" && claim again 16Mi "storageClassName: later, volumeName: $kept" | o apply -f - && within 10 bound again'

check "a claim for one pod alone" eval 'claim single 16Mi "accessModes: [ReadWriteOncePod]" | o apply -f - && pod only single | o apply -f - && is_ready pod/only'
check "keeps a second one waiting" eval 'pod second single | o apply -f - && within 10 told "ReadWriteOncePod access mode already in-use by another pod"'
check "until the first has gone" eval 'o delete pod only --timeout=30s && is_ready pod/second'

cat <<'Y' | o apply -f - >/dev/null
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: by-hand}
provisioner: kubernetes.io/no-provisioner
volumeBindingMode: WaitForFirstConsumer
Y
check "a pod whose claim nobody makes a volume for says so" eval 'claim manual 16Mi "storageClassName: by-hand" | o apply -f - && pod byhand manual | o apply -f - && within 10 told "FailedScheduling: 0/1 nodes are available: 1 node(s) didn.t find available persistent volumes to bind"'
mkdir -p "$T/hand"
check "and runs when there is one" eval 'cat <<Y | o apply -f - && is_ready pod/byhand
apiVersion: v1
kind: PersistentVolume
metadata: {name: hand}
spec:
  capacity: {storage: 1Gi}
  accessModes: [ReadWriteOnce]
  storageClassName: by-hand
  local: {path: $T/hand}
  nodeAffinity: {required: {nodeSelectorTerms: [{matchExpressions: [{key: kubernetes.io/hostname, operator: In, values: [node]}]}]}}
Y'
mkdir -p "$T/srv"
echo "of the node" >"$T/srv/file"
cat <<Y | o apply -f - >/dev/null
apiVersion: v1
kind: PersistentVolume
metadata: {name: static}
spec:
  capacity: {storage: 1Gi}
  accessModes: [ReadWriteMany]
  storageClassName: ""
  local: {path: $T/srv}
  nodeAffinity: {required: {nodeSelectorTerms: [{matchExpressions: [{key: kubernetes.io/hostname, operator: In, values: [node]}]}]}}
Y
check "a static volume is bound and read" eval \
  'claim shared 1Gi "accessModes: [ReadWriteMany], storageClassName: \"\"" | o apply -f - && within 10 bound shared && pod share shared "cat /data/file; touch /data/new 2>&1 || :; sleep 1000" "" ", readOnly: true" | o apply -f - && is_ready pod/share'
check "and read only where that is asked for" eval 'within 5 eval "o logs share | grep -q Read-only" && [ ! -e $T/srv/new ]'
rm -r "$T/srv"
check "a directory that has gone is told of" eval 'pod lost shared | o apply -f - && within 10 told "path .*/srv. does not exist"'
check_equal "kubectl shows what orilla shows" "$(o get pv,pvc,sc --no-headers | awk '{ print $1 }')" "$(kubectl get pv,pvc,sc --no-headers | awk '{ print $1 }')"
check "and describes them" eval 'kubectl describe pv,pvc,sc | grep -q "orilla.dev/local"'
o delete pod --all --timeout=60s >/dev/null

# Kills at any step of making, growing and removing; what a pod wrote before stays, and it writes on.
claim keeper 20Mi | o apply -f - >/dev/null
pod keeper keeper "while :; do echo x >>/data/lines; wc -l </data/lines; sleep 1; done" | o apply -f - >/dev/null
check "a pod keeps lines" is_ready pod/keeper
lines() { o logs keeper --tail=1; }
may_grow=$((0x$(sed -n 's/^CapBnd:\t//p' /proc/self/status) >> 24 & 1))
for ((round = 0; round < rounds; round++)); do
  { for ((i = 0; i < claims_a_round; i++)); do claim "r$round-$i" 20Mi; done; [ $round = 0 ] || claim "r$((round - 1))-1" 24Mi; } | o apply -f - >/dev/null 2>&1
  [ $round = 0 ] || o delete pvc "r$((round - 1))-0" --wait=false >/dev/null 2>&1
  [ $round -lt 3 ] || o delete pvc "r$((round - 3))-1" --wait=false >/dev/null 2>&1
  sleep "0.0$((RANDOM % 90 + 10))"
  kill_orilla
  start_orilla
done
# shellcheck disable=SC2034 # read by what is evaluated
lines_before=$(lines)
check "a pod that wrote all the time writes on" within 10 eval '[ "$(lines)" -gt "$lines_before" ]'
check_equal "and was never started again" 0 "$(o get pod keeper -o 'jsonpath={.status.containerStatuses[0].restartCount}')"
unbound() { o get pvc -o 'jsonpath={range .items[*]}{.status.phase}{"\n"}{end}' | grep -v Bound; }
check "after $rounds kills every claim is bound" within 60 eval '[ -z "$(unbound)" ]'
[ "$may_grow" = 0 ] || check "and as large as it asks for" within 120 eval '[ -z "$(o get pvc -o "jsonpath={range .items[*]}{.spec.resources.requests.storage} {.status.capacity.storage}{\"\n\"}{end}" | awk "\$1 != \$2")" ]'
on_disk() { find "$volumes" -mindepth 1 -maxdepth 1 -printf '%f\n' | sort; }
named() { o get pv -o 'jsonpath={range .items[*]}{.spec.csi.volumeHandle}{"\n"}{end}' | grep . | sort; }
check "and the disk has what volumes name, and nothing else" within 30 eval '[ "$(on_disk)" = "$(named)" ]'
check "all claims go" eval 'o delete pod keeper --timeout=30s && o delete pvc --all --timeout=60s'
check "their data, too" within 30 eval '[ "$(on_disk)" = "$(named)" ]'
check_equal "no device is left" 0 "$(our_loops)"
stop_orilla
finish
