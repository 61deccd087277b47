# shellcheck shell=bash
# Source this first in a test script: the script starts itself again inside a box of its own, and these functions run
# Orilla there. A script makes its checks with `check` and ends with `finish`:
#
#   . "$(dirname "$0")/../support/orilla_box.sh"
#   start_orilla
#   import_images busybox
#   check "a pod runs" o apply -f "$T/pod.yaml"
#   finish
#
# Environment: ORILLA is the program under test (default: the newest build*/orilla), ORILLA_IMAGES a directory with the
# archives of examples/images/build.sh, example_images what that makes (default: the small ones, for import_images).

repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
if [ -z "${BOX-}" ]; then
  ORILLA=${ORILLA:-$(find "$repository" -maxdepth 2 -path '*/build*/orilla' -type f -printf '%T@ %p\n' | sort -n | sed -n '$s/^[^ ]* //p')}
  [ -x "$ORILLA" ] || { echo "1..0 # SKIP there is no build*/orilla"; exit 77; }
  ORILLA=$(realpath "$ORILLA")
  export ORILLA
  # Here, because a box has no network for apt; archives that are there are kept.
  # shellcheck disable=SC2086 # one word an image
  "$repository/examples/images/build.sh" -o "${ORILLA_IMAGES:-$repository/examples/images/out}" ${example_images-} >&2 || exit 1
  exec "$repository/test/support/box" --uplink bash "$0" "$@"
fi

set -u
# As on a bare machine: whoever asks for a name, were it localhost, waits for a resolver that is not there.
[ ! -e /etc/hosts ] || mount --bind /dev/null /etc/hosts
ready_s_max=20 stop_s_max=20
T=$BOX_DIR # scratch of the test, gone with the box
images=${ORILLA_IMAGES:-$repository/examples/images/out}
socket=/run/orilla/orilla.sock
daemon='' failed=0 done_checks=0
export ORILLA_SOCKET=$socket KUBECONFIG=$T/kubeconfig HOME=$T

o() { "$ORILLA" "$@"; }
outside() { nsenter --net="$BOX_OUTSIDE" "$@"; }

# within SECONDS COMMAND...: tries until it succeeds.
within() {
  local until=$(($(date +%s%N) + $1 * 1000000000))
  shift
  until "$@" >/dev/null 2>&1; do
    [ "$(date +%s%N)" -lt $until ] || return 1
    sleep 0.05
  done
}

ready() { curl -sf --max-time 2 --unix-socket $socket http://localhost/readyz; }

# start_orilla [FLAG...]: serves on the data directory $T/data; fails loudly when it does not get ready.
start_orilla() {
  "$ORILLA" serve --data-dir "$T/data" --run-dir /run/orilla --socket $socket --node-name node --cgroup-root "$BOX_CGROUP/orilla" \
    "$@" >>"$T/daemon.log" 2>&1 </dev/null &
  daemon=$!
  local until=$((SECONDS + ready_s_max))
  until ready >/dev/null; do
    kill -0 $daemon 2>/dev/null && [ $SECONDS -lt $until ] && { sleep 0.02; continue; }
    not_ok "orilla serve gets ready"
    finish
  done
}

stop_orilla() {
  kill -TERM "$daemon"
  within $stop_s_max eval "! kill -0 $daemon" || { not_ok "orilla serve ends on TERM"; kill -KILL "$daemon"; }
  wait "$daemon" 2>/dev/null
}

kill_orilla() {
  kill -KILL "$daemon"
  wait "$daemon" 2>/dev/null
}

import_images() {
  local name
  "$repository/examples/images/build.sh" -o "$images" "$@" >&2 || { not_ok "example images are made"; finish; }
  for name; do o image import "$images/$name.tar" >&2 || { not_ok "image $name is imported"; finish; }; done
}

# ---- results: TAP lines ---------------------------------------------------------------------------------------------------

ok() { done_checks=$((done_checks + 1)); echo "ok $done_checks - $1"; }
skip() { done_checks=$((done_checks + 1)); echo "ok $done_checks - $1 # SKIP ${2-}"; }
not_ok() {
  done_checks=$((done_checks + 1)) failed=$((failed + 1))
  echo "not ok $done_checks - $1"
  [ -z "${2-}" ] || printf '%s\n' "$2" | head -n 20 | sed 's/^/#   /'
}

# check NAME COMMAND...: it succeeds. Its output is told only when it does not.
check() {
  local name=$1 output
  shift
  if output=$("$@" 2>&1); then ok "$name"; else not_ok "$name" "$* -> $?: $output"; fi
}

# check_fails NAME TEXT COMMAND...: it fails, and says TEXT.
check_fails() {
  local name=$1 text=$2 output
  shift 2
  if output=$("$@" 2>&1); then
    not_ok "$name" "succeeded: $output"
  elif [[ $output == *"$text"* ]]; then
    ok "$name"
  else
    not_ok "$name" "said '$output', not '$text'"
  fi
}

# check_equal NAME WANTED GOT
check_equal() {
  if [ "$2" = "$3" ]; then ok "$1"; else not_ok "$1" "wanted '$2', got '$3'"; fi
}

# finish: ends the test; the janitor of the box takes the daemon and all pods.
finish() {
  echo "1..$done_checks"
  if [ $failed -gt 0 ] && [ -s "$T/daemon.log" ]; then tail -n 40 "$T/daemon.log" | sed 's/^/# orilla: /'; fi
  [ $failed = 0 ]
  exit
}
