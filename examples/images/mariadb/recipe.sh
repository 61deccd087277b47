# shellcheck shell=bash disable=SC2034,SC2154
# Sourced by build.sh. MariaDB as the user mysql (999), its data in /var/lib/mysql/data; entrypoint makes that at the first start
# of what the environment says. Settings: /etc/mysql/my.cnf, and whatever is mounted as /etc/mysql/conf.d/*.cnf.

make_mariadb() { # ARCH
  local files=(usr/sbin/mariadbd usr/bin/mariadb usr/bin/mariadb-{admin,dump,check} usr/share/mysql/{charsets,english}
    usr/share/mysql/mysql_{system_tables,performance_tables,system_tables_data}.sql)
  library_root "$1" root
  debian_unpack "$1" unpacked mariadb-server-core mariadb-server mariadb-client-core mariadb-client mariadb-common
  take unpacked server "${files[@]}"
  debian_unpack "$1" server libaio1 libnuma1 liburing2 libsystemd0 libcap2 libgcrypt20 libgpg-error0 libzstd1 liblz4-1 \
    libedit2 libbsd0 libmd0 libncurses6 libtinfo6
  slim server
  rm -rf server/usr/share/{lintian,perl5,gcc,gdb}
  mkdir -p server/etc/mysql/conf.d server/var/lib/mysql
  cp "$here/mariadb/my.cnf" server/etc/mysql/my.cnf
  install -m 755 "$here/mariadb/entrypoint" server/entrypoint
  echo '{"Entrypoint":["/entrypoint"],"Cmd":["mariadbd"],"Env":["PATH=/usr/sbin:/usr/bin:/sbin:/bin"],"User":"999:999",
    "ExposedPorts":{"3306/tcp":{}},"Volumes":{"/var/lib/mysql":{}}}' >config.json
  layers=root:server
}
