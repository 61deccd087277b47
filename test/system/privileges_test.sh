#!/bin/bash
# What programs of an image may gain: file capabilities and the setuid bit, as layers carry them, by the pod's own word and by the
# node's defaults.
# shellcheck source=test/support/orilla_box.sh
. "$(dirname "$0")/../support/orilla_box.sh"

cat >"$T/probe.c" <<'C'
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>
int main(int argc, char** argv) {
    int raw = socket(AF_INET, SOCK_RAW, 1);
    int privileges = prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0);
    printf("%s user=%d raw=%s no_new_privs=%d\n", argv[0], (int)geteuid(), raw < 0 ? "no" : "yes", privileges);
    fflush(stdout);
    if (argc > 1) execv(argv[1], argv + 1);
    return 0;
}
C
check "a probe is compiled" gcc -Os -static -o "$T/probe" "$T/probe.c"
# One is plain, one has a file capability, one the setuid bit; each runs the next.
PYTHONPATH=$repository/test/support python3 - "$T" <<'P'
import sys
from oci_images import Image, layer, member, write_archive
base = sys.argv[1]
probe = open(base + "/probe", "rb").read()
net_raw_ep = b"\x01\x00\x00\x02\x00\x20\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
files = layer(member("plain", mode=0o755, content=probe), member("setuid", mode=0o4755, content=probe),
              member("ping", mode=0o755, content=probe, pax={"SCHILY.xattr.security.capability": net_raw_ep.decode("latin-1")}))
write_archive(base + "/probe.tar", {"probe:1": Image(files, config={"User": "1000:1000"})})
P
# pod NAME [SECURITY_CONTEXT [PROGRAMS]]: each program runs the next.
pod() {
  o apply -f - <<Y
apiVersion: v1
kind: Pod
metadata: {name: $1}
spec:
  restartPolicy: Never
  containers: [{name: c, image: 'probe:1', command: [${3-/plain, /ping, /setuid}], securityContext: {${2-}}}]
Y
}
# says NAME WANTED: what the pod has printed once it has ended.
says() {
  check "$1 runs to its end" o wait "pod/$1" '--for=jsonpath={.status.phase}=Succeeded' --timeout=20s
  check_equal "$1: $2" "$3" "$(o logs "$1")"
}
gains="/plain user=1000 raw=no no_new_privs=0
/ping user=1000 raw=yes no_new_privs=0
/setuid user=0 raw=yes no_new_privs=0"
gains_nothing="/plain user=1000 raw=no no_new_privs=1
/ping user=1000 raw=no no_new_privs=1
/setuid user=1000 raw=no no_new_privs=1"
capabilities_of() { sed -n 's/^CapBnd:[[:space:]]*//p' "/proc/$(pgrep -fx "sleep 600")/status"; }
sleeper() { o apply -f - <<<"{apiVersion: v1, kind: Pod, metadata: {name: sleeper}, spec: {terminationGracePeriodSeconds: 0, containers: [{name: c, image: 'busybox:1', command: [sleep, '600']}]}}"; }

start_orilla
import_images busybox
check "the image is imported" o image import "$T/probe.tar"
pod open && pod closed 'allowPrivilegeEscalation: false' && pod dropped 'capabilities: {drop: [NET_RAW]}' && sleeper >/dev/null
says open "programs gain what their files say" "$gains"
says closed "allowPrivilegeEscalation: false, they gain nothing" "$gains_nothing"
check "a capability that is not in reach: the program does not start" within 20 eval 'o logs dropped | grep -qx "/plain user=1000 raw=no no_new_privs=0"'
check_equal "and nothing else has run" 1 "$(o logs dropped | wc -l)"
check "a pod that asks for nothing runs" o wait pod/sleeper --for=condition=Ready --timeout=20s
check_equal "with the capabilities of any cluster" 00000000a80425fb "$(capabilities_of)"
o delete pod --all --timeout=20s >/dev/null
stop_orilla

echo 'workloadDefaults: hardened' >"$T/config.yaml"
start_orilla --config "$T/config.yaml"
pod open '' /plain,/setuid && pod asks 'allowPrivilegeEscalation: true, capabilities: {add: [NET_RAW]}' && sleeper >/dev/null
says open "on a hardened node programs gain nothing" "$(sed '/ping/d' <<<"$gains_nothing")"
says asks "unless it is asked for" "$gains"
check "a pod that asks for nothing runs" o wait pod/sleeper --for=condition=Ready --timeout=20s
check_equal "with fewer capabilities" 00000000800405fb "$(capabilities_of)"
o delete pod --all --timeout=20s >/dev/null
stop_orilla
finish
