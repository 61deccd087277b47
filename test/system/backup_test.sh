#!/bin/bash
# Backup and restore as docs/operate.md tells them: the daemon stops for the copy, the pods do not; a box that has lost its
# disk is given the copy and goes on with the same objects, certificates and pods.
. "$(dirname "$0")/../support/orilla_box.sh"

# The two commands of docs/operate.md, on the test's directory.
backup() { tar -C "$T/data" -czf "$T/backup.tgz" --exclude=./images --exclude=./containers --exclude=./base-layer --exclude=./logs --exclude=./store.reserve .; }
restore() { rm -rf --one-file-system "$T/data" && mkdir -m 0700 "$T/data" && tar -C "$T/data" -xzf "$T/backup.tgz"; }

container_pid() { pgrep -f "^sleep 98765$"; }
value() { o get "$1" -o "jsonpath=$2"; }

start_orilla
import_images busybox
cat >"$T/pod.yaml" <<Y
apiVersion: v1
kind: ConfigMap
metadata: {name: kept}
data: {word: shore}
---
apiVersion: v1
kind: Pod
metadata: {name: keeper}
spec:
  containers:
  - name: main
    image: busybox:1
    command: [sh, -c, "date >>/data/started; exec sleep 98765"]
    volumeMounts: [{name: data, mountPath: /data}]
  volumes: [{name: data, emptyDir: {}}]
Y
check "a pod and a ConfigMap are applied" o apply -f "$T/pod.yaml"
check "the pod is ready" o wait pod/keeper --for=condition=Ready --timeout=30s
o kubeconfig >"$T/kubeconfig-before"
uid=$(value pod/keeper '{.metadata.uid}')
pid=$(container_pid)

stop_orilla
check "the copy is made while the daemon is stopped" backup
check_equal "the pod went on during the copy" "$pid" "$(container_pid)"
check "the copy has no image and no log" bash -c "! tar -tzf '$T/backup.tgz' | grep -E '^./(images|logs|containers)'"
start_orilla
check_equal "the pod is adopted after the copy" "$pid" "$(container_pid)"
o create configmap late --from-literal=made=after >/dev/null

# A new disk under the same pods.
stop_orilla
check "the copy is unpacked in place of a lost data directory" restore
start_orilla
check_equal "the ConfigMap is back" shore "$(value configmap/kept '{.data.word}')"
check_fails "what was made after the copy is not" NotFound o get configmap late
check_equal "the pod is the same object" "$uid" "$(value pod/keeper '{.metadata.uid}')"
check_equal "certificates and keys are the same" "$(cat "$T/kubeconfig-before")" "$(o kubeconfig)"

# A new box: neither processes nor mounts are there, and the image has to come again.
stop_orilla
kill -KILL "$(ps -o ppid= -p "$(container_pid)" | tr -d ' ')"
check "the pod ended with its supervisor" within 10 eval '[ -z "$(container_pid)" ]'
findmnt -rno TARGET | grep ^/run/orilla/ | sort -r | xargs -r umount -l
rm -rf --one-file-system /run/orilla
check "the copy is unpacked on a new box" restore
start_orilla
import_images busybox
check "the pod runs on the new box once its image is there" within 30 eval '[ "$(o get pod keeper -o jsonpath={.status.phase})" = Running ]'
check "it is ready there" o wait pod/keeper --for=condition=Ready --timeout=60s
finish
