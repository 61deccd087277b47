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

#include "orilla/base/result.hpp"
#include "orilla/base/unique_fd.hpp"
#include "orilla/loop/io_thread.hpp"
#include "orilla/loop/loop.hpp"
#include "orilla/network/address.hpp"

namespace orilla::network {

struct LinksConfig {
    std::string bridge = "orilla0";  ///< 15 characters at most
    Cidr pod_cidr;                   ///< its first address is the bridge's; /16 to /29
    Cidr service_cidr;               ///< routed to the bridge, so that the node itself finds a source address
    std::string netns_dir = "/run/orilla/netns";
    int mtu = 0;        ///< 0: that of the device of the default route, otherwise 1500
    int pool_size = 2;  ///< prepared namespaces that wait for pods
    std::string owner = {};  ///< whose pods these are: noted on the bridge, so that nobody else takes it for theirs
};

/// What can be said against it without looking at the machine.
Result<void> check_links_config(const LinksConfig& config);

/// Code::conflict when there are pods on the bridge that are another owner's, by its note. Changes nothing; to be asked before
/// `Links::open`, which takes over what it finds.
Result<void> check_bridge_owner(const std::string& bridge, const std::string& owner);

/// A pod's place in the network.
struct PodLink {
    std::string pod;         ///< the pod's uid, as given to attach
    Ipv4 ip;
    std::string netns_path;  ///< to enter with setns(2)
};

class Links {
  public:
    /// Makes or takes over the bridge, its address, routes and sysctls, and reads which pods have links (of an earlier
    /// daemon). Blocks for about a millisecond. Slow work runs on `executor`, one job after another; give it one of its
    /// own, because it enters network namespaces. Refuses a pod or service CIDR that overlaps one of the node's networks.
    static Result<std::unique_ptr<Links>> open(loop::Loop& loop, loop::Executor& executor, LinksConfig config);
    virtual ~Links() = default;

    /// Gives the pod a namespace and an address; a pod that has them gets the same ones. `pod` is its uid:
    /// 1-63 characters of [a-z0-9-].
    virtual loop::Task<Result<PodLink>> attach(std::string pod) = 0;
    /// The same in a network namespace that somebody else made (a pod with a user namespace of its own).
    virtual loop::Task<Result<PodLink>> attach_namespace(std::string pod, UniqueFd netns) = 0;
    /// Removes the pod's link and namespace name; fine when there is none.
    virtual loop::Task<Result<void>> detach(std::string pod) = 0;
    /// Detaches every pod that is not in `pods`, and removes links without a namespace. For the start. A failure keeps it
    /// from nothing else and is told at the end.
    virtual loop::Task<Result<void>> keep_only(std::vector<std::string> pods) = 0;

    virtual std::optional<PodLink> find(const std::string& pod) const = 0;
    virtual std::vector<PodLink> list() const = 0;
    /// The bridge's address: the pods' gateway, and where DNS listens.
    virtual Ipv4 gateway() const = 0;
    /// Whether `open` found no bridge: a start that fails later takes it away again.
    virtual bool made_bridge() const = 0;
};

/// Takes away the bridge, with every pod's link and namespace name under `netns_dir` (orilla's reset).
Result<void> remove_links(const LinksConfig& config);

}  // namespace orilla::network
