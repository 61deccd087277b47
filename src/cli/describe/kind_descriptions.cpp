#include <fmt/core.h>
#include <algorithm>
#include <boost/json.hpp>

#include "describe/kind_descriptions.hpp"
#include "orilla/base/text.hpp"
#include "print/output.hpp"

namespace orilla::cli {
namespace json = boost::json;

const json::object& metadata_of(const json::object& object) { return object_at(object, "metadata"); }

std::string joined(const json::array& words, std::string_view separator) {
    std::string out;
    for (const auto& word : words) out += (out.empty() ? "" : std::string(separator)) + text_of(word);
    return out;
}

std::string selector_text(const json::object& selector) {
    std::string out;
    for (const auto& label : object_at(selector, "matchLabels"))
        out += fmt::format("{}{}={}", out.empty() ? "" : ",", label.key(), text_of(label.value()));
    for (const auto& item : array_at(selector, "matchExpressions")) {
        const json::object& one = item.get_object();
        const std::string op = lowered(text_at(one, "operator"));
        const std::string key = text_at(one, "key"), values = joined(array_at(one, "values"));
        out += (out.empty() ? "" : ",") + (op == "exists"         ? key
                                           : op == "doesnotexist" ? "!" + key
                                                                  : fmt::format("{} {} ({})", key, op, values));
    }
    return out;
}

void describe_controller(Description& out, const json::object& object) {
    for (const auto& item : array_at(metadata_of(object), "ownerReferences"))
        if (text_at(item.get_object(), "controller") == "true")
            out.field(0, "Controlled By",
                      fmt::format("{}/{}", text_at(item.get_object(), "kind"), text_at(item.get_object(), "name")));
}

void describe_labels(Description& out, const json::object& object) {
    out.map("Labels", object_at(metadata_of(object), "labels"));
    out.map("Annotations", object_at(metadata_of(object), "annotations"), ": ");
}

void describe_pods_status(Description& out, const Surroundings& around) {
    const auto count = [&around](std::string_view phase) {
        return std::ranges::count_if(
            around.pods, [phase](const auto& pod) { return text_at(object_at(pod.get_object(), "status"), "phase") == phase; });
    };
    out.field(0, "Pods Status",
              fmt::format("{} Running / {} Waiting / {} Succeeded / {} Failed", count("Running"), count("Pending"),
                          count("Succeeded"), count("Failed")));
}

void describe_labels_alone(Description& out, const json::object& object, const Surroundings&) { describe_labels(out, object); }

std::string describe_rest(const json::object& object) {
    json::object rest = object;
    for (const char* known : {"apiVersion", "kind", "metadata"}) rest.erase(known);
    Options yaml;
    yaml.output = "yaml";
    const auto text = render_object(json::serialize(rest), yaml);
    return rest.empty() || !text ? "" : *text;
}

const KindDescription& description_of(const json::object& object) {
    static constexpr const KindDescription* descriptions[] = {&configmap_description,
                                                              &cronjob_description,
                                                              &job_description,
                                                              &limitrange_description,
                                                              &daemonset_description,
                                                              &deployment_description,
                                                              &event_description,
                                                              &horizontalpodautoscaler_description,
                                                              &ingress_description,
                                                              &ingressclass_description,
                                                              &namespace_description,
                                                              &node_description,
                                                              &pod_description,
                                                              &poddisruptionbudget_description,
                                                              &priorityclass_description,
                                                              &replicaset_description,
                                                              &replicationcontroller_description,
                                                              &resourcequota_description,
                                                              &secret_description,
                                                              &service_description,
                                                              &statefulset_description,
                                                              &persistentvolume_description,
                                                              &persistentvolumeclaim_description,
                                                              &storageclass_description};
    static constexpr KindDescription any_other{nullptr, describe_labels_alone, {}, describe_rest};
    const std::string api_version = text_at(object, "apiVersion"), kind = text_at(object, "kind");
    const std::string group = api_version.substr(0, api_version.find('/') == std::string::npos ? 0 : api_version.find('/'));
    for (const KindDescription* one : descriptions)
        if (one->kind().group == group && one->kind().kind == kind) return *one;
    return any_other;
}

}  // namespace orilla::cli
