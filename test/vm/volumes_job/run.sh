# shellcheck shell=bash disable=SC2317,SC2034 # functions are called by name, variables read by what is evaluated
# Runs in the virtual machine, beside the program and the images.
# shellcheck source=test/vm/checks.sh
. ./checks.sh

export PATH=/usr/local/bin:$PATH
kill_rounds=12
install -D -m 755 orilla /usr/local/bin/orilla
install -D -m 644 -t /usr/local/lib/systemd/system orilla.service orilla.socket
install -D -m 644 orilla.sysusers /usr/local/lib/sysusers.d/orilla.conf
systemd-sysusers
mkdir -p /etc/systemd/system/orilla.service.d
printf '[Unit]\nStartLimitIntervalSec=0\n[Service]\nRestartSec=100ms\n' >/etc/systemd/system/orilla.service.d/often.conf
ip link set lo up
systemctl daemon-reload
volumes=/var/lib/orilla/volumes
is_up() { curl -sf --max-time 3 --unix-socket /run/orilla/orilla.sock http://localhost/readyz; }
start() { systemctl start orilla.socket orilla.service && within 60 is_up; }
die() { systemctl kill --kill-whom=main -s KILL orilla.service; } # systemd starts the next one
pod() { # NAME VOLUME [COMMAND]
  cat <<Y
---
apiVersion: v1
kind: Pod
metadata: {name: $1}
spec:
  terminationGracePeriodSeconds: 0
  volumes: [{name: data, $2}]
  containers: [{name: c, image: 'busybox:1', command: [sh, -c, '${3:-sleep 10000}'], volumeMounts: [{name: data, mountPath: /data}]}]
Y
}
claimed() { echo "persistentVolumeClaim: {claimName: $1}"; }
claim() { # NAME SIZE [FIELD]
  printf -- '---\napiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: %s}\nspec: {accessModes: [ReadWriteMany], resources: {requests: {storage: %s}}%s}\n' "$1" "$2" "${3:+, $3}"
}
is_ready() { orilla wait --for=condition=Ready "pod/$1" --timeout=5s; }
logs_have() { orilla logs "$1" | grep -q "$2"; }
told() { orilla get events -o 'jsonpath={range .items[*]}{.reason}: {.message}{"\n"}{end}' | grep -q "$1"; }
size_is() { is "$(orilla get pvc "$1" -o 'jsonpath={.status.capacity.storage}')" "$2"; }
volume_of() { orilla get pvc "$1" -o 'jsonpath={.spec.volumeName}'; }
mib_inside() { df -m --output=size "$volumes/$(volume_of "$1")/mount" | tail -n 1; }
check "serve is ready" start
check "an image is imported" orilla image import busybox.tar

# Growth while a pod has it.
check "a pod has a claim" eval '{ claim data 32Mi; pod writer "$(claimed data)" "while :; do date +%s >>/data/log; sync; sleep 1; done"; } | orilla apply -f - && within 60 is_ready writer'
check "the claim asks for more" eval 'claim data 80Mi | orilla apply -f -'
check "and gets it, while the pod has it" within 30 size_is data 80Mi
check "its file system has grown" eval '[ "$(mib_inside data)" -gt 60 ]'
check "its pod was told, and not restarted" eval 'told "FileSystemResizeSuccessful: MountVolume.NodeExpandVolume succeeded for volume" && is "$(orilla get pod writer -o "jsonpath={.status.containerStatuses[0].restartCount}")" 0'
check "nothing of it is left in the status" is "$(orilla get pvc data -o 'jsonpath={.status.conditions}{.status.allocatedResourceStatuses}')" ""
check "it does not shrink" eval '! claim data 40Mi | orilla apply -f - 2>said && grep -q "field can not be less than status.capacity" said'
room=$(($(df -m --output=avail /var/lib/orilla | tail -n 1) + 500))
check "what the disk has not is told" eval 'claim data ${room}Mi | orilla apply -f - && within 20 told "VolumeResizeFailed.*not enough room"'
check "and noted" eval 'orilla get pvc data -o "jsonpath={.status.conditions[0].type} {.status.allocatedResourceStatuses.storage}" | grep -q "ControllerResizeError ControllerResizeInfeasible"'
check "and given up" eval 'claim data 90Mi | orilla apply -f - && within 30 size_is data 90Mi'
for ((round = 1; round <= kill_rounds; round++)); do
  claim data $((90 + 4 * round))Mi | orilla apply -f - >/dev/null
  sleep "0.$((RANDOM % 6))"
  die
  within 60 is_up
done
check "after $kill_rounds kills it has grown to the last one" within 60 size_is data $((90 + 4 * kill_rounds))Mi
check "so has its file system" eval '[ "$(mib_inside data)" -gt 120 ]'
check "the pod wrote all the time" eval 'is "$(orilla get pod writer -o "jsonpath={.status.containerStatuses[0].restartCount}")" 0 && [ $(($(date +%s) - $(tail -n 1 "$volumes/$(volume_of data)/mount/data/log"))) -lt 10 ]'
check "a snapshot restores to a larger claim" eval 'printf "apiVersion: snapshot.storage.k8s.io/v1\nkind: VolumeSnapshot\nmetadata: {name: one}\nspec: {source: {persistentVolumeClaimName: data}}\n" | orilla apply -f - && { claim larger 200Mi "dataSource: {apiGroup: snapshot.storage.k8s.io, kind: VolumeSnapshot, name: one}"; pod heir "$(claimed larger)" "wc -l /data/log; sleep 1000"; } | orilla apply -f - && within 60 is_ready heir && logs_have heir /data/log && [ "$(mib_inside larger)" -gt 170 ]'
check "fsck finds nothing wrong in either" eval 'orilla delete pod writer heir --timeout=60s && for one in data larger; do e2fsck -fn "$volumes/$(volume_of $one)/image" || exit 1; done'

# A server of NFS on this machine.
mkdir -p /srv/shared /var/lib/nfs /proc/fs/nfsd /run/rpc_pipefs
chmod 777 /srv/shared
touch /var/lib/nfs/etab /var/lib/nfs/rmtab
echo '/srv/shared 127.0.0.1(rw,no_root_squash,insecure,no_subtree_check,fsid=0)' >/etc/exports
serve_nfs() {
  modprobe nfsd && { mountpoint -q /proc/fs/nfsd || mount -t nfsd nfsd /proc/fs/nfsd; } && exportfs -ra && rpc.nfsd -N 3 4 && { pidof rpc.mountd || rpc.mountd -N 3; }
}
check "a server of NFS runs" serve_nfs
check "a pod mounts its directory" eval 'pod direct "nfs: {server: 127.0.0.1, path: /}" "echo hello >/data/file; sleep 10000" | orilla apply -f - && within 60 is_ready direct && grep -q hello /srv/shared/file'
check "by the newest version" eval 'grep -q "/volumes/data nfs4 .*vers=4.2" /proc/mounts'
check "a read-only one cannot be written" eval 'pod quiet "nfs: {server: 127.0.0.1, path: /, readOnly: true}" "cat /data/file; echo x >/data/no; sleep 10000" | orilla apply -f - && within 60 is_ready quiet && within 10 logs_have quiet "Read-only" && [ ! -e /srv/shared/no ]'
cat >nfs.yaml <<'Y'
apiVersion: v1
kind: PersistentVolume
metadata: {name: shared}
spec:
  capacity: {storage: 1Gi}
  accessModes: [ReadWriteMany]
  storageClassName: ""
  mountOptions: [soft, timeo=20, retrans=1, noatime]
  nfs: {server: 127.0.0.1, path: /}
Y
check "a claim is bound to a volume of it" eval 'orilla apply -f nfs.yaml && { claim shared 1Gi "storageClassName: \"\""; pod one "$(claimed shared)" "while :; do date +%s >/data/beat; sleep 1; done"; pod two "$(claimed shared)" "sleep 3; cat /data/beat; sleep 10000"; } | orilla apply -f - && within 60 is_ready one && within 60 is_ready two'
check "with its mount options" eval 'grep "/volumes/data nfs4 " /proc/mounts | grep -q "noatime.*soft.*timeo=20"'
check "a server that is not there is told of" eval 'pod nowhere "nfs: {server: 192.0.2.9, path: /}" | orilla apply -f - && within 60 told "FailedMount: MountVolume.SetUp failed for volume .data. : mount 192.0.2.9:/: " && orilla delete pod nowhere --timeout=60s'
check "a name needs nfs-common's program, which knows it" eval '[ -x /sbin/mount.nfs ] && echo "127.0.0.1 nas.lan" >>/etc/hosts && pod named "nfs: {server: nas.lan, path: /}" | orilla apply -f - && within 60 is_ready named'

# The server goes away: its pods stop, nothing else does.
check "the server stops" rpc.nfsd 0
check "the API answers" within 5 is_up
check "another pod starts" eval '{ claim own 16Mi; pod apart "$(claimed own)"; } | orilla apply -f - && within 60 is_ready apart'
check "a pod that needs the server waits" eval 'pod late "nfs: {server: 127.0.0.1, path: /}" | orilla apply -f - && sleep 10 && ! is_ready late'
check "pods that have it go" orilla delete pod direct quiet one two named late --timeout=240s --grace-period=0
check "without their mounts" eval '! grep -q " nfs4 " /proc/mounts'
check "serve goes on, killed too" eval 'die; sleep 1; within 60 is_up && is_ready apart'
finish journalctl -u orilla --no-pager -n 60
