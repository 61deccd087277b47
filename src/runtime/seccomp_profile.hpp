// The seccomp filter RuntimeDefault: an allow-list, made once per set of rights and reused as bytes. libseccomp knows the
// numbers of the names; the program is our own tree over ranges of numbers, a fifth of the instructions that libseccomp
// writes: the kernel compiles it anew for every container.
// What it does not know fails with ENOSYS, so that programs fall back; what it knows to be dangerous fails with EPERM.
// The compat architectures of the machine are filtered by the same list.
#pragma once

#include <map>
#include <string>
#include <tuple>

#include "orilla/base/result.hpp"
#include "orilla/runtime/spec.hpp"

namespace orilla::runtime {

struct SeccompRequest {
    CapabilitySet capabilities = 0;
    bool shares_processes = false;  ///< with other containers or the host: no tracing without SYS_PTRACE
};

class SeccompProfiles {
  public:
    /// struct sock_filter[], as bytes.
    Result<std::string> find_filter(const SeccompRequest& request);

  private:
    std::map<std::tuple<CapabilitySet, bool>, std::string> compiled_;
};

}  // namespace orilla::runtime
