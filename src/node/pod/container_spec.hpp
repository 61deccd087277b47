// From a Pod's container to what the runtime starts: command, environment, mounts, resources, security. Pure; what it
// needs from the API (ConfigMaps, Secrets, Services) was read into EnvSources.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "orilla/images/image.hpp"
#include "orilla/kinds/types.hpp"
#include "orilla/runtime/spec.hpp"
#include "pod/env_files.hpp"

namespace orilla::node {

/// A claim with the volume that it names; null when there is none.
struct ClaimSource {
    std::shared_ptr<const api::PersistentVolumeClaim> claim;
    std::shared_ptr<const api::PersistentVolume> volume;
};

/// What a pod refers to, read beforehand; absent ones are missing from the maps.
struct EnvSources {
    std::map<std::string, std::shared_ptr<const api::ConfigMap>, std::less<>> config_maps;
    std::map<std::string, std::shared_ptr<const api::Secret>, std::less<>> secrets;
    std::map<std::string, ClaimSource, std::less<>> claims;
    /// Services of the pod's namespace and `kubernetes` of default, for the {NAME}_SERVICE_HOST variables.
    std::vector<std::shared_ptr<const api::Service>> services;
    EnvFiles files;  ///< of the container's variables

    const api::ConfigMap* config_map(std::string_view name) const {
        auto found = config_maps.find(name);
        return found == config_maps.end() ? nullptr : found->second.get();
    }
    const api::Secret* secret(std::string_view name) const {
        auto found = secrets.find(name);
        return found == secrets.end() ? nullptr : found->second.get();
    }
};

/// The ConfigMaps, Secrets and claims that a pod names in env, envFrom and volumes.
struct SourceNames {
    std::set<std::string> config_maps;
    std::set<std::string> secrets;
    std::set<std::string> claims;
    std::set<std::string> ephemeral;  ///< volumes whose claim has the pod's name and theirs
};
SourceNames find_source_names(const api::PodSpec& spec);

struct PodPlacement {
    std::string pod_ip;
    std::string node_ip;
    std::string node_name;
    std::string cluster_domain;
    std::string pod_dir;                    ///< host directory with volumes/NAME below it
    std::string volumes_dir;                ///< volumes of orilla.dev/local
    std::string seccomp_dir;                ///< profiles of its own
    std::shared_ptr<const api::Node> node;  ///< has what limits a container without a limit: its allocatable; may be null
    int64_t node_memory_bytes = 0;
    bool hardened = false;  ///< the node confines further than Kubernetes what a pod leaves open
};

using EnvList = std::vector<std::pair<std::string, std::string>>;

/// Resolves `env` and `envFrom`. An absent source that is not optional is Code::not_found:
/// `configmap "x" not found`, `couldn't find key K in ConfigMap NS/x`.
Result<EnvList> resolve_env(const api::Pod& pod, const api::Container& container, const EnvSources& sources,
                            const PodPlacement& placement);

/// What the kernel starts a program with (execve(2)): one string, and all of the environment or of the arguments.
constexpr size_t argument_bytes_max = 128 * 1024;
constexpr size_t arguments_bytes_max = 2 * 1024 * 1024;

/// `$(NAME)` from `env`, `$$(NAME)` literally, unknown names left as they are; `missing` gets the last of them. Code::invalid
/// for more than argument_bytes_max: each reference to a reference may grow tenfold.
Result<std::string> expand_variables(std::string_view text, const EnvList& env, std::string* missing = nullptr);

/// metadata.name, metadata.labels['x'], status.podIP, spec.nodeName ...: the value of a field reference.
Result<std::string> resolve_field_ref(const api::Pod& pod, std::string_view path, const PodPlacement& placement);
/// limits.cpu, requests.memory ... divided by `divisor`, rounded up.
Result<std::string> resolve_resource_ref(const api::Pod& pod, std::string_view default_container,
                                         const api::ResourceFieldSelector& ref, const PodPlacement& placement);

/// Whom the kernel kills first when the node's memory is used up: the kubelet's rule. A Guaranteed pod last, a BestEffort pod
/// first, a Burstable one by what it asks for.
int plan_oom_score_adj(const api::PodSpec& pod, const api::Container& container, int64_t node_memory_bytes);

/// What the runtime starts, but for where it lies: layers, writable layer and log are the caller's. Volume NAME lives at
/// pod_dir/volumes/NAME, a hostPath at its own path. Code::bad_request for what is wrong with the pod: a missing source, an
/// impossible subPath, an image that would run as root where runAsNonRoot is set.
Result<runtime::ContainerSpec> plan_container_spec(const api::Pod& pod, const api::Container& container, int attempt,
                                                   const EnvSources& sources, const PodPlacement& placement,
                                                   const images::ImageConfig& image);

/// The decoded .dockerconfigjson or .dockercfg of the pod's imagePullSecrets; absent ones are left out.
std::vector<std::string> find_docker_configs(const api::PodSpec& spec, const EnvSources& sources);

}  // namespace orilla::node
