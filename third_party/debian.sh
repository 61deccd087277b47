# shellcheck shell=bash
# Source this: Debian packages as files, for whatever must not be installed on the machine: the source of curl,
# libraries and programs of another architecture, the content of example images.
# It reads the same archive as the machine itself, with apt's signatures checked, and keeps its own lists and files
# under $debian_cache, so that neither apt's nor dpkg's state on the machine changes.

debian_cache=${ORILLA_CACHE:-$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/.prefix/debian}
debian_lists_days_max=7

# debian_sources TYPE [ARCH]: apt lines (TYPE deb or deb-src) of the Debian archive that this machine uses.
debian_sources() {
  local codename uri release options
  codename=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
  options="${2:+arch=$2 }signed-by=/usr/share/keyrings/debian-archive-keyring.gpg"
  # shellcheck disable=SC2016 # apt's own placeholders
  apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' | sort -u |
    while read -r uri release component; do
      [[ $component = main && $release =~ ^$codename(-security|-updates)?$ ]] || continue
      echo "$1 [$options] $uri $release $component"
    done
}

# debian_apt ARCH ARG...: apt-get with a state of its own.
debian_apt() {
  local arch=$1 state=$debian_cache/apt-$1
  shift
  apt-get -qq -o APT::Architecture="$arch" -o APT::Architectures::="$arch" -o APT::Sandbox::User=root \
    -o Dir::State="$state" -o Dir::State::lists="$state/lists" -o Dir::State::status="$state/status" \
    -o Dir::Cache="$state" -o Dir::Cache::archives="$state/archives" -o Acquire::Languages=none \
    -o Dir::Etc::sourcelist="$state/sources.list" -o Dir::Etc::sourceparts=/dev/null "$@"
}

# debian_refresh ARCH TYPE: fetches the package lists of that type, unless they are recent.
debian_refresh() {
  local arch=$1 state=$debian_cache/apt-$1 stamp=$debian_cache/apt-$1/refreshed-$2 type
  mkdir -p "$state"/{lists/partial,archives/partial,files}
  touch "$state/status"
  [ -z "$(find "$stamp" -mtime -$debian_lists_days_max 2>/dev/null)" ] || return 0
  touch "$state/types"
  grep -qx "$2" "$state/types" || echo "$2" >>"$state/types"
  while read -r type; do
    if [ "$type" = deb ]; then debian_sources deb "$arch"; else debian_sources "$type"; fi
  done <"$state/types" >"$state/sources.list"
  [ -s "$state/sources.list" ] || { echo "debian.sh: apt on this machine knows no Debian archive" >&2; return 1; }
  debian_apt "$arch" update
  touch "$stamp"
}

# debian_fetch ARCH TYPE APT_ARGUMENT...: downloads; once more with fresh lists where the archive has moved on since.
debian_fetch() {
  local arch=$1 type=$2 files=$debian_cache/apt-$1/files
  shift 2
  mkdir -p "$files"
  debian_refresh "$arch" "$type" || return 1
  (cd "$files" && debian_apt "$arch" "$@" 2>/dev/null) && return 0
  rm -f "$debian_cache/apt-$arch/refreshed-$type"
  debian_refresh "$arch" "$type" || return 1
  (cd "$files" && debian_apt "$arch" "$@")
}

# debian_unpack ARCH DIR PACKAGE...: the files of exactly these packages (no dependencies, no scripts) into DIR.
debian_unpack() {
  local arch=$1 dir=$2 files=$debian_cache/apt-$1/files package missing=()
  shift 2
  mkdir -p "$dir"
  for package; do compgen -G "$files/${package}_*.deb" >/dev/null || missing+=("$package"); done
  if [ ${#missing[@]} -gt 0 ]; then
    debian_fetch "$arch" deb download "${missing[@]}" || return 1
  fi
  for package; do dpkg-deb -x "$files/${package}"_*.deb "$dir" || return 1; done
}

# debian_source_versions PACKAGE: its versions in the lists, newest first.
debian_source_versions() {
  local state
  state=$debian_cache/apt-$(dpkg --print-architecture)
  apt-cache -o Dir::State="$state" -o Dir::State::lists="$state/lists" -o Dir::State::status="$state/status" \
    -o Dir::Cache="$state" -o Dir::Etc::sourcelist="$state/sources.list" -o Dir::Etc::sourceparts=/dev/null \
    showsrc --only-source "$1" | sed -n 's/^Version: //p' | sort -ruV
}

# debian_source PACKAGE DIR: its patched source as DIR: the newest version, or the newest that the archive really has (some
# mirrors list what they do not carry), which is said.
debian_source() {
  local arch files version
  arch=$(dpkg --print-architecture)
  files=$debian_cache/apt-$arch/files
  mkdir -p "$debian_cache"
  if ! compgen -G "$files/${1}_*.dsc" >/dev/null &&
    ! debian_fetch "$arch" deb-src --download-only source "$1" 2>"$debian_cache/fetch.log"; then
    for version in $(debian_source_versions "$1" | tail -n +2); do
      debian_fetch "$arch" deb-src --download-only source "$1=$version" 2>>"$debian_cache/fetch.log" || continue
      echo "debian.sh: the archive lacks the newest source of $1: taking $version" >&2
      break
    done
    compgen -G "$files/${1}_*.dsc" >/dev/null || { cat "$debian_cache/fetch.log" >&2; return 1; }
  fi
  dpkg-source --no-check -x "$(compgen -G "$files/${1}_*.dsc" | sort -V | tail -n 1)" "$2" >/dev/null
}
