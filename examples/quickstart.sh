#!/bin/bash
# quickstart.sh              from a clean Debian 12 to a web page out of two containers, with one command
# quickstart.sh --example wordpress   the same, to WordPress on MariaDB (examples/wordpress)
# quickstart.sh stop         ends everything that it started, and removes its data; also what is half started
# quickstart.sh --help       this text
#
# Installs what the build needs, builds Orilla's one static file (build-static/orilla), makes the images from Debian's
# packages, starts Orilla in a box (a network, mounts, processes and cgroups of its own: the machine's network stays as it
# is), applies the example (examples/web.yaml) and fetches the page, from inside and from this shell: a port of 127.0.0.1 leads into the
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
    mkdir -p "$1/data/logs" && mount -t tmpfs -o mode=0755 log /var/log && mkdir /var/log/pods && mount --bind "$1/data/logs" /var/log/pods
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

# ---- the examples: what is applied, how it is shown, where to look ----------------------------------------------------------

apply_web() {
  orilla apply -f "$here/web.yaml"
  orilla rollout status deployment/web --timeout=${wait_s_max}s
  orilla get pods -o wide
  orilla get services
}

show_web() {
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

look_at_web() {
  cat <<TEXT
  curl http://127.0.0.1:$(<"$data/port")/
  orilla get pods -A -o wide
  orilla logs deployment/web
  orilla scale deployment/web --replicas=4
TEXT
}

apply_wordpress() {
  orilla apply -f "$here/wordpress/"
  echo "--- the database makes its tables, WordPress waits for it"
  orilla rollout status statefulset/mariadb --namespace=wordpress --timeout=${wait_s_max}s
  orilla rollout status deployment/wordpress --namespace=wordpress --timeout=${wait_s_max}s
  orilla get pods,services,persistentvolumeclaims --namespace=wordpress
}

show_wordpress() {
  local port
  port=$(<"$data/port")
  echo "--- from this shell, http://127.0.0.1:$port/ (its NodePort in the box); in a browser it asks for a title, a name and a password"
  "${fetch[@]}" "http://127.0.0.1:$port/" | sed -n 's/.*<title>\(.*\)<.title>.*/\1/p'
}

look_at_wordpress() {
  cat <<TEXT
  curl -L http://127.0.0.1:$(<"$data/port")/
  orilla get all,pvc,cm,secret -n wordpress
  orilla logs daemonset/logs -n wordpress                 # what all WordPress pods write
  orilla create job backup-now --from=cronjob/backup -n wordpress
  less $here/wordpress/README.md      # update, scale, back up, restore
TEXT
}

# make_room: both examples have port 30080 of the node.
make_room() {
  case $example in
  web) orilla delete namespace wordpress --ignore-not-found --timeout=${wait_s_max}s ;;
  wordpress) orilla delete -f "$here/web.yaml" -f "$here/fetch.yaml" --ignore-not-found ;;
  esac
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
$("look_at_$example")
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

command=start no_uplink='' example=web images=(nginx busybox)
words=("$@")
while [ $# -gt 0 ]; do
  case $1 in
  -h | --help) sed -n '2,13s/^# \{0,1\}//p' "$0"; exit 0 ;;
  stop) command=stop ;;
  --no-uplink) no_uplink=1 ;;
  --example)
    shift
    example=${1-}
    ;;
  *) usage "'$1' is not a word that it knows" ;;
  esac
  shift || break
done
case $example in
web) ;;
wordpress) images=(busybox mariadb wordpress) ;;
*) usage "'$example' is not an example: there are web and wordpress" ;;
esac
[ "$command" != stop ] || [ ${#words[@]} = 1 ] || usage "stop stands alone"
[ "$(id -u)" = 0 ] || die "containers need root: sudo $0 ${words[*]}"
if [ "$command" = stop ]; then
  stop || die "the box does not end; its processes: $("$box" pid "$name" 2>&1)"
  echo "Orilla and its pods are gone."
  exit
fi

program=${ORILLA:-$build/orilla}
[ -n "${ORILLA-}" ] || build_program
say "3. Making ${images[*]} as images from Debian's packages"
archives=${ORILLA_IMAGES:-$here/images/out}
"$here/images/build.sh" -o "$archives" "${images[@]}"
say "4. Starting Orilla in its box"
if answers; then
  echo "It is running already."
  start_link || die "the box could not be joined to this machine: $(cat "$data/link.log")"
  make_room
else
  stop || die "an earlier box does not end"
  start
fi
for image in "${images[@]}"; do orilla image import "$archives/$image.tar"; done
say "5. Applying $(find "$here/$example" "$here/$example.yaml" -maxdepth 0 -printf 'examples/%f' 2>/dev/null)"
"apply_$example"
say "6. Fetching the page"
"show_$example"
tell_what_next
