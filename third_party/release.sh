# shellcheck shell=bash
# Source this: how the one static file for boxes is built, for everybody who builds it: the quickstart, the packages, CI.

# use_ccache: from now on compilers run through ccache, where it is installed. A checkout at another place, or a clean
# clone, finds what this one has compiled.
use_ccache() {
  command -v ccache >/dev/null || return 0
  CCACHE_BASEDIR=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
  export CC="ccache gcc" CXX="ccache g++" CCACHE_BASEDIR CCACHE_NOHASHDIR=1
}

# A room as one file: a third of the processor time of one file at a time, and a smaller program.
one_file_a_room=(-Dunity=on -Dunity_size=1000)

# configure_release DIRECTORY [MESON_OPTION...]: once. Then `ninja -C DIRECTORY orilla`.
configure_release() {
  local directory=$1
  shift
  [ -e "$directory/build.ninja" ] || meson setup "$directory" "$(dirname "${BASH_SOURCE[0]}")/.." \
    -Dstatic=true --buildtype=plain "${one_file_a_room[@]}" "$@"
}
