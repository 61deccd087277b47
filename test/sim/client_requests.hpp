// Single requests as tasks, and the documents that they send.
#pragma once

#include <functional>
#include <string>

#include "orilla/objects/objects.hpp"

namespace orilla::sim {

loop::Task<Result<void>> request_create(objects::Objects& objects, api::Object object);
/// With a quota that counts most of what is made in it, and lets one Service and two Deployments be.
loop::Task<Result<void>> request_namespace(objects::Objects& objects, std::string name);
loop::Task<Result<void>> request_delete(objects::Objects& objects, const api::KindInfo& kind, std::string ns, std::string name,
                                        objects::DeleteOptions options);
loop::Task<Result<void>> request_edit_any(objects::Objects& objects, const api::KindInfo& kind, std::string ns,
                                          std::string name, objects::Objects::Change change);
template <class T>
loop::Task<Result<void>> request_edit(objects::Objects& objects, std::string ns, std::string name,
                                      std::function<void(T&)> edit) {
    objects::Objects::Change change = [edit = std::move(edit)](api::Object& object) -> Result<void> {
        return edit(object.as<T>()), ok();
    };
    return request_edit_any(objects, api::kind_of<T>(), std::move(ns), std::move(name), std::move(change));
}
loop::Task<Result<void>> request_apply_config_map(objects::Objects& objects, std::string ns, std::string name,
                                                  std::string text);
/// Sends `changed`, with the resourceVersion it was read at, after a while.
loop::Task<Result<void>> request_update_late(loop::Loop& loop, objects::Objects& objects, api::Deployment changed,
                                             int64_t after_ms);

api::Probe exec_probe(const char* command, int period_s, int failures);
api::Container plain_container(const char* name, const char* image);
/// An init container that runs beside the containers.
api::Container sidecar();
void add_config_volume(api::PodSpec& spec, api::Container& container, const char* config_map, bool optional);
void add_empty_dir(api::PodSpec& spec, api::Container& container);
api::PersistentVolumeClaim claim_of(const std::string& ns, const std::string& name, int mib);
void begin_with(api::PersistentVolumeClaim& claim, const char* kind, const std::string& name);
api::Service service_for(const std::string& ns, const std::string& app, bool headless);
void mend_deployment(api::Deployment& deployment);

}  // namespace orilla::sim
