// Network namespaces of pods: made, configured and named. Whoever calls enters other namespaces for a moment and is back
// in its own when the call returns; only the calling thread moves. A named namespace is a bind mount, so it lives
// without any process.
#pragma once

#include <string>
#include <vector>

#include "netlink/netlink.hpp"
#include "orilla/base/ipv4.hpp"
#include "orilla/base/unique_fd.hpp"

namespace orilla::network {

/// The calling thread is in `netns` until this is destroyed.
class EnteredNamespace {
  public:
    static Result<EnteredNamespace> enter(int netns);
    /// Enters a new one.
    static Result<EnteredNamespace> create();
    EnteredNamespace(EnteredNamespace&&) = default;
    EnteredNamespace& operator=(EnteredNamespace&&) = delete;
    ~EnteredNamespace();

  private:
    explicit EnteredNamespace(UniqueFd home) : home_(std::move(home)) {}
    UniqueFd home_;
};

/// The network namespace of the calling thread.
Result<UniqueFd> open_own_netns();

/// Writes `value` to /proc/sys/`path` of the calling thread's network namespace; checks that it is procfs.
Result<void> write_sysctl(const std::string& path, const std::string& value);
/// Empty when it cannot be read.
std::string read_sysctl(const std::string& path);

/// A namespace with a socket inside, to configure it from outside.
struct PreparedNamespace {
    UniqueFd netns;
    NetlinkSocket socket;
};
/// A new namespace with the pods' sysctls.
Result<PreparedNamespace> create_pod_namespace();
/// The same for one that exists; sysctls that its user namespace does not allow are left alone.
Result<PreparedNamespace> prepare_pod_namespace(UniqueFd netns);

/// Bind-mounts the namespace on a new file `path`.
Result<void> name_namespace(int netns, const std::string& path);
/// Unmounts and removes the file; fine when there is none.
Result<void> unname_namespace(const std::string& path);
/// The namespace named by `path`; Code::not_found when the file is none (a leftover of a crash).
Result<UniqueFd> open_namespace(const std::string& path);

}  // namespace orilla::network
