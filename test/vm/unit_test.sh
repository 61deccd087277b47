#!/bin/bash
# Boots Debian 12 with systemd and cgroup v2, installs the static build as a unit, runs a pod, restarts and kills the unit.
# shellcheck source=test/vm/machine.sh
. "$(dirname "$0")/machine.sh"
cp test/vm/unit_job/* systemd/orilla.* "$job/"
test/vm/boot --arch "$arch" --time-max 600 "$disk" "$job"
