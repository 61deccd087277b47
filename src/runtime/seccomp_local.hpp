// A seccomp profile of the node's own, as a file of JSON says it: the form of the OCI runtime specification, and what Docker
// and containers/common add to it (includes, excludes, archMap). libseccomp makes the program. Bounded, and for threads: the
// file lies where the user keeps it, and a long profile takes milliseconds. What the file says and no container can have here
// (a listener, an unknown action) is an error that names its place.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "orilla/base/result.hpp"
#include "orilla/runtime/spec.hpp"

namespace orilla::runtime {

constexpr size_t seccomp_profile_bytes_max = 512 * 1024;
constexpr size_t seccomp_names_max = 8192;  ///< of calls, in all rules of a profile together

struct SeccompFilter {
    std::string program;  ///< struct sock_filter[], as bytes; empty: none
    uint64_t flags = 0;   ///< SECCOMP_FILTER_FLAG_*
};

/// `capabilities`: what the container holds, which some rules depend on. Code::invalid for what is wrong with the text.
Result<SeccompFilter> compile_seccomp_profile(std::string_view text, CapabilitySet capabilities);
/// `cannot load seccomp profile "PATH": ...`
Result<SeccompFilter> load_seccomp_profile(const std::string& path, CapabilitySet capabilities);

}  // namespace orilla::runtime
