#!/bin/bash
# examples/wordpress and a power cut: the machine is killed at a moment that nobody chose while posts are written, and boots from the
# same disk again. Every post that was answered is there, and all pods run.
VM_PACKAGES=e2fsprogs,nfs-kernel-server # as volumes_test.sh, with which it shares the disk
VM_DIR=${VM_DIR:-build-test/vm/${ARCH:-amd64}-volumes}
export VM_PACKAGES
# shellcheck source=test/vm/machine.sh
. "$(dirname "$0")/machine.sh"
posts_min=3 cut_after_ms_max=8000 first_boot_s_max=540 second_boot_s_max=300
images=${ORILLA_IMAGES:-examples/images/out}
[ "$arch" = "$(dpkg --print-architecture)" ] || images=$work/images
examples/images/build.sh -o "$images" --arch "$arch" busybox mariadb wordpress
posts() { sed -n 's/^posted \([0-9]*\)$/\1/p' "$work/first"; }

truncate -s 3G "$work/data"
/sbin/mke2fs -q -t ext4 -E lazy_itable_init=1 "$work/data"
cp test/vm/wordpress_job/* systemd/orilla.* "$job/"
# One replica, and probes that leave time for the pages themselves: every instruction is emulated here.
mkdir "$job/example"
cp examples/wordpress/*.yaml "$job/example/"
sed -i 's/minReplicas: 3/minReplicas: 1/; s/maxReplicas: 10/maxReplicas: 2/' "$job/example/45-availability.yaml"
sed -i 's/periodSeconds: [12]0/periodSeconds: 60/; s/timeoutSeconds: .*/timeoutSeconds: 30/' "$job/example"/[34]0-*.yaml
machine() { # JOB SECONDS_MAX: boots it with the disk
  test/vm/boot --arch "$arch" --memory 1024 --time-max "$2" --disk "$work/data" --pid "$work/pid" "$disk" "$1"
}

cp -r "$job" "$work/install"
cp "$images"/{busybox,mariadb,wordpress}.tar "$work/install/"
rm "$work/install/echo.tar"
machine "$work/install" $first_boot_s_max >"$work/first" 2>"$work/first-errors" &
booted=$!
begun=$SECONDS
until [ "$(posts | wc -l)" -ge $posts_min ] || ! kill -0 $booted 2>/dev/null; do sleep 0.5; done
pause=$((RANDOM % cut_after_ms_max))
sleep "$(printf '%d.%03d' $((pause / 1000)) $((pause % 1000)))"
if [ -s "$work/pid" ]; then kill -KILL "$(cat "$work/pid")" || :; fi
wait $booted || :
sed -n 's/^\(ok\|not ok\|#\)/# first boot: &/p' "$work/first"
posts >"$job/posts"
written=$(wc -l <"$job/posts")
echo "# power cut after $((SECONDS - begun)) s, $pause ms after post $posts_min; answered: $written"
if [ "$written" -lt $posts_min ]; then
  tail -n 60 "$work/first" "$work/first-errors" | sed 's/^/# /'
  echo "not ok 1 - posts are written"
  exit 1
fi
begun=$SECONDS status=0
machine "$job" $second_boot_s_max || status=$?
echo "# the second boot took $((SECONDS - begun)) s"
exit $status
