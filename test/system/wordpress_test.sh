#!/bin/bash
# examples/wordpress on a whole node: installed, written to (a post with a picture), killed part by part, updated, scaled, backed up
# and restored. By the command line and HTTP alone; after each step the post and the picture are looked for.
kubectl=${kubectl:-$("$(dirname "$0")/../support/kubectl.sh" | tail -n 1)}
example_images="busybox mariadb wordpress"
export kubectl example_images
[ -n "$kubectl" ] || { echo "1..0 # SKIP there is no kubectl, and npm could not fetch one"; exit 77; }
# shellcheck source=test/support/orilla_box.sh
. "$(dirname "$0")/../support/orilla_box.sh"
[ -e /dev/loop-control ] || { echo "1..0 # SKIP there is no /dev/loop-control"; exit 77; }
example=$repository/examples/wordpress
# A disk of its own, whose power can be cut.
mkdir "$T/data"
truncate -s 4G "$T/disk"
if ! mkfs.ext4 -q "$T/disk" || ! mount -o loop "$T/disk" "$T/data"; then echo "1..0 # SKIP no ext4 on a loop device here"; exit 77; fi
# As the service links it; the machine's own /var/log stays as it is.
mount -t tmpfs log /var/log && ln -s "$T/data/logs" /var/log/pods
start_orilla
for name in $example_images; do o image import "$images/$name.tar" >&2 || { not_ok "image $name is imported"; finish; }; done
o kubeconfig --data-dir "$T/data" >"$KUBECONFIG"
k() { timeout 90 "$kubectl" --cache-dir="$T/cache" "$@"; }
w() { o -n wordpress "$@"; }
field() { w get "$1" "$2" -o "jsonpath={$3}"; }
has() { "${@:2}" | grep -qF -- "$1"; }
page() { curl -sL --max-time 20 "$@"; }
visit() { page -b "$T/cookies" -c "$T/cookies" "$@"; }
rest() { visit -H "X-WP-Nonce: $nonce" "$site/?rest_route=/wp/v2/$1" "${@:2}"; }
value() { python3 -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$1"; }
pods_ready() { w wait pods -l "app=$1" --for=condition=Ready "--timeout=${2:-60}s"; }
ready_are() { [ "$(field "$1" "$2" .status.readyReplicas)" = "$3" ]; }
seconds_since() { echo "$((($(date +%s%N) - $1) / 1000000)) ms"; }

# the_post [SITE]: who visits finds the post, and in it the picture as it was uploaded.
the_post() {
  local at=${1:-$site}
  has "The tide came in at six." page "$at/?p=$post" && has "$picture" page "$at/?p=$post" && page "$at$picture" | cmp - "$T/shore.png"
}
no_post() { ! page "$site/?p=$post" | grep -qF 'The tide came in' && ! page "$site$picture" | cmp -s - "$T/shore.png"; }
post_is_there() { check "$1: the post is there, and its picture" within 60 the_post; }

begun=$(date +%s%N)
check "the example is applied" o apply -f "$example"
site=http://$(field service wordpress .spec.clusterIP)
check "the page that installs it answers" within 90 has "WordPress &rsaquo; Installation" page "$site/"
echo "# $(seconds_since "$begun") from apply to the page"
check "the autoscaler makes three" within 60 eval '[ "$(field deployment wordpress .status.readyReplicas)" -ge 3 ]'
check_equal "no volume failed" "" "$(w get events --field-selector reason=FailedMount -o name)"
# What kubectl cannot compare it sends again: stringData, claim templates without their defaults, selectors of budgets.
check "stock kubectl applies it without a change" eval '! k apply -f "$example" | grep -vE "unchanged$|^(secret|statefulset.apps|poddisruptionbudget.policy)/"'

# ---- installed and written to -----------------------------------------------------------------------------------------------

check "it is installed" has "Success!" page "$site/wp-admin/install.php?step=2" -d weblog_title=Shore -d user_name=ana \
  -d admin_password=a-good-one -d admin_password2=a-good-one -d pw_weak=1 -d admin_email=ana@example.org -d language=
check "its front page has the title" has "<title>Shore" page "$site/"
log_in() {
  rm -f "$T/cookies"
  visit -o /dev/null -b 'wordpress_test_cookie=WP%20Cookie%20check' -d log=ana -d pwd=a-good-one -d testcookie=1 "$site/wp-login.php"
  nonce=$(visit "$site/wp-admin/admin-ajax.php?action=rest-nonce")
  [[ $nonce =~ ^[0-9a-f]{10}$ ]]
}
check "a wrong password does not log in" has "is incorrect" page -d log=ana -d pwd=a-bad-one "$site/wp-login.php"
log_in
check_equal "the right one does" 10 ${#nonce}
# A picture of noise, so that nothing makes it smaller.
python3 - "$T/shore.png" <<'P'
import random, struct, sys, zlib
side, noise = 400, random.Random(1)
rows = b"".join(b"\0" + noise.randbytes(3 * side) for _ in range(side))
part = lambda name, data: struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
open(sys.argv[1], "wb").write(b"\x89PNG\r\n\x1a\n" + part(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0))
                              + part(b"IDAT", zlib.compress(rows)) + part(b"IEND", b""))
P
rest media -H 'Content-Type: image/png' -H 'Content-Disposition: attachment; filename="shore.png"' --data-binary "@$T/shore.png" >"$T/media"
picture=$(value source_url <"$T/media")
media=$(value id <"$T/media")
picture=${picture#"$site"}
check_equal "a picture is uploaded" /wp-content/uploads/ "${picture:0:20}"
rest posts -H 'Content-Type: application/json' \
  -d "{\"title\": \"Morning\", \"status\": \"publish\", \"content\": \"The tide came in at six. <img src=\\\"$picture\\\">\"}" >"$T/post"
post=$(value id <"$T/post")
post_is_there "written"
for ip in $(field pods '-lapp=wordpress' '.items[*].status.podIP'); do check "the pod at $ip has both" the_post "http://$ip:8080"; done
check "so has the port of the node" the_post http://192.0.2.2:30080
lan=$(field service wordpress-lan '.status.loadBalancer.ingress[0].ip')
check "and the address of the load balancer" within 10 the_post "http://$lan"
check_equal "which is the node's own, since there is no pool" 192.0.2.2 "$lan"
check_equal "the quota counts three claims" 3 "$(field quota wordpress .status.used.persistentvolumeclaims)"
check_fails "a claim that is too large is refused" "maximum storage usage per PersistentVolumeClaim is 2Gi" w apply -f - <<'Y'
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: too-large}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 3Gi}}}
Y
check "its budget lets one pod go" within 30 eval '[ "$(field pdb wordpress .status.disruptionsAllowed)" = 1 ]'
check "the DaemonSet reads that in the logs" within 20 has "POST /?rest_route=/wp/v2/posts" w logs daemonset/logs

# ---- killed ------------------------------------------------------------------------------------------------------------------

kill_orilla
check "while the daemon is dead it is served" the_post
start_orilla
post_is_there "the daemon was killed"
restarts() { field pod mariadb-0 '.status.containerStatuses[0].restartCount'; }
kill -KILL "$(pgrep -x mariadbd)"
check "a database that is killed is started again" within 60 eval '[ "$(restarts)" = 1 ] && pods_ready mariadb'
post_is_there "the database was killed"
check "its pod is deleted at once" w delete pod mariadb-0 --grace-period=0 --force
check "there is another, by the same name" within 60 pods_ready mariadb
post_is_there "the database's pod was deleted"
one_database() { [ "$(pgrep -cx mariadbd)" = 1 ] && ready_are statefulset mariadb 1; }
check "the earlier one has gone" within 60 one_database
server=$(pgrep -x mariadbd)
supervisor=$(ps -o ppid= -p "$server" | xargs)
check_equal "the database has a supervisor" orilla-pod "$(ps -o args= -p "$supervisor")"
kill -KILL "$supervisor"
check "there is another without it" within 60 eval '! kill -0 $server && one_database'
post_is_there "the database's supervisor was killed"

# ---- the power of the whole box ------------------------------------------------------------------------------------------------

ours() { grep -lsF "$BOX_CGROUP/orilla/" /proc/[0-9]*/cgroup | cut -d / -f 3; }
# cut_power: what nobody has waited for is not on the disk (EXT4_IOC_SHUTDOWN without its journal); no process, mount, rule or link
# is left of what ran.
cut_power() {
  python3 - "$T/data" <<'P'
import fcntl, os, struct, sys
EXT4_IOC_SHUTDOWN, NO_LOG_FLUSH = 0x8004587D, 2
fcntl.ioctl(os.open(sys.argv[1], os.O_RDONLY), EXT4_IOC_SHUTDOWN, struct.pack("I", NO_LOG_FLUSH))
P
  kill_orilla
  # shellcheck disable=SC2046 # a list of numbers
  within 20 eval 'kill -KILL $(ours); [ -z "$(ours)" ]'
  awk -v run=/run/orilla/ -v data="${T:?}/data/" 'index($2, run) == 1 || index($2, data) == 1 { print $2 }' /proc/self/mounts | tac |
    while read -r place; do umount -l "$place"; done
  rm -rf --one-file-system /run/orilla
  ip -o link | sed -n 's/^[0-9]*: \(orilla[^:@]*\).*/\1/p' | xargs -r -n 1 ip link delete
  nft delete table ip orilla
  find /sys/fs/cgroup -depth -path "*${BOX_CGROUP:?}/orilla/*" -type d -exec rmdir {} + 2>/dev/null
  within 20 umount "$T/data" && mount -o loop "$T/disk" "$T/data"
}
# A post is on the disk when it is answered; a picture, which PHP does not wait for, half a minute later. This is that time.
sync
rest posts -H 'Content-Type: application/json' -d '{"title": "Evening", "status": "publish", "content": "Written at the last moment."}' >"$T/post"
late=$(value id <"$T/post")
check "the power is cut right after a second post" cut_power
start_orilla
check "both pods come back" w rollout status deployment/wordpress --timeout=120s
check "the last post is there" within 60 has "Written at the last moment." page "$site/?p=$late"
post_is_there "the power was cut"

# ---- updated and scaled ------------------------------------------------------------------------------------------------------

sed 's/image: wordpress:1/image: wordpress:2/' "$example/40-wordpress.yaml" >"$T/next.yaml"
: >"$T/missed"
(while [ -e "$T/missed" ]; do page -f -o /dev/null "$site/wp-login.php" || echo missed >>"$T/missed"; sleep 0.1; done) 2>/dev/null &
visitor=$!
check "another image is applied" o apply -f "$T/next.yaml"
check "it is rolled out" w rollout status deployment/wordpress --timeout=120s
missed=$(wc -l <"$T/missed")
rm "$T/missed"
wait $visitor
check_equal "it is the new one" 2 "$(page "$site/release.txt")"
check_equal "no visitor was turned away meanwhile" 0 "$missed"
post_is_there "updated"
sed 's/minReplicas: 3/minReplicas: 5/' "$example/45-availability.yaml" >"$T/more.yaml"
check "the autoscaler is told to keep five" o apply -f "$T/more.yaml"
check "there are five" within 60 eval '[ "$(field deployment wordpress .status.readyReplicas)" -ge 5 ]'
for ip in $(field pods '-lapp=wordpress' '.items[*].status.podIP'); do check "the pod at $ip has both" the_post "http://$ip:8080"; done
check "the update is taken back" w rollout undo deployment/wordpress
check "that is rolled out" w rollout status deployment/wordpress --timeout=120s
check_equal "it is the old one" 1 "$(page "$site/release.txt")"
post_is_there "taken back"

# ---- backed up and restored --------------------------------------------------------------------------------------------------

check "a backup is made" w create job first-backup --from=cronjob/backup
check "it is whole" w wait job/first-backup --for=condition=complete --timeout=90s
check "and says so" within 10 has "is whole" w logs job/first-backup
log_in
rest "posts/$post&force=true" -X DELETE >/dev/null
rest "media/$media&force=true" -X DELETE >/dev/null
check "post and picture are deleted" no_post
check "the backup is restored" o apply -f "$example/jobs/restore.yaml"
check "it comes to its end" w wait job/restore --for=condition=complete --timeout=90s
post_is_there "restored"

check "all of it is deleted" o delete namespace wordpress --timeout=90s
check "with its volumes" within 30 eval '[ -z "$(o get pv -o name)" ]'
check "which are on the disk no longer" within 10 eval '[ -z "$(find "$T/data/volumes" -mindepth 1 -maxdepth 1)" ]'
finish
