# shellcheck shell=dash disable=SC2317 # functions are called by name
# Runs in the virtual machine, in its first root, under busybox: sh, beside the program, the pod and the image.
# shellcheck source=test/vm/checks.sh
. ./checks.sh

mkdir -p /var/lib/orilla
mount -t tmpfs data /var/lib/orilla
export PATH="/job:$PATH"
check "the machine runs from its first root" is "$(awk '$2 == "/" { print $1 }' /proc/mounts)" rootfs
orilla serve --node-name box --listen '' >/run/serve.log 2>&1 &
check "the daemon gets ready" within 60 orilla get nodes
check "an image is imported: its unpacker has a root of its own" orilla image import echo.tar
check "apply of a pod" orilla apply -f pod.yaml
check "the pod gets ready: its container has a root of its own" within 90 orilla wait --for=condition=Ready pod/echo --timeout=5s
pid=$(pidof echo | tr ' ' '\n' | head -n 1)
check "its process is seen from the node" test -n "$pid"
check "its root is an overlay" grep -q ' / / .* - overlay ' "/proc/$pid/mountinfo"
check "it sees nothing of the first root, nor what is mounted there" is \
  "$(awk '$5 ~ "^/(job|disk|var)" { print $5 }' "/proc/$pid/mountinfo")" ""
check "neither from above its root" test ! -e "/proc/$pid/root/../../job"
check "delete of the pod" orilla delete pod echo --timeout=60s
check "leaves no mount" is "$(grep overlay /proc/mounts)" ""
finish cat /run/serve.log
