// describe: an object and its events, for a person. Known kinds get their own section; every kind gets its metadata.
#include <algorithm>
#include <boost/json.hpp>
#include <ctime>

#include "event_list.hpp"
#include "output.hpp"
#include "rollouts.hpp"
#include "targets.hpp"
#include "verbs.hpp"

namespace orilla::cli {
namespace json = boost::json;
namespace {

constexpr size_t label_width = 20;

void line(const std::string& name, const std::string& value, const std::string& indent = "") {
    std::string out = indent + name + ":";
    while (out.size() < label_width) out += ' ';
    if (out.back() != ' ') out += ' ';
    print(out + (value.empty() ? "<none>" : value) + "\n");
}

void lines(const std::string& name, const json::object& map, std::string_view separator = "=") {
    bool first = true;
    for (const auto& item : map) {
        if (item.key() == "kubectl.kubernetes.io/last-applied-configuration") continue;
        const std::string text = std::string(item.key()) + std::string(separator) + text_of(item.value());
        if (first) line(name, text);
        else print(std::string(label_width, ' ') + text + "\n");
        first = false;
    }
    if (first) line(name, "");
}

std::string joined(const json::array& words, std::string_view separator = ", ") {
    std::string out;
    for (const auto& word : words) out += (out.empty() ? "" : std::string(separator)) + text_of(word);
    return out;
}

void describe_conditions(const json::object& status) {
    TextTable table;
    for (const auto& item : array_at(status, "conditions")) {
        const json::object& condition = item.get_object();
        table.add({"  " + text_at(condition, "type"), text_at(condition, "status"), text_at(condition, "reason"), text_at(condition, "message")});
    }
    if (!table.empty()) print("Conditions:\n" + table.render());
}

void describe_state(const std::string& name, const json::object& state) {
    for (const auto& item : state) {
        std::string title(item.key());
        title[0] = static_cast<char>(toupper(static_cast<unsigned char>(title[0])));
        line(name, title, "    ");
        for (const auto& field : item.value().get_object()) {
            std::string label(field.key());
            label[0] = static_cast<char>(toupper(static_cast<unsigned char>(label[0])));
            line(label, text_of(field.value()), "      ");
        }
    }
}

void describe_probe(const json::object& container, const std::string& field, const std::string& title) {
    if (!container.contains(field)) return;
    const json::object& probe = object_at(container, field);
    std::string how = "exec [" + joined(array_at(object_at(probe, "exec"), "command"), " ") + "]";
    if (probe.contains("httpGet")) {
        const json::object& get = object_at(probe, "httpGet");
        how = "http-get http://" + text_at(get, "host") + ":" + text_at(get, "port") + text_at(get, "path");
    } else if (probe.contains("tcpSocket")) {
        how = "tcp-socket :" + text_at(object_at(probe, "tcpSocket"), "port");
    }
    line(title, how + " delay=" + std::to_string(number_at(probe, "initialDelaySeconds")) + "s timeout=" +
                    std::to_string(number_at(probe, "timeoutSeconds")) + "s period=" + std::to_string(number_at(probe, "periodSeconds")) +
                    "s #success=" + std::to_string(number_at(probe, "successThreshold")) + " #failure=" +
                    std::to_string(number_at(probe, "failureThreshold")), "    ");
}

void describe_container(const json::object& container, const json::array& statuses) {
    const std::string name = text_at(container, "name");
    print("  " + name + ":\n");
    line("Image", text_at(container, "image"), "    ");
    for (const auto& item : statuses) {
        const json::object& status = item.get_object();
        if (text_at(status, "name") != name) continue;
        line("Container ID", text_at(status, "containerID"), "    ");
        line("Image ID", text_at(status, "imageID"), "    ");
        describe_state("State", object_at(status, "state"));
        describe_state("Last State", object_at(status, "lastState"));
        line("Ready", text_at(status, "ready") == "true" ? "True" : "False", "    ");
        line("Restart Count", std::to_string(number_at(status, "restartCount")), "    ");
    }
    std::string ports;
    for (const auto& port : array_at(container, "ports"))
        ports += (ports.empty() ? "" : ", ") + text_at(port.get_object(), "containerPort") + "/" + text_at(port.get_object(), "protocol");
    if (!ports.empty()) line("Ports", ports, "    ");
    if (container.contains("command")) line("Command", joined(array_at(container, "command"), " "), "    ");
    if (container.contains("args")) line("Args", joined(array_at(container, "args"), " "), "    ");
    for (const char* what : {"limits", "requests"}) {
        std::string text;
        for (const auto& item : object_at(object_at(container, "resources"), what))
            text += (text.empty() ? "" : ", ") + std::string(item.key()) + "=" + text_of(item.value());
        if (!text.empty()) line(what == std::string("limits") ? "Limits" : "Requests", text, "    ");
    }
    describe_probe(container, "livenessProbe", "Liveness");
    describe_probe(container, "readinessProbe", "Readiness");
    describe_probe(container, "startupProbe", "Startup");
    for (const auto& variable : array_at(container, "env"))
        line("Env " + text_at(variable.get_object(), "name"),
             variable.get_object().contains("valueFrom") ? "<from " + json::serialize(object_at(variable.get_object(), "valueFrom")) + ">"
                                                         : text_at(variable.get_object(), "value"), "    ");
    for (const auto& mount : array_at(container, "volumeMounts"))
        line("Mount", text_at(mount.get_object(), "mountPath") + " from " + text_at(mount.get_object(), "name") +
                          (text_at(mount.get_object(), "readOnly") == "true" ? " (ro)" : " (rw)"), "    ");
}

void describe_containers(const json::object& spec, const json::object& status) {
    if (!array_at(spec, "initContainers").empty()) print("Init Containers:\n");
    for (const auto& init : array_at(spec, "initContainers")) describe_container(init.get_object(), array_at(status, "initContainerStatuses"));
    print("Containers:\n");
    for (const auto& container : array_at(spec, "containers")) describe_container(container.get_object(), array_at(status, "containerStatuses"));
    if (!array_at(spec, "volumes").empty()) print("Volumes:\n");
    for (const auto& volume : array_at(spec, "volumes")) {
        json::object source = volume.get_object();
        const std::string name = text_at(source, "name");
        source.erase("name");
        line(name, json::serialize(source), "  ");
    }
}

void describe_pod(const json::object& object) {
    const json::object &spec = object_at(object, "spec"), &status = object_at(object, "status");
    line("Node", text_at(spec, "nodeName") + "/" + text_at(status, "hostIP"));
    line("Start Time", text_at(status, "startTime"));
    const bool terminating = object_at(object, "metadata").contains("deletionTimestamp");
    line("Status", terminating ? "Terminating" : text_at(status, "phase"));
    if (status.contains("reason")) line("Reason", text_at(status, "reason"));
    if (status.contains("message")) line("Message", text_at(status, "message"));
    line("IP", text_at(status, "podIP"));
    for (const auto& owner : array_at(object_at(object, "metadata"), "ownerReferences"))
        if (text_at(owner.get_object(), "controller") == "true") line("Controlled By", text_at(owner.get_object(), "kind") + "/" + text_at(owner.get_object(), "name"));
    describe_containers(spec, status);
    describe_conditions(status);
    line("QoS Class", text_at(status, "qosClass"));
    lines("Node-Selectors", object_at(spec, "nodeSelector"));
}

void describe_workload(const json::object& object) {
    const json::object &spec = object_at(object, "spec"), &status = object_at(object, "status");
    lines("Selector", object_at(object_at(spec, "selector"), "matchLabels"));
    const auto count = [&](std::string_view name) { return std::to_string(number_at(status, name)); };
    if (text_at(object, "kind") == "Deployment") {
        line("Replicas", text_at(spec, "replicas") + " desired | " + count("updatedReplicas") + " updated | " + count("replicas") +
                             " total | " + count("availableReplicas") + " available | " + count("unavailableReplicas") + " unavailable");
        const json::object& strategy = object_at(spec, "strategy");
        line("StrategyType", text_at(strategy, "type"));
        line("MinReadySeconds", std::to_string(number_at(spec, "minReadySeconds")));
        const json::object& rolling = object_at(strategy, "rollingUpdate");
        if (!rolling.empty()) line("RollingUpdate", text_at(rolling, "maxUnavailable") + " max unavailable, " + text_at(rolling, "maxSurge") + " max surge");
    } else {
        line("Replicas", count("replicas") + " current / " + text_at(spec, "replicas") + " desired");
    }
    print("Pod Template:\n");
    describe_template(object_at(spec, "template"));
    describe_conditions(status);
}

Result<std::string> find_endpoints(Client& client, const std::string& ns, const std::string& service, const json::object& port) {
    Request request;
    request.path = path_of(*api::find_kind("discovery.k8s.io/v1", "EndpointSlice"), ns) + "?labelSelector=" + escape("kubernetes.io/service-name=" + service);
    TRY(std::string body, client.send(request));
    TRY(json::object list, parse_object(body));
    std::string out;
    for (const auto& item : array_at(list, "items"))
        for (const auto& offered : array_at(item.get_object(), "ports")) {
            if (text_at(offered.get_object(), "name") != text_at(port, "name")) continue;
            for (const auto& endpoint : array_at(item.get_object(), "endpoints"))
                if (text_at(object_at(endpoint.get_object(), "conditions"), "ready") != "false")
                    out += (out.empty() ? "" : ",") + joined(array_at(endpoint.get_object(), "addresses"), ",") + ":" + text_at(offered.get_object(), "port");
        }
    return out;
}

Result<void> describe_service(Client& client, const json::object& object) {
    const json::object& spec = object_at(object, "spec");
    lines("Selector", object_at(spec, "selector"));
    line("Type", text_at(spec, "type"));
    line("IP", text_at(spec, "clusterIP"));
    for (const auto& item : array_at(spec, "ports")) {
        const json::object& port = item.get_object();
        const std::string name = port.contains("name") ? text_at(port, "name") : "<unset>";
        line("Port", name + "  " + text_at(port, "port") + "/" + text_at(port, "protocol"));
        line("TargetPort", text_at(port, "targetPort") + "/" + text_at(port, "protocol"));
        if (port.contains("nodePort")) line("NodePort", name + "  " + text_at(port, "nodePort") + "/" + text_at(port, "protocol"));
        TRY(std::string endpoints, find_endpoints(client, text_at(object_at(object, "metadata"), "namespace"),
                                                  text_at(object_at(object, "metadata"), "name"), port));
        line("Endpoints", endpoints);
    }
    line("Session Affinity", text_at(spec, "sessionAffinity"));
    return ok();
}

void describe_node(const json::object& object) {
    const json::object &spec = object_at(object, "spec"), &status = object_at(object, "status");
    std::string taints;
    for (const auto& taint : array_at(spec, "taints"))
        taints += (taints.empty() ? "" : ", ") + text_at(taint.get_object(), "key") + "=" + text_at(taint.get_object(), "value") + ":" + text_at(taint.get_object(), "effect");
    line("Taints", taints);
    line("Unschedulable", text_at(spec, "unschedulable") == "true" ? "true" : "false");
    describe_conditions(status);
    for (const auto& address : array_at(status, "addresses")) line(text_at(address.get_object(), "type"), text_at(address.get_object(), "address"));
    lines("Capacity", object_at(status, "capacity"), ": ");
    lines("Allocatable", object_at(status, "allocatable"), ": ");
    lines("System Info", object_at(status, "nodeInfo"), ": ");
    line("PodCIDR", text_at(spec, "podCIDR"));
}

void describe_data(const json::object& object) {
    const bool secret = text_at(object, "kind") == "Secret";
    if (secret) line("Type", text_at(object, "type"));
    print("\nData\n====\n");
    for (const auto& item : object_at(object, "data")) {
        const std::string value = text_of(item.value());
        if (secret) print(std::string(item.key()) + ":  " + std::to_string(value.size() / 4 * 3 - static_cast<size_t>(std::count(value.begin(), value.end(), '='))) + " bytes\n");
        else print(std::string(item.key()) + ":\n----\n" + value + "\n\n");
    }
}

Result<void> describe_rest(const json::object& object) {
    Options yaml;
    yaml.output = "yaml";
    json::object rest = object;
    for (const char* known : {"apiVersion", "kind", "metadata"}) rest.erase(known);
    TRY(std::string text, render_object(json::serialize(rest), yaml));
    if (!rest.empty()) print(text);
    return ok();
}

Result<void> describe_events(Client& client, const json::object& object) {
    const json::object& metadata = object_at(object, "metadata");
    Request request;
    const std::string ns = text_at(metadata, "namespace");
    request.path = path_of(*api::find_kind("v1", "Event"), ns) + "?fieldSelector=" +
                   escape("involvedObject.name=" + text_at(metadata, "name") + ",involvedObject.kind=" + text_at(object, "kind") +
                          (ns.empty() ? "" : ",involvedObject.uid=" + text_at(metadata, "uid")));
    TRY(std::string body, client.send(request));
    TRY(json::object list, parse_object(body));
    TextTable table;
    table.add({"  Type", "Reason", "Age", "From", "Message"});
    table.add({"  ----", "------", "----", "----", "-------"});
    const auto events = sort_events(array_at(list, "items"));
    for (const auto& event : events)
        table.add({"  " + text_at(event, "type"), text_at(event, "reason"), event_age(event, time(nullptr)),
                   text_at(object_at(event, "source"), "component"), cell_text(text_at(event, "message"))});
    if (events.empty()) line("Events", "");
    else print("Events:\n" + table.render());
    return ok();
}

Result<void> describe_one(Client& client, const Options& options, const json::object& object) {
    const json::object& metadata = object_at(object, "metadata");
    const std::string kind = text_at(object, "kind");
    line("Name", text_at(metadata, "name"));
    if (metadata.contains("namespace")) line("Namespace", text_at(metadata, "namespace"));
    if (kind == "Node" || kind == "Deployment") line("CreationTimestamp", text_at(metadata, "creationTimestamp"));
    lines("Labels", object_at(metadata, "labels"));
    lines("Annotations", object_at(metadata, "annotations"), ": ");
    if (kind == "Pod") describe_pod(object);
    else if (kind == "Deployment" || kind == "ReplicaSet") describe_workload(object);
    else if (kind == "Service") TRY_VOID(describe_service(client, object));
    else if (kind == "Node") describe_node(object);
    else if (kind == "ConfigMap" || kind == "Secret") describe_data(object);
    else if (kind == "Namespace") line("Status", text_at(object_at(object, "status"), "phase"));
    else TRY_VOID(describe_rest(object));
    return options.show_events ? describe_events(client, object) : ok();
}

/// What a target names: itself, the members of a collection, or, when nothing has that name, what begins with it.
Result<json::array> find_described(Client& client, const Options& options, const Target& target) {
    auto found = fetch(client, options, target);
    if (found) return target.name.empty() ? array_at(*found, "items") : json::array{*found};
    const bool one_name = options.args.size() == 2 && options.args[0].find('/') == std::string::npos;
    if (found.error().code() != Code::not_found || !one_name) return std::move(found).error();
    Target collection = target;
    collection.name.clear();
    TRY(const json::object list, fetch(client, options, collection));
    json::array out;
    for (const auto& item : array_at(list, "items"))
        if (text_at(object_at(item.get_object(), "metadata"), "name").starts_with(target.name)) out.push_back(item);
    if (out.empty()) return std::move(found).error();
    return out;
}

}  // namespace

void describe_template(const json::object& pod_template) {
    lines("  Labels", object_at(object_at(pod_template, "metadata"), "labels"));
    describe_containers(object_at(pod_template, "spec"), {});
}

Result<void> run_describe(Client& client, const Options& options) {
    if (options.args.empty() && options.files.empty())
        return usage("You must specify the type of resource to describe. Use \"orilla api-resources\" for a complete list of supported resources.");
    TRY(const auto targets, find_targets(options, options.args));
    TRY_VOID(check_targets(targets, options, false));
    bool first = true;
    Failures failures;
    for (const auto& target : targets) {
        auto items = find_described(client, options, target);
        if (!items) {
            failures.add(items.error());
            continue;
        }
        for (auto& item : *items) {
            item.get_object()["kind"] = std::string(target.kind->kind);
            if (!first) print("\n\n");
            first = false;
            failures.add_if(describe_one(client, options, item.get_object()));
        }
    }
    if (!first || failures.any()) return failures.outcome();
    fprintf(stderr, "No resources found%s\n", options.all_namespaces ? "" : (" in " + namespace_of(options) + " namespace.").c_str());
    return ok();
}

}  // namespace orilla::cli
