# shellcheck shell=bash disable=SC2317 # functions are called by name
# What the jobs in the virtual machine say their results with; sourced by them.
number=0 failed=0
check() { # NAME COMMAND...
  local name=$1 output
  shift
  number=$((number + 1))
  if output=$("$@" 2>&1); then
    echo "ok $number - $name"
  else
    failed=1
    printf 'not ok %d - %s\n# %s\n' $number "$name" "$output"
  fi
}
within() { # SECONDS COMMAND...
  local until=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    [ "$SECONDS" -lt "$until" ] || { "$@"; return; }
    sleep 0.2
  done
}
is() { [ "$1" = "$2" ] || { echo "'$1' is not '$2'"; false; }; }
field_is() { is "$(orilla get pod echo -o "jsonpath=$1")" "$2"; }
# finish: the last line, after what the daemon said where something went wrong.
finish() {
  [ $failed = 0 ] || journalctl -u orilla --no-pager -n 60 | sed 's/^/# /'
  echo "1..$number"
  exit $failed
}
