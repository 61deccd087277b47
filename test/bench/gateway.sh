#!/bin/bash
# gateway.sh TOOL: requests a second and the 99th percentile through the gateway, nginx and haproxy, one core each, 64 kept
# connections, a page of 1 KB, over HTTP and HTTPS, as a markdown table. TOOL is gateway_tool of an optimised build
# (test/system/gateway). Needs nginx, haproxy and wrk of Debian and two quiet cores; runs in a box.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
if [ -z "${BOX-}" ]; then
  for program in nginx haproxy wrk openssl; do
    command -v $program >/dev/null || { echo "install Debian's $program first" >&2; exit 77; }
  done
  exec "$here/../support/box" bash "$0" "$(realpath "${1:?gateway_tool of an optimised build}")"
fi
tool=$1 T=$BOX_DIR seconds=5 rounds=3
mkdir -p "$T/www" "$T/backend" "$T/proxy"
printf 'x%.0s' {1..1024} >"$T/www/page"
ip link add pods type bridge
ip addr add 10.42.0.1/24 dev pods
ip link set pods up
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout "$T/key" -out "$T/crt" -days 30 -subj /CN=bench 2>/dev/null
cat "$T/crt" "$T/key" >"$T/pem"

nginx_with() { # DIRECTORY SERVER: a configuration
  printf 'worker_processes 1; daemon off; master_process off; error_log stderr crit; pid %s/pid; events { worker_connections 4000; }\n' "$1"
  printf 'http { access_log off; keepalive_requests 100000000; %s\n' "$2"
  for kind in client_body proxy fastcgi uwsgi scgi; do printf '%s_temp_path %s/%s;\n' $kind "$1" $kind; done
  echo '}'
}
nginx_with "$T/backend" "server { listen 10.42.0.1:8000; location / { root $T/www; } }" >"$T/backend.conf"
nginx_with "$T/proxy" "upstream pods { server 10.42.0.1:8000; keepalive 64; keepalive_requests 100000000; }
  server { listen 8081; listen 8444 ssl; ssl_certificate $T/crt; ssl_certificate_key $T/key;
    location / { proxy_pass http://pods; proxy_http_version 1.1; proxy_set_header Connection \"\"; proxy_set_header X-Forwarded-For \$remote_addr; } }" >"$T/proxy.conf"
cat >"$T/haproxy.cfg" <<CFG
global
  nbthread 1
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
frontend clients
  bind :8082
  bind :8445 ssl crt $T/pem
  option forwardfor
  default_backend pods
backend pods
  http-reuse always
  server pod 10.42.0.1:8000
CFG
cat >"$T/routes" <<ROUTES
listen ingress/80 80
listen ingress/443 443 https pair
route secure ingress/443 - / pods
route plain ingress/80 - / pods
certificate pair $T/crt $T/key
backend pods 10.42.0.1:8000
ROUTES
taskset -c 1 nginx -c "$T/backend.conf" &
taskset -c 0 nginx -c "$T/proxy.conf" &
taskset -c 0 haproxy -f "$T/haproxy.cfg" &
taskset -c 0 "$tool" "$tool" "$T/gateway.sock" "$T/routes" &
sleep 2

echo "| proxy | over | requests/s | p99 |"
echo "|---|---|---|---|"
for ((round = 0; round < rounds; round++)); do
  for one in "orilla http 80" "nginx http 8081" "haproxy http 8082" "orilla https 443" "nginx https 8444" "haproxy https 8445"; do
    read -r name scheme port <<<"$one"
    taskset -c 1 wrk -t1 -c64 -d${seconds}s --latency "$scheme://127.0.0.1:$port/page" |
      awk -v row="| $name | $scheme |" '/99%/ { late = $2 } /Requests\/sec/ { rate = $2 } /Non-2xx/ { bad = " (failed: " $NF ")" } END { print row, rate bad, "|", late, "|" }'
  done
done
