#!/bin/bash
# What pods may use: said of the pod as a whole, and changed while its containers run, with stock kubectl. The kernel's cgroups are
# looked at, and the daemon is killed in between.
kubectl=${kubectl:-$("$(dirname "$0")/../support/kubectl.sh" | tail -n 1)}
export kubectl
# shellcheck source=test/support/orilla_box.sh
. "$(dirname "$0")/../support/orilla_box.sh"
start_orilla
import_images busybox
o kubeconfig --data-dir "$T/data" >"$KUBECONFIG"
k() { "$kubectl" "$@"; }

# limit FILE_V1 FILE_V2 PID [UP]: of the process's cgroup, or of the one UP levels above, as the kernel has it.
limit() {
  local path above=${4-0}
  if path=$(sed -n "s/^[0-9]*:[a-z,]*\b${1%%.*}\b[a-z,]*:\(.*\)/\1/p" "/proc/$3/cgroup") && [ -n "$path" ]; then
    path=$(awk -v c="${1%%.*}" '$(NF-2) == "cgroup" && $NF ~ "(^|,)" c "(,|$)" { print $5; exit }' /proc/self/mountinfo)$path/
    set -- "$1"
  else
    path=$(awk '$(NF-2) == "cgroup2" { print $5; exit }' /proc/self/mountinfo)$(sed -n 's/^0:://p' "/proc/$3/cgroup")/
    set -- "$2"
  fi
  while [ "$above" -gt 0 ]; do path=${path%/*/}/ above=$((above - 1)); done
  cat "$path$1"
}
memory_of() { limit memory.limit_in_bytes memory.max "$@"; }
quota_of() { limit cpu.cfs_quota_us cpu.max "$@" | cut -d ' ' -f 1; }
pid_of() { pgrep -xf "sleep $1"; }
status_of() { o get pod "$1" -o "jsonpath={.status.containerStatuses[0]$2}"; }

# ---- the pod as a whole ---------------------------------------------------------------------------------------------------
cat <<Y | o apply -f - >/dev/null
apiVersion: v1
kind: Pod
metadata: {name: whole}
spec:
  terminationGracePeriodSeconds: 0
  resources: {requests: {cpu: 200m}, limits: {cpu: 500m, memory: 64Mi}}
  containers:
  - {name: a, image: 'busybox:1', command: [sleep, '4001']}
  - {name: b, image: 'busybox:1', command: [sleep, '4002'], resources: {limits: {memory: 16Mi}}}
Y
check "a pod with resources of its own runs" o wait pod/whole --for=condition=Ready --timeout=30s
check_equal "its limits are those of its cgroup" "$((64 << 20)) 50000" "$(memory_of "$(pid_of 4001)" 1) $(quota_of "$(pid_of 4001)" 1)"
check_equal "a container's own are its own" $((16 << 20)) "$(memory_of "$(pid_of 4002)")"
check_equal "what is not said follows from the containers" "200m 16Mi Burstable" \
  "$(o get pod whole -o 'jsonpath={.spec.resources.requests.cpu} {.spec.resources.requests.memory} {.status.qosClass}')"
check_fails "less than the containers ask for is refused" "must be greater than or equal to aggregate container requests of 2" o apply -f - <<'Y'
apiVersion: v1
kind: Pod
metadata: {name: less}
spec: {resources: {requests: {cpu: 1}}, containers: [{name: a, image: 'busybox:1', resources: {requests: {cpu: 2}}}]}
Y
check_fails "it is not resized" "pods with pod-level resources cannot be resized" \
  k patch pod whole --subresource resize -p '{"spec":{"containers":[{"name":"b","resources":{"limits":{"memory":"32Mi"}}}]}}'
o delete pod whole --wait=false >/dev/null

# ---- resize in place ------------------------------------------------------------------------------------------------------
sized() {
  cat <<Y
apiVersion: v1
kind: Pod
metadata: {name: $1}
spec:
  terminationGracePeriodSeconds: 0
  containers:
  - name: c
    image: 'busybox:1'
    command: [sleep, '$2']
    resizePolicy: [{resourceName: memory, restartPolicy: ${3-NotRequired}}]
    resources: {requests: {cpu: 100m, memory: 32Mi}, limits: {cpu: 200m, memory: 32Mi}}
Y
}
resize() { k patch pod "$1" --subresource resize -p "{\"spec\":{\"containers\":[{\"name\":\"c\",\"resources\":$2}]}}"; }
sized one 4010 | o apply -f - >/dev/null
check "a pod runs" o wait pod/one --for=condition=Ready --timeout=30s
pid=$(pid_of 4010)
check_equal "its status has what it has" "100m 32Mi 100m" \
  "$(status_of one .allocatedResources.cpu) $(status_of one .resources.limits.memory) $(status_of one .resources.requests.cpu)"
check_equal "kubectl patches the subresource" "pod/one patched" \
  "$(resize one '{"requests":{"cpu":"150m","memory":"48Mi"},"limits":{"cpu":"400m","memory":"96Mi"}}')"
check "the container's limits in the kernel follow" within 10 eval \
  '[ "$(memory_of "$pid") $(quota_of "$pid") $(memory_of "$pid" 1) $(quota_of "$pid" 1)" = "$((96 << 20)) 40000 $((96 << 20)) 40000" ]'
check_equal "the same process runs" "$pid 0" "$(pid_of 4010) $(status_of one .restartCount)"
check "the status says so" within 10 eval '[ "$(status_of one .resources.limits.memory) $(status_of one .allocatedResources.cpu)" = "96Mi 150m" ]'
check "and an event" within 10 eval 'o describe pod one | grep -q "ResizeCompleted.*Pod resize completed"'
check_equal "no condition stays" "" "$(o get pod one -o 'jsonpath={.status.conditions[?(@.type=="PodResizeInProgress")].status}')"
check "smaller goes, too" eval 'resize one "{\"requests\":{\"memory\":\"16Mi\"},\"limits\":{\"memory\":\"24Mi\"}}" &&
  within 10 eval "[ \$(memory_of $pid) = $((24 << 20)) ] && [ \$(memory_of $pid 1) = $((24 << 20)) ]"'
check_fails "through the pod itself it is refused" "pod updates may not change fields other than" \
  k patch pod one -p '{"spec":{"containers":[{"name":"c","resources":{"limits":{"memory":"64Mi"}}}]}}'
check_fails "another class of service is refused" "Pod QOS Class may not change as a result of resizing" \
  resize one '{"requests":{"cpu":"400m","memory":"24Mi"}}'
check_fails "what is no amount is refused" "quantities must match" resize one '{"limits":{"memory":"much"}}'
check_fails "other resources are refused" "only cpu and memory resources are mutable" resize one '{"limits":{"ephemeral-storage":"1Gi"},"requests":{"ephemeral-storage":"1Gi"}}'
check_equal "kubectl gets the subresource" one "$(k get pod one --subresource resize -o 'jsonpath={.metadata.name}' 2>/dev/null || k get --raw /api/v1/namespaces/default/pods/one/resize | sed 's/.*"name":"\(one\)".*/\1/')"

# A daemon that dies before it has done anything, and one that only hears of it when it starts.
kill -STOP "$daemon"
(resize one '{"limits":{"memory":"128Mi"}}' >/dev/null 2>&1 &)
sleep 0.3
kill -CONT "$daemon"
kill_orilla
start_orilla
within 5 eval '[ "$(o get pod one -o "jsonpath={.spec.containers[0].resources.limits.memory}")" = 128Mi ]' ||
  resize one '{"limits":{"memory":"128Mi"}}' >/dev/null
check "killed in between, the next daemon does it to the container that it adopts" within 10 eval '[ "$(memory_of "$pid")" = $((128 << 20)) ]'
check_equal "and it still runs" "$pid 0" "$(pid_of 4010) $(status_of one .restartCount)"

# ---- with a restart -------------------------------------------------------------------------------------------------------
sized two 4020 RestartContainer | o apply -f - >/dev/null
check "a pod whose policy is RestartContainer runs" o wait pod/two --for=condition=Ready --timeout=30s
resize two '{"limits":{"cpu":"300m"}}' >/dev/null
check "its cpu changes in place" within 10 eval '[ "$(quota_of "$(pid_of 4020)") $(status_of two .restartCount)" = "30000 0" ]'
resize two '{"limits":{"memory":"80Mi"}}' >/dev/null
check "for its memory it starts anew" within 20 eval '[ "$(status_of two .restartCount) $(memory_of "$(pid_of 4020)")" = "1 $((80 << 20))" ]'
check "the status follows" within 10 eval '[ "$(status_of two .resources.limits.memory)" = 80Mi ]'
resize two '{"limits":{"memory":"88Mi"}}' >/dev/null
kill_orilla
start_orilla
check "killed in between, the next daemon goes on, once" within 20 eval '[ "$(status_of two .restartCount) $(memory_of "$(pid_of 4020)")" = "2 $((88 << 20))" ]'
sized full 4040 | sed "s/command: .*/command: [sh, -c, 'dd if=\/dev\/zero of=\/dev\/shm\/x bs=1M count=20; exec sleep 4040']/" | o apply -f - >/dev/null
check "a pod that uses memory runs" within 30 pid_of 4040
resize full '{"requests":{"memory":"8Mi"},"limits":{"memory":"8Mi"}}' >/dev/null
error_of() { o get pod full -o 'jsonpath={range .status.conditions[?(@.type=="PodResizeInProgress")]}{.reason}: {.message}{end}'; }
check "memory that is in use is not taken away" within 10 eval 'error_of | grep -qF "Error: attempting to set a memory limit (8388608) below the current usage ("'
check_equal "nothing was killed for it" "0 32Mi" "$(status_of full .restartCount) $(status_of full .resources.limits.memory)"
rm "/proc/$(pid_of 4040)/root/dev/shm/x"
check "once it is free it goes" within 20 eval '[ "$(memory_of "$(pid_of 4040)") $(error_of)" = "8388608 " ]'
o delete pod full --grace-period=0 --force >/dev/null 2>&1

# ---- what the node has not got --------------------------------------------------------------------------------------------
resize two '{"requests":{"cpu":"900"},"limits":{"cpu":"900"}}' >/dev/null
pending() { o get pod "$1" -o 'jsonpath={range .status.conditions[?(@.type=="PodResizePending")]}{.reason}: {.message}{end}'; }
check "more than the node has is infeasible" within 10 eval 'pending two | grep -qF "Infeasible: Node didn'"'"'t have enough capacity: cpu, requested: 900000, capacity: "'
check "that is an event, too" within 10 eval 'o describe pod two | grep -q ResizeInfeasible'
check_equal "and it goes on with what it has" 100m "$(status_of two .allocatedResources.cpu)"
milli=$(($(nproc) * 1000))
resize two "{\"requests\":{\"cpu\":\"$((milli - 50))m\"},\"limits\":{\"cpu\":\"900\"}}" >/dev/null
check "more than is left is deferred" within 10 eval 'pending two | grep -qF "Deferred: Node didn'"'"'t have enough resource: cpu"'
o delete pod one --grace-period=0 --force >/dev/null 2>&1
check "until another pod goes" within 10 eval '[ -z "$(pending two)" ] && [ "$(status_of two .allocatedResources.cpu)" = "$((milli - 50))m" ]'
o delete pod two --grace-period=0 --force >/dev/null 2>&1

# ---- those who have a say -------------------------------------------------------------------------------------------------
cat <<'Y' | o apply -f - >/dev/null
apiVersion: v1
kind: ResourceQuota
metadata: {name: q}
spec: {hard: {requests.cpu: 300m}}
---
apiVersion: v1
kind: LimitRange
metadata: {name: l}
spec: {limits: [{type: Container, max: {memory: 100Mi}}]}
Y
within 5 eval '[ -n "$(o get quota q -o "jsonpath={.status.hard}")" ]'
sized three 4030 | o apply -f - >/dev/null
check "a pod within a quota runs" o wait pod/three --for=condition=Ready --timeout=30s
check_fails "a quota is asked" "exceeded quota: q, requested: requests.cpu=300m, used: requests.cpu=100m, limited: requests.cpu=300m" \
  resize three '{"requests":{"cpu":"400m"},"limits":{"cpu":"500m"}}'
check_fails "a LimitRange is asked" "maximum memory usage per Container is 100Mi, but limit is 101Mi" resize three '{"limits":{"memory":"101Mi"}}'
resize three '{"requests":{"cpu":"250m"},"limits":{"cpu":"400m"}}' >/dev/null
check "the quota counts what it has by then" within 10 eval '[ "$(o get quota q -o "jsonpath={.status.used.requests\.cpu}")" = 250m ]'
stop_orilla
finish
