#include <fmt/core.h>
#include <algorithm>

#include "orilla/base/base64.hpp"
#include "orilla/base/text.hpp"
#include "orilla/schema/codec.hpp"
#include "pod/container_spec.hpp"
#include "volumes/driver.hpp"

namespace orilla::node {
namespace {

constexpr size_t shown_bytes_max = 64;

void set_variable(EnvList& env, std::string name, std::string value) {
    for (auto& [have, old] : env) {
        if (have != name) continue;
        old = std::move(value);
        return;
    }
    env.emplace_back(std::move(name), std::move(value));
}

const std::string* find_variable(const EnvList& env, std::string_view name) {
    for (const auto& [have, value] : env)
        if (have == name) return &value;
    return nullptr;
}

std::string upper_name(std::string_view name) {
    std::string out(name);
    for (char& c : out) c = c == '-' ? '_' : static_cast<char>(toupper(static_cast<unsigned char>(c)));
    return out;
}

/// {SVC}_SERVICE_HOST and the docker-style variables of one service.
void add_service_variables(EnvList& env, const api::Service& service) {
    const std::string ip(service.spec.cluster_ip.view());
    if (ip.empty() || ip == "None" || service.spec.ports.empty()) return;
    const std::string prefix = upper_name(service.metadata.name.view());
    auto port_text = [](const api::ServicePort& port) { return std::to_string(port.port); };
    env.emplace_back(prefix + "_SERVICE_HOST", ip);
    env.emplace_back(prefix + "_SERVICE_PORT", port_text(service.spec.ports[0]));
    for (const auto& port : service.spec.ports)
        if (!port.name.empty())
            env.emplace_back(fmt::format("{}_SERVICE_PORT_{}", prefix, upper_name(port.name.view())), port_text(port));
    for (const auto& port : service.spec.ports) {
        std::string protocol(port.protocol.empty() ? "TCP" : port.protocol.view());
        const std::string lower = lowered(protocol);
        const std::string url = fmt::format("{}://{}:{}", lower, ip, port.port);
        const std::string name = fmt::format("{}_PORT_{}_{}", prefix, port.port, protocol);
        if (&port == &service.spec.ports[0]) env.emplace_back(prefix + "_PORT", url);
        env.emplace_back(name, url);
        env.emplace_back(name + "_PROTO", lower);
        env.emplace_back(name + "_PORT", port_text(port));
        env.emplace_back(name + "_ADDR", ip);
    }
}

Result<void> add_env_from(EnvList& env, const api::EnvFromSource& from, const EnvSources& sources) {
    const std::string prefix(from.prefix.view());
    if (from.config_map_ref) {
        const auto& ref = *from.config_map_ref;
        auto found = sources.config_map(ref.name.view());
        if (!found && ref.optional.value_or(false)) return ok();
        if (!found) return Error(Code::not_found, fmt::format("configmap \"{}\" not found", ref.name.view()));
        for (const auto& [key, value] : found->data)
            set_variable(env, prefix + std::string(key.view()), std::string(value.view()));
    }
    if (from.secret_ref) {
        const auto& ref = *from.secret_ref;
        auto found = sources.secret(ref.name.view());
        if (!found && ref.optional.value_or(false)) return ok();
        if (!found) return Error(Code::not_found, fmt::format("secret \"{}\" not found", ref.name.view()));
        for (const auto& [key, value] : found->data) {
            TRY(std::string plain, decode_base64(value.view()));
            set_variable(env, prefix + std::string(key.view()), std::move(plain));
        }
    }
    return ok();
}

/// Nothing: an optional source that is absent, the variable is left out.
Result<std::optional<std::string>> config_map_key(const api::Pod& pod, const api::ConfigMapKeySelector& ref,
                                                  const EnvSources& sources) {
    const std::string name(ref.name.view());
    auto found = sources.config_map(name);
    const api::Str* value = found ? found->data.get(ref.key.view()) : nullptr;
    if (value) return std::optional<std::string>(std::string(value->view()));
    if (ref.optional.value_or(false)) return std::optional<std::string>();
    if (!found) return Error(Code::not_found, fmt::format("configmap \"{}\" not found", name));
    return Error(Code::not_found,
                 fmt::format("couldn't find key {} in ConfigMap {}/{}", ref.key.view(), pod.metadata.namespace_.view(), name));
}

Result<std::optional<std::string>> secret_key(const api::Pod& pod, const api::SecretKeySelector& ref,
                                              const EnvSources& sources) {
    const std::string name(ref.name.view());
    auto found = sources.secret(name);
    const api::Str* value = found ? found->data.get(ref.key.view()) : nullptr;
    if (value) {
        TRY(std::string plain, decode_base64(value->view()));
        return std::optional<std::string>(std::move(plain));
    }
    if (ref.optional.value_or(false)) return std::optional<std::string>();
    if (!found) return Error(Code::not_found, fmt::format("secret \"{}\" not found", name));
    return Error(Code::not_found,
                 fmt::format("couldn't find key {} in Secret {}/{}", ref.key.view(), pod.metadata.namespace_.view(), name));
}

Result<std::optional<std::string>> file_key(const api::Pod& pod, const api::FileKeySelector& ref, const EnvSources& sources,
                                            const PodPlacement& placement) {
    const bool optional = ref.optional.value_or(false);
    for (const auto& volume : pod.spec.volumes) {
        if (volume.name != ref.volume_name) continue;
        const auto found = sources.files.find(EnvFile{find_volume_path(volume, placement.pod_dir), ref.path.str()});
        if (found == sources.files.end()) break;
        const Result<std::string>& text = found->second;
        if (!text && text.error().code() == Code::not_found && optional) return std::optional<std::string>();
        if (!text) return text.error();
        TRY(auto value, find_env_file_value(*text, ref.key.view()));
        if (value && value->size() > env_file_value_bytes_max)
            return Error(Code::invalid,
                         fmt::format("environment variable value for key \"{}\" exceeds maximum size of 32KB", ref.key.view()));
        if (value || optional) return value;
        return Error(Code::not_found, fmt::format("environment variable key \"{}\" not found in file", ref.key.view()));
    }
    return Error(Code::invalid, fmt::format("cannot find the volume \"{}\" referenced by FileKeyRef", ref.volume_name.view()));
}

Result<std::optional<std::string>> resolve_source(const api::Pod& pod, const api::Container& container,
                                                  const api::EnvVarSource& from, const EnvSources& sources,
                                                  const PodPlacement& placement) {
    if (from.config_map_key_ref) return config_map_key(pod, *from.config_map_key_ref, sources);
    if (from.secret_key_ref) return secret_key(pod, *from.secret_key_ref, sources);
    if (from.file_key_ref) return file_key(pod, *from.file_key_ref, sources, placement);
    if (from.field_ref) {
        TRY(std::string text, resolve_field_ref(pod, from.field_ref->field_path.view(), placement));
        return std::optional<std::string>(std::move(text));
    }
    if (from.resource_field_ref) {
        TRY(std::string text, resolve_resource_ref(pod, container.name.view(), *from.resource_field_ref, placement));
        return std::optional<std::string>(std::move(text));
    }
    return Error(Code::invalid, "valueFrom names no source");
}

void add_names(SourceNames& names, const api::Container& container) {
    for (const auto& from : container.env_from) {
        if (from.config_map_ref) names.config_maps.insert(from.config_map_ref->name.str());
        if (from.secret_ref) names.secrets.insert(from.secret_ref->name.str());
    }
    for (const auto& variable : container.env) {
        if (!variable.value_from) continue;
        if (const auto& ref = variable.value_from->config_map_key_ref) names.config_maps.insert(ref->name.str());
        if (const auto& ref = variable.value_from->secret_key_ref) names.secrets.insert(ref->name.str());
    }
}

}  // namespace

SourceNames find_source_names(const api::PodSpec& spec) {
    SourceNames names;
    for (const auto* list : {&spec.init_containers, &spec.containers})
        for (const auto& container : *list) add_names(names, container);
    for (const auto& volume : spec.volumes)
        if (const VolumeDriver& driver = find_driver(volume); driver.find_sources) driver.find_sources(volume, names);
    for (const auto& ref : spec.image_pull_secrets) names.secrets.insert(ref.name.str());
    return names;
}

namespace {
Error too_long(std::string_view text) {
    return Error(Code::invalid, fmt::format("expanding \"{}\" gives more than the {} bytes that a program can be started with",
                                            text.substr(0, shown_bytes_max), argument_bytes_max));
}
}  // namespace

Result<std::string> expand_variables(std::string_view text, const EnvList& env, std::string* missing) {
    std::string out;
    for (size_t i = 0; i < text.size(); ++i) {
        // Checked while it grows: what the whole would be may not fit into memory.
        if (out.size() > argument_bytes_max) return too_long(text);
        if (text[i] != '$' || i + 1 >= text.size()) {
            out += text[i];
            continue;
        }
        if (text[i + 1] == '$') {
            out += '$';
            ++i;
            continue;
        }
        const size_t end = text[i + 1] == '(' ? text.find(')', i + 2) : std::string_view::npos;
        if (end == std::string_view::npos) {
            out += text[i];
            continue;
        }
        const auto name = text.substr(i + 2, end - i - 2);
        const auto* value = find_variable(env, name);
        if (!value && missing) *missing = name;
        out += value ? std::string_view(*value) : text.substr(i, end - i + 1);
        i = end;
    }
    if (out.size() > argument_bytes_max) return too_long(text);
    return out;
}

Result<EnvList> resolve_env(const api::Pod& pod, const api::Container& container, const EnvSources& sources,
                            const PodPlacement& placement) {
    EnvList services;
    for (const auto& service : sources.services) {
        const bool is_api = service->metadata.name == "kubernetes" && service->metadata.namespace_ == "default";
        if (is_api || pod.spec.enable_service_links.value_or(true)) add_service_variables(services, *service);
    }
    if (auto wanted = find_env_files(pod, container, placement.pod_dir); !wanted) return std::move(wanted).error();
    EnvList own;
    for (const auto& from : container.env_from) TRY_VOID(add_env_from(own, from, sources));
    // References see what stands before them, the service variables included.
    EnvList visible = services;
    size_t bytes = 0;
    for (const auto& [name, value] : own) set_variable(visible, name, value);
    for (const auto& variable : container.env) {
        const std::string name(variable.name.view());
        std::string value;
        if (variable.value_from) {
            TRY(auto found, resolve_source(pod, container, *variable.value_from, sources, placement));
            if (!found) continue;
            value = std::move(*found);
        } else {
            TRY(value, expand_variables(variable.value.view(), visible));
        }
        bytes += name.size() + value.size();
        if (bytes > arguments_bytes_max)
            return Error(Code::invalid,
                         fmt::format("the environment is larger than the {} bytes that a program can be started with",
                                     arguments_bytes_max));
        set_variable(visible, name, std::move(value));
    }
    return visible;
}

}  // namespace orilla::node
