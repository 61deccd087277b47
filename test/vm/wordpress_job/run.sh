# shellcheck shell=bash disable=SC2317,SC2034 # functions are called by name, variables read by what is evaluated
# Runs in the virtual machine: where the images are beside it, installs examples/wordpress on the empty disk /dev/vdc and writes posts
# until the power goes; without them, looks for the posts of the file `posts` on what the disk has kept.
# shellcheck source=test/vm/checks.sh
. ./checks.sh

export PATH=/usr/local/bin:$PATH
install -D -m 755 orilla /usr/local/bin/orilla
install -D -m 644 -t /usr/local/lib/systemd/system orilla.service orilla.socket
install -D -m 644 orilla.sysusers /usr/local/lib/sysusers.d/orilla.conf
systemd-sysusers
ip link set lo up
mkdir -p /var/lib/orilla
check "the disk is mounted" mount /dev/vdc /var/lib/orilla
systemctl daemon-reload
is_up() { curl -sf --max-time 3 --unix-socket /run/orilla/orilla.sock http://localhost/readyz; }
check "serve is ready" eval 'systemctl start orilla.socket orilla.service && within 60 is_up'
w() { orilla -n wordpress "$@"; }
page() { curl -sL --max-time 150 "$@"; }
visit() { page -b cookies -c cookies "$@"; }
log_in() {
  visit -o /dev/null -b 'wordpress_test_cookie=WP%20Cookie%20check' -d log=ana -d pwd=a-good-one -d testcookie=1 "$site/wp-login.php"
  visit "$site/wp-admin/admin-ajax.php?action=rest-nonce" >nonce
  [[ $(<nonce) =~ ^[0-9a-f]{10}$ ]]
}
# write_post TITLE: prints its number, which WordPress answers once the post is in the database.
write_post() {
  visit -H "X-WP-Nonce: $(<nonce)" -H 'Content-Type: application/json' -d "{\"title\": \"$1\", \"status\": \"publish\"}" \
    "$site/?rest_route=/wp/v2/posts" >answer
  sed -n 's/^{"id":\([0-9]*\),.*/\1/p' answer
}
shows() { page "$2" | grep -qF -- "$1"; }
title() { echo "Tide number $1."; }
all_ready() { w wait pods -l app --for=condition=Ready --timeout=5s; }

if [ -e wordpress.tar ]; then
  for image in busybox mariadb wordpress; do check "image $image is imported" orilla image import $image.tar; done
  echo "# images after $(now) s"
  check "the example is applied" orilla apply -f example
fi
site=http://$(w get service wordpress -o 'jsonpath={.spec.clusterIP}')

if [ -e wordpress.tar ]; then
  check "the database runs" within 300 w wait pod/mariadb-0 --for=condition=Ready --timeout=5s
  echo "# database after $(now) s"
  check "the page that installs it answers" within 400 shows "WordPress &rsaquo; Installation" "$site/"
  echo "# page after $(now) s"
  check "it is installed" eval 'page "$site/wp-admin/install.php?step=2" -d weblog_title=Shore -d user_name=ana -d admin_password=a-good-one \
    -d admin_password2=a-good-one -d pw_weak=1 -d admin_email=ana@example.org -d language= | grep -q "Success!"'
  echo "# installed after $(now) s"
  check "who wrote it logs in" within 60 log_in
  echo "# logged in after $(now) s"
  for ((number = 1; ; number++)); do
    id=$(write_post "$(title "$number")")
    if [ -n "$id" ]; then echo "posted $id"; continue; fi
    echo "# not posted: $(head -c 200 answer)"
    number=$((number - 1))
  done
fi

check "the images are still there" eval 'orilla image list | grep -q wordpress:1'
check "all pods run again" within 280 all_ready
echo "# ready after $(now) s"
check "their claims are bound" is "$(w get pvc data-mariadb-0 uploads -o 'jsonpath={.items[*].status.phase}')" "Bound Bound"
each_post() {
  local id place=0
  while read -r id; do
    place=$((place + 1))
    within 60 shows "$(title "$place")" "$site/?p=$id" || { echo "post $place, /?p=$id, is lost"; return 1; }
  done <posts
}
check "all $(wc -l <posts) posts that were answered are there" each_post
check "one more can be written" eval 'within 60 log_in && [ -n "$(write_post After)" ]'
finish journalctl -u orilla --no-pager -n 60
