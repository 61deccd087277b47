#!/bin/bash
# Claims on a data disk of btrfs are subvolumes that its quota groups limit; on one of xfs without quota they are files that share blocks
# with their copies. What holds for claims elsewhere holds for both; and what was made by one method stays so on another disk.
# shellcheck disable=SC2034 # read by what is sourced
own_disk=yes
# shellcheck source=test/support/claims.sh
. "$(dirname "$0")/../support/claims.sh"
for tool in mkfs.btrfs btrfs mkfs.xfs; do
  command -v $tool >/dev/null || { echo "1..0 # SKIP there is no $tool"; exit 77; }
done
rounds=${ROUNDS:-12}
volumes=$T/data/volumes

volume_of() { o get pvc "$1" -o 'jsonpath={.spec.volumeName}'; }
data_of() { echo "$volumes/$(volume_of "$1")/data"; }
is_ready() { o wait "$@" --for=condition=Ready --timeout=15s; }
logs_are() { [ "$(o logs "$1" 2>/dev/null)" = "$2" ]; }
ended() { [ "$(o get pod "$1" -o 'jsonpath={.status.phase}')" = "$2" ]; }
told() { o get events -o 'jsonpath={range .items[*]}{.reason}: {.message}{"\n"}{end}' | grep -q "$1"; }
our_loops() { losetup -l -n -O BACK-FILE | grep -c "$volumes" || :; }
size_of() { o get pvc "$1" -o 'jsonpath={.status.capacity.storage}'; }
ask_for() { kubectl patch pvc "$1" -p "{\"spec\":{\"resources\":{\"requests\":{\"storage\":\"$2\"}}}}"; }
of_snapshot() { echo "dataSource: {apiGroup: snapshot.storage.k8s.io, kind: VolumeSnapshot, name: $1}"; }
of_claim() { echo "dataSourceRef: {kind: PersistentVolumeClaim, name: $1}"; }
snapshot() { # NAME CLAIM
  printf -- '---\napiVersion: snapshot.storage.k8s.io/v1\nkind: VolumeSnapshot\nmetadata: {name: %s}\nspec: {source: {persistentVolumeClaimName: %s}}\n' "$1" "$2"
}
is_snapshot_ready() { [ "$(o get vs "$1" -o 'jsonpath={.status.readyToUse}')" = true ]; }
once() { pod "$1" "$2" "$3" "restartPolicy: Never" | o apply -f -; }
# says CLAIM COMMAND TEXT: a pod that has the claim for this command says it.
says() {
  local name
  name=run-$(date +%s%N)
  once "$name" "$1" "$2" && within 60 eval 'o get pod '"$name"' -o "jsonpath={.status.phase}" | grep -q "Succeeded\|Failed"' || return 1
  [ "$(o logs "$name")" = "$3" ] || { o logs "$name"; false; }
}
# fill FILE MIB: a command of a pod; it tells how that ended.
fill() { echo "{ dd if=/dev/urandom of=/data/$1 bs=1M count=$2 2>&1 && sync /data/$1 2>&1 && echo fine; } | grep -o \"quota exceeded\\|fine\" | sort -u"; }
on_disk() { find "$volumes" -mindepth 1 -maxdepth 1 -printf '%f\n' | sort; }
named() { { o get pv -o 'jsonpath={range .items[*]}{.spec.csi.volumeHandle}{"\n"}{end}'; o get vsc -o 'jsonpath={range .items[*]}{.status.snapshotHandle}{"\n"}{end}'; } | grep . | sort; }
in_daemon() { nsenter --mount="/proc/$daemon/ns/mnt" "$@"; }
subvolumes() { btrfs subvolume list "$T/data" | grep -c ' path volumes/' || :; }
# Of subvolumes that are there; the kernel takes the others away in its own time.
limited() { btrfs qgroup show -r --raw "$T/data" | awk '$1 ~ /^0\// && $4 ~ /^[0-9]+$/' | wc -l; }
used_mib() { sync -f "$T/data" && df -m --output=used "$T/data" | tail -n 1; }
delete_all() { o delete pod --all --timeout=60s && o delete vs --all --timeout=60s && o delete pvc --all --timeout=60s && within 30 eval '[ -z "$(on_disk)" ]'; }

use_disk btrfs
check "a claim is bound" eval 'claim data 64Mi | o apply -f - && within 20 bound data'
check_equal "its volume is a subvolume" 256 "$(stat -c %i "$(data_of data)")"
check "a pod writes to it" eval 'pod writer data "echo kept >/data/file; sync; sleep 1000" | o apply -f - && is_ready pod/writer'
check_equal "without a loop device" 0 "$(our_loops)"
check "one is written full, and told so" eval '{ claim full 32Mi; claim other 32Mi; } | o apply -f - && within 20 bound full && within 20 bound other && says full "$(fill big 100)" "quota exceeded"'
check "it got no more than it asked for" eval '[ "$(du -m "$(data_of full)" | tail -n 1 | cut -f1)" -le 32 ]'
check "the other has its own" eval 'says other "$(fill x 10)" fine'
check "what is full can be emptied" eval 'says full "rm /data/big; sync; $(fill y 4)" fine'
check "a claim grows while a pod has it" eval 'ask_for data 128Mi && within 20 eval "[ \"\$(size_of data)\" = 128Mi ]"'
check "to what it asked for" says data "$(fill big 100)" fine
check "and no more" says data "$(fill more 40); rm /data/more" "quota exceeded"
check "a claim larger than the disk waits, and says why" eval 'claim huge 900Ti | o apply -f - && within 10 told "not enough room on the node.s disk" && o delete pvc huge --timeout=10s'
check "so does what would promise the same room twice" eval 'claim much 1400Mi | o apply -f - && within 20 bound much && claim toomuch 600Mi | o apply -f - && sleep 2 && ! bound toomuch && o delete pvc much toomuch --timeout=30s'

# shellcheck disable=SC2034 # read by what is evaluated
before=$(used_mib)
check "a snapshot of it while the pod has it" eval 'snapshot one data | kubectl apply -f - && within 20 is_snapshot_ready one'
check "cannot be written" eval '! touch "$volumes/$(o get vsc -o "jsonpath={.items[0].status.snapshotHandle}")/data/x"'
check "a claim begins with it, and one with the claim" eval '{ claim back 128Mi "$(of_snapshot one)"; claim twin 200Mi "$(of_claim data)"; } | o apply -f - && within 20 bound back && within 20 bound twin'
check "they take no room" eval '[ $(($(used_mib) - before)) -lt 20 ]'
check "and have its data" eval 'for one in back twin; do pod $one $one "cat /data/file; stat -c %s /data/big; sleep 1000" | o apply -f - && is_ready pod/$one && within 5 logs_are $one "kept
104857600" || exit 1; done'
check "what they share has to be there twice, and is counted so" eval 'claim much 1400Mi | o apply -f - && sleep 2 && ! bound much && o delete pvc much --timeout=30s'
check "the copy is held to its own size" eval 'says twin "$(fill more 60)" fine && says twin "$(fill evenmore 60)" "quota exceeded"'

check "a class is deleted while claims have it" o delete sc local --timeout=10s
check "they stay bound, and their pods run" eval 'bound data && says data "cat /data/file" kept && is_ready pod/writer'
check "one grows no more" eval '! ask_for data 160Mi'
check "a new claim of it waits, and says why" eval 'claim late 16Mi "storageClassName: local" | o apply -f - && within 10 told "storageclass.storage.k8s.io .local. not found" && [ "$(phase late)" = Pending ]'
check "until there is one again" eval 'printf "apiVersion: storage.k8s.io/v1\nkind: StorageClass\nmetadata: {name: local, annotations: {storageclass.kubernetes.io/is-default-class: \"true\"}}\nprovisioner: orilla.dev/local\nallowVolumeExpansion: true\n" | kubectl apply -f - && within 20 bound late'
check "a claim whose volume was made by a class that is gone goes with its data" eval 'o delete pvc late --timeout=10s && within 10 eval "[ \"\$(on_disk)\" = \"\$(named)\" ]"'

check "all of it goes" delete_all
check "with its subvolumes and their limits" eval 'within 10 eval "[ \$(subvolumes) = 0 ]" && within 60 eval "btrfs filesystem sync \$T/data && [ \$(limited) = 0 ]"'

# Kills at any step of making, copying, growing and removing.
claim keeper 32Mi | o apply -f - >/dev/null
pod keeper keeper "while :; do echo x >>/data/lines; wc -l </data/lines; sleep 1; done" | o apply -f - >/dev/null
check "a pod keeps lines" is_ready pod/keeper
lines() { o logs keeper --tail=1; }
for ((round = 0; round < rounds; round++)); do
  { claim "r$round" 20Mi; snapshot "s$round" keeper; claim "c$round" 32Mi "$(of_snapshot "s$round")"; [ $round = 0 ] || claim "r$((round - 1))" 24Mi; } | o apply -f - >/dev/null 2>&1
  [ $round -lt 2 ] || o delete pvc "r$((round - 2))" --wait=false >/dev/null 2>&1
  [ $round = 0 ] || { o delete pvc "c$((round - 1))" --wait=false; o delete vs "s$((round - 1))" --wait=false; } >/dev/null 2>&1
  sleep "0.0$((RANDOM % 90 + 10))"
  kill_orilla
  start_orilla
done
# shellcheck disable=SC2034 # read by what is evaluated
lines_before=$(lines)
unready() { o get vs -o 'jsonpath={range .items[*]}{.status.readyToUse}{"\n"}{end}' | grep -v true || o get pvc -o 'jsonpath={range .items[*]}{.status.phase}{"\n"}{end}' | grep -v Bound; }
check "after $rounds kills all that is left is ready" within 60 eval '[ -z "$(unready)" ]'
check "the pod that wrote all the time writes on" within 10 eval '[ "$(lines)" -gt "$lines_before" ]'
check "and the disk has what objects name, and nothing else" within 30 eval '[ "$(on_disk)" = "$(named)" ]'
check "each in one subvolume" eval '[ "$(subvolumes)" = "$(on_disk | wc -l)" ]'
keeper_data=$(data_of keeper)
check "and all but the keeper go" eval 'o delete vs --all --timeout=60s && o delete pvc $(o get pvc -o name | grep -v /keeper$ | cut -d/ -f2) --timeout=60s && within 30 eval "[ \$(on_disk | wc -l) = 1 ]"'

# The data directory goes to another disk as files do, and comes up there.
o delete pod keeper --timeout=30s >/dev/null
o delete pod --all --timeout=30s >/dev/null
stop_orilla
tar -C "$T/data" -Scf "$T/moved.tar" --exclude=./containers .
change_disk btrfs tar -xf "$T/moved.tar"
check "on another disk its data is a plain directory at first" eval '[ "$(stat -c %i "$keeper_data")" != 256 ]'
check "a pod finds it there" eval 'once reader keeper "wc -l </data/lines" && within 30 ended reader Succeeded && [ "$(o logs reader)" -ge "$lines_before" ]'
check_equal "in a subvolume again" 256 "$(stat -c %i "$keeper_data")"
check "of its size" eval 'says keeper "$(fill big 100)" "quota exceeded"'
o delete pod --all --timeout=30s >/dev/null

stop_orilla
change_disk xfs tar -xf "$T/moved.tar"
check "on a disk that enforces no quota its pods wait, and say what is missing" eval 'pod nowhere keeper | o apply -f - && within 20 told "FailedMount.*held by project quota.*prjquota"'
check_equal "and no condition says that they run" False "$(o get pod nowhere -o 'jsonpath={.status.conditions[?(@.type=="Ready")].status}')"
check "its data is there" eval '[ -s "$keeper_data/lines" ]'
check "a claim that nobody can use goes with its data" eval 'o delete pod nowhere --timeout=30s && o delete pvc keeper --timeout=30s && within 10 eval "[ ! -e \"$keeper_data\" ]"'

# Files that share blocks.
check "a claim on xfs is a file with a file system inside" eval 'claim data 256Mi | o apply -f - && within 20 bound data && [ -f "$volumes/$(volume_of data)/image" ]'
check "a pod fills it" eval 'pod writer data "dd if=/dev/urandom of=/data/big bs=1M count=150 2>/dev/null; sync; md5sum </data/big; sleep 1000" | o apply -f - && is_ready pod/writer && within 30 eval "[ -n \"\$(o logs writer)\" ]"'
# shellcheck disable=SC2034 # read by what is evaluated
before=$(used_mib)
check "it is copied while the pod has it" eval 'snapshot one data | o apply -f - && within 20 is_snapshot_ready one && { claim back 256Mi "$(of_snapshot one)"; claim twin 256Mi "$(of_claim data)"; } | o apply -f - && within 20 bound back && within 20 bound twin'
check "which takes no room" eval '[ $(($(used_mib) - before)) -lt 50 ]'
check "the copies have the same data" says back "md5sum </data/big" "$(o logs writer)"
moved=$(volume_of twin)
mv "$volumes/$moved" "$T/data/vanished"
check "a volume whose directory vanished is told of" eval 'pod lost twin | o apply -f - && within 20 told "FailedMount.*the data of volume $moved is not on this node: $volumes/$moved is missing"'
check_equal "and its pod is not ready" "False ContainersNotReady" "$(o get pod lost -o 'jsonpath={.status.conditions[?(@.type=="Ready")].status} {.status.conditions[?(@.type=="Ready")].reason}')"
check "it cannot grow or be copied, and says so" eval 'ask_for twin 300Mi && within 20 told "VolumeResizeFailed.*the data of $moved is not on this node" && claim orphan 300Mi "$(of_claim twin)" | o apply -f - && within 20 told "ProvisioningFailed.*the data of $moved is not on this node" && o delete pvc orphan --timeout=10s'
check "its pod starts when it is there again" eval 'mv "$T/data/vanished" "$volumes/$moved" && within 60 is_ready pod/lost'
check "one that is gone for good goes" eval 'o delete pod lost --timeout=30s && within 10 eval "! in_daemon mountpoint -q $volumes/$moved/mount" && rm -r "$volumes/$moved" && o delete pvc twin --timeout=30s && within 10 eval "! o get pv $moved"'
check "all of it goes" delete_all
check_equal "no device is left" 0 "$(our_loops)"
stop_orilla
finish
