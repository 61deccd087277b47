#!/bin/bash
# The box of test/support keeps what it promises: apart while it runs, nothing left afterwards, however it ends.
set -u
box=$(cd "$(dirname "$0")/../support" && pwd)/box
number=0 failed=0
"$box" true
[ $? != 77 ] || { echo "1..0 # SKIP may not make namespaces here"; exit 77; }
is() { # NAME WANTED GOT
  number=$((number + 1))
  if [ "$2" = "$3" ]; then echo "ok $number - $1"; else failed=1; printf 'not ok %d - %s\n# wanted %s, got %s\n' $number "$1" "$2" "$3"; fi
}
left() { find /sys/fs/cgroup -maxdepth 2 -name "orilla-box-test-$$*" | wc -l; }
within() { # COMMAND: tries for five seconds
  local i
  for ((i = 0; i < 100; i++)); do ! "$@" || return 0; sleep 0.05; done
  return 1
}
gone() { [ "$(left)" = 0 ] && [ ! -e "/run/orilla-box/orilla-box-test-$$" ] && [ ! -e "/var/tmp/orilla-box/orilla-box-test-$$" ]; }
name=box-test-$$

is "the command's exit status comes out" 7 "$("$box" --name $name sh -c 'exit 7'; echo $?)"
is "standard input and output pass through" "hello" "$(echo hello | "$box" --name $name cat)"
is "lo is up and the only interface" "lo" "$("$box" --name $name sh -c 'ip -o link show up | cut -d: -f2 | xargs')"
is "the outside answers over the uplink" "ok" \
  "$("$box" --uplink --name $name bash -c '
    nsenter --net="$BOX_OUTSIDE" python3 -c "import socket; s = socket.create_server((\"192.0.2.1\", 80)); s.accept()[0].send(b\"ok\")" &
    for i in $(seq 100); do read -r word </dev/tcp/192.0.2.1/80 && break; sleep 0.05; done 2>/dev/null; echo $word')"
is "its processes are in its own cgroup" "/orilla-$name/inside" \
  "$("$box" --name $name sh -c 'sed -n "s/.*:pids:\|^0:://p" /proc/self/cgroup | head -n 1')"
is "files in /run and processes of the host stay apart" "0 1" \
  "$("$box" --name $name sh -c 'echo "$(ls /run | wc -l) $(ps -e -o pid= | head -n 1 | xargs)"')"
"$box" --name $name mount -t tmpfs tmpfs /mnt
is "mounts do not come out" "" "$(findmnt -n /mnt)"
is "after all of these nothing is left" "gone" "$(within gone && echo gone)"

"$box" --name $name sh -c 'for cgroup in /sys/fs/cgroup/*/$BOX; do mkdir $cgroup/pod; done; touch $BOX_DIR/ready; setsid sleep 600 & sleep 600' &
running=$!
within test -e "/var/tmp/orilla-box/orilla-$name/ready"
is "another command enters it" "orilla-$name" "$("$box" enter $name sh -c 'echo $BOX')"
is "the same name is refused meanwhile" 2 "$("$box" --name $name true 2>/dev/null; echo $?)"
kill -KILL $running
wait $running 2>/dev/null
is "killed with -9 it leaves nothing either" "gone" "$(within gone && echo gone)"

"$box" --name $name sh -c 'touch $BOX_DIR/ready; sleep 600' 2>/dev/null &
running=$!
within test -e "/var/tmp/orilla-box/orilla-$name/ready"
"$box" stop $name
is "stop leaves nothing" "gone" "$(within gone && echo gone)"
wait $running 2>/dev/null
echo "1..$number"
exit $failed
