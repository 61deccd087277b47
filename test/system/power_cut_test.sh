#!/bin/bash
# The power is cut at the worst moment, right after an answer: what was acknowledged is whole after the next start. The data
# directory is an ext4 of its own, which is shut down without its journal being written (EXT4_IOC_SHUTDOWN): what nobody has
# waited for is gone. Then layers that a damaged disk has emptied.
# shellcheck source=test/support/orilla_box.sh
. "$(dirname "$0")/../support/orilla_box.sh"
mkdir "$T/data" "$T/made"
truncate -s 256M "$T/disk"
if ! mkfs.ext4 -q "$T/disk" || ! mount -o loop "$T/disk" "$T/data"; then
  echo "1..0 # SKIP no ext4 on a loop device here"
  exit 77
fi

# Images of three layers with many small files and a large one each, and a registry that has two of them.
cat >"$T/make.py" <<'P'
import os, random, sys
sys.path.insert(0, sys.argv[1])
from fake_registry import FakeRegistry
from oci_images import Image, layer, member, write_archive
chance = random.Random(7)
def files(image, number):
    for i in range(150):
        yield member("l%d/%s-%d" % (number, image, i), content=chance.randbytes(3000))
    yield member("l%d/%s-large" % (number, image), content=chance.randbytes(2_000_000))
    yield member("l%d/link" % number, "link", link="l%d/%s-0" % (number, image))
images = {name: Image(*[layer(*files(name, n)) for n in range(3)]) for name in ("one", "two", "three", "four")}
for name, image in images.items():
    write_archive("%s/%s.tar" % (sys.argv[2], name), {name + ":1": image})
five = Image(layer(*files("five", 0)))
registry = FakeRegistry({"five:1": five, "six:1": Image(layer(*files("six", 0)))})
with open(sys.argv[2] + "/five.blob", "w") as out:
    out.write(five.layers[0]["digest"][7:])
with open(sys.argv[2] + "/registry.new", "w") as out:
    out.write(registry.host)
os.rename(sys.argv[2] + "/registry.new", sys.argv[2] + "/registry")
sys.stdin.read()
P
mkfifo "$T/keep"
python3 "$T/make.py" "$repository/test/support" "$T/made" <"$T/keep" &
exec 8>"$T/keep" # the registry ends with this script
within 30 test -e "$T/made/registry" || { not_ok "images are made"; finish; }
registry=$(cat "$T/made/registry")
printf 'registries:\n- {host: "%s", insecure: true}\n' "$registry" >"$T/config.yaml"

cut_power() {
  python3 - "$T/data" <<'P'
import fcntl, os, struct, sys
EXT4_IOC_SHUTDOWN, NO_LOG_FLUSH = 0x8004587D, 2
fcntl.ioctl(os.open(sys.argv[1], os.O_RDONLY), EXT4_IOC_SHUTDOWN, struct.pack("I", NO_LOG_FLUSH))
P
  kill_orilla
  within 10 umount "$T/data" || { not_ok "the data directory is free after a cut"; finish; }
  mount -o loop "$T/disk" "$T/data"
}
sums() { (cd "$T/data/images/layers" && find . -type f -print0 | sort -z | xargs -0 sha256sum); }
# survives NAME COMMAND...: COMMAND is answered, the power goes, and every file of every layer is as it was.
survives() {
  local image=$1
  shift
  check "$image: is answered" "$@"
  sums >"$T/before"
  cut_power
  check "$image: every file is whole after the cut" eval 'sums | cmp - "$T/before"'
  start_orilla --config "$T/config.yaml"
  check "$image: the image is listed" listed "$image"
}
listed() { o image list | grep -q "/$1:1 "; }
not_listed() { ! listed "$1"; }

# The first start of all: certificates, store and directories are new.
start_orilla --config "$T/config.yaml"
check "an object is written" o create configmap first --from-literal=a=b
sha256sum "$T/data/pki"/* >"$T/certificates"
cut_power
check "the certificates are those of before the cut" sha256sum -c "$T/certificates"
start_orilla --config "$T/config.yaml"
check "and so is the object" o get configmap first
for name in one two three four; do survives "$name" o image import "$T/made/$name.tar"; done
for name in five six; do survives "$name" o image pull "$registry/$name:1"; done
check_equal "and all of them in the end" 6 "$(o image list | grep -cE 'one|two|three|four|five|six')"
check "an image is removed" o image remove one:1
cut_power
start_orilla --config "$T/config.yaml"
check "and stays away" not_listed one

# Damage. And what a pull had brought, but not unpacked yet, when the power went: the file is there, and empty.
kill_orilla
: >"$T/data/images/blobs/$(cat "$T/made/five.blob")"
chown nobody "$T/data/images/blobs"/*
find "$T/data/images/layers" -name 'two-1*' -exec truncate -s 0 {} +
rm "$T/data/images/layers"/*/l0/five-3
start_orilla --config "$T/config.yaml"
check "a damaged image is forgotten" within 10 not_listed two
check "one with a file less, too" within 10 not_listed five
check "with a message" grep -q 'image docker.io/library/two:1 is damaged (layer sha256:[0-9a-f]*: its files have [0-9]* of [0-9]* bytes) and is forgotten' "$T/daemon.log"
check "others stay" listed three
check "it can be imported again" o image import "$T/made/two.tar"
check "and the other pulled again, whatever was left of its download" o image pull "$registry/five:1"
kill_orilla
forgotten=$(grep -c 'is forgotten' "$T/daemon.log")
start_orilla --config "$T/config.yaml"
check "and both are whole" eval 'listed two && listed five'
sleep 1
check_equal "nothing is damaged any more" "$forgotten" "$(grep -c 'is forgotten' "$T/daemon.log")"
stop_orilla
finish
