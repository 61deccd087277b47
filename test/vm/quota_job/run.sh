# shellcheck shell=bash disable=SC2317,SC2034 # functions are called by name, variables read by what is evaluated
# Runs in the virtual machine, beside the program and the images.
# shellcheck source=test/vm/checks.sh
. ./checks.sh

export PATH=/usr/local/bin:$PATH
kill_rounds=4
foreign=1330774016 # the first number that a volume would get
install -D -m 755 orilla /usr/local/bin/orilla
install -D -m 644 -t /usr/local/lib/systemd/system orilla.service orilla.socket
install -D -m 644 orilla.sysusers /usr/local/lib/sysusers.d/orilla.conf
systemd-sysusers
mkdir -p /etc/systemd/system/orilla.service.d /var/lib/orilla
printf '[Unit]\nStartLimitIntervalSec=0\n[Service]\nRestartSec=100ms\n' >/etc/systemd/system/orilla.service.d/often.conf
ip link set lo up
systemctl daemon-reload
data=/var/lib/orilla volumes=/var/lib/orilla/volumes
is_up() { curl -sf --max-time 3 --unix-socket /run/orilla/orilla.sock http://localhost/readyz; }
start() { systemctl start orilla.socket orilla.service && within 60 is_up; }
stop() { systemctl stop orilla.socket orilla.service; }
die() { systemctl kill --kill-whom=main -s KILL orilla.service; } # systemd starts the next one
pod() { # NAME CLAIM COMMAND [FIELD OF THE SPEC]
  cat <<Y
---
apiVersion: v1
kind: Pod
metadata: {name: $1}
spec:
  terminationGracePeriodSeconds: 0
  ${4-}
  volumes: [{name: data, persistentVolumeClaim: {claimName: $2}}]
  containers: [{name: c, image: 'busybox:1', command: [sh, -c, '$3'], volumeMounts: [{name: data, mountPath: /data}]}]
Y
}
claim() { # NAME SIZE [FIELD]
  printf -- '---\napiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: %s}\nspec: {accessModes: [ReadWriteMany], resources: {requests: {storage: %s}}%s}\n' "$1" "$2" "${3:+, $3}"
}
is_ready() { orilla wait --for=condition=Ready "pod/$1" --timeout=5s; }
told() { orilla get events -o 'jsonpath={range .items[*]}{.reason}: {.message}{"\n"}{end}' | grep -q "$1"; }
volume_of() { orilla get pvc "$1" -o 'jsonpath={.spec.volumeName}'; }
data_of() { echo "$volumes/$(volume_of "$1")/data"; }
bound() { is "$(orilla get pvc "$1" -o 'jsonpath={.status.phase}')" Bound; }
size_is() { is "$(orilla get pvc "$1" -o 'jsonpath={.status.capacity.storage}')" "$2"; }
ended() { orilla get pod "$1" -o 'jsonpath={.status.phase}' | grep -q 'Succeeded\|Failed'; }
# says CLAIM COMMAND PATTERN: a pod that has the claim for this command says it.
says() {
  local name
  name=run-$(date +%s%N)
  pod "$name" "$1" "$2" 'restartPolicy: Never' | orilla apply -f - && within 120 ended "$name" && orilla logs "$name" | tee said && grep -Eq "$3" said
}
fill() { echo "dd if=/dev/zero of=/data/$1 bs=1M count=$2 2>&1 && sync && echo fine"; }
full='quota exceeded|No space left'
quiet() { xfs_quota -f -x -c "$1" "$data"; }
projects() { for one in "$volumes"/*/data; do xfs_io -r -c lsproj "$one" | sed 's/.*= *//'; done; }
# Of ours, which have a limit.
limited() { quiet 'report -pnN -b' | awk -v first="$foreign" '{ sub("#", "", $1) } $1 > first && $4 > 0' | wc -l; }
on_disk() { find "$volumes" -mindepth 1 -maxdepth 1 -printf '%f\n' | sort; }
named() { { orilla get pv -o 'jsonpath={range .items[*]}{.spec.csi.volumeHandle}{"\n"}{end}'; orilla get vsc -o 'jsonpath={range .items[*]}{.status.snapshotHandle}{"\n"}{end}'; } | grep . | sort; }

tell_apart() { # FILE SYSTEM
  check "$1: an administrator has a project" eval "mkdir -p $data/foreign && xfs_io -r -c 'chproj $foreign' $data/foreign && echo x >$data/foreign/file && quiet 'limit -p bhard=5m $foreign'"
  check "$1: serve is ready" start
  check "$1: an image is imported" orilla image import busybox.tar
  check "$1: a claim is bound" eval 'claim data 64Mi | orilla apply -f - && within 30 bound data'
  check "$1: a pod writes to it" eval 'pod writer data "echo kept >/data/file; sync; sleep 10000" | orilla apply -f - && within 60 is_ready writer'
  check "$1: no file system is mounted for it" eval '! grep "$volumes" /proc/mounts | grep -q /mount'
  check "$1: it sees a disk of the claim's size" says data "df -m /data | tail -n 1" '^[^ ]+ +6[0-4] '
  check "$1: its project is not the administrator's" eval 'is "$(projects | grep -cx $foreign)" 0 && is "$(projects | grep -c "^1330774")" 1'
  check "$1: it is written full, and told so" says data "$(fill big 100)" "$full"
  check "$1: and holds no more than it asked for" eval '[ "$(du -sm "$(data_of data)" | cut -f1)" -le 64 ]'
  check "$1: another one has its own" eval 'claim other 32Mi | orilla apply -f - && says other "$(fill x 10)" fine'
  check "$1: it grows while the pod has it" eval 'claim data 128Mi | orilla apply -f - && within 30 size_is data 128Mi && says data "df -m /data | tail -n 1" "^[^ ]+ +12[0-8] "'
  check "$1: to what it asked for" says data "rm /data/big; $(fill big 100)" fine
  check "$1: and no more" says data "$(fill more 60); rm /data/more" "$full"
  check "$1: what is promised is counted" eval 'claim much 500Mi | orilla apply -f - && within 30 told "not enough room on the node.s disk: 500 MiB" && orilla delete pvc much --timeout=20s'
  check "$1: a snapshot of it, while its pod is quiet" eval 'printf "apiVersion: snapshot.storage.k8s.io/v1\nkind: VolumeSnapshot\nmetadata: {name: one}\nspec: {source: {persistentVolumeClaimName: data}}\n" | orilla apply -f - && within 60 eval "is \"\$(orilla get vs one -o jsonpath={.status.readyToUse})\" true"'
}
copies() { # FILE SYSTEM
  before=$(df -m --output=used $data | tail -n 1)
  check "$1: a claim begins with the snapshot" eval 'claim back 128Mi "dataSource: {apiGroup: snapshot.storage.k8s.io, kind: VolumeSnapshot, name: one}" | orilla apply -f - && says back "cat /data/file; stat -c %s /data/big" 104857600'
  [ "$1" != xfs ] || check "$1: and shares its blocks" eval '[ $(($(df -m --output=used $data | tail -n 1) - before)) -lt 20 ]'
  check "$1: it is held to its own size" says back "$(fill more 60)" "$full"
  check "$1: each has a project of its own" eval 'is "$(projects | sort -u | wc -l)" "$(projects | wc -l)"'
}
kills() { # FILE SYSTEM
  for ((round = 0; round < kill_rounds; round++)); do
    { claim "r$round" 20Mi; [ $round = 0 ] || claim "r$((round - 1))" 24Mi; } | orilla apply -f - >/dev/null
    [ $round -lt 2 ] || orilla delete pvc "r$((round - 2))" --wait=false >/dev/null
    sleep "0.$((RANDOM % 5))"
    die
    within 60 is_up
  done
  check "$1: after $kill_rounds kills every claim is bound" within 60 eval '! orilla get pvc --no-headers | grep -vq Bound'
  check "$1: the disk has what objects name, and nothing else" within 30 eval '[ "$(on_disk)" = "$(named)" ]'
  check "$1: each has its own project, and a limit" within 10 eval 'is "$(projects | sort -u | wc -l)" "$(on_disk | wc -l)" && is "$(limited)" "$(on_disk | wc -l)"'
}

modprobe -a loop xfs quota_v2
truncate -s 640M /ext4.disk && mke2fs -q -t ext4 -O project,quota /ext4.disk
check "ext4: a disk is mounted with prjquota" mount -o loop,prjquota /ext4.disk $data
tell_apart ext4
copies ext4
kills ext4
check "ext4: all but one go" eval 'orilla delete pod --all --timeout=60s && orilla delete vs --all --timeout=60s && orilla delete pvc $(orilla get pvc -o name | grep -v /other$ | cut -d/ -f2) --timeout=60s && within 30 eval "is \$(on_disk | wc -l) 1"'
check "ext4: with their limits" within 20 eval 'is "$(limited)" 1'
check "ext4: the administrator's is as it was" eval 'quiet "report -pnN -b" | grep -q "^#$foreign .* 5120 "'
stop
tar -C $data -Scf /moved.tar .
umount $data
check "ext4: without prjquota the pods wait, and say what is missing" eval 'mount -o loop /ext4.disk $data && start && pod nowhere other "sleep 1000" | orilla apply -f - && within 30 told "FailedMount.*held by project quota.*mount it with the option prjquota"'
orilla delete pod --all --timeout=60s >/dev/null
stop
umount $data && rm /ext4.disk

truncate -s 640M /xfs.disk && mkfs.xfs -q /xfs.disk
check "xfs: a disk is mounted with prjquota" mount -o loop,prjquota /xfs.disk $data
tar -C $data -xf /moved.tar && rm /moved.tar
tell_apart xfs
copies xfs
check "xfs: what came from another disk is held to its size, and has its data" says other "stat -c %s /data/x; df -m /data | tail -n 1; $(fill more 40)" "$full"
check "xfs: with a project of this one" eval 'xfs_io -r -c lsproj "$(data_of other)" | grep -q 1330774'
kills xfs
check "xfs: all of it goes" eval 'orilla delete pod --all --timeout=60s && orilla delete vs --all --timeout=60s && orilla delete pvc --all --timeout=60s && within 30 eval "is \$(on_disk | wc -l) 0"'
check "xfs: with the limits" within 20 eval 'is "$(limited)" 0'
finish journalctl -u orilla --no-pager -n 60
