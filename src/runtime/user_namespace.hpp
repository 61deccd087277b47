// A user namespace for the containers of one pod: 65,536 ids that no other pod of this node has, and a network namespace
// in it, so that capabilities mean something there. Both are kept as files in the pod's directory.
#pragma once

#include <cstdint>
#include <set>
#include <string>

#include "orilla/base/result.hpp"

namespace orilla::runtime {

constexpr uint32_t ids_per_pod = 65'536;
/// Neither the host's users nor what systemd-nspawn or /etc/subuid give away lie in here: room for 4,096 pods.
constexpr uint32_t pod_ids_first = 0x70000000;
constexpr uint32_t pod_ids_end = 0x80000000;

/// The first of ids_per_pod that nobody in `used` has; 0 when there are none left.
uint32_t find_free_ids(const std::set<uint32_t>& used);

inline std::string user_namespace_path(const std::string& dir) { return dir + "/user"; }
inline std::string network_namespace_path(const std::string& dir) { return dir + "/net"; }
/// Makes both in DIR, anew where there are some.
Result<void> make_user_namespace(const std::string& dir, uint32_t first_id);

}  // namespace orilla::runtime
