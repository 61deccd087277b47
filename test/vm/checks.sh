# shellcheck shell=dash disable=SC2317 # functions are called by name
# What the jobs in the virtual machine say their results with; sourced by them, in bash or in busybox's sh.
number=0 failed=0
check() { # NAME COMMAND...
  local name="$1" output
  shift
  number=$((number + 1))
  if output=$("$@" 2>&1); then
    echo "ok $number - $name"
  else
    failed=1
    printf 'not ok %d - %s\n# %s\n' $number "$name" "$output"
  fi
}
now() { cut -d . -f 1 /proc/uptime; }
within() { # SECONDS COMMAND...
  local until=$(($(now) + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    [ "$(now)" -lt "$until" ] || { "$@"; return; }
    sleep 0.2
  done
}
is() { [ "$1" = "$2" ] || { echo "'$1' is not '$2'"; false; }; }
field_is() { is "$(orilla get pod echo -o "jsonpath=$1")" "$2"; }
# finish LOG_COMMAND...: the last line, after what the daemon said where something went wrong.
finish() {
  [ $failed = 0 ] || "$@" | sed 's/^/# /'
  echo "1..$number"
  exit $failed
}
