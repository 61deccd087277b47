#!/bin/bash
# Registries that answer a byte a second, and pods that name them: an honest pull beside them gets its place at once, theirs end
# with a message, and what is slow but not that slow comes.
# shellcheck source=test/support/orilla_box.sh
. "$(dirname "$0")/../support/orilla_box.sh"
cat >"$T/registries.py" <<'P'
import os, sys
sys.path.insert(0, sys.argv[1])
from fake_registry import FakeRegistry
from oci_images import Image, layer, member
shared = layer(member("shared", content=os.urandom(150_000)))
def registry(**named):
    return FakeRegistry({"app%d:1" % i: Image(layer("l%d" % i), shared, how="none", **named) for i in range(6)})
slow, silent, honest, modest = registry(), registry(), registry(), registry()
slow.bytes_per_second = 1
silent.bytes_per_second, silent.slow_documents = 1, True
modest.bytes_per_second = 30_000
with open(sys.argv[2] + ".new", "w") as out:
    out.write("slow=%s silent=%s honest=%s modest=%s\n" % (slow.host, silent.host, honest.host, modest.host))
os.rename(sys.argv[2] + ".new", sys.argv[2])
sys.stdin.read()
P
mkfifo "$T/keep"
python3 "$T/registries.py" "$repository/test/support" "$T/hosts" <"$T/keep" &
exec 8>"$T/keep" # the registries end with this script
within 20 test -e "$T/hosts" || { not_ok "registries answer"; finish; }
slow='' silent='' honest='' modest=''
# shellcheck source=/dev/null
. "$T/hosts"
for host in "$slow" "$silent" "$honest" "$modest"; do printf -- '- {host: "%s", insecure: true}\n' "$host"; done | sed '1i registries:' >"$T/config.yaml"
start_orilla --config "$T/config.yaml"
for i in 1 2 3 4 5; do
  for host in "$slow" "$silent"; do
    printf '%s\n' 'apiVersion: v1' 'kind: Pod' "metadata: {name: 'p${host##*:}-$i'}" 'spec:' \
      "  containers: [{name: main, image: '$host/app$i:1', command: [/none]}]" '---'
  done
done | o apply -f - >/dev/null
sleep 1
begun=$(date +%s%N)
check "a pull from an honest registry gets its place" timeout 60 "$ORILLA" image pull "$honest/app0:1"
took_ms=$((($(date +%s%N) - begun) / 1000000))
check "at once ($took_ms ms)" [ $took_ms -lt 5000 ]
check "one that is modest comes as well" timeout 60 "$ORILLA" image pull "$modest/app1:1"
said() { o get pods -o 'jsonpath={.items[*].status.containerStatuses[0].state.waiting.message}'; }
check "pods of the slow ones are told why" within 60 eval '[[ $(said) == *"$slow/app"*"the registry is too slow: it sent less than 1024 bytes a second for 20 s"* ]]'
check "whatever of theirs is slow" within 60 eval '[[ $(said) == *"$silent/app"*"the registry is too slow"* ]]'
check "what is slow is tried again later, and meanwhile others come" timeout 20 "$ORILLA" image pull "$honest/app2:1"
stop_orilla
finish
