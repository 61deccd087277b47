#!/bin/bash
# quickstart.sh [stop]: from a clean Debian 12 to a web page out of two containers, with one command.
#
# Installs what the build needs, builds Orilla, makes an nginx image from Debian's packages, starts Orilla in a box (a
# network, mounts, processes and cgroups of its own: the machine's network stays as it is), applies examples/web.yaml and
# fetches the page in three ways. A second run reuses what is there; `quickstart.sh stop` ends everything.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
repository=$(dirname "$here")
box=$repository/test/support/box
build=$repository/build
data=/var/lib/orilla-quickstart
log=$data/orilla.log
wait_s_max=120
export ORILLA_SOCKET=$data/orilla.sock

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }
die() {
  echo "quickstart: $*" >&2
  exit 1
}
orilla() { "$build/orilla" "$@"; }
in_box() { "$box" enter quickstart "$@"; }
# Python, because everything else that fetches pages may not be installed.
fetch() { in_box python3 -c 'import sys, urllib.request; print(urllib.request.urlopen(sys.argv[1], timeout=10).read().decode(), end="")' "$1"; }
answers() { orilla get namespaces >/dev/null 2>&1; }

[ "$(id -u)" = 0 ] || die "containers need root: sudo $0"
if [ "${1-}" = stop ]; then
  "$box" stop quickstart
  rm -rf --one-file-system "$data"
  echo "Orilla and its pods are gone."
  exit
fi

say "1. Installing what the build needs"
"$repository/third_party/prepare.sh" --with images --with box
say "2. Building Orilla (the first time takes some minutes)"
if command -v ccache >/dev/null; then export CC="ccache gcc" CXX="ccache g++"; fi
[ -e "$build/build.ninja" ] || meson setup "$build" "$repository" --buildtype=release >/dev/null
ninja -C "$build" orilla
say "3. Making nginx and busybox images from Debian's packages"
"$here/images/build.sh" nginx busybox

say "4. Starting Orilla in its box"
if answers; then
  echo "It is running already."
else
  mkdir -p "$data"
  # The box's first process is the daemon's parent; both end with `quickstart.sh stop`.
  # shellcheck disable=SC2016 # the shell in the box expands these
  setsid "$box" --name quickstart bash -c 'exec "$0" serve --data-dir "$1/data" --socket "$1/orilla.sock" \
    --manifests "$1/manifests" --node-name quickstart --cgroup-root "$BOX_CGROUP/orilla" >>"$1/orilla.log" 2>&1' "$build/orilla" "$data" </dev/null &
  until answers; do
    kill -0 $! 2>/dev/null || { tail -n 20 "$log" >&2; die "Orilla did not start; its log is $log"; }
    sleep 0.05
  done
  echo "It is ready."
fi
for image in nginx busybox; do orilla image import "$here/images/out/$image.tar"; done

say "5. Applying examples/web.yaml"
orilla apply -f "$here/web.yaml"
orilla rollout status deployment/web --timeout=${wait_s_max}s
orilla get pods -o wide
orilla get services

say "6. Fetching the page"
cluster_ip=$(orilla get service web -o 'jsonpath={.spec.clusterIP}')
echo "--- by the Service's name, http://web/, from a pod of its own (examples/fetch.yaml)"
orilla delete pod fetch --ignore-not-found >/dev/null
orilla apply -f "$here/fetch.yaml" >/dev/null
orilla wait pod/fetch --for='jsonpath={.status.phase}'=Succeeded --timeout=${wait_s_max}s >/dev/null
orilla logs fetch
echo "--- by its ClusterIP, http://$cluster_ip/"
fetch "http://$cluster_ip/"
echo "--- by its NodePort, http://127.0.0.1:30080/"
fetch "http://127.0.0.1:30080/"

say "Look around"
cat <<TEXT
  export ORILLA_SOCKET=$ORILLA_SOCKET PATH=$build:\$PATH
  orilla get pods -A -o wide
  orilla logs deployment/web
  orilla scale deployment/web --replicas=4
  orilla kubeconfig --data-dir $data/data >kubeconfig && $box enter quickstart kubectl --kubeconfig kubeconfig get nodes   # with your own kubectl
  tail -f $log
  $here/quickstart.sh stop        # ends Orilla and its pods, and removes $data
TEXT
