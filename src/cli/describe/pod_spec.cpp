// The parts of a pod that describe shows.
#include <fmt/core.h>
#include <algorithm>
#include <boost/json.hpp>

#include "describe/description.hpp"
#include "print/output.hpp"

#include "orilla/base/text.hpp"

namespace orilla::cli {
namespace json = boost::json;
namespace {

const json::array& words_of(const json::object& object, const char* field) { return array_at(object, field); }

std::vector<std::string> sorted_keys(const json::object& object) {
    std::vector<std::string> out;
    for (const auto& item : object) out.emplace_back(item.key());
    std::ranges::sort(out);
    return out;
}

/// "Port:\t80/TCP", "Ports:\t80/TCP, 81/TCP".
void describe_ports(Description& out, const json::object& container, const std::string& name, const char* field) {
    std::string text;
    const json::array& ports = array_at(container, "ports");
    for (const auto& port : ports)
        text += fmt::format("{}{}/{}", text.empty() ? "" : ", ", number_at(port.get_object(), field),
                            text_at(port.get_object(), "protocol"));
    out.field(2, name + (ports.size() > 1 ? "s" : ""), text);
}

void describe_words(Description& out, const std::string& name, const json::array& words) {
    if (words.empty()) return;
    out.line(2, name + ":");
    for (const auto& word : words) {
        std::string rest = text_of(word);
        for (size_t end; (end = rest.find('\n')) != std::string::npos; rest.erase(0, end + 1)) out.line(3, rest.substr(0, end));
        out.line(3, rest);
    }
}

void describe_state(Description& out, const std::string& name, const json::object& state) {
    if (state.contains("running")) {
        out.field(2, name, "Running");
        out.field(3, "Started", long_time(text_at(object_at(state, "running"), "startedAt")));
        return;
    }
    const bool ended = state.contains("terminated");
    const json::object& details = object_at(state, ended ? "terminated" : "waiting");
    out.field(2, name, ended ? "Terminated" : "Waiting");
    if (details.contains("reason")) out.field(3, "Reason", text_at(details, "reason"));
    if (ended && details.contains("message")) out.field(3, "Message", text_at(details, "message"));
    if (!ended) return;
    out.field(3, "Exit Code", std::to_string(number_at(details, "exitCode")));
    if (number_at(details, "signal") > 0) out.field(3, "Signal", text_at(details, "signal"));
    out.field(3, "Started", long_time(text_at(details, "startedAt")));
    out.field(3, "Finished", long_time(text_at(details, "finishedAt")));
}

std::string probe_action(const json::object& probe) {
    if (probe.contains("httpGet")) {
        const json::object& get = object_at(probe, "httpGet");
        const std::string scheme = lowered(text_at(get, "scheme"));
        const std::string path = text_at(get, "path");
        return fmt::format("http-get {}://{}:{}{}{}", scheme.empty() ? "http" : scheme, text_at(get, "host"),
                           text_at(get, "port"), path.starts_with('/') || path.empty() ? "" : "/", path);
    }
    if (probe.contains("tcpSocket"))
        return fmt::format("tcp-socket {}:{}", text_at(object_at(probe, "tcpSocket"), "host"),
                           text_at(object_at(probe, "tcpSocket"), "port"));
    if (probe.contains("grpc"))
        return fmt::format("grpc <pod>:{} {}", text_at(object_at(probe, "grpc"), "port"),
                           text_at(object_at(probe, "grpc"), "service"));
    std::string words;
    for (const auto& word : array_at(object_at(probe, "exec"), "command")) words += (words.empty() ? "" : " ") + text_of(word);
    return fmt::format("exec [{}]", words);
}

void describe_probe(Description& out, const json::object& container, const char* field, const std::string& name) {
    if (!container.contains(field)) return;
    const json::object& probe = object_at(container, field);
    const auto seconds = [&probe](const char* key, int64_t otherwise) {
        return std::to_string(number_at(probe, key, otherwise));
    };
    out.field(2, name,
              fmt::format("{} delay={}s timeout={}s period={}s #success={} #failure={}", probe_action(probe),
                          seconds("initialDelaySeconds", 0), seconds("timeoutSeconds", 1), seconds("periodSeconds", 10),
                          seconds("successThreshold", 1), seconds("failureThreshold", 3)));
}

std::string env_value(const json::object& from) {
    const auto optional = [](const json::object& ref) {
        return std::string(text_at(ref, "optional") == "true" ? "true" : "false");
    };
    if (from.contains("fieldRef")) {
        const json::object& ref = object_at(from, "fieldRef");
        const std::string version = text_at(ref, "apiVersion");
        return fmt::format(" ({}:{})", version.empty() ? "v1" : version, text_at(ref, "fieldPath"));
    }
    if (from.contains("resourceFieldRef"))
        return fmt::format(" ({})", text_at(object_at(from, "resourceFieldRef"), "resource"));
    if (from.contains("secretKeyRef")) {
        const json::object& ref = object_at(from, "secretKeyRef");
        return fmt::format("<set to the key '{}' in secret '{}'>\tOptional: {}", text_at(ref, "key"), text_at(ref, "name"),
                           optional(ref));
    }
    const json::object& ref = object_at(from, "configMapKeyRef");
    return fmt::format("<set to the key '{}' of config map '{}'>\tOptional: {}", text_at(ref, "key"), text_at(ref, "name"),
                       optional(ref));
}

void describe_environment(Description& out, const json::object& container) {
    if (!array_at(container, "envFrom").empty()) out.line(2, "Environment Variables from:");
    for (const auto& item : array_at(container, "envFrom")) {
        const bool secret = item.get_object().contains("secretRef");
        const json::object& ref = object_at(item.get_object(), secret ? "secretRef" : "configMapRef");
        const std::string prefix = text_at(item.get_object(), "prefix");
        out.line(3, fmt::format("{}\t{}{}\tOptional: {}", text_at(ref, "name"), secret ? "Secret" : "ConfigMap",
                                prefix.empty() ? "" : fmt::format(" with prefix '{}'", prefix),
                                text_at(ref, "optional") == "true" ? "true" : "false"));
    }
    const json::array& variables = array_at(container, "env");
    out.line(2, variables.empty() ? "Environment:\t<none>" : "Environment:");
    for (const auto& item : variables) {
        const json::object& variable = item.get_object();
        const bool derived = variable.contains("valueFrom");
        std::string value = derived ? env_value(object_at(variable, "valueFrom")) : text_at(variable, "value");
        std::string name = text_at(variable, "name") + ":";
        for (size_t end; (end = value.find('\n')) != std::string::npos; value.erase(0, end + 1), name.clear())
            out.line(3, fmt::format("{}\t{}", name, value.substr(0, end)));
        out.line(3, fmt::format("{}\t{}", name, value));
    }
}

void describe_mounts(Description& out, const json::object& container) {
    std::vector<std::pair<std::string, std::string>> lines;
    for (const auto& item : array_at(container, "volumeMounts")) {
        const json::object& mount = item.get_object();
        std::string flags = text_at(mount, "readOnly") == "true" ? "ro" : "rw";
        if (mount.contains("subPath")) flags += fmt::format(",path=\"{}\"", text_at(mount, "subPath"));
        lines.emplace_back(text_at(mount, "mountPath"),
                           fmt::format("{} from {} ({})", text_at(mount, "mountPath"), text_at(mount, "name"), flags));
    }
    std::ranges::sort(lines);
    out.line(2, lines.empty() ? "Mounts:\t<none>" : "Mounts:");
    for (const auto& [path, text] : lines) out.line(3, text);
}

void describe_container(Description& out, const json::object& container, const json::object* status,
                        const std::string& indent) {
    out.line(1, fmt::format("{}{}:", indent.empty() ? "" : " ", text_at(container, "name")));
    if (status) out.line(2, "Container ID:\t" + text_at(*status, "containerID"));
    out.line(2, "Image:\t" + text_at(container, "image"));
    if (status) out.line(2, "Image ID:\t" + text_at(*status, "imageID"));
    describe_ports(out, container, "Port", "containerPort");
    describe_ports(out, container, "Host Port", "hostPort");
    describe_words(out, "Command", words_of(container, "command"));
    describe_words(out, "Args", words_of(container, "args"));
    if (status) {
        describe_state(out, "State", object_at(*status, "state"));
        if (object_at(*status, "lastState").contains("terminated"))
            describe_state(out, "Last State", object_at(*status, "lastState"));
        out.field(2, "Ready", text_at(*status, "ready") == "true" ? "True" : "False");
        out.field(2, "Restart Count", std::to_string(number_at(*status, "restartCount")));
    }
    for (const auto& [field, name] : {std::pair{"limits", "Limits:"}, std::pair{"requests", "Requests:"}}) {
        const json::object& amounts = object_at(object_at(container, "resources"), field);
        if (!amounts.empty()) out.line(2, name);
        for (const auto& key : sorted_keys(amounts)) out.field(3, key, text_at(amounts, key));
    }
    describe_probe(out, container, "livenessProbe", "Liveness");
    describe_probe(out, container, "readinessProbe", "Readiness");
    describe_probe(out, container, "startupProbe", "Startup");
    describe_environment(out, container);
    describe_mounts(out, container);
}

void describe_containers(Description& out, const std::string& title, const json::array& containers, const json::array& statuses,
                         const std::string& indent) {
    out.line(0, fmt::format("{}{}:", indent, title));
    for (const auto& item : containers) {
        const auto status = std::ranges::find_if(statuses, [&item](const auto& one) {
            return text_at(one.get_object(), "name") == text_at(item.get_object(), "name");
        });
        describe_container(out, item.get_object(), status == statuses.end() ? nullptr : &status->get_object(), indent);
    }
}

void describe_projected(Description& out, const json::object& projected) {
    out.field(2, "Type", "Projected (a volume that contains injected data from multiple sources)");
    for (const auto& item : array_at(projected, "sources")) {
        const json::object& source = item.get_object();
        if (source.contains("downwardAPI")) {
            out.field(2, "DownwardAPI", "true");
            continue;
        }
        const bool secret = source.contains("secret");
        const json::object& from = object_at(source, secret ? "secret" : "configMap");
        out.field(2, secret ? "SecretName" : "ConfigMapName", text_at(from, "name"));
        out.field(2, "Optional", text_at(from, "optional") == "true" ? "true" : "false");
    }
}

/// Type and details of one volume.
void describe_source(Description& out, const json::object& volume) {
    const auto optional = [](const json::object& source) { return text_at(source, "optional") == "true" ? "true" : "false"; };
    if (volume.contains("emptyDir")) {
        const json::object& source = object_at(volume, "emptyDir");
        out.field(2, "Type", "EmptyDir (a temporary directory that shares a pod's lifetime)");
        out.line(2, "Medium:\t" + text_at(source, "medium"));
        out.field(2, "SizeLimit", source.contains("sizeLimit") ? text_at(source, "sizeLimit") : "<unset>");
    } else if (volume.contains("hostPath")) {
        out.field(2, "Type", "HostPath (bare host directory volume)");
        out.field(2, "Path", text_at(object_at(volume, "hostPath"), "path"));
        out.line(2, "HostPathType:\t" + text_at(object_at(volume, "hostPath"), "type"));
    } else if (volume.contains("persistentVolumeClaim")) {
        const json::object& source = object_at(volume, "persistentVolumeClaim");
        out.field(2, "Type", "PersistentVolumeClaim (a reference to a PersistentVolumeClaim in the same namespace)");
        out.field(2, "ClaimName", text_at(source, "claimName"));
        out.field(2, "ReadOnly", text_at(source, "readOnly") == "true" ? "true" : "false");
    } else if (volume.contains("secret")) {
        out.field(2, "Type", "Secret (a volume populated by a Secret)");
        out.field(2, "SecretName", text_at(object_at(volume, "secret"), "secretName"));
        out.field(2, "Optional", optional(object_at(volume, "secret")));
    } else if (volume.contains("configMap")) {
        out.field(2, "Type", "ConfigMap (a volume populated by a ConfigMap)");
        out.field(2, "Name", text_at(object_at(volume, "configMap"), "name"));
        out.field(2, "Optional", optional(object_at(volume, "configMap")));
    } else if (volume.contains("projected")) {
        describe_projected(out, object_at(volume, "projected"));
    } else if (volume.contains("downwardAPI")) {
        out.field(2, "Type", "DownwardAPI (a volume populated by information about the pod)");
        out.line(2, "Items:");
        for (const auto& item : array_at(object_at(volume, "downwardAPI"), "items")) {
            const json::object& one = item.get_object();
            const bool field = one.contains("fieldRef");
            out.line(3, fmt::format(
                            "{} -> {}",
                            text_at(object_at(one, field ? "fieldRef" : "resourceFieldRef"), field ? "fieldPath" : "resource"),
                            text_at(one, "path")));
        }
    } else {
        out.field(2, "Type", json::serialize(volume));
    }
}

}  // namespace

void describe_volumes(Description& out, const json::object& spec, const std::string& indent) {
    const json::array& volumes = array_at(spec, "volumes");
    out.line(0, indent + (volumes.empty() ? "Volumes:\t<none>" : "Volumes:"));
    for (const auto& volume : volumes) {
        out.line(1, fmt::format("{}{}:", indent.empty() ? "" : " ", text_at(volume.get_object(), "name")));
        describe_source(out, volume.get_object());
    }
}

void describe_tolerations(Description& out, const json::object& spec, const std::string& indent) {
    std::string before = indent + "Tolerations:\t";
    for (const auto& item : array_at(spec, "tolerations")) {
        const json::object& toleration = item.get_object();
        std::string text = text_at(toleration, "key");
        if (!text_at(toleration, "value").empty()) text += "=" + text_at(toleration, "value");
        if (!text_at(toleration, "effect").empty()) text += ":" + text_at(toleration, "effect");
        if (text_at(toleration, "operator") == "Exists") text += text.empty() ? "op=Exists" : " op=Exists";
        if (toleration.contains("tolerationSeconds")) text += fmt::format(" for {}s", text_at(toleration, "tolerationSeconds"));
        out.line(0, before + text);
        before = indent + "\t";
    }
    if (before.size() > indent.size() + 1) out.line(0, before + "<none>");
}

void describe_pod_spec(Description& out, const json::object& spec, const json::object& status, const std::string& indent) {
    const json::array& inits = array_at(spec, "initContainers");
    if (!inits.empty()) describe_containers(out, "Init Containers", inits, array_at(status, "initContainerStatuses"), indent);
    describe_containers(out, "Containers", array_at(spec, "containers"), array_at(status, "containerStatuses"), indent);
}

void describe_pod_template(Description& out, const json::object& pod_template) {
    const json::object& spec = object_at(pod_template, "spec");
    const json::object& metadata = object_at(pod_template, "metadata");
    out.line(0, "Pod Template:");
    out.map("Labels", object_at(metadata, "labels"), "=", "  ");
    if (!object_at(metadata, "annotations").empty()) out.map("Annotations", object_at(metadata, "annotations"), ": ", "  ");
    describe_pod_spec(out, spec, {}, "  ");
    describe_volumes(out, spec, "  ");
    out.map("Node-Selectors", object_at(spec, "nodeSelector"), "=", "  ");
    describe_tolerations(out, spec, "  ");
}

}  // namespace orilla::cli
