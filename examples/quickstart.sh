#!/bin/bash
# quickstart.sh              from a clean Debian 12 to a web page out of two containers, with one command
# quickstart.sh stop         ends everything that it started, and removes its data; also what is half started
# quickstart.sh --help       this text
#
# Installs what the build needs, builds Orilla's one static file (build-static/orilla), makes an nginx image from Debian's
# packages, starts Orilla in a box (a network, mounts, processes and cgroups of its own: the machine's network stays as it
# is), applies examples/web.yaml and fetches the page, from inside and from this shell: a port of 127.0.0.1 leads into the
# box until `stop`. With --no-uplink the box gets no way out. A second run reuses what is there. Its last line is the command
# that makes a package of what was built and installs that on this machine.
#
# ORILLA=PROGRAM takes that program instead of building one, and installs nothing; QUICKSTART_NAME is the box's name.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
repository=$(dirname "$here")
box=$repository/test/support/box
build=$repository/build-static
name=${QUICKSTART_NAME:-quickstart}
data=/var/lib/orilla-$name
log=$data/orilla.log
wait_s_max=120 start_s_max=60 link_s_max=30
export ORILLA_SOCKET=$data/orilla.sock

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }
die() {
  echo "quickstart: $*" >&2
  exit 1
}
usage() {
  echo "quickstart: $*; see quickstart.sh --help" >&2
  exit 2
}
orilla() { "$program" "$@"; }
in_box() { "$box" enter "$name" "$@"; }
# Python, because everything else that fetches pages may not be installed. No proxy, because the page is near.
fetch=(python3 -c 'import sys, urllib.request as r
print(r.build_opener(r.ProxyHandler({})).open(sys.argv[1], timeout=10).read().decode(), end="")')
answers() { orilla get namespaces >/dev/null 2>&1; }

# within SECONDS COMMAND...: tries until it succeeds.
within() {
  local until=$((SECONDS + $1))
  shift
  until "$@"; do
    [ $SECONDS -lt $until ] || return 1
    sleep 0.05
  done
}

# ---- the link into the box --------------------------------------------------------------------------------------------------

link_pid() { # of the link that is running
  local pid
  pid=$(cat "$data/link.pid" 2>/dev/null) && grep -qsz box_link "/proc/$pid/cmdline" && echo "$pid"
}

# why_no_uplink: prints the reason, nothing where the box can have a way out.
why_no_uplink() {
  if [ -n "$no_uplink" ]; then
    echo "--no-uplink was given"
  elif [ -z "$(ip -4 route show default)" ]; then
    echo "this machine has no default route"
  elif ! command -v slirp4netns >/dev/null; then
    echo "slirp4netns is not installed"
  elif [ ! -c /dev/net/tun ]; then
    echo "this machine has no /dev/net/tun"
  fi
}

start_link() {
  local reason init uplink=(--uplink)
  ! link_pid >/dev/null || return 0
  within $link_s_max "$box" pid "$name" >/dev/null 2>&1 || return 1
  init=$("$box" pid "$name")
  reason=$(why_no_uplink)
  echo "$reason" >"$data/no-uplink"
  [ -z "$reason" ] || uplink=()
  rm -f "$data/port"
  setsid python3 "$here/box_link.py" "${uplink[@]}" "$init" "$data/port" </dev/null >"$data/link.log" 2>&1 &
  echo $! >"$data/link.pid"
  within $link_s_max link_is_up $!
}
link_is_up() { [ -s "$data/port" ] || ! kill -0 "$1" 2>/dev/null; }

# ---- start and stop ---------------------------------------------------------------------------------------------------------

stop() {
  local status=0 pid
  if pid=$(link_pid); then
    kill "$pid" 2>/dev/null || :
    within 5 eval "! kill -0 $pid 2>/dev/null" || kill -KILL "$pid" 2>/dev/null || :
  fi
  "$box" stop "$name" 2>/dev/null || status=$?
  [ $status = 0 ] || [ $status = 3 ] || return 1 # 3: there is none
  rm -rf --one-file-system "$data"
}

# The box's first process is the daemon's parent; it waits for the link, because the daemon looks for its address once.
start_box() {
  # shellcheck disable=SC2016 # the shell in the box expands these
  setsid "$box" --name "$name" bash -c 'for _ in $(seq 600); do [ ! -s "$1/port" ] || break; sleep 0.05; done
    [ -s "$1/no-uplink" ] || { echo "nameserver 10.0.2.3" >/run/resolv.conf && mount --bind /run/resolv.conf "$(realpath /etc/resolv.conf)"; }
    exec "$0" serve --data-dir "$1/data" --socket "$1/orilla.sock" --manifests "$1/manifests" --node-name quickstart \
      --cgroup-root "$BOX_CGROUP/orilla"' "$program" "$data" </dev/null >>"$log" 2>&1 &
  box_pid=$!
}

start() {
  mkdir -p "$data"
  chmod 700 "$data"
  trap 'interrupted' EXIT
  start_box
  start_link || :
  [ -s "$data/port" ] || { cat "$data/link.log" "$log" >&2 2>/dev/null || :; die "the box could not be joined to this machine"; }
  within $start_s_max eval "answers || ! kill -0 $box_pid 2>/dev/null" || :
  answers || { tail -n 20 "$log" >&2; die "Orilla did not start"; }
  trap - EXIT
  echo "It is ready."
}

# What is half started goes again: the next run must not find it.
interrupted() {
  echo "quickstart: taking away what was started" >&2
  stop || :
}

build_program() {
  say "1. Installing what the build needs"
  "$repository/third_party/prepare.sh" --with quickstart
  say "2. Building Orilla (some minutes the first time)"
  # shellcheck source=third_party/release.sh
  . "$repository/third_party/release.sh"
  use_ccache
  configure_release "$build" >/dev/null
  ninja -C "$build" orilla
}

show_page() {
  local cluster_ip port
  cluster_ip=$(orilla get service web -o 'jsonpath={.spec.clusterIP}')
  port=$(<"$data/port")
  echo "--- by the Service's name, http://web/, from a pod of its own (examples/fetch.yaml)"
  orilla delete pod fetch --ignore-not-found >/dev/null
  orilla apply -f "$here/fetch.yaml" >/dev/null
  orilla wait pod/fetch --for='jsonpath={.status.phase}'=Succeeded --timeout=${wait_s_max}s >/dev/null
  orilla logs fetch
  echo "--- by its ClusterIP, http://$cluster_ip/, in the box"
  in_box "${fetch[@]}" "http://$cluster_ip/"
  echo "--- from this shell, http://127.0.0.1:$port/ (its NodePort in the box)"
  "${fetch[@]}" "http://127.0.0.1:$port/"
}

tell_what_next() {
  local reason
  reason=$(<"$data/no-uplink")
  say "Look around"
  if [ -z "$reason" ]; then
    echo "The box reaches the network as this machine does, so that images come from registries: orilla image pull REGISTRY/NAME:TAG"
  else
    echo "The box has no way out ($reason), so an image cannot be pulled; one that you have as a file: orilla image import FILE"
  fi
  cat <<TEXT
  export ORILLA_SOCKET=$ORILLA_SOCKET PATH=$(dirname "$program"):\$PATH
  curl http://127.0.0.1:$(<"$data/port")/
  orilla get pods -A -o wide
  orilla logs deployment/web
  orilla scale deployment/web --replicas=4
  orilla kubeconfig --data-dir $data/data >kubeconfig && $box enter $name kubectl --kubeconfig kubeconfig get nodes   # with your own kubectl
  tail -f $log
  $here/quickstart.sh stop        # ends Orilla and its pods, and removes $data
TEXT
  say "Install it on this machine, as a package that runs by itself"
  tell_how_to_install
}

# tell_how_to_install: one line, the last one. The version stays the same between releases, so a later build is a reinstallation.
tell_how_to_install() {
  local version package
  version=$(sed -n "s/^  version: '\(.*\)',$/\1/p" "$repository/meson.build")
  package=$repository/build-packages/orilla_${version}_$(dpkg --print-architecture).deb
  echo "  $repository/packaging/build --program $program && apt-get install -y --reinstall $package"
}

command=start no_uplink=
for word; do
  case $word in
  -h | --help) sed -n '2,12s/^# \{0,1\}//p' "$0"; exit 0 ;;
  stop) command=stop ;;
  --no-uplink) no_uplink=1 ;;
  *) usage "'$word' is not a word that it knows" ;;
  esac
done
[ "$command" != stop ] || [ $# = 1 ] || usage "stop stands alone"
[ "$(id -u)" = 0 ] || die "containers need root: sudo $0 $*"
if [ "$command" = stop ]; then
  stop || die "the box does not end; its processes: $("$box" pid "$name" 2>&1)"
  echo "Orilla and its pods are gone."
  exit
fi

program=${ORILLA:-$build/orilla}
[ -n "${ORILLA-}" ] || build_program
say "3. Making nginx and busybox images from Debian's packages"
images=${ORILLA_IMAGES:-$here/images/out}
"$here/images/build.sh" -o "$images" nginx busybox
say "4. Starting Orilla in its box"
if answers; then
  echo "It is running already."
  start_link || die "the box could not be joined to this machine: $(cat "$data/link.log")"
else
  stop || die "an earlier box does not end"
  start
fi
for image in nginx busybox; do orilla image import "$images/$image.tar"; done
say "5. Applying examples/web.yaml"
orilla apply -f "$here/web.yaml"
orilla rollout status deployment/web --timeout=${wait_s_max}s
orilla get pods -o wide
orilla get services
say "6. Fetching the page"
show_page
tell_what_next
