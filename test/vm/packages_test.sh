#!/bin/bash
# Boots Debian 12 and installs, upgrades, removes and purges both packages (packaging/build) there, with a pod that must not
# notice an upgrade.
# shellcheck source=test/vm/machine.sh
. "$(dirname "$0")/machine.sh"
# The second stands for a later version.
packaging/build --arch "$arch" --program "$program" -o "$work/packages"
packaging/build --arch "$arch" --program "$program" -o "$work/packages" --revision +later
cp "$work"/packages/* test/vm/packages_job/* "$job/"
rm "$job/orilla"
test/vm/boot --arch "$arch" --time-max 840 "$disk" "$job"
