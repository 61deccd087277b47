// Where a Service's traffic goes: its pods as EndpointSlices, as the older Endpoints, and user-made Endpoints mirrored into
// slices. Decides only. Keeps an endpoint in the slice that has it and reuses slices, so that names are stable and a
// change writes one object.
#pragma once

#include <map>
#include <string>
#include <variant>
#include <vector>

#include "orilla/kinds/types.hpp"

namespace orilla::controllers {

constexpr size_t slice_endpoints_max = 100;
/// More than that the older Endpoints do not hold, and mirrored ones neither.
constexpr size_t endpoints_addresses_max = 1000;

constexpr std::string_view slice_manager = "endpointslice-controller.k8s.io";
constexpr std::string_view mirror_manager = "endpointslicemirroring-controller.k8s.io";
constexpr std::string_view endpoints_manager = "endpoint-controller";

struct CreateSlice {
    api::EndpointSlice object;  ///< with generateName
    bool operator==(const CreateSlice&) const = default;
};
struct UpdateSlice {
    api::EndpointSlice object;
    bool operator==(const UpdateSlice&) const = default;
};
struct DeleteSlice {
    std::string name;
    bool operator==(const DeleteSlice&) const = default;
};
struct CreateEndpoints {
    api::Endpoints object;
    bool operator==(const CreateEndpoints&) const = default;
};
struct UpdateEndpoints {
    api::Endpoints object;
    bool operator==(const UpdateEndpoints&) const = default;
};
struct DeleteEndpoints {
    std::string name;
    bool operator==(const DeleteEndpoints&) const = default;
};
using EndpointsAction = std::variant<CreateSlice, UpdateSlice, DeleteSlice, CreateEndpoints, UpdateEndpoints, DeleteEndpoints>;

/// The zone of each node that has one.
using Zones = std::map<std::string, std::string, std::less<>>;

struct EndpointsObserved {
    const api::Service* service = nullptr;          ///< null: there is none of this name
    std::vector<const api::Pod*> pods;              ///< at least those that it selects
    std::vector<const api::EndpointSlice*> slices;  ///< labelled with this Service's name
    const api::Endpoints* endpoints = nullptr;      ///< of this name
    Zones zones = {};
};

std::vector<EndpointsAction> plan_endpoints(const std::string& name, const EndpointsObserved& seen);

/// Addresses that share their ports.
struct PortGroup {
    api::List<api::DiscoveryEndpointPort> ports;
    std::vector<api::Endpoint> endpoints;
};
/// The pods of a Service that may take traffic, now or later.
std::vector<PortGroup> group_endpoints(const api::Service& service, const std::vector<const api::Pod*>& pods,
                                       const Zones& zones = {});

/// What the slices should be: metadata that all share, and the groups.
struct SlicesWanted {
    api::ObjectMeta meta;  ///< namespace, generateName, labels, ownerReferences
    std::vector<PortGroup> groups;
    bool placeholder = false;  ///< one empty slice when there is nothing
};
/// `existing`: those of the same manager. See endpoint_slices.cpp.
std::vector<EndpointsAction> plan_slices(SlicesWanted wanted, std::vector<const api::EndpointSlice*> existing);

}  // namespace orilla::controllers
