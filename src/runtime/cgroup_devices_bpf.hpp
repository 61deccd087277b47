// The device allow-list of cgroup v2, which has no file for it: a small BPF program, attached to the cgroup.
#pragma once

#include <linux/bpf.h>

#include <string>
#include <vector>

#include "cgroup.hpp"

namespace orilla::runtime {

/// Pure: the program that lets through what one of the rules matches, and every mknod.
std::vector<bpf_insn> plan_device_program(const std::vector<DeviceRule>& rules);
Result<void> attach_device_filter(const std::string& cgroup_dir, const std::vector<DeviceRule>& rules);

}  // namespace orilla::runtime
