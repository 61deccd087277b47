#!/bin/bash
# build.sh [-o DIR] [--arch amd64,arm64,armhf] [NAME...]: real images from Debian packages, as OCI archives DIR/NAME.tar that
# `orilla image import` takes. Names: busybox nginx echo mariadb wordpress; each image is called NAME:1, and wordpress.tar has
# wordpress:2 as well. Default: the first three, for this machine's architecture, into examples/images/out. With several
# architectures the file is DIR/NAME-multi.tar.
# Nothing is installed: the packages are only unpacked. An archive newer than its recipe is kept.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
third_party=$here/../../third_party
# shellcheck source=third_party/debian.sh
. "$third_party/debian.sh"
# shellcheck source=examples/images/mariadb/recipe.sh
. "$here/mariadb/recipe.sh"
# shellcheck source=examples/images/wordpress/recipe.sh
. "$here/wordpress/recipe.sh"

native=$(dpkg --print-architecture)
out=$here/out archs=$native names=()
while [ $# -gt 0 ]; do
  case $1 in
  -o) out=$2; shift ;;
  --arch) archs=${2//,/ }; shift ;;
  busybox | nginx | echo | mariadb | wordpress) names+=("$1") ;;
  *) sed -n '2,7s/^# \{0,1\}//p' "$0"; exit 2 ;;
  esac
  shift
done
[ ${#names[@]} -gt 0 ] || names=(busybox nginx echo)
mkdir -p "$out"
out=$(realpath "$out")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# A root directory with busybox as its shell and tools, and the users that the images name.
shell_root() { # ARCH ROOT
  local applet
  debian_unpack "$1" "$2" busybox-static
  debian_unpack "$native" "$work/native" busybox-static
  mkdir -p "$2"/{etc,tmp,root,run,proc,sys,dev,home,var/{log,tmp,lib,cache}}
  chmod 1777 "$2/tmp" "$2/var/tmp"
  ln -s /run "$2/var/run"
  "$work/native/bin/busybox" --list | while read -r applet; do
    [ -e "$2/bin/$applet" ] || ln -s busybox "$2/bin/$applet"
  done
  printf '%s\n' 'root:x:0:0:root:/root:/bin/sh' 'www-data:x:33:33:www-data:/var/www:/bin/false' \
    'app:x:1000:1000:app:/home:/bin/sh' 'nobody:x:65534:65534:nobody:/:/bin/false' >"$2/etc/passwd"
  printf '%s\n' 'root:x:0:' 'www-data:x:33:' 'app:x:1000:' 'nogroup:x:65534:' >"$2/etc/group"
  slim "$2"
}

slim() { rm -rf "$1"/usr/share/{doc,man,info,locale,lintian,bug}; }

# library_root ARCH ROOT: the layer that the larger images share, and the user of the database.
library_root() {
  shell_root "$1" "$2"
  echo 'mysql:x:999:999:mysql:/var/lib/mysql:/bin/false' >>"$2/etc/passwd"
  echo 'mysql:x:999:' >>"$2/etc/group"
  debian_unpack "$1" "$2" libc6 libgcc-s1 libstdc++6 libcrypt1 libpcre2-8-0 liblzma5 libssl3 zlib1g
  slim "$2"
  rm -rf "$2"/usr/lib/*/{gconv,engines-3,ossl-modules} "$2"/usr/share/{gcc,gdb}
}

# take FROM TO FILE...: these files of a directory, in their places. A shared object may be given without its .so.
take() {
  local from=$1 to=$2 file
  shift 2
  mkdir -p "$to"
  for file; do
    [ -e "$from/$file" ] || [ -L "$from/$file" ] || file+=.so
    (cd "$from" && cp -a --parents "$file" "$OLDPWD/$to")
  done
}

make_busybox() { # ARCH
  shell_root "$1" root
  echo '{"Cmd":["sh"],"Env":["PATH=/bin"]}' >config.json
  layers=root
}

make_echo() { # ARCH
  local compiler
  case $1 in
  amd64) compiler=x86_64-linux-gnu-gcc ;;
  arm64) compiler=aarch64-linux-gnu-gcc ;;
  armhf) compiler=arm-linux-gnueabihf-gcc ;;
  esac
  mkdir root
  "$compiler" -std=gnu17 -Os -s -static -Wall -Wextra -Werror -o root/echo "$here/echo.c"
  echo '{"Entrypoint":["/echo"],"ExposedPorts":{"8080/tcp":{}},"User":"1000:1000"}' >config.json
  layers=root
}

make_nginx() { # ARCH
  shell_root "$1" root
  debian_unpack "$1" root libc6 libcrypt1 libpcre2-8-0 libssl3 zlib1g
  slim root
  rm -rf root/usr/lib/*/{gconv,engines-3,ossl-modules}
  mkdir -p server/var/lib/nginx
  debian_unpack "$1" server nginx nginx-common
  slim server
  rm -rf server/etc/{init.d,logrotate.d,ufw,default,nginx/{sites-*,modules-*,snippets}} server/lib/systemd
  cp "$here/nginx.conf" server/etc/nginx/nginx.conf
  echo '{"Cmd":["nginx","-g","daemon off;"],"Env":["PATH=/usr/sbin:/usr/bin:/sbin:/bin"],"StopSignal":"SIGQUIT",
    "ExposedPorts":{"80/tcp":{}}}' >config.json
  layers=root:server
}

# is_fresh FILE NAME: it is newer than every file that it is made by.
is_fresh() {
  local part
  for part in "$0" "$here/pack.py" "$here/echo.c" "$here/nginx.conf" "$here/$2"/*; do
    [ ! -e "$part" ] || [ "$1" -nt "$part" ] || return 1
  done
}

for name in "${names[@]}"; do
  file=$out/$name.tar
  [[ $archs != *' '* ]] || file=$out/$name-multi.tar
  ! is_fresh "$file" "$name" || continue
  parts=() next_parts=()
  for arch in $archs; do
    mkdir -p "$work/$name/$arch"
    cd "$work/$name/$arch"
    layers='' next=''
    "make_$name" "$arch"
    parts+=("$arch=$PWD/config.json:$PWD/${layers//:/:$PWD/}")
    [ -z "$next" ] || next_parts+=("$arch=$PWD/config.json:$PWD/${next//:/:$PWD/}")
  done
  [ ${#next_parts[@]} = 0 ] || parts+=("$name:2" "${next_parts[@]}")
  python3 "$here/pack.py" "$file" "$name:1" "${parts[@]}"
done
