#include "client_requests.hpp"

#include "orilla/kinds/well_known.hpp"

#include "clients.hpp"

namespace orilla::sim {

loop::Task<Result<void>> request_create(objects::Objects& objects, api::Object object) {
    AWAIT(auto created, objects.create(std::move(object)));
    if (!created) co_return std::move(created).error();
    co_return ok();
}

loop::Task<Result<void>> request_delete(objects::Objects& objects, const api::KindInfo& kind, std::string ns, std::string name,
                                        objects::DeleteOptions options) {
    AWAIT(auto removed, objects.remove(kind, std::move(ns), std::move(name), std::move(options)));
    if (!removed) co_return std::move(removed).error();
    co_return ok();
}

loop::Task<Result<void>> request_edit_any(objects::Objects& objects, const api::KindInfo& kind, std::string ns,
                                          std::string name, objects::Objects::Change change) {
    AWAIT(auto changed, objects.modify(kind, std::move(ns), std::move(name), std::move(change)));
    if (!changed) co_return std::move(changed).error();
    co_return ok();
}

loop::Task<Result<void>> request_apply_config_map(objects::Objects& objects, std::string ns, std::string name,
                                                  std::string text) {
    api::ConfigMap fresh;
    fresh.metadata.namespace_ = ns;
    fresh.metadata.name = name;
    fresh.data["text"] = text;
    AWAIT(auto created, request_create(objects, api::Object(std::move(fresh))));
    if (created || created.error().code() != Code::already_exists) co_return created;
    std::function<void(api::ConfigMap&)> edit = [text](api::ConfigMap& one) { one.data["text"] = text; };
    CO_RETURN_AWAIT(request_edit<api::ConfigMap>(objects, ns, name, std::move(edit)));
}

loop::Task<Result<void>> request_update_late(loop::Loop& loop, objects::Objects& objects, api::Deployment changed,
                                             int64_t after_ms) {
    co_await loop.sleep_for(after_ms);
    const auto present = objects.get<api::Deployment>(changed.metadata.namespace_, changed.metadata.name);
    const bool current = present && present->metadata.resource_version == changed.metadata.resource_version;
    AWAIT(auto updated, objects.update(api::Object(std::move(changed))));
    // What was old when it was sent must not win.
    if (updated && !current) co_return Error(Code::corrupt, "BROKEN: a late update was taken");
    if (!updated) co_return std::move(updated).error();
    co_return ok();
}

api::Probe exec_probe(const char* command, int period_s, int failures) {
    api::Probe probe;
    probe.exec.ensure().command.push_back(command);
    probe.period_seconds = period_s;
    probe.failure_threshold = failures;
    probe.timeout_seconds = 1;
    return probe;
}

api::Container plain_container(const char* name, const char* image) {
    api::Container out;
    out.name = name;
    out.image = image;
    return out;
}

api::Container sidecar() {
    api::Container container = plain_container("proxy", "api:1");
    container.restart_policy = "Always";
    return container;
}

void add_config_volume(api::PodSpec& spec, api::Container& container, const char* config_map, bool optional) {
    api::Volume volume;
    volume.name = "config";
    auto& source = volume.config_map.ensure();
    source.name = config_map;
    if (optional) source.optional = true;
    spec.volumes.push_back(std::move(volume));
    api::VolumeMount mount;
    mount.name = "config";
    mount.mount_path = "/etc/config";
    container.volume_mounts.push_back(std::move(mount));
}

void add_empty_dir(api::PodSpec& spec, api::Container& container) {
    api::Volume volume;
    volume.name = "scratch";
    volume.empty_dir.ensure();
    spec.volumes.push_back(std::move(volume));
    api::VolumeMount mount;
    mount.name = "scratch";
    mount.mount_path = "/scratch";
    container.volume_mounts.push_back(std::move(mount));
}

api::PersistentVolumeClaim claim_of(const std::string& ns, const std::string& name, int mib) {
    api::PersistentVolumeClaim out;
    out.metadata.name = name;
    out.metadata.namespace_ = ns;
    out.spec.access_modes.push_back("ReadWriteOnce");
    out.spec.resources.requests["storage"] = api::Quantity::from_bytes(int64_t{mib} << 20);
    return out;
}

void begin_with(api::PersistentVolumeClaim& claim, const char* kind, const std::string& name) {
    auto& source = claim.spec.data_source.ensure();
    source.kind = kind;
    source.name = name;
    if (source.kind == "VolumeSnapshot") source.api_group = api::snapshot_group;
}

api::Service service_for(const std::string& ns, const std::string& app, bool headless) {
    api::Service out;
    out.metadata.namespace_ = ns;
    out.metadata.name = app;
    out.spec.selector["app"] = app;
    if (headless) out.spec.cluster_ip = "None";
    api::ServicePort port;
    port.port = 80;
    out.spec.ports.push_back(std::move(port));
    return out;
}

api::ResourceQuota quota_of(const std::string& ns) {
    static constexpr std::pair<const char*, const char*> amounts[] = {{"count/deployments.apps", "2"},   {"count/pods", "2k"},
                                                                      {"persistentvolumeclaims", "100"}, {"pods", "1k"},
                                                                      {"requests.storage", "1Ti"},       {"services", "1"}};
    api::ResourceQuota out;
    out.metadata.name = "all";
    out.metadata.namespace_ = ns;
    for (const auto& [name, most] : amounts) out.spec.hard[name] = *api::Quantity::parse(most);
    return out;
}

loop::Task<Result<void>> request_namespace(objects::Objects& objects, std::string name) {
    api::Namespace ns;
    ns.metadata.name = name;
    AWAIT(auto created, request_create(objects, api::Object(std::move(ns))));
    if (!created) co_return created;
    api::Object quota(quota_of(name));
    CO_RETURN_AWAIT(request_create(objects, std::move(quota)));
}

void mend_deployment(api::Deployment& deployment) {
    deployment.spec.paused = false;
    auto& container = deployment.spec.template_.spec.containers[0];
    if (!is_good_image(container.image)) container.image = "web:1";
}

}  // namespace orilla::sim
