#!/bin/bash
# registry.sh plain|tls|htpasswd|token PORT DIR: Debian's docker-registry on 127.0.0.1:PORT until it is killed. All modes of
# one DIR serve the same images (only `plain` takes pushes from anybody) and share one authority, DIR/ca.crt. `token` starts
# its token server on PORT+1. The only user is `user` with password `s3cret`.
set -euo pipefail
mode=$1 port=$2
mkdir -p "$3/images"
cd "$3"
support=$(dirname "$(realpath "$0")")

exec 9>lock
flock 9
if [ ! -e server.crt ]; then
  key=(-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes)
  openssl req -x509 "${key[@]}" -days 30 -subj "/CN=authority of the tests" -keyout ca.key -out ca.crt \
    -addext keyUsage=critical,keyCertSign 2>/dev/null
  openssl req "${key[@]}" -subj /CN=localhost -keyout server.key -out server.csr 2>/dev/null
  printf 'subjectAltName=DNS:localhost,IP:127.0.0.1\n' >names
  openssl x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 30 -extfile names -out server.crt 2>/dev/null
  htpasswd -Bbn user s3cret >users
fi
flock -u 9

{
  echo "version: 0.1"
  echo "log: {level: error, accesslog: {disabled: true}}"
  echo "storage: {filesystem: {rootdirectory: $PWD/images}}"
  echo "http:"
  echo "  addr: 127.0.0.1:$port"
  [ "$mode" = plain ] || echo "  tls: {certificate: $PWD/server.crt, key: $PWD/server.key}"
  case $mode in
  htpasswd) echo "auth: {htpasswd: {realm: tests, path: $PWD/users}}" ;;
  token)
    echo "auth: {token: {realm: 'https://127.0.0.1:$((port + 1))/token', service: tests, issuer: test-issuer, rootcertbundle: $PWD/server.crt}}"
    node "$support/token_server.js" $((port + 1)) server.key server.crt >token.log &
    ;;
  esac
} >"$mode.yml"
exec docker-registry serve "$mode.yml"
