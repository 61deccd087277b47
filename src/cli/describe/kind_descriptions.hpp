// How `describe` tells of a kind: one constant a kind, in a file of its own, and one for all that have none. Pure.
#pragma once

#include <string>
#include <string_view>

#include "describe/description.hpp"
#include "orilla/kinds/kinds.hpp"
#include "orilla/kinds/types.hpp"

namespace orilla::cli {

/// The objects around one that are told with it.
struct Neighbours {
    enum class Of {
        nothing,
        owner,    ///< in its namespace, owned by it
        label,    ///< in its namespace, with its name in `label`
        cluster,  ///< all there are
        inside,   ///< in the namespace that it is
        beside,   ///< in its namespace
    };
    const api::KindInfo& (*kind)() = nullptr;
    Of of = Of::nothing;
    std::string_view label = {};
    boost::json::array Surroundings::*into = nullptr;
};

struct KindDescription {
    const api::KindInfo& (*kind)();
    void (*describe)(Description& out, const boost::json::object& object, const Surroundings& around);
    Neighbours neighbours = {};
    std::string (*verbatim)(const boost::json::object& object) = nullptr;  ///< what stands below as it is
    bool shows_events = true;
    Neighbours more_neighbours = {};
};

// The table's rows.
extern const KindDescription configmap_description;
extern const KindDescription cronjob_description;
extern const KindDescription daemonset_description;
extern const KindDescription deployment_description;
extern const KindDescription event_description;
extern const KindDescription horizontalpodautoscaler_description;
extern const KindDescription ingress_description;
extern const KindDescription ingressclass_description;
extern const KindDescription job_description;
extern const KindDescription limitrange_description;
extern const KindDescription namespace_description;
extern const KindDescription node_description;
extern const KindDescription persistentvolume_description;
extern const KindDescription persistentvolumeclaim_description;
extern const KindDescription pod_description;
extern const KindDescription poddisruptionbudget_description;
extern const KindDescription priorityclass_description;
extern const KindDescription replicaset_description;
extern const KindDescription replicationcontroller_description;
extern const KindDescription resourcequota_description;
extern const KindDescription secret_description;
extern const KindDescription service_description;
extern const KindDescription statefulset_description;
extern const KindDescription storageclass_description;

/// By its apiVersion and kind; of any other kind what is the same for all.
const KindDescription& description_of(const boost::json::object& object);

// What several of them share.

const boost::json::object& metadata_of(const boost::json::object& object);
std::string joined(const boost::json::array& words, std::string_view separator = ",");
/// "app=web,tier in (a,b)"
std::string selector_text(const boost::json::object& selector);
/// The addresses that are ready behind a Service's port: "10.42.0.5:80,10.42.0.6:80".
std::string endpoints_text(const boost::json::array& slices, const boost::json::object& port);
void describe_controller(Description& out, const boost::json::object& object);
void describe_labels(Description& out, const boost::json::object& object);
/// How many of its pods are in which phase.
void describe_pods_status(Description& out, const Surroundings& around);
/// Those of a namespace.
void describe_quotas(Description& out, const boost::json::array& quotas);
void describe_limit_ranges(Description& out, const boost::json::array& ranges);
void describe_labels_alone(Description& out, const boost::json::object& object, const Surroundings& around);
/// Everything below its metadata, as YAML.
std::string describe_rest(const boost::json::object& object);

}  // namespace orilla::cli
