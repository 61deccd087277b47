#!/bin/bash
# systemd has nothing to say about the unit files.
command -v systemd-analyze >/dev/null || { echo "1..0 # SKIP systemd-analyze is not installed"; exit 77; }
units=$(cd "$(dirname "$0")/../../systemd" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "$units"/orilla.{service,socket} "$work/"
# It wants the program to be there; this machine need not have it installed.
sed -i 's|^ExecStart=/usr/local/bin/orilla|ExecStart=/bin/true|' "$work/orilla.service"
said=$(systemd-analyze verify "$work/orilla.service" "$work/orilla.socket" 2>&1)
if [ -z "$said" ]; then
  echo "ok 1 - systemd-analyze verify accepts the units"
else
  printf 'not ok 1 - systemd-analyze verify accepts the units\n%s\n' "$said"
fi
echo 1..1
[ -z "$said" ]
