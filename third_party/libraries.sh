# shellcheck shell=bash disable=SC2154
# Source this after debian.sh: the libraries that Orilla does not take as Debian builds them, from Debian's patched
# sources, static, into $prefix/NAME/{include,lib}. The caller sets native, arch, triple and prefix.
#
#   curl     HTTP and TLS only: Debian's would bring 39 libraries for protocols that Orilla does not speak
#   openssl  TLS 1.2 and 1.3 with what today's registries and clients negotiate; for the one-file release only, where
#            Debian's costs 2 MB more
#   sqlite   the storage engine without what the store's SQL has no words for; for the one-file release only, where
#            Debian's (full-text search, geometry, JSON ...) costs 1 MB more
#   c-ares   on 32-bit ARM alone, where Debian's has times of 32 bits in its interface
#
# Each is configured with -Os, and without unwind tables: no C++ exception crosses C, callbacks end the process instead.

library_cflags='-Os -ffunction-sections -fdata-sections -fno-asynchronous-unwind-tables'
# Times and file offsets have 64 bits everywhere: a box outlives 2038, and an image may be larger than 2 GiB.
[ "${arch:?}" != armhf ] || library_cflags+=' -D_FILE_OFFSET_BITS=64 -D_TIME_BITS=64'
compiler=$triple-gcc

# recipe NAME: how it is built, as one word; another recipe builds it again.
recipe() {
  { echo "$library_cflags"; declare -f "build_$1" "${1}_options"; } | sha256sum | cut -d ' ' -f 1
}

# kept NAME SOURCE_PACKAGE: with ORILLA_CACHE in the environment, the file that keeps it for other clones; its name is by
# everything that the library is made of, the packages that are to be installed among it.
kept() {
  local sources
  [ -n "${ORILLA_CACHE-}" ] && sources=$(ls "$debian_cache/apt-$native/files/$2"_*.dsc "$debian_cache/apt-$native/files"/openssl_*.dsc 2>/dev/null) || return 1
  echo "$ORILLA_CACHE/libraries/$1-$arch-$({ echo "$sources"; $compiler --version; cat "$here/libraries.sh" "$here/packages.sh"; } | sha256sum | cut -c 1-32).tar.gz"
}

keep() { # NAME SOURCE_PACKAGE
  local file
  file=$(kept "$@") || return 0
  mkdir -p "${file%/*}"
  tar -C "$prefix" -czf "$file.new.$$" "$1" && mv "$file.new.$$" "$file"
}

# library NAME SOURCE_PACKAGE: builds NAME, unless $prefix/NAME/recipe, put there last, says that this was done.
library() {
  local name=$1 package=$2 work file
  [ "$(recipe "$name")" != "$(cat "$prefix/$name/recipe" 2>/dev/null)" ] || return 0
  require_debian_12 || exit 1
  if file=$(kept "$name" "$package") && [ -e "$file" ]; then
    rm -rf "${prefix:?}/$name"
    tar -C "$prefix" -xzf "$file"
    return
  fi
  echo "prepare.sh: building a minimal static $name for $arch"
  work=$(mktemp -d)
  # shellcheck disable=SC2064 # the directory of now
  trap "rm -rf '$work'" EXIT
  debian_source "$package" "$work/source"
  mkdir -p "$work/out/lib" "$work/out/include"
  (cd "$work/source" && PATH=/usr/lib/ccache:$PATH "build_$name" "$work/out") >"$work/log" 2>&1 ||
    { tail -n 30 "$work/log" >&2; echo "prepare.sh: $name for $arch did not build" >&2; exit 1; }
  rm -rf "${prefix:?}/$name"
  mkdir -p "$prefix/$name"
  cp -a "$work/out/include" "$work/out/lib" "$prefix/$name/"
  recipe "$name" >"$prefix/$name/recipe"
  keep "$name" "$package"
  rm -rf "$work"
}

# openssl_options: features by the names of OpenSSL's INSTALL.md. What stays: TLS 1.2 and 1.3 with ECDHE, RSA and EC
# certificates, AES-GCM, ChaCha20 (boxes without AES instructions), SHA-2, error texts.
openssl_options() {
  local off
  for off in shared tests module legacy engine dso async autoload-config filenames static-engine ui-console \
    dtls ssl3 tls1 tls1_1 comp nextprotoneg srtp srp psk ktls ssl-trace multiblock \
    cms ts cmp ct ocsp rfc3779 gost dsa dh ec2m des rc2 rc4 rc5 bf cast camellia seed idea aria sm2 sm3 sm4 \
    md4 mdc2 whirlpool rmd160 blake2 siphash scrypt siv ocb cmac; do
    echo "no-$off"
  done
}

build_openssl() { # OUT
  local flags target
  case $arch in
  amd64) target=linux-x86_64 ;;
  arm64) target=linux-aarch64 ;;
  armhf) target=linux-armv4 ;;
  esac
  mapfile -t flags < <(openssl_options)
  flags+=("CC=$compiler" "AR=$triple-ar" "RANLIB=$triple-ranlib")
  # Not position independent: it goes into the static program alone.
  # shellcheck disable=SC2086 # several flags
  ./Configure "$target" --prefix=/ --libdir=lib --openssldir=/usr/lib/ssl "${flags[@]}" $library_cflags -fno-pie &&
    make -s -j"$(nproc)" build_generated libcrypto.a libssl.a &&
    cp -a include/openssl "$1/include/" && cp libcrypto.a libssl.a "$1/lib/"
}

# sqlite_options: https://www.sqlite.org/compile.html. Everything of the storage engine stays as Debian tests it; what goes
# are features above it, which the store does not use. Virtual tables stay: ALTER TABLE goes with them.
sqlite_options() {
  local omit
  echo -DSQLITE_THREADSAFE=2 -DSQLITE_DQS=0 -DSQLITE_DEFAULT_MEMSTATUS=0 -DSQLITE_LIKE_DOESNT_MATCH_BLOBS
  for omit in ANALYZE AUTHORIZATION COMPLETE CTE DATETIME_FUNCS DECLTYPE DEPRECATED DESERIALIZE EXPLAIN FOREIGN_KEY \
    GENERATED_COLUMNS GET_TABLE INCRBLOB INTROSPECTION_PRAGMAS JSON LOAD_EXTENSION LOCALTIME PROGRESS_CALLBACK \
    SHARED_CACHE TCL_VARIABLE TRACE TRIGGER UTF16 VIEW WINDOWFUNC; do
    echo "-DSQLITE_OMIT_$omit"
  done
}

build_sqlite() { # OUT
  local options
  options=$(sqlite_options | tr '\n' ' ')
  # The parser is generated without the words that the options take away, by tools that run here. What configure found
  # (config.h) tells of fdatasync, without which each commit writes the journal of the file system too, and of pwrite.
  # shellcheck disable=SC2086 # several flags
  ./configure -q --disable-tcl --disable-shared --disable-readline --disable-load-extension &&
    make -s sqlite3.c OPTS="$options" &&
    $compiler $library_cflags -fno-pie -w -D_HAVE_SQLITE_CONFIG_H -I. $options -c sqlite3.c -o sqlite3.o &&
    "$triple-ar" rcs "$1/lib/libsqlite3.a" sqlite3.o && cp sqlite3.h "$1/include/"
}

# curl_options: HTTP and TLS for registries, a unix socket for the CLI, c-ares because a static glibc cannot load NSS.
curl_options() {
  local off
  for off in shared ftp file ldap ldaps rtsp dict telnet tftp pop3 imap smb smtp gopher mqtt manual alt-svc hsts cookies \
    doh mime netrc dateparse get-easy-options tls-srp ntlm ntlm-wb crypto-auth kerberos-auth negotiate-auth aws \
    libcurl-option sspi socketpair headers-api dependency-tracking; do
    echo "--disable-$off"
  done
  for off in zlib brotli zstd libpsl libidn2 librtmp libssh libssh2 libgsasl nghttp2 nghttp3 ngtcp2 gssapi; do
    echo "--without-$off"
  done
  printf '%s\n' --enable-static --enable-ares --with-openssl="$prefix/openssl" \
    --with-ca-bundle=/etc/ssl/certs/ca-certificates.crt --host="$triple" --prefix=/
}

cares_options() {
  printf '%s\n' --disable-shared --enable-static --disable-tests --disable-debug --host="$triple" --prefix=/
}

build_cares() { # OUT
  local flags
  mapfile -t flags < <(cares_options)
  export CC=$compiler CFLAGS="$library_cflags -fno-pie"
  ./configure -q "${flags[@]}" &&
    make -s -C src/lib -j"$(nproc)" && make -s -C src/lib DESTDIR="$1" install && make -s -C include DESTDIR="$1" install
}

build_curl() { # OUT
  local flags cppflags="-I$prefix/openssl/include" ldflags="-no-pie -L$prefix/openssl/lib"
  if [ -d "$prefix/cares" ]; then cppflags+=" -I$prefix/cares/include" ldflags+=" -L$prefix/cares/lib"; fi
  mapfile -t flags < <(curl_options)
  if [ "$arch" != "$native" ]; then
    cppflags+=" -isystem $prefix/sysroot/usr/include -isystem $prefix/sysroot/usr/include/$triple"
    ldflags+=" -L$prefix/sysroot/usr/lib/$triple -Wl,-rpath-link,$prefix/sysroot/usr/lib/$triple"
  fi
  # Debian's patches touch the inputs of automake; what upstream generated from them still fits our configuration.
  local regenerate=(AUTOMAKE=: ACLOCAL=: AUTOCONF=: AUTOHEADER=:)
  export CC=$compiler CFLAGS=$library_cflags CPPFLAGS=$cppflags LDFLAGS=$ldflags PKG_CONFIG=false
  ./configure -q "${flags[@]}" &&
    make -s -C lib -j"$(nproc)" "${regenerate[@]}" V=0 &&
    make -s -C lib "${regenerate[@]}" DESTDIR="$1" install &&
    make -s -C include "${regenerate[@]}" DESTDIR="$1" install
}
