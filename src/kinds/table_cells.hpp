// Cell rules by kind, one file per group of kinds, and the texts they share.
#pragma once

#include "orilla/kinds/table.hpp"
#include "orilla/schema/age.hpp"

namespace orilla::api {

using Row = std::vector<Cell>;

/// What kubectl shows where there is nothing.
inline constexpr std::string_view nothing_text = "<none>";

std::string or_none(std::string_view text);
/// `k=v,k2=v2`, or <none>.
std::string labels_text(const Map<Str>& labels);
std::string selector_text(const Box<LabelSelector>& selector);
std::string container_names_text(const PodSpec& spec);
std::string container_images_text(const PodSpec& spec);
/// At most three, then how many more there are; `nothing` when there are none.
std::string first_three_text(const std::vector<std::string>& items, std::string_view nothing);
std::string join_text(const std::vector<std::string>& items);

Row render_pod(const Pod& pod, int64_t now_unix_s);
Row render_deployment(const Deployment& deployment, int64_t now_unix_s);
Row render_replica_set(const ReplicaSet& set, int64_t now_unix_s);
Row render_service(const Service& service, int64_t now_unix_s);
Row render_endpoints(const Endpoints& endpoints, int64_t now_unix_s);
Row render_endpoint_slice(const EndpointSlice& slice, int64_t now_unix_s);
Row render_node(const Node& node, int64_t now_unix_s);
Row render_event(const Event& event, int64_t now_unix_s);
Row render_namespace(const Namespace& ns, int64_t now_unix_s);
Row render_config_map(const ConfigMap& map, int64_t now_unix_s);
Row render_secret(const Secret& secret, int64_t now_unix_s);
Row render_lease(const Lease& lease, int64_t now_unix_s);

}  // namespace orilla::api
