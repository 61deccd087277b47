#!/bin/bash
# What the API takes, it does: one pod that says much, and what is to be seen of it from inside and outside.
# shellcheck source=test/support/orilla_box.sh
. "$(dirname "$0")/../support/orilla_box.sh"
start_orilla
import_images busybox echo
mkdir -p "$T/volume/below" "$T/volume/later"
# Shared, as a host's mounts are; a box's are not.
mount --bind "$T/volume" "$T/volume" && mount --make-shared "$T/volume"
mount -t tmpfs below "$T/volume/below"
o create configmap settings --from-literal=COLOUR=green >/dev/null
o create secret generic keys --from-literal=KEY=secret >/dev/null
cat >"$T/fields.yaml" <<Y
apiVersion: v1
kind: Service
metadata: {name: group}
spec: {clusterIP: None, selector: {app: fields}, publishNotReadyAddresses: true}
---
apiVersion: v1
kind: Pod
metadata: {name: fields, labels: {app: fields}, annotations: {note: kept}}
spec:
  hostname: member
  subdomain: group
  enableServiceLinks: false
  shareProcessNamespace: true
  terminationGracePeriodSeconds: 1
  hostAliases: [{ip: 192.0.2.9, hostnames: [printer, printer.example]}]
  dnsConfig: {nameservers: [192.0.2.53], searches: [own.example], options: [{name: ndots, value: '2'}, {name: edns0}]}
  securityContext:
    runAsUser: 1234
    runAsGroup: 2345
    fsGroup: 3456
    supplementalGroups: [4567]
    sysctls: [{name: net/ipv4/tcp_syncookies, value: '0'}, {name: net.ipv4.ip_local_port_range, value: '20000 20100'}]
  containers:
  - name: main
    image: busybox:1
    command: [sh, -c, 'while [ ! -e /shared/started ]; do sleep 0.05; done; while :; do sleep 1; done']
    workingDir: /tmp
    envFrom: [{prefix: MAP_, configMapRef: {name: settings}}, {secretRef: {name: keys}}]
    env:
    - {name: WHO, valueFrom: {fieldRef: {fieldPath: metadata.name}}}
    - {name: BOTH, value: '\$(WHO)-\$(MAP_COLOUR)-\$\$(WHO)'}
    - {name: LIMIT, valueFrom: {resourceFieldRef: {resource: limits.memory, divisor: 1Mi}}}
    ports: [{containerPort: 8080, hostPort: 18080, hostIP: 127.0.0.1}]
    resources: {limits: {memory: 48Mi}}
    lifecycle: {postStart: {exec: {command: [sh, -c, 'echo hook >/shared/started']}}}
    securityContext: {readOnlyRootFilesystem: true, allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
    volumeMounts:
    - {name: shared, mountPath: /shared}
    - {name: shared, mountPath: /mine, subPathExpr: 'of/\$(WHO)'}
    - {name: memory, mountPath: /memory}
    - {name: host, mountPath: /top, readOnly: true}
    - {name: host, mountPath: /all, readOnly: true, recursiveReadOnly: Enabled}
    - {name: host, mountPath: /hears, mountPropagation: HostToContainer}
    - {name: keys, mountPath: /settings/keys}
    - {name: shared, mountPath: /top/made, subPath: inner}
    - {name: settings, mountPath: /settings/}
    - {name: about, mountPath: /about}
    - {name: all, mountPath: /from-all}
  - {name: side, image: 'echo:1', securityContext: {runAsUser: 0}}
  volumes:
  - {name: shared, emptyDir: {}}
  - {name: memory, emptyDir: {medium: Memory, sizeLimit: 1Mi}}
  - {name: host, hostPath: {path: $T/volume, type: Directory}}
  - {name: settings, configMap: {name: settings, defaultMode: 0440, items: [{key: COLOUR, path: a/colour}]}}
  - {name: keys, secret: {secretName: keys}}
  - {name: about, downwardAPI: {items: [{path: note, fieldRef: {fieldPath: "metadata.annotations['note']"}}]}}
  - name: all
    projected:
      defaultMode: 0440
      sources:
      - {configMap: {name: settings}}
      - {secret: {name: keys, items: [{key: KEY, path: hidden/key, mode: 0400}]}}
      - {configMap: {name: later, optional: true}}
      - {downwardAPI: {items: [{path: hidden/note, fieldRef: {fieldPath: "metadata.annotations['note']"}}]}}
Y
check "a pod that says much is applied" o apply -f "$T/fields.yaml"
check "it gets ready" o wait pod/fields --for=condition=Ready --timeout=30s
address=$(o get pod fields -o 'jsonpath={.status.podIP}')
main=$(pgrep -f 'while :; do sleep 1' | head -n 1)
root=/proc/$main/root
variable() { tr '\0' '\n' <"/proc/$main/environ" | sed -n "s/^$1=//p"; }
field() { sed -n "s/^$1:[[:space:]]*//p" "/proc/$main/status"; }

check_equal "hostname" member "$(nsenter -t "$main" -u hostname)"
check "subdomain: its name is in its hosts file" grep -q "^$address.member.group.default.svc.cluster.local.member$" "$root/etc/hosts"
check "subdomain: and in DNS" within 10 eval \
  "nsenter -t $main -m -n /bin/busybox nslookup member.group.default.svc.cluster.local 10.42.0.1 | grep -q 'Address.*$address'"
check_equal "its first line" "# Kubernetes-managed hosts file." "$(head -n 1 "$root/etc/hosts")"
check "hostAliases" grep -q '^192.0.2.9.printer.printer.example$' "$root/etc/hosts"
check_equal "dnsConfig: servers" "nameserver 10.42.0.1 nameserver 192.0.2.53" "$(grep nameserver "$root/etc/resolv.conf" | paste -sd ' ')"
check_equal "dnsConfig: searches" "search default.svc.cluster.local svc.cluster.local cluster.local own.example" "$(grep search "$root/etc/resolv.conf")"
check_equal "dnsConfig: options" "options ndots:2 edns0" "$(grep options "$root/etc/resolv.conf")"
check_equal "shareProcessNamespace" "$(readlink "/proc/$main/ns/pid")" "$(readlink "/proc/$(pgrep -x echo)/ns/pid")"
check_equal "runAsUser" "1234	1234	1234	1234" "$(field Uid)"
check_equal "runAsUser of a container goes before the pod's" "0	0	0	0" "$(sed -n 's/^Uid:[[:space:]]*//p' "/proc/$(pgrep -x echo)/status")"
check_equal "runAsGroup" "2345	2345	2345	2345" "$(field Gid)"
check_equal "fsGroup and supplementalGroups" "3456 4567" "$(field Groups | xargs -n 1 | grep -v 2345 | sort | paste -sd ' ')"
check_equal "capabilities" 0000000000000000 "$(field CapBnd)"
check_equal "allowPrivilegeEscalation" 1 "$(field NoNewPrivs)"
check_equal "sysctls, in either spelling" "0 20000 20100" \
  "$(nsenter -t "$main" -n sh -c 'cat /proc/sys/net/ipv4/tcp_syncookies /proc/sys/net/ipv4/ip_local_port_range' | xargs)"
check_equal "workingDir" /tmp "$(readlink "/proc/$main/cwd")"
check_equal "envFrom with a prefix" green "$(variable MAP_COLOUR)"
check_equal "envFrom without one" secret "$(variable KEY)"
check_equal "env: references and their escape" 'fields-green-$(WHO)' "$(variable BOTH)"
check_equal "env: resourceFieldRef" 48 "$(variable LIMIT)"
check_equal "enableServiceLinks" "" "$(variable GROUP_SERVICE_HOST)"
check "postStart has run" test "$(cat "$root/shared/started")" = hook
check_equal "readOnlyRootFilesystem" ro "$(awk '$5 == "/" { print $6 }' "/proc/$main/mountinfo" | cut -d , -f 1)"
check_equal "subPathExpr: a directory of its own in the volume" "$(stat -c %i "$root/shared/of/fields")" "$(stat -c %i "$root/mine")"
check_equal "fsGroup owns the volume" 3456 "$(stat -c %g "$root/shared")"
check_equal "emptyDir in memory, with its size" "tmpfs 1024k" "$(awk '$2 == "/memory" { print $3, $4 }' "/proc/$main/mounts" | sed 's/ .*size=\([0-9k]*\).*/ \1/')"
options_of() { awk -v at="$1" '$5 == at { print $6 }' "/proc/$main/mountinfo" | cut -d , -f 1; }
check_equal "readOnly, and what is mounted below stays as it is" "ro rw" "$(options_of /top) $(options_of /top/below)"
check_equal "recursiveReadOnly" "ro ro" "$(options_of /all) $(options_of /all/below)"
mount -t tmpfs later "$T/volume/later"
touch "$T/volume/later/mounted"
check_equal "mountPropagation: HostToContainer hears of it, None does not" "/hears/later/mounted" \
  "$(nsenter -t "$main" -m /bin/busybox ls /hears/later/mounted /top/later/mounted 2>/dev/null)"
check_equal "what the kernel kills first: by the memory that a Burstable pod asks for" 1 \
  "$(awk '$1 < 1000 && $1 > 900' "/proc/$main/oom_score_adj" | wc -l)"
check_equal "configMap items and mode" "green 440" "$(cat "$root/settings/a/colour") $(stat -L -c %a "$root/settings/a/colour")"
check_equal "a Secret in a ConfigMap's volume" secret "$(cat "$root/settings/keys/KEY")"
check "an emptyDir in a read-only hostPath" test -d "$T/volume/made" -a "$(stat -c %i "$root/shared/inner")" = "$(stat -c %i "$root/top/made")"
check_equal "downwardAPI" kept "$(cat "$root/about/note")"
check_equal "projected: what all sources say" "green secret kept" \
  "$(cat "$root/from-all/COLOUR") $(cat "$root/from-all/hidden/key") $(cat "$root/from-all/hidden/note")"
check_equal "projected: modes, and the group's right to read" "440 440 440" \
  "$(stat -L -c %a "$root/from-all/COLOUR" "$root/from-all/hidden/key" "$root/from-all/hidden/note" | paste -sd ' ')"
check_equal "projected: with a Secret it is in memory" tmpfs "$(stat -f -c %T "$root/from-all")"
o create configmap later --from-literal=COLOUR=red --from-literal=SHAPE=round >/dev/null
check "projected: a source that comes later is there, before the earlier ones" within 10 eval '[ "$(cat "$root/from-all/COLOUR" "$root/from-all/SHAPE")" = redround ]'
o annotate pod fields note=changed --overwrite >/dev/null
check "projected: annotations are followed" within 10 eval '[ "$(cat "$root/from-all/hidden/note")" = changed ]'
o delete configmap settings later >/dev/null
check_equal "projected: a source that must be there and goes leaves all as it was" redround \
  "$(sleep 1; cat "$root/from-all/COLOUR" "$root/from-all/SHAPE")"
o create configmap settings --from-literal=COLOUR=blue >/dev/null
check "projected: once that is back, all is as it is now" within 10 eval '[ "$(ls "$root/from-all" | paste -sd " ") $(cat "$root/from-all/COLOUR")" = "COLOUR hidden blue" ]'
check_equal "describe tells of its sources" "ConfigMapName:settings Optional:false SecretName:keys Optional:false ConfigMapName:later Optional:true DownwardAPI:true" \
  "$(o describe pod fields | sed -n '/Type: *Projected/,/^QoS/p' | sed '1d;$d' | tr -d ' ' | paste -sd ' ')"
check "hostPort at the hostIP" within 10 eval 'curl -s --max-time 5 http://127.0.0.1:18080/ | grep -q .'
check "and at no other address of the node" eval '! curl -s --max-time 2 http://10.42.0.1:18080/'
# Names and groups of another kind; a /proc that hides nothing, for users of the pod's own.
o create configmap accounts --from-literal='passwd=app:x:1234:2345::/:/bin/sh' --from-literal='group=extra:x:7777:app' >/dev/null
accounts="volumes: [{name: accounts, configMap: {name: accounts}}]"
mounted="volumeMounts: [{name: accounts, subPath: passwd, mountPath: /etc/passwd}, {name: accounts, subPath: group, mountPath: /etc/group}]"
told=$(o apply -f - 2>&1 <<Y
apiVersion: v1
kind: Pod
metadata: {name: full}
spec:
  hostname: member2
  subdomain: group
  setHostnameAsFQDN: true
  terminationGracePeriodSeconds: 0
  securityContext: {runAsUser: 1234, supplementalGroups: [4567], supplementalGroupsPolicy: Strict, seLinuxOptions: {level: 's0:c1'}}
  containers: [{name: c, image: 'busybox:1', command: [sleep, '2001'], $mounted}]
  $accounts
---
apiVersion: v1
kind: Pod
metadata: {name: other}
spec:
  hostnameOverride: another.example.com
  hostUsers: false
  terminationGracePeriodSeconds: 0
  securityContext: {runAsUser: 1234, supplementalGroups: [4567]}
  containers: [{name: c, image: 'busybox:1', command: [sleep, '2002'], securityContext: {procMount: Unmasked}, $mounted}]
  $accounts
---
apiVersion: v1
kind: Pod
metadata: {name: too-long}
spec:
  subdomain: a-subdomain-that-is-far-too-long-for-a-kernel
  setHostnameAsFQDN: true
  containers: [{name: c, image: 'busybox:1'}]
Y
)
check "seLinuxOptions are taken, and that they do nothing is told" grep -qF "Warning: spec.securityContext.seLinuxOptions: has no effect" <<<"$told"
check "pods of such names run" o wait pod/full pod/other --for=condition=Ready --timeout=30s
groups_of() { sed -n 's/^Groups:[[:space:]]*//p' "/proc/$1/status" | xargs; }
full=$(pgrep -xf 'sleep 2001') other=$(pgrep -xf 'sleep 2002')
check_equal "setHostnameAsFQDN" member2.group.default.svc.cluster.local "$(nsenter -t "$full" -u hostname)"
check "its hosts file has both" grep -q 'member2.group.default.svc.cluster.local.member2$' "/proc/$full/root/etc/hosts"
check_equal "supplementalGroupsPolicy Strict: none that the image gives" 4567 "$(groups_of "$full")"
check_equal "hostnameOverride" another.example.com "$(nsenter -t "$other" -u hostname)"
check_equal "without it the image's groups are there, as the pod's users see them" "4567 7777" \
  "$(groups_of "$other" | xargs -n 1 | awk '{ print $1 % 65536 }' | sort -n | xargs)"
mounts_below_proc() { awk '$5 ~ "^/proc/" { print $5 }' "/proc/$1/mountinfo" | wc -l; }
check_equal "procMount Unmasked hides nothing of /proc" 0 "$(mounts_below_proc "$other")"
check "Default does" test "$(mounts_below_proc "$full")" -gt 0
check "a full name that no kernel takes is told" within 10 eval 'o describe pod too-long | grep -q "FailedCreatePodSandBox.*is too long (64 characters is the max"'
o delete pod full other too-long --grace-period=0 --force --wait=false >/dev/null 2>&1

check "a second pod at the same host port waits" eval '
  o apply -f - <<Y
apiVersion: v1
kind: Pod
metadata: {name: second}
spec: {containers: [{name: c, image: "echo:1", ports: [{containerPort: 8080, hostPort: 18080, hostIP: 127.0.0.1}]}]}
Y
  within 10 eval "o describe pod second | grep -q \"free ports for the requested pod ports\""'

# What is only known when the container is made, in a pod whose name is too long for a host name.
ln -s /tmp "$T/volume/away"
long=$(printf 'a%.0s' {1..60})-b-c-d-with-more.and-dots
cat >"$T/paths.yaml" <<Y
apiVersion: v1
kind: Pod
metadata: {name: $long}
spec:
  terminationGracePeriodSeconds: 0
  volumes: [{name: host, hostPath: {path: $T/volume}}]
  containers:
  - {name: fine, image: 'busybox:1', command: [sh, -c, 'hostname; echo \$HOSTNAME; exec sleep 1000']}
  - {name: absolute, image: 'busybox:1', env: [{name: X, value: /tmp}], volumeMounts: [{name: host, mountPath: /v, subPathExpr: '\$(X)'}]}
  - {name: above, image: 'busybox:1', env: [{name: X, value: ..}], volumeMounts: [{name: host, mountPath: /v, subPathExpr: '\$(X)'}]}
  - {name: outside, image: 'busybox:1', volumeMounts: [{name: host, mountPath: /v, subPath: away}]}
Y
o apply -f "$T/paths.yaml" >/dev/null
waits() { o get pod "$long" -o "jsonpath={range .status.containerStatuses[?(@.name==\"$1\")].state.waiting}{.reason}: {.message}{end}"; }
check "a subPathExpr that becomes absolute" within 20 eval '[ "$(waits absolute)" = "CreateContainerConfigError: error SubPath \`/tmp\` must not be an absolute path" ]'
check "one that leads up" within 20 eval '[ "$(waits above)" = "CreateContainerConfigError: unable to provision SubPath \`..\`: must not contain '"'..'"'" ]'
check "a subPath that leads out of the volume" within 20 eval \
  'waits outside | grep -qF "CreateContainerConfigError: failed to prepare subPath for volumeMount \"host\" of container \"outside\""'
check "a host name is cut where it may end" within 20 eval '[ "$(o logs "$long" -c fine | paste -sd " ")" = "${long:0:62} ${long:0:62}" ]'

# refused FIELD_PATH TEXT YAML_OF_SPEC: what is not done is said.
refused() {
  check_fails "$1 is refused" "$2" o apply -f - <<Y
apiVersion: v1
kind: Pod
metadata: {name: refused}
spec: {containers: [{name: c, image: 'busybox:1'}], $3}
Y
}
refused "a priority class that is not there" "no PriorityClass with name high was found" 'priorityClassName: high'
refused runtimeClassName "spec.runtimeClassName: Forbidden" 'runtimeClassName: other'
refused overhead "spec.overhead: Forbidden" 'overhead: {cpu: 1m}'
refused resourceClaims "spec.resourceClaims: Forbidden" 'resourceClaims: [{name: a}]'
refused "another operating system" "spec.os.name: Forbidden" 'os: {name: windows}'
check_fails "a change of an immutable ConfigMap is refused" "immutable" eval '
  o apply -f - <<Y && o apply -f - <<Z
{apiVersion: v1, kind: ConfigMap, metadata: {name: fixed}, immutable: true, data: {a: b}}
Y
{apiVersion: v1, kind: ConfigMap, metadata: {name: fixed}, immutable: true, data: {a: c}}
Z'
stop_orilla
umount "$T/volume/below" "$T/volume/later" "$T/volume"
finish
