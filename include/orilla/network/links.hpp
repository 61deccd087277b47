// The links of the pods: one bridge in the node's network namespace, and for every pod a network namespace with eth0, an
// address and a default route, made by netlink alone. It promises that a pod's namespace outlives the daemon (it is
// bind-mounted under `netns_dir`, and that directory is the only record), that a start finds a prepared namespace
// waiting, and that an address is not given out again soon after its pod has gone. A bridge or link that somebody else removes
// is made again at once. Pods reach each other through the node
// (their addresses are /32), so that service rules see every packet.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "orilla/base/ipv4.hpp"
#include "orilla/base/result.hpp"
#include "orilla/loop/io_thread.hpp"
#include "orilla/loop/loop.hpp"
#include "orilla/network/pod_links.hpp"

namespace orilla::network {

struct LinksConfig {
    std::string bridge = "orilla0";         ///< 15 characters at most
    Cidr pod_cidr;                          ///< its first address is the bridge's; /16 to /29
    std::optional<Cidr> cluster_cidr = {};  ///< pods of all nodes; none: pod_cidr
    Cidr service_cidr;                      ///< routed to the bridge, so that the node itself finds a source address
    std::string netns_dir = "/run/orilla/netns";
    int mtu = 0;             ///< 0: that of the device of the default route, otherwise 1500
    int pool_size = 2;       ///< prepared namespaces that wait for pods
    std::string owner = {};  ///< whose pods these are: noted on the bridge, so that nobody else takes it for theirs
};

/// What can be said against it without looking at the machine.
Result<void> check_links_config(const LinksConfig& config);

/// Code::conflict when there are pods on the bridge that are another owner's, by its note. Changes nothing; to be asked before
/// `Links::open`, which takes over what it finds.
Result<void> check_bridge_owner(const std::string& bridge, const std::string& owner);

class Links : public PodLinks {
  public:
    /// Makes or takes over the bridge, its address, routes and sysctls, and reads which pods have links (of an earlier
    /// daemon). Blocks for about a millisecond. Slow work runs on `executor`, one job after another; give it one of its
    /// own, because it enters network namespaces. Refuses a pod or service CIDR that overlaps one of the node's networks.
    static Result<std::unique_ptr<Links>> open(loop::Loop& loop, loop::Executor& executor, LinksConfig config);

    virtual std::vector<PodLink> list() const = 0;
    /// Whether `open` found no bridge: a start that fails later takes it away again.
    virtual bool made_bridge() const = 0;
};

/// Takes away the bridge, with every pod's link and namespace name under `netns_dir` (orilla's reset).
Result<void> remove_links(const LinksConfig& config);

}  // namespace orilla::network
