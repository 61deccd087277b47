#!/bin/bash
# make_root.sh ARCH DIR: the disk of a Debian 12 virtual machine with systemd, from Debian packages, for test/vm/boot:
# DIR/root.ext4, DIR/vmlinuz, DIR/initrd. ARCH is amd64, arm64 or armhf, whatever this machine is: packages are only unpacked,
# and the little that their scripts would have done for a boot is done here. What is newer than this script is kept.
# VM_PACKAGES (a,b) adds some.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
arch=$1
# shellcheck source=third_party/debian.sh
. "$here/../../third_party/debian.sh"
if [ "$2/initrd" -nt "$0" ] && [ "$2/initrd" -nt "$here/run_job" ]; then exit 0; fi
mkdir -p "$2"
out=$(realpath "$2")
work=$(mktemp -d /var/tmp/orilla-vm-XXXXXX)
trap 'rm -rf "$work"' EXIT
cd "$work"
packages=systemd-sysv,kmod,iproute2,nftables,procps,curl,ca-certificates,netbase${VM_PACKAGES:+,$VM_PACKAGES}
# Besides what the disk needs before it is mounted; modprobe finds the dependencies.
boot_modules=(virtio_pci virtio_mmio virtio_blk virtio_console ext4)

make_system() {
  mmdebstrap -q --arch="$arch" --variant=extract --hook-dir=/usr/share/mmdebstrap/hooks/merged-usr \
    --include='?essential' --include="$packages" bookworm system.tar "$1" >log 2>&1
}

unpack_system() {
  debian_sources deb >sources.list
  # A mirror that is being updated may have lists of the rare architectures that do not fit together; apt says so there.
  grep -v -e '-security\b' sources.list >release.list
  make_system sources.list || { grep '^E:' log >&2; make_system release.list; } || { cat log >&2; exit 1; }
  mkdir root
  tar -C root -xpf system.tar --exclude='./usr/share/doc/*' --exclude='./usr/share/man/*' --exclude='./usr/share/locale/*' \
    --exclude='./usr/share/info/*' --exclude='./var/cache/apt/*' --exclude='./var/lib/apt/*' --exclude='./dev/*'
}

unpack_kernel() {
  local package version
  local flavour=cloud-$arch
  # The one of boards: there is no smaller one.
  [ "$arch" != armhf ] || flavour=armmp
  debian_unpack "$arch" kernel "linux-image-$flavour"
  package=$(dpkg-deb -f "$debian_cache/apt-$arch/files/linux-image-${flavour}"_*.deb Depends | sed 's/[ ,].*//')
  debian_unpack "$arch" kernel "$package"
  version=${package#linux-image-}
  cp "kernel/boot/vmlinuz-$version" "$out/vmlinuz"
  mkdir -p root/usr/lib/modules
  mv "kernel/lib/modules/$version" root/usr/lib/modules/
  depmod -b root "$version"
  echo "$version" >kernel_version
}

# What base-passwd, systemd and ca-certificates would have done when installed.
set_up_accounts() {
  cp root/usr/share/base-passwd/passwd.master root/etc/passwd
  cp root/usr/share/base-passwd/group.master root/etc/group
  (umask 077; sed 's/:.*/:*:19000::::::/' root/etc/passwd >root/etc/shadow; sed 's/:.*/:*::/' root/etc/group >root/etc/gshadow)
  printf '%s\n' 'passwd: files' 'group: files' 'shadow: files' 'hosts: files dns' >root/etc/nsswitch.conf
  systemd-sysusers --root="$PWD/root" 2>/dev/null
  cat root/usr/share/ca-certificates/mozilla/*.crt >root/etc/ssl/certs/ca-certificates.crt
  ln -sf mawk root/usr/bin/awk
}

set_up_boot() {
  local unit system=root/etc/systemd/system
  mkdir -p $system/multi-user.target.wants root/etc/modules-load.d root/usr/local/sbin root/{dev,tmp,proc,sys,run}
  chmod 1777 root/tmp
  echo orilla-vm >root/etc/hostname
  echo 7f0c5a1e2b3d4c5f8a9b0c1d2e3f4a5b >root/etc/machine-id
  : >root/etc/fstab
  printf '%s\n' overlay veth bridge nf_tables >root/etc/modules-load.d/orilla.conf
  ln -sf /lib/systemd/system/multi-user.target $system/default.target
  for unit in getty.target getty@tty1.service serial-getty@ttyS0.service serial-getty@ttyAMA0.service apt-daily.timer \
    apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer e2scrub_reap.service fstrim.timer nftables.service \
    systemd-networkd.service systemd-timesyncd.service systemd-firstboot.service systemd-pstore.service \
    systemd-update-utmp.service sys-kernel-debug.mount sys-kernel-tracing.mount; do
    ln -sf /dev/null "$system/$unit"
  done
  install -m 755 "$here/run_job" root/usr/local/sbin/run_job
  cp "$here/run_job.service" $system/
  ln -sf ../run_job.service $system/multi-user.target.wants/run_job.service
}

# A first root in memory that loads the disk's drivers, mounts it and hands over.
make_initrd() {
  local module number=10
  mkdir -p first/{bin,modules,dev,new}
  debian_unpack "$arch" busybox busybox-static
  cp busybox/bin/busybox first/bin/
  while read -r module; do
    cp "$module" "first/modules/$number-$(basename "$module")"
    number=$((number + 1))
  done < <(modprobe -d root -S "$(<kernel_version)" --show-depends -a "${boot_modules[@]}" 2>/dev/null |
    awk '$1 == "insmod" && !seen[$2]++ { print $2 }')
  cat >first/init <<'INIT'
#!/bin/busybox sh
/bin/busybox mount -t devtmpfs devtmpfs /dev
for module in /modules/*; do /bin/busybox insmod "$module"; done
tries=200
until [ -b /dev/vda ] || [ $tries = 0 ]; do /bin/busybox sleep 0.05; tries=$((tries - 1)); done
/bin/busybox mount -t ext4 /dev/vda /new
/bin/busybox mount --move /dev /new/dev
exec /bin/busybox switch_root /new /lib/systemd/systemd
INIT
  chmod 755 first/init
  (cd first && find . | cpio --quiet -o -H newc | gzip -6) >"$out/initrd.new"
}

unpack_system
unpack_kernel
set_up_accounts
set_up_boot
make_initrd
rm -f "$out/root.ext4"
truncate -s 1200M "$out/root.ext4"
/sbin/mke2fs -q -t ext4 -E lazy_itable_init=1,lazy_journal_init=1 -d root "$out/root.ext4"
# Last: its time says that all three are there.
mv "$out/initrd.new" "$out/initrd"
