#!/bin/bash
# Boots Debian 12 and installs, upgrades, removes and purges both packages (packaging/build) there, with a pod that must not
# notice an upgrade. For another processor than this machine's only the Debian package: the archive's own part is a script.
# shellcheck source=test/vm/machine.sh
. "$(dirname "$0")/machine.sh"
# The second stands for a later version.
packaging/build --arch "$arch" --program "$program" -o "$work/packages"
packaging/build --arch "$arch" --program "$program" -o "$work/packages" --revision +later
cp "$work"/packages/* test/vm/packages_job/* "$job/"
rm "$job/orilla"
parts='package archive' time_max=840
[ "$arch" = "$(dpkg --print-architecture)" ] || parts=package time_max=1500
echo "$parts" >"$job/parts"
test/vm/boot --arch "$arch" --time-max $time_max "$disk" "$job"
