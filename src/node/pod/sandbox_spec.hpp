// What of a Pod its sandbox is made from: names, namespaces, the files that tell it who it is, the sums of its resources. Pure.
#pragma once

#include <string>
#include <string_view>

#include "orilla/base/result.hpp"
#include "orilla/kinds/types.hpp"
#include "orilla/runtime/spec.hpp"

namespace orilla::node {

/// The pod's host name: short, as long as such a name may be (63 characters that do not end with '-' or '.'); or, where it says
/// so, the name that its subdomain gives it, which may be too long.
Result<std::string> plan_hostname(const api::Pod& pod, std::string_view cluster_domain);

/// Of a map of resources; 0 when it does not say.
int64_t quantity_of(const api::Map<api::Quantity>& map, std::string_view name, bool milli);
runtime::Resources plan_resources(const api::ResourceRequirements& resources);
/// The pod's cgroup: sums over what runs together, no limit where one of them has none.
runtime::Resources plan_pod_resources(const api::PodSpec& spec);
/// But for its network namespace. `host_hosts`: the node's /etc/hosts, for a pod on the node's network.
runtime::PodSandboxSpec plan_sandbox_spec(const api::Pod& pod, const std::string& resolv_conf, const std::string& pod_ip,
                                          const std::string& cluster_domain, const std::string& host_hosts);

/// Whether its /etc/resolv.conf or /etc/hosts show the node's.
bool shows_host_files(const api::Pod& pod);
/// `nameserver ...` for the pod's dnsPolicy, with what dnsConfig adds to it: servers and searches after the policy's, each
/// once and as many as the resolver reads; options over the policy's.
std::string render_resolv_conf(const api::Pod& pod, const std::string& dns_ip, const std::string& cluster_domain,
                               const std::string& host_resolv_conf);

}  // namespace orilla::node
