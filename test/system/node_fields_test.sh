#!/bin/bash
# What a pod asks of the node itself: seccomp profiles of its own, mounts that others see, variables from a file that an init
# container writes.
# shellcheck source=test/support/orilla_box.sh
. "$(dirname "$0")/../support/orilla_box.sh"
start_orilla
import_images busybox
waiting() { o get pod "$1" -o 'jsonpath={.status.containerStatuses[0].state.waiting.reason}: {.status.containerStatuses[0].state.waiting.message}'; }
gone() { ! o get pod "$1" 2>/dev/null; }

# ---- seccomp profiles ---------------------------------------------------------------------------------------------------
profiles=$T/data/seccomp
check "there is a directory for profiles" test -d "$profiles"
mkdir -p "$profiles/of"
cat >"$profiles/of/no-mkdir.json" <<'J'
{"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"],
 "syscalls": [{"names": ["mkdir", "mkdirat", "not_a_call"], "action": "SCMP_ACT_ERRNO", "errnoRet": 71}]}
J
echo '{"defaultAction": "SCMP_ACT_ERRNO"}' >"$profiles/nothing.json"
echo '{"defaultAction": "SCMP_ACT_PERHAPS"}' >"$profiles/wrong.json"
mkfifo "$profiles/pipe.json"
# profiled NAME PROFILE: a pod with that profile, whose command says what it may.
profiled() {
  o apply -f - <<Y
apiVersion: v1
kind: Pod
metadata: {name: $1}
spec:
  terminationGracePeriodSeconds: 0
  containers:
  - name: c
    image: 'busybox:1'
    command: [sh, -c, 'mkdir /tmp/a; echo done; exec sleep 3000']
    securityContext: {allowPrivilegeEscalation: false, seccompProfile: {type: Localhost, localhostProfile: $2}}
Y
}
profiled profiled of/no-mkdir.json >/dev/null
check "a pod with a profile of the node's runs" o wait pod/profiled --for=condition=Ready --timeout=30s
check "what the profile refuses fails as it says" within 10 eval 'o logs profiled | grep -q "Protocol error"'
check_equal "and the filter is the profile's" 2 "$(sed -n 's/^Seccomp:[[:space:]]*//p' "/proc/$(pgrep -xf 'sleep 3000')/status")"
for name in missing pipe wrong; do profiled $name $name.json >/dev/null; done
profiled nothing nothing.json >/dev/null
check "a profile that is not there" within 10 eval \
  'waiting missing | grep -qF "CreateContainerError: start container c: cannot load seccomp profile \"$profiles/missing.json\": No such file or directory"'
check "a pipe is none, and nobody waits for it" within 10 eval 'waiting pipe | grep -qF "$profiles/pipe.json\": not a file"'
check "one that says what nobody knows" within 10 eval 'waiting wrong | grep -qF "defaultAction: \"SCMP_ACT_PERHAPS\" is not an action"'
check "that is an event, too" within 10 eval 'o describe pod wrong | grep -q "Warning *Failed .*cannot load seccomp profile"'
check "one under which nothing can begin is an error of the start" within 10 eval \
  'o get pod nothing -o "jsonpath={.status.containerStatuses[0]}" | grep -q "failed to start container"'
cp "$profiles/of/no-mkdir.json" "$profiles/missing.json"
check "once it is there the pod runs" o wait pod/missing --for=condition=Ready --timeout=60s
check_fails "a profile of elsewhere" "seccompProfile.localhostProfile: Invalid value: \"../passwd\": must not contain '..'" profiled other ../passwd
kill_orilla
start_orilla
check_equal "the next daemon finds the pod as it was" 0 "$(o get pod profiled -o 'jsonpath={.status.containerStatuses[0].restartCount}')"
o delete pod profiled missing pipe wrong nothing --grace-period=0 --force >/dev/null 2>&1

# ---- mounts that others see ---------------------------------------------------------------------------------------------
mkdir -p "$T/shared" "$T/private" "$T/precious"
echo kept >"$T/precious/file"
# Shared, as a host's mounts are; a box's are not.
mount --bind "$T/shared" "$T/shared" && mount --make-shared "$T/shared"
mount --bind "$T/data/pods" "$T/data/pods" && mount --make-shared "$T/data/pods"
mounter() {
  cat <<Y
apiVersion: v1
kind: Pod
metadata: {name: $1}
spec:
  terminationGracePeriodSeconds: 0
  volumes: [{name: host, hostPath: {path: $2}}, {name: own, emptyDir: {}}, {name: precious, hostPath: {path: $T/precious}}]
  containers:
  - name: c
    image: 'busybox:1'
    command: [sh, -c, '$3; exec sleep 3001']
    securityContext: {privileged: ${4-true}}
    volumeMounts:
    - {name: host, mountPath: /host, mountPropagation: Bidirectional}
    - {name: own, mountPath: /own, mountPropagation: ${5-Bidirectional}}
    - {name: precious, mountPath: /precious}
Y
}
cat <<Y | o apply -f - >/dev/null
apiVersion: v1
kind: Pod
metadata: {name: listener}
spec:
  terminationGracePeriodSeconds: 0
  volumes: [{name: host, hostPath: {path: $T/shared}}]
  containers:
  - {name: c, image: 'busybox:1', command: [sleep, '3002'], volumeMounts: [{name: host, mountPath: /host, mountPropagation: HostToContainer}]}
  - {name: d, image: 'busybox:1', command: [sleep, '3003'], volumeMounts: [{name: host, mountPath: /host}]}
Y
check "a listener runs" o wait pod/listener --for=condition=Ready --timeout=30s
mounter mounter "$T/shared" 'mkdir -p /host/m /own/m /own/p; mount -t tmpfs made /host/m; touch /host/m/file; mount -t tmpfs own /own/m; mount --bind /precious /own/p; touch /own/ready' |
  o apply -f - >/dev/null
check "a pod that mounts runs" o wait pod/mounter --for=condition=Ready --timeout=30s
check "what it mounts is seen on the host" within 10 test -e "$T/shared/m/file"
check "and by a pod that listens" test -e "/proc/$(pgrep -xf 'sleep 3002')/root/host/m/file"
check "and by none that does not" test ! -e "/proc/$(pgrep -xf 'sleep 3003')/root/host/m/file"
mkdir -p "$T/shared/n" && mount -t tmpfs later "$T/shared/n" && touch "$T/shared/n/file"
check "what the host mounts is seen in it" test -e "/proc/$(pgrep -xf 'sleep 3001')/root/host/n/file"
check "nothing else of the container's is seen on the host" eval '! grep -q "overlay.*/rootfs" /proc/self/mountinfo'
uid=$(o get pod mounter -o 'jsonpath={.metadata.uid}')
volume=$T/data/pods/$uid/volumes/own
check "its own volume has what it mounted there" within 10 eval "mountpoint -q '$volume/m' && grep -q kept '$volume/p/file'"
# A daemon that dies at the worst moment, between the end of the containers and that of their files.
o delete pod mounter --wait=false >/dev/null 2>&1
kill_orilla
start_orilla
check "the pod goes" within 20 gone mounter
check "and its directory, with what was mounted in its volume" within 20 test ! -e "$T/data/pods/$uid"
check_equal "what was mounted there is as it was" kept "$(cat "$T/precious/file")"
check "what it mounted in a hostPath stays, as everywhere" mountpoint -q "$T/shared/m"
umount "$T/shared/m" "$T/shared/n"
mount --bind "$T/private" "$T/private" && mount --make-private "$T/private"
mounter unseen "$T/private" true true None | o apply -f - >/dev/null
check "where the host keeps its mounts to itself that is told" within 10 eval \
  'waiting unseen | grep -qF "CreateContainerError: start container c: path \"$T/private\" is mounted on \"$T/private\" but it is not a shared mount"'
check_fails "only a privileged container may" "mountPropagation: Forbidden: Bidirectional mount propagation is available only to privileged containers" eval \
  'mounter other "$T/shared" true false | o apply -f -'
o delete pod unseen listener --grace-period=0 --force >/dev/null 2>&1

# ---- variables from a file ----------------------------------------------------------------------------------------------
# told NAME COMMAND [OPTIONAL]: an init container's command, and what the container has of it.
told() {
  cat <<Y
apiVersion: v1
kind: Pod
metadata: {name: $1}
spec:
  terminationGracePeriodSeconds: 0
  volumes: [{name: config, emptyDir: {}}]
  initContainers: [{name: writer, image: 'busybox:1', command: [sh, -c, "$2"], volumeMounts: [{name: config, mountPath: /data}]}]
  containers:
  - name: c
    image: 'busybox:1'
    command: [sh, -c, 'echo "[\$GREETING]"; exec sleep 3004']
    env: [{name: GREETING, valueFrom: {fileKeyRef: {volumeName: config, path: of/config.env, key: GREETING, optional: ${3-false}}}}]
Y
}
# shellcheck disable=SC2016 # the container's
told speaks 'mkdir /data/of; echo \"# said\" >/data/of/config.env; echo \"GREETING='"'"'hello \\$HOME'"'"'\" >>/data/of/config.env' | o apply -f - >/dev/null
told silent 'true' | o apply -f - >/dev/null
told leads-away 'mkdir /data/of; ln -s /etc/passwd /data/of/config.env' | o apply -f - >/dev/null
told waits-long 'mkdir /data/of; mkfifo /data/of/config.env' | o apply -f - >/dev/null
told need-not true true | o apply -f - >/dev/null
check "an init container's file gives a variable" o wait pod/speaks --for=condition=Ready --timeout=30s
check "its value is as it is written" within 10 eval '[ "$(o logs speaks -c c)" = "[hello \$HOME]" ]'
check "what is optional is left out" within 10 eval '[ "$(o logs need-not -c c)" = "[]" ]'
check "what is not there is told" within 10 eval '[ "$(waiting silent)" = "CreateContainerConfigError: env file \"of/config.env\" not found" ]'
check "a link leads nowhere outside of the volume" within 10 eval '[ "$(waiting leads-away)" = "CreateContainerConfigError: env file \"of/config.env\" not found" ]'
check "a pipe holds nobody up" within 10 eval '[ "$(waiting waits-long)" = "CreateContainerConfigError: env file \"of/config.env\" is not a file" ]'
check_fails "a volume of another kind" "fileKeyRef.volumeName: Invalid value: \"config\": must be a volume of type emptyDir" eval \
  'told other true | sed "s/emptyDir: {}/configMap: {name: x}/" | o apply -f -'
stop_orilla
umount "$T/shared" "$T/private" "$T/data/pods"
finish
