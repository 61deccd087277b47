#include "describe/description.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <ctime>

#include "describe/event_list.hpp"
#include "orilla/base/text.hpp"
#include "orilla/kinds/pod_facts.hpp"
#include "orilla/kinds/well_known.hpp"
#include "orilla/schema/age.hpp"
#include "orilla/schema/values.hpp"
#include "print/output.hpp"

namespace orilla::cli {
namespace json = boost::json;
namespace {

constexpr size_t tab_gap = 2;

std::vector<std::string> split(std::string_view text, char separator) {
    std::vector<std::string> out;
    for (size_t from = 0; from <= text.size();) {
        const size_t end = std::min(text.find(separator, from), text.size());
        out.emplace_back(text.substr(from, end - from));
        from = end + 1;
    }
    return out;
}

/// The width of each cell that a tab ends: that of the widest of its column in the lines next to it that have one.
std::vector<std::vector<size_t>> measure(const std::vector<std::vector<std::string>>& lines) {
    std::vector<std::vector<size_t>> widths(lines.size());
    for (size_t i = 0; i < lines.size(); ++i) widths[i].resize(lines[i].size() - 1);
    for (size_t i = 0; i < lines.size(); ++i)
        for (size_t column = 0; column < widths[i].size(); ++column) {
            if (widths[i][column] > 0) continue;
            size_t end = i, widest = 0;
            for (; end < lines.size() && widths[end].size() > column; ++end)
                widest = std::max(widest, width_of(lines[end][column]));
            for (size_t k = i; k < end; ++k) widths[k][column] = widest + tab_gap;
        }
    return widths;
}

std::string joined(const json::array& words, std::string_view separator = ",") {
    std::string out;
    for (const auto& word : words) out += (out.empty() ? "" : std::string(separator)) + text_of(word);
    return out;
}

const json::object& metadata_of(const json::object& object) { return object_at(object, "metadata"); }

void describe_controller(Description& out, const json::object& object) {
    for (const auto& item : array_at(metadata_of(object), "ownerReferences"))
        if (text_at(item.get_object(), "controller") == "true")
            out.field(0, "Controlled By", text_at(item.get_object(), "kind") + "/" + text_at(item.get_object(), "name"));
}

void describe_labels(Description& out, const json::object& object) {
    out.map("Labels", object_at(metadata_of(object), "labels"));
    out.map("Annotations", object_at(metadata_of(object), "annotations"), ": ");
}

void describe_pod(Description& out, const json::object& object) {
    const json::object &spec = object_at(object, "spec"), &status = object_at(object, "status");
    const std::string node = text_at(spec, "nodeName");
    if (!text_at(spec, "serviceAccountName").empty()) out.field(0, "Service Account", text_at(spec, "serviceAccountName"));
    out.field(0, "Node", node.empty() ? "" : node + "/" + text_at(status, "hostIP"));
    if (status.contains("startTime")) out.field(0, "Start Time", long_time(text_at(status, "startTime")));
    describe_labels(out, object);
    const bool terminating = metadata_of(object).contains("deletionTimestamp");
    out.field(0, "Status", terminating ? "Terminating" : text_at(status, "phase"));
    if (terminating) out.field(0, "Termination Grace Period", text_at(metadata_of(object), "deletionGracePeriodSeconds") + "s");
    for (const auto& [field, name] : {std::pair{"reason", "Reason"}, std::pair{"message", "Message"}})
        if (status.contains(field)) out.field(0, name, text_at(status, field));
    out.line(0, "IP:\t" + text_at(status, "podIP"));
    out.line(0, array_at(status, "podIPs").empty() ? "IPs:\t<none>" : "IPs:");
    for (const auto& ip : array_at(status, "podIPs")) out.field(1, "IP", text_at(ip.get_object(), "ip"));
    describe_controller(out, object);
    describe_pod_spec(out, spec, status, "");
    if (!array_at(status, "conditions").empty()) out.line(0, "Conditions:\n  Type\tStatus");
    for (const auto& condition : array_at(status, "conditions"))
        out.line(1, text_at(condition.get_object(), "type") + " \t" + text_at(condition.get_object(), "status") + " ");
    describe_volumes(out, spec, "");
    out.field(0, "QoS Class", text_at(status, "qosClass"));
    out.map("Node-Selectors", object_at(spec, "nodeSelector"));
    describe_tolerations(out, spec, "");
}

std::string selector_text(const json::object& selector) {
    std::string out;
    for (const auto& label : object_at(selector, "matchLabels"))
        out += (out.empty() ? "" : ",") + std::string(label.key()) + "=" + text_of(label.value());
    for (const auto& item : array_at(selector, "matchExpressions")) {
        const json::object& one = item.get_object();
        const std::string op = lowered(text_at(one, "operator"));
        const std::string key = text_at(one, "key"), values = joined(array_at(one, "values"));
        out += (out.empty() ? "" : ",") + (op == "exists"         ? key
                                           : op == "doesnotexist" ? "!" + key
                                                                  : key + " " + op + " (" + values + ")");
    }
    return out;
}

/// "web-1 (2/2 replicas created)" of the sets whose revision is, or is not, the Deployment's.
std::string sets_text(const json::object& deployment, const json::array& sets, bool current) {
    const std::string wanted = text_at(object_at(metadata_of(deployment), "annotations"), api::revision_annotation);
    std::string out;
    for (const auto& item : sets) {
        const json::object& set = item.get_object();
        if ((text_at(object_at(metadata_of(set), "annotations"), api::revision_annotation) == wanted) != current) continue;
        out += (out.empty() ? "" : ", ") + text_at(metadata_of(set), "name") + " (" +
               std::to_string(number_at(object_at(set, "status"), "replicas")) + "/" +
               std::to_string(number_at(object_at(set, "spec"), "replicas")) + " replicas created)";
    }
    return out;
}

void describe_deployment(Description& out, const json::object& object, const Surroundings& around) {
    const json::object &spec = object_at(object, "spec"), &status = object_at(object, "status");
    out.field(0, "CreationTimestamp", long_time(text_at(metadata_of(object), "creationTimestamp")));
    describe_labels(out, object);
    out.field(0, "Selector", selector_text(object_at(spec, "selector")));
    const auto count = [&status](const char* name) { return std::to_string(number_at(status, name)); };
    out.field(0, "Replicas",
              text_at(spec, "replicas") + " desired | " + count("updatedReplicas") + " updated | " + count("replicas") +
                  " total | " + count("availableReplicas") + " available | " + count("unavailableReplicas") + " unavailable");
    out.field(0, "StrategyType", text_at(object_at(spec, "strategy"), "type"));
    out.field(0, "MinReadySeconds", std::to_string(number_at(spec, "minReadySeconds")));
    const json::object& rolling = object_at(object_at(spec, "strategy"), "rollingUpdate");
    if (!rolling.empty())
        out.field(0, "RollingUpdateStrategy",
                  text_at(rolling, "maxUnavailable") + " max unavailable, " + text_at(rolling, "maxSurge") + " max surge");
    describe_pod_template(out, object_at(spec, "template"));
    if (!array_at(status, "conditions").empty()) out.line(0, "Conditions:\n  Type\tStatus\tReason\n  ----\t------\t------");
    for (const auto& condition : array_at(status, "conditions"))
        out.line(1, text_at(condition.get_object(), "type") + " \t" + text_at(condition.get_object(), "status") + "\t" +
                        text_at(condition.get_object(), "reason"));
    out.field(0, "OldReplicaSets", sets_text(object, around.replica_sets, false));
    out.field(0, "NewReplicaSet", sets_text(object, around.replica_sets, true));
}

void describe_replica_set(Description& out, const json::object& object, const Surroundings& around) {
    const json::object &spec = object_at(object, "spec"), &status = object_at(object, "status");
    out.field(0, "Selector", selector_text(object_at(spec, "selector")));
    describe_labels(out, object);
    describe_controller(out, object);
    out.field(0, "Replicas",
              std::to_string(number_at(status, "replicas")) + " current / " + text_at(spec, "replicas") + " desired");
    const auto count = [&](std::string_view phase) {
        return std::to_string(std::ranges::count_if(around.pods, [phase](const auto& pod) {
            return text_at(object_at(pod.get_object(), "status"), "phase") == phase;
        }));
    };
    out.field(0, "Pods Status",
              count("Running") + " Running / " + count("Pending") + " Waiting / " + count("Succeeded") + " Succeeded / " +
                  count("Failed") + " Failed");
    describe_pod_template(out, object_at(spec, "template"));
}

std::string endpoints_text(const json::array& slices, const json::object& port) {
    std::string out;
    for (const auto& slice : slices)
        for (const auto& offered : array_at(slice.get_object(), "ports")) {
            if (text_at(offered.get_object(), "name") != text_at(port, "name")) continue;
            for (const auto& endpoint : array_at(slice.get_object(), "endpoints"))
                if (text_at(object_at(endpoint.get_object(), "conditions"), "ready") != "false")
                    out += (out.empty() ? "" : ",") + joined(array_at(endpoint.get_object(), "addresses")) + ":" +
                           text_at(offered.get_object(), "port");
        }
    return out;
}

void describe_service(Description& out, const json::object& object, const Surroundings& around) {
    const json::object& spec = object_at(object, "spec");
    describe_labels(out, object);
    out.map("Selector", object_at(spec, "selector"));
    out.field(0, "Type", text_at(spec, "type"));
    out.field(0, "IP Family Policy", text_at(spec, "ipFamilyPolicy"));
    out.field(0, "IP Families", joined(array_at(spec, "ipFamilies")));
    out.field(0, "IP", text_at(spec, "clusterIP"));
    out.field(0, "IPs", joined(array_at(spec, "clusterIPs")));
    for (const auto& item : array_at(spec, "ports")) {
        const json::object& port = item.get_object();
        const std::string name = port.contains("name") ? text_at(port, "name") : "<unset>",
                          protocol = "/" + text_at(port, "protocol");
        out.field(0, "Port", name + "\t" + text_at(port, "port") + protocol);
        out.field(0, "TargetPort", text_at(port, "targetPort") + protocol);
        if (number_at(port, "nodePort") > 0) out.field(0, "NodePort", name + "\t" + text_at(port, "nodePort") + protocol);
        out.line(0, "Endpoints:\t" + endpoints_text(around.slices, port));
    }
    out.field(0, "Session Affinity", text_at(spec, "sessionAffinity"));
    if (spec.contains("externalTrafficPolicy")) out.field(0, "External Traffic Policy", text_at(spec, "externalTrafficPolicy"));
    if (spec.contains("internalTrafficPolicy")) out.field(0, "Internal Traffic Policy", text_at(spec, "internalTrafficPolicy"));
}

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
    return (amount.empty() ? "0" : amount.text.str()) + " (" + std::to_string(percent) + "%)";
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
        std::string line = text_at(metadata_of(pod), "namespace") + "\t" + text_at(metadata_of(pod), "name") + "\t";
        for (auto& column : columns) {
            const api::Quantity amount = sum_resources(pod, column.field, column.resource);
            column.sum = column.sum.plus(amount);
            if (&column < columns + shown_columns) line += "\t" + share_text(amount, column.whole);
        }
        const auto born = api::Time::parse(text_at(metadata_of(pod), "creationTimestamp"));
        lines.push_back(line + "\t" + (born ? api::render_age(*born, around.now_unix_s) : "<unknown>"));
    }
    out.line(0, "Non-terminated Pods:\t(" + std::to_string(lines.size()) + " in total)");
    out.line(1, "Namespace\tName\t\tCPU Requests\tCPU Limits\tMemory Requests\tMemory Limits\tAge");
    out.line(1, "---------\t----\t\t------------\t----------\t---------------\t-------------\t---");
    for (const auto& line : lines) out.line(1, line);
    out.line(0,
             "Allocated resources:\n  (Total limits may be over 100 percent, i.e., overcommitted.)\n  "
             "Resource\tRequests\tLimits\n  --------\t--------\t------");
    for (size_t i = 0; i < std::size(columns); i += 2)
        out.line(1, std::string(columns[i].resource) + "\t" + share_text(columns[i].sum, columns[i].whole) + "\t" +
                        share_text(columns[i + 1].sum, columns[i + 1].whole));
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
        out.line(1, std::string(name) + ":\t" + text_at(object_at(status, "nodeInfo"), field));
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
        taints += (taints.empty() ? "" : "\n\t") + text_at(taint, "key") + (value.empty() ? "" : "=" + value) + ":" +
                  text_at(taint, "effect");
    }
    out.field(0, "Taints", taints);
    out.field(0, "Unschedulable", text_at(spec, "unschedulable") == "true" ? "true" : "false");
    out.line(0, "Conditions:\n  Type\tStatus\tLastHeartbeatTime\tLastTransitionTime\tReason\tMessage");
    out.line(1, "----\t------\t-----------------\t------------------\t------\t-------");
    for (const auto& item : array_at(status, "conditions")) {
        const json::object& one = item.get_object();
        out.line(1, text_at(one, "type") + " \t" + text_at(one, "status") + " \t" +
                        long_time(text_at(one, "lastHeartbeatTime")) + " \t" + long_time(text_at(one, "lastTransitionTime")) +
                        " \t" + text_at(one, "reason") + " \t" + text_at(one, "message"));
    }
    out.line(0, "Addresses:");
    for (const auto& address : array_at(status, "addresses"))
        out.field(1, text_at(address.get_object(), "type"), text_at(address.get_object(), "address"));
    for (const auto& [field, name] : {std::pair{"capacity", "Capacity:"}, std::pair{"allocatable", "Allocatable:"}}) {
        out.line(0, name);
        std::vector<std::string> lines;
        for (const auto& item : object_at(status, field))
            lines.push_back(std::string(item.key()) + ":\t" + text_of(item.value()));
        std::ranges::sort(lines);
        for (const auto& line : lines) out.line(1, line);
    }
    describe_node_info(out, status);
    out.field(0, "PodCIDR", text_at(spec, "podCIDR"));
    out.field(0, "PodCIDRs", joined(array_at(spec, "podCIDRs")));
    describe_node_pods(out, object, around);
}

size_t base64_bytes(const std::string& text) {
    return text.size() / 4 * 3 - static_cast<size_t>(std::count(text.begin(), text.end(), '='));
}

/// Keys of data and binaryData by name; what is in a ConfigMap is shown, of a Secret only its size. Not aligned: the values
/// may have tabs of their own.
std::string data_text(const json::object& object) {
    const bool secret = text_at(object, "kind") == "Secret";
    std::string out = secret ? "\nType:  " + text_at(object, "type") + "\n" : "";
    std::vector<std::string> entries, binary;
    for (const auto& item : object_at(object, "data")) {
        const std::string key(item.key()), value = text_of(item.value());
        entries.push_back(secret ? key + ":\t" + std::to_string(base64_bytes(value)) + " bytes\n"
                                 : key + ":\n----\n" + value + "\n\n");
    }
    for (const auto& item : object_at(object, "binaryData"))
        binary.push_back(std::string(item.key()) + ": " + std::to_string(base64_bytes(text_of(item.value()))) + " bytes\n");
    std::ranges::sort(entries), std::ranges::sort(binary);
    std::string data;
    for (const auto& entry : entries) data += entry;
    out += "\nData\n====\n" + (secret ? align_tabs(data) : data);
    if (secret) return out;
    out += "\nBinaryData\n====\n";
    for (const auto& entry : binary) out += entry;
    return out + "\n";
}

/// A kind without a section of its own: everything below its metadata, as YAML.
std::string rest_text(const json::object& object) {
    json::object rest = object;
    for (const char* known : {"apiVersion", "kind", "metadata"}) rest.erase(known);
    Options yaml;
    yaml.output = "yaml";
    const auto text = render_object(json::serialize(rest), yaml);
    return rest.empty() || !text ? "" : *text;
}

void describe_events(Description& out, const std::vector<json::object>& events, int64_t now_unix_s) {
    if (events.empty()) return out.line(0, "Events:\t<none>");
    out.line(0, "Events:\n  Type\tReason\tAge\tFrom\tMessage\n  ----\t------\t----\t----\t-------");
    for (const auto& event : events) {
        const std::string source = text_at(object_at(event, "source"), "component");
        out.line(1, text_at(event, "type") + "\t" + text_at(event, "reason") + "\t" + event_age(event, now_unix_s) + "\t" +
                        (source.empty() ? text_at(event, "reportingComponent") : source) + "\t" +
                        cell_text(text_at(event, "message")));
    }
}

}  // namespace

std::string align_tabs(std::string_view text) {
    if (text.empty()) return "";
    std::vector<std::vector<std::string>> lines;
    for (const auto& line : split(text.ends_with('\n') ? text.substr(0, text.size() - 1) : text, '\n'))
        lines.push_back(split(line, '\t'));
    const auto widths = measure(lines);
    std::string out;
    for (size_t i = 0; i < lines.size(); ++i) {
        for (size_t column = 0; column < widths[i].size(); ++column)
            out += lines[i][column] + std::string(widths[i][column] - width_of(lines[i][column]), ' ');
        out += lines[i].back() + "\n";
    }
    return out;
}

void Description::line(int level, const std::string& text) {
    text_ += std::string(static_cast<size_t>(level) * 2, ' ') + terminal_text(text) + "\n";
}

void Description::field(int level, const std::string& name, const std::string& value) {
    line(level, name + ":\t" + (value.empty() ? "<none>" : value));
}

void Description::map(const std::string& name, const json::object& values, std::string_view separator,
                      const std::string& indent) {
    std::vector<std::string> lines;
    for (const auto& item : values) {
        if (item.key() == api::last_applied_annotation) continue;
        std::string value = text_of(item.value());
        if (value.find('\n') != std::string::npos) value = cell_text(value);
        lines.push_back(std::string(item.key()) + std::string(separator) + value);
    }
    std::ranges::sort(lines);
    if (lines.empty()) lines.emplace_back("<none>");
    std::string before = indent + name + ":\t";
    for (const auto& text : lines) {
        line(0, before + text);
        before = indent + "\t";
    }
}

std::string long_time(const std::string& rfc3339) {
    const auto time = api::Time::parse(rfc3339);
    if (!time) return rfc3339.empty() ? "<unset>" : rfc3339;
    const time_t seconds = time->unix_s;
    tm parts{};
    gmtime_r(&seconds, &parts);
    static constexpr const char* days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static constexpr const char* months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                             "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    char text[64];
    snprintf(text, sizeof text, "%s, %02d %s %04d %02d:%02d:%02d +0000", days[parts.tm_wday], parts.tm_mday,
             months[parts.tm_mon], parts.tm_year + 1900, parts.tm_hour, parts.tm_min, parts.tm_sec);
    return text;
}

namespace {
/// How a kind is told: its own lines, what stands below them as it is, and whether events do.
struct KindDescription {
    std::string_view kind;
    void (*describe)(Description& out, const json::object& object, const Surroundings& around);
    std::string (*verbatim)(const json::object& object) = nullptr;
    bool shows_events = true;
};

void describe_pod_alone(Description& out, const json::object& object, const Surroundings&) { describe_pod(out, object); }
void describe_labels_alone(Description& out, const json::object& object, const Surroundings&) { describe_labels(out, object); }
void describe_namespace(Description& out, const json::object& object, const Surroundings&) {
    describe_labels(out, object);
    out.field(0, "Status", text_at(object_at(object, "status"), "phase"));
}

constexpr KindDescription descriptions[] = {
    {"Pod", describe_pod_alone},
    {"Deployment", describe_deployment},
    {"ReplicaSet", describe_replica_set},
    {"Service", describe_service},
    {"Node", describe_node},
    {"Namespace", describe_namespace, nullptr, false},
    {"ConfigMap", describe_labels_alone, data_text},
    {"Secret", describe_labels_alone, data_text, false},
    {"Event", describe_labels_alone, rest_text, false},
};
constexpr KindDescription any_other{"", describe_labels_alone, rest_text};

const KindDescription& description_of(std::string_view kind) {
    for (const KindDescription& one : descriptions)
        if (one.kind == kind) return one;
    return any_other;
}
}  // namespace

std::string render_description(const json::object& object, const Surroundings& around) {
    const KindDescription& how = description_of(text_at(object, "kind"));
    Description out;
    out.field(0, "Name", text_at(metadata_of(object), "name"));
    if (metadata_of(object).contains("namespace")) out.field(0, "Namespace", text_at(metadata_of(object), "namespace"));
    how.describe(out, object, around);
    const std::string verbatim = how.verbatim ? how.verbatim(object) : "";
    const bool shows_events = around.events && how.shows_events;
    if (shows_events && verbatim.empty()) describe_events(out, *around.events, around.now_unix_s);
    std::string text = out.render() + verbatim;
    if (!shows_events || verbatim.empty()) return text;
    Description events;
    describe_events(events, *around.events, around.now_unix_s);
    return text + events.render();
}

}  // namespace orilla::cli
