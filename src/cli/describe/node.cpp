#include <fmt/core.h>
#include <algorithm>
#include <boost/json.hpp>

#include "describe/kind_descriptions.hpp"
#include "orilla/kinds/pod_facts.hpp"
#include "orilla/kinds/well_known.hpp"
#include "orilla/schema/age.hpp"
#include "orilla/schema/values.hpp"
#include "print/output.hpp"

namespace orilla::cli {
namespace json = boost::json;
namespace {

/// What the containers of a pod ask for, or are held to.
api::Quantity sum_resources(const json::object& pod, const char* field, const char* resource) {
    api::Quantity sum;
    for (const auto& container : array_at(object_at(pod, "spec"), "containers")) {
        const std::string text = text_at(object_at(object_at(container.get_object(), "resources"), field), resource);
        if (const auto one = api::Quantity::parse(text); one && !text.empty()) sum = sum.plus(*one);
    }
    return sum;
}

std::string share_text(const api::Quantity& amount, const api::Quantity& whole) {
    const int64_t all = whole.milli_value();
    const int64_t percent =
        all > 0 ? static_cast<int64_t>(static_cast<double>(amount.milli_value()) / static_cast<double>(all) * 100) : 0;
    return fmt::format("{} ({}%)", amount.empty() ? "0" : amount.text.str(), percent);
}

void describe_node_pods(Description& out, const json::object& node, const Surroundings& around) {
    struct Column {
        const char *resource, *field;
        api::Quantity whole, sum;
    };
    Column columns[] = {{"cpu", "requests", {}, {}},
                        {"cpu", "limits", {}, {}},
                        {"memory", "requests", {}, {}},
                        {"memory", "limits", {}, {}},
                        {"ephemeral-storage", "requests", {}, {}},
                        {"ephemeral-storage", "limits", {}, {}}};
    constexpr size_t shown_columns = 4;  // of each pod
    for (auto& column : columns)
        if (auto whole = api::Quantity::parse(text_at(object_at(object_at(node, "status"), "allocatable"), column.resource)))
            column.whole = *whole;
    std::vector<std::string> lines;
    for (const auto& item : around.pods) {
        const json::object& pod = item.get_object();
        const std::string phase = text_at(object_at(pod, "status"), "phase");
        if (api::is_finished(phase) || text_at(object_at(pod, "spec"), "nodeName") != text_at(metadata_of(node), "name"))
            continue;
        std::string line = fmt::format("{}\t{}\t", text_at(metadata_of(pod), "namespace"), text_at(metadata_of(pod), "name"));
        for (auto& column : columns) {
            const api::Quantity amount = sum_resources(pod, column.field, column.resource);
            column.sum = column.sum.plus(amount);
            if (&column < columns + shown_columns) line += "\t" + share_text(amount, column.whole);
        }
        const auto born = api::Time::parse(text_at(metadata_of(pod), "creationTimestamp"));
        lines.push_back(fmt::format("{}\t{}", line, born ? api::render_age(*born, around.now_unix_s) : "<unknown>"));
    }
    out.line(0, fmt::format("Non-terminated Pods:\t({} in total)", lines.size()));
    out.line(1, "Namespace\tName\t\tCPU Requests\tCPU Limits\tMemory Requests\tMemory Limits\tAge");
    out.line(1, "---------\t----\t\t------------\t----------\t---------------\t-------------\t---");
    for (const auto& line : lines) out.line(1, line);
    out.line(0,
             "Allocated resources:\n  (Total limits may be over 100 percent, i.e., overcommitted.)\n  "
             "Resource\tRequests\tLimits\n  --------\t--------\t------");
    for (size_t i = 0; i < std::size(columns); i += 2)
        out.line(1, fmt::format("{}\t{}\t{}", columns[i].resource, share_text(columns[i].sum, columns[i].whole),
                                share_text(columns[i + 1].sum, columns[i + 1].whole)));
}

void describe_node_info(Description& out, const json::object& status) {
    static constexpr std::pair<const char*, const char*> names[] = {{"machineID", "Machine ID"},
                                                                    {"systemUUID", "System UUID"},
                                                                    {"bootID", "Boot ID"},
                                                                    {"kernelVersion", "Kernel Version"},
                                                                    {"osImage", "OS Image"},
                                                                    {"operatingSystem", "Operating System"},
                                                                    {"architecture", "Architecture"},
                                                                    {"containerRuntimeVersion", "Container Runtime Version"},
                                                                    {"kubeletVersion", "Kubelet Version"}};
    out.line(0, "System Info:");
    for (const auto& [field, name] : names)
        out.line(1, fmt::format("{}:\t{}", name, text_at(object_at(status, "nodeInfo"), field)));
}

void describe_node(Description& out, const json::object& object, const Surroundings& around) {
    const json::object &spec = object_at(object, "spec"), &status = object_at(object, "status");
    std::string roles, taints;
    for (const auto& label : object_at(metadata_of(object), "labels"))
        if (std::string_view(label.key()).starts_with(api::node_role_label_prefix))
            roles += (roles.empty() ? "" : ",") + std::string(label.key()).substr(api::node_role_label_prefix.size());
    out.field(0, "Roles", roles);
    describe_labels(out, object);
    out.field(0, "CreationTimestamp", long_time(text_at(metadata_of(object), "creationTimestamp")));
    for (const auto& item : array_at(spec, "taints")) {
        const json::object& taint = item.get_object();
        const std::string value = text_at(taint, "value");
        taints += fmt::format("{}{}{}:{}", taints.empty() ? "" : "\n\t", text_at(taint, "key"),
                              value.empty() ? "" : "=" + value, text_at(taint, "effect"));
    }
    out.field(0, "Taints", taints);
    out.field(0, "Unschedulable", text_at(spec, "unschedulable") == "true" ? "true" : "false");
    out.line(0, "Conditions:\n  Type\tStatus\tLastHeartbeatTime\tLastTransitionTime\tReason\tMessage");
    out.line(1, "----\t------\t-----------------\t------------------\t------\t-------");
    for (const auto& item : array_at(status, "conditions")) {
        const json::object& one = item.get_object();
        out.line(1, fmt::format("{} \t{} \t{} \t{} \t{} \t{}", text_at(one, "type"), text_at(one, "status"),
                                long_time(text_at(one, "lastHeartbeatTime")), long_time(text_at(one, "lastTransitionTime")),
                                text_at(one, "reason"), text_at(one, "message")));
    }
    out.line(0, "Addresses:");
    for (const auto& address : array_at(status, "addresses"))
        out.field(1, text_at(address.get_object(), "type"), text_at(address.get_object(), "address"));
    for (const auto& [field, name] : {std::pair{"capacity", "Capacity:"}, std::pair{"allocatable", "Allocatable:"}}) {
        out.line(0, name);
        std::vector<std::string> lines;
        for (const auto& item : object_at(status, field))
            lines.push_back(fmt::format("{}:\t{}", item.key(), text_of(item.value())));
        std::ranges::sort(lines);
        for (const auto& line : lines) out.line(1, line);
    }
    describe_node_info(out, status);
    out.field(0, "PodCIDR", text_at(spec, "podCIDR"));
    out.field(0, "PodCIDRs", joined(array_at(spec, "podCIDRs")));
    describe_node_pods(out, object, around);
}

}  // namespace

const KindDescription node_description{
    api::kind_of<api::Node>, describe_node, {api::kind_of<api::Pod>, Neighbours::Of::cluster, {}, &Surroundings::pods}};

}  // namespace orilla::cli
