#!/bin/bash
# Copies of claims: a VolumeSnapshot of a claim that a pod has, what a claim restores from it, and a claim that begins with another one.
# What goes wrong is told, and nothing is left of it, wherever a kill -9 comes.
# shellcheck source=test/support/claims.sh
. "$(dirname "$0")/../support/claims.sh"
rounds=${ROUNDS:-12}
volumes=$T/data/volumes

of_snapshot() { echo "dataSource: {apiGroup: snapshot.storage.k8s.io, kind: VolumeSnapshot, name: $1}"; }
of_claim() { echo "dataSourceRef: {kind: PersistentVolumeClaim, name: $1}"; }
snapshot() { # NAME CLAIM [FIELD]
  printf -- '---\napiVersion: snapshot.storage.k8s.io/v1\nkind: VolumeSnapshot\nmetadata: {name: %s}\nspec: {source: {persistentVolumeClaimName: %s}%s}\n' "$1" "$2" "${3:+, $3}"
}
is_snapshot_ready() { [ "$(o get vs "$1" -o 'jsonpath={.status.readyToUse}')" = true ]; }
is_ready() { o wait "$@" --for=condition=Ready --timeout=30s; }
logs_are() { [ "$(o logs "$1" 2>/dev/null)" = "$2" ]; }
told() { o get events -o 'jsonpath={range .items[*]}{.reason}: {.message}{"\n"}{end}' | grep -q "$1"; }
on_disk() { find "$volumes" -mindepth 1 -maxdepth 1 -printf '%f\n' | sort; }
named() { { o get pv -o 'jsonpath={range .items[*]}{.spec.csi.volumeHandle}{"\n"}{end}'; o get vsc -o 'jsonpath={range .items[*]}{.status.snapshotHandle}{"\n"}{end}'; } | grep . | sort; }
our_loops() { losetup -l -n -O BACK-FILE | grep -c "$volumes" || :; }

check_equal "there is a class, the default" "orilla.dev/local Delete true" \
  "$(o get vsclass local -o 'jsonpath={.driver} {.deletionPolicy} {.metadata.annotations.snapshot\.storage\.kubernetes\.io/is-default-class}')"
claim data 64Mi | o apply -f - >/dev/null
# shellcheck disable=SC2034 # read by what is evaluated
writer='echo first >/data/file; dd if=/dev/zero of=/data/big bs=1M count=8 2>/dev/null; while :; do echo x >>/data/log; sync; wc -l </data/log; sleep 1; done'
lines() { o logs writer --tail=1; }
# shellcheck disable=SC2034 # read by what is evaluated
writes_on() { before=$(lines) && within 20 eval '[ "$(lines)" -gt "$before" ]'; }
check "a pod writes to a claim" eval 'pod writer data "$writer" | o apply -f - && is_ready pod/writer && within 10 eval "[ -n \"\$(lines)\" ]"'
check "kubectl takes a snapshot of it" eval 'snapshot one data | kubectl apply -f -'
check "which is ready" within 20 is_snapshot_ready one
check_equal "and as large as the claim" "64Mi data local" "$(o get vs one -o 'jsonpath={.status.restoreSize} {.spec.source.persistentVolumeClaimName} {.spec.volumeSnapshotClassName}')"
check "the pod writes on: nothing holds its file system still" writes_on
check "kubectl wait knows it" kubectl wait vs/one --for=jsonpath='{.status.readyToUse}'=true --timeout=10s
check "kubectl shows its columns" eval 'kubectl get vs one | grep -q "READYTOUSE *SOURCEPVC *SOURCESNAPSHOTCONTENT *RESTORESIZE *SNAPSHOTCLASS *SNAPSHOTCONTENT" && kubectl get vs one --no-headers | grep -Eq "one +true +data +64Mi +local +snapcontent-"'
check "events tell of it" eval 'told "SnapshotReady: Snapshot default/one is ready to use" && told "CreatingSnapshot"'
check "describe, too" eval 'kubectl describe vs one | grep -q SnapshotReady && o describe vs one | grep -q SnapshotReady'
check "a claim begins with it" eval '{ claim back 64Mi "$(of_snapshot one)"; pod reader back "cat /data/file; stat -c %s /data/big; sleep 1000"; } | o apply -f - && is_ready pod/reader && within 5 logs_are reader "first
8388608"'
check "what is smaller is told so" eval 'claim small 16Mi "$(of_snapshot one)" | o apply -f - && within 10 told "requested volume size 16777216 is less than the size 67108864 for the source snapshot one"'
check "a snapshot that a claim waits for does not go" eval 'o delete vs one --wait=false && within 10 told "SnapshotDeletePending: Snapshot is being used to restore a PVC" && o get vs one'
check "until the claim has gone" eval 'o delete pvc small --timeout=10s && within 10 eval "! o get vs one"'
check "its data went with it, and the claim that began with it did not" eval 'within 10 eval "[ \"\$(on_disk)\" = \"\$(named)\" ]" && logs_are reader "first
8388608" && bound back'

check "a claim is copied while a pod has it" eval '{ claim twin 64Mi "$(of_claim data)"; pod second twin "cat /data/file; sleep 1000"; } | o apply -f - && is_ready pod/second && within 5 logs_are second first'
check_equal "both fields say so" "PersistentVolumeClaim data" "$(o get pvc twin -o 'jsonpath={.spec.dataSource.kind} {.spec.dataSource.name}')"
check "and one that nobody has" eval 'o delete pod second --timeout=30s && claim third 64Mi "$(of_claim twin)" | o apply -f - && within 20 bound third'
check "holes stay holes" eval '[ "$(du -m "$volumes/$(o get pvc third -o "jsonpath={.spec.volumeName}")/image" | cut -f1)" -lt 30 ]'
check "one of a claim that comes later waits for it" eval 'claim early 16Mi "$(of_claim late)" | o apply -f - && within 10 told "error getting PVC late" && claim late 16Mi | o apply -f - && within 20 bound early'

check_fails "a source has to be one of two" "exactly one of volumeSnapshotContentName and persistentVolumeClaimName must be set" \
  eval 'printf "apiVersion: snapshot.storage.k8s.io/v1\nkind: VolumeSnapshot\nmetadata: {name: bad}\nspec: {source: {}}\n" | kubectl apply -f -'
check "a snapshot without its claim says so" eval 'snapshot lost nothing | o apply -f - && within 10 told "SnapshotPVCSourceMissing: PVC default/nothing for snapshot is missing" && o delete vs lost --timeout=10s'

cat <<'Y' | o apply -f - >/dev/null
apiVersion: snapshot.storage.k8s.io/v1
kind: VolumeSnapshotClass
metadata: {name: kept}
driver: orilla.dev/local
deletionPolicy: Retain
Y
check "one that is to be retained" eval 'snapshot two data "volumeSnapshotClassName: kept" | o apply -f - && within 20 is_snapshot_ready two'
content=$(o get vs two -o 'jsonpath={.status.boundVolumeSnapshotContentName}')
# shellcheck disable=SC2034 # read by what is evaluated
handle=$(o get vsc "$content" -o 'jsonpath={.status.snapshotHandle}')
check "leaves its content and its data" eval 'o delete vs two --timeout=10s && o get vsc "$content" && [ -e "$volumes/$handle/image" ]'
check "which an administrator gives to another one" eval 'o delete vsc "$content" --timeout=10s && [ -e "$volumes/$handle/image" ] && cat <<Y | kubectl apply -f - && within 20 is_snapshot_ready given
apiVersion: snapshot.storage.k8s.io/v1
kind: VolumeSnapshotContent
metadata: {name: given}
spec: {driver: orilla.dev/local, deletionPolicy: Delete, source: {snapshotHandle: $handle}, volumeSnapshotRef: {name: given, namespace: default}}
---
apiVersion: snapshot.storage.k8s.io/v1
kind: VolumeSnapshot
metadata: {name: given}
spec: {source: {volumeSnapshotContentName: given}}
Y'
check "which goes with its data" eval 'o delete vs given --timeout=10s && within 10 eval "[ ! -e $volumes/$handle ]"'
check "a snapshot is not mounted, whoever asks" eval 'snapshot three data | o apply -f - && within 20 is_snapshot_ready three && handle=$(o get vsc -o "jsonpath={.items[0].status.snapshotHandle}") && cat <<Y | o apply -f - && within 20 told "is a snapshot: it is not mounted"
apiVersion: v1
kind: PersistentVolume
metadata: {name: trick}
spec: {capacity: {storage: 64Mi}, accessModes: [ReadWriteOnce], storageClassName: "", csi: {driver: orilla.dev/local, volumeHandle: $handle}}
$(claim trick 64Mi "storageClassName: \"\", volumeName: trick")
$(pod trick trick "sleep 1000")
Y'
o delete pod trick --timeout=30s >/dev/null
o delete pvc trick --timeout=10s >/dev/null
o delete pv trick --timeout=10s >/dev/null

# A daemon that is killed while it copies leaves the file system of the pods frozen.
nsenter --mount="/proc/$daemon/ns/mnt" fsfreeze --freeze "$volumes/$(o get pvc data -o 'jsonpath={.spec.volumeName}')/mount"
kill_orilla
start_orilla
check "the next one lets them write on" writes_on

# Kills at any step of copying and of its end.
for ((round = 0; round < rounds; round++)); do
  { snapshot "s$round" data; claim "r$round" 64Mi "$(of_snapshot "s$round")"; claim "c$round" 64Mi "$(of_claim data)"; } | o apply -f - >/dev/null
  [ $round = 0 ] || { o delete vs "s$((round - 1))" --wait=false; o delete pvc "r$((round - 1))" "c$((round - 1))" --wait=false; } >/dev/null 2>&1
  sleep "0.$((RANDOM % 5))$((RANDOM % 10))"
  kill_orilla
  start_orilla
done
unready() { o get vs -o 'jsonpath={range .items[*]}{.status.readyToUse}{"\n"}{end}' | grep -v true || o get pvc -o 'jsonpath={range .items[*]}{.status.phase}{"\n"}{end}' | grep -v Bound; }
check "after $rounds kills all that is left is ready" within 90 eval '[ -z "$(unready)" ]'
check "and the disk has what objects name, and nothing else" within 30 eval '[ "$(on_disk)" = "$(named)" ]'
check "no claim is held for a copy" eval '! o get pvc -o yaml | grep -q pvc-as-source-protection'
check "the pod was never started again, and writes" eval '[ "$(o get pod writer -o "jsonpath={.status.containerStatuses[0].restartCount}")" = 0 ] && writes_on'
check "all of it goes" eval 'o delete pod --all --timeout=60s && o delete vs --all --timeout=60s && o delete pvc --all --timeout=60s && within 30 eval "[ -z \"\$(on_disk)\" ]"'
check_equal "no device is left" 0 "$(our_loops)"
stop_orilla
finish
