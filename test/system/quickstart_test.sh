#!/bin/bash
# The quickstart with a program that is built already: on a machine with a default route and on one without, its page from the
# shell that started it, its words, and that `stop` always leaves nothing. The machine is a network namespace, from which no
# packet gets anywhere.
set -u
here=$(cd "$(dirname "$0")" && pwd)
repository=$(dirname "$(dirname "$here")")
if [ -z "${QUICKSTART_TEST-}" ]; then
  ORILLA=${ORILLA:-$(find "$repository" -maxdepth 2 -path '*/build*/orilla' -type f -printf '%T@ %p\n' | sort -n | sed -n '$s/^[^ ]* //p')}
  [ -x "$ORILLA" ] || { echo "1..0 # SKIP there is no build*/orilla"; exit 77; }
  ORILLA=$(realpath "$ORILLA")
  export ORILLA QUICKSTART_TEST=1
  "$repository/examples/images/build.sh" -o "${ORILLA_IMAGES:-$repository/examples/images/out}" nginx busybox mariadb wordpress >&2 || exit 1
  unshare --net true 2>/dev/null || { echo "1..0 # SKIP may not make namespaces here"; exit 77; }
  exec unshare --net "$0"
fi
export QUICKSTART_NAME=quickstart-test-$$
quickstart=$repository/examples/quickstart.sh box=$repository/test/support/box data=/var/lib/orilla-$QUICKSTART_NAME
work=$(mktemp -d)
number=0 failed=0
trap '"$quickstart" stop >/dev/null 2>&1; rm -rf "$work"' EXIT
is() { # NAME WANTED GOT
  number=$((number + 1))
  if [ "$2" = "$3" ]; then echo "ok $number - $1"; else failed=1; printf 'not ok %d - %s\n# wanted %s, got %s\n' $number "$1" "$2" "$3"; fi
}
has() { # NAME TEXT FILE
  if grep -qF -- "$2" "$3"; then is "$1" 0 0; else is "$1" "$2" "$(tail -n 20 "$3")"; fi
}
page() { # PORT: as any program of the machine gets it
  python3 - "$1" <<'P'
import sys, urllib.request as r
print(r.build_opener(r.ProxyHandler({})).open(f"http://127.0.0.1:{sys.argv[1]}/", timeout=10).read().decode(), end="")
P
}
left() { # what there is of the box, the link and the data
  find /sys/fs/cgroup -maxdepth 2 -name "orilla-$QUICKSTART_NAME*" 2>/dev/null
  find /run/orilla-box /var/tmp/orilla-box -maxdepth 1 -name "orilla-$QUICKSTART_NAME" 2>/dev/null
  ls -d "$data" 2>/dev/null
  pgrep -f "box_link.py .*$data/port|slirp4netns.*/proc/${init:-none}/" || :
}
# simulate LINE: packs, and asks apt what it would do, if that is what the line says.
simulate() {
  local apt_get=' && apt-get '
  if [[ $1 = *packaging/build*"$apt_get"* ]]; then bash -c "${1/"$apt_get"/"$apt_get--simulate "}" 2>&1; fi
}
stopped() { "$quickstart" stop >"$work/stop" 2>&1 && [ -z "$(left)" ]; }
ip link set lo up

"$quickstart" --help >"$work/help"
is "--help succeeds" 0 $?
has "and tells the words" "quickstart.sh stop" "$work/help"
"$quickstart" stopp >"$work/out" 2>&1
is "an unknown word is refused" 2 $?
has "and named" "'stopp'" "$work/out"
"$quickstart" --example nothing >"$work/out" 2>&1
is "so is an example that there is not" 2 $?
has "which is named, too" "'nothing' is not an example" "$work/out"
is "nothing was started for it" "" "$(left)"
is "stop of nothing is fine" 0 "$(stopped; echo $?)"

# A machine without a way out, and with something on the port.
python3 -c 'import socket, time; s = socket.create_server(("127.0.0.1", 30080)); print("there", flush=True); time.sleep(600)' >"$work/other" &
other=$!
until [ -s "$work/other" ]; do sleep 0.05; done
"$quickstart" >"$work/out" 2>&1
is "it succeeds" 0 $?
has "says that there is no way out, and why" "no way out (this machine has no default route)" "$work/out"
line=$(tail -n 1 "$work/out")
is "ends with the line that packs and installs it" 1 "$(grep -cE '^  /[^ ]*/packaging/build .* && apt-get install [^&;|]*\.deb$' <<<"$line")"
has "which does so" "Inst orilla (" <(simulate "$line")
port=$(sed -n 's#.*--- from this shell, http://127.0.0.1:\([0-9]*\)/.*#\1#p' "$work/out")
is "a taken port is passed over" 30081 "$port"
page "$port" >"$work/page"
has "the page is reachable from the shell" "$(page "$port" | head -n 1)" "$work/out"
is "and is nginx's" 1 "$(grep -c '<html\|Orilla\|nginx' "$work/page" | sed 's/^[1-9][0-9]*$/1/')"
is "many at once get it too" 20 "$(for _ in $(seq 20); do page "$port" | cmp -s - "$work/page" && echo yes & done | grep -c yes)"
init=$("$box" pid "$QUICKSTART_NAME")
is "the box has no route" "" "$(nsenter --net="/proc/$init/ns/net" ip route show default)"
"$quickstart" >"$work/again" 2>&1
is "a second run finds it running" 0 $?
has "and says so" "It is running already." "$work/again"
"$quickstart" --example wordpress >"$work/out" 2>&1
is "the other example takes its place" 0 $?
port=$(sed -n 's#.*--- from this shell, http://127.0.0.1:\([0-9]*\)/.*#\1#p' "$work/out")
page "$port" >"$work/page"
has "its page installs WordPress" "WordPress &rsaquo; Installation" "$work/page"
has "as the quickstart says" "WordPress &rsaquo; Installation" "$work/out"
has "it tells where to look" "orilla get all,pvc,cm,secret -n wordpress" "$work/out"
is "stop leaves nothing" 0 "$(stopped; echo $?; left)"
is "stop again is fine" 0 "$(stopped; echo $?)"
is "the port is closed" 1 "$(page "$port" >/dev/null 2>&1; echo $?)"
kill $other

# A machine with a default route, which leads nowhere.
ip link add way type veth peer name away
ip link set away up
ip address add 198.51.100.2/24 dev way
ip link set way up
ip route add default via 198.51.100.1
"$quickstart" >"$work/out" 2>&1
is "with a way out it succeeds as well" 0 $?
has "and says that images can be pulled" "orilla image pull" "$work/out"
init=$("$box" pid "$QUICKSTART_NAME")
is "the box has a route" "default via 10.0.2.2 dev uplink" "$(nsenter --net="/proc/$init/ns/net" ip route show default | xargs)"
is "the machine's own loopback is out of reach" 1 "$(nsenter --net="/proc/$init/ns/net" timeout 5 bash -c 'exec 3<>/dev/tcp/10.0.2.2/30080' 2>/dev/null; echo $?)"
kill -KILL "$(cat "$data/link.pid")"
"$quickstart" >"$work/out" 2>&1
is "a link that died is made again" 0 $?
init=$("$box" pid "$QUICKSTART_NAME")
kill -KILL "$init"
is "stop after the box died leaves nothing" 0 "$(stopped; echo $?; left)"

# Half started: killed before the daemon answers.
"$quickstart" --no-uplink >"$work/out" 2>&1 &
started=$!
until [ -e "/run/orilla-box/orilla-$QUICKSTART_NAME" ]; do sleep 0.02; done
kill -KILL $started
is "stop of what is half started leaves nothing" 0 "$(stopped; echo $?; left)"
mkdir -p "/run/orilla-box/orilla-$QUICKSTART_NAME" "$data"
is "nor of what nobody looks after" 0 "$(stopped; echo $?; left)"
ORILLA=/bin/false "$quickstart" >"$work/out" 2>&1
is "a program that does not start is an error" 1 $?
is "which leaves nothing" "" "$(left)"
echo "1..$number"
exit $failed
