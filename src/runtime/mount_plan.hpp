// What lies where in a container beside its system mounts: volumes, in one another too, the pod's small files and the
// termination message. Pure. Outer mounts come first, and what is mounted inside a read-only one gets its mount point
// in there before the outer one becomes read-only.
#pragma once

#include <linux/mount.h>

#include <string>
#include <string_view>
#include <vector>

#include "container_plan.hpp"

namespace orilla::runtime {

/// Where the steps of a container's plan leave mounts for each other.
enum Slot : uint64_t { root_slot, mount_slot, stage_slot, user_slot };

/// What lies in one of the pod's small files beyond what it began with.
constexpr size_t file_room_bytes = 1U << 20;
constexpr uint64_t confined = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
// Numbers of the mount(2) interface, which <linux/mount.h> and <sys/mount.h> cannot give together.
constexpr uint64_t propagation_private = 1 << 18, propagation_slave = 1 << 19, propagation_recursive = 1 << 14;

PlanStep new_mount(const std::string& type, const std::string& options, uint64_t attributes);
PlanStep clone_tree(const std::string& source, const std::string& beneath, bool recursive, uint64_t attributes,
                    uint64_t propagation = propagation_private);

/// What is in mount_slot shows the host's id N as the pod's id N. `what` is for messages.
PlanStep map_ids(const std::string& what);

/// "/a//b/" as "/a/b", "//" as "/".
std::string clean_path(std::string_view path);
bool lies_below(std::string_view path, std::string_view directory);

/// What has to be opened while the host's mounts are still in sight as they are: those that stay one with the host's.
std::vector<PlanStep> plan_shared(const ContainerSpec& spec);
std::vector<PlanStep> plan_mounts(const ContainerSpec& spec, const ContainerFacts& facts, const PodFacts& pod);

}  // namespace orilla::runtime
