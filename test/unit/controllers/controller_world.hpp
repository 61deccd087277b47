// All controllers over a store in memory, on a clock that the test moves.
#pragma once

#include <string>

#include "../../support/admitted_world.hpp"
#include "orilla/controllers/controllers.hpp"
#include "orilla/objects/events.hpp"

namespace orilla::test {

struct ControllerWorld : AdmittedWorld {
    explicit ControllerWorld(std::string service_cidr = "10.43.0.0/16", objects::VolumeDisk* volume_disk = nullptr)
        : AdmittedWorld({service_cidr}),
          events(loop, objects, "box"),
          controllers(loop, objects, events, options(std::move(service_cidr), volume_disk, &quotas)) {
        controllers.start();
        settle();
    }

    template <class T>
    std::shared_ptr<const T> get(std::string_view name, std::string_view ns = "default") {
        return objects.get<T>(ns, name);
    }
    template <class T>
    Result<std::shared_ptr<const T>> create(T object) {
        auto created = run(objects.create<T>(std::move(object)));
        settle();
        return created;
    }
    template <class T, class Edit>
    Result<std::shared_ptr<const T>> edit(const std::string& name, Edit change, const std::string& ns = "default") {
        std::function<Result<void>(T&)> any = [change](T& object) -> Result<void> { return change(object), ok(); };
        auto changed = run(objects.modify<T>(ns, name, std::move(any)));
        settle();
        return changed;
    }
    template <class T, class Edit>
    Result<std::shared_ptr<const T>> edit_status(const std::string& name, Edit change, const std::string& ns = "default") {
        std::function<Result<void>(T&)> any = [change](T& object) -> Result<void> { return change(object), ok(); };
        auto changed = run(objects.modify_status<T>(ns, name, std::move(any)));
        settle();
        return changed;
    }
    template <class T>
    Result<objects::Removed> remove(const std::string& name, objects::DeleteOptions how = {},
                                    const std::string& ns = "default") {
        auto removed = run(objects.remove<T>(ns, name, std::move(how)));
        settle();
        return removed;
    }

    objects::EventRecorder events;
    controllers::Controllers controllers;

  private:
    static controllers::ControllersOptions options(std::string service_cidr, objects::VolumeDisk* volume_disk,
                                                   objects::QuotaLedger* quotas) {
        return {std::move(service_cidr), "192.0.2.10", 6443, {}, volume_disk, quotas};
    }
};

inline void set_ready(api::Pod& pod, bool ready, int64_t now_s = 1'700'000'000) {
    pod.status.conditions.clear();
    api::PodCondition condition;
    condition.type = "Ready";
    condition.status = ready ? "True" : "False";
    condition.last_transition_time = api::Time(now_s);
    pod.status.conditions.push_back(std::move(condition));
}

inline api::Pod pod_with(std::string_view name, std::string_view app, std::string_view ns = "default") {
    api::Pod pod;
    pod.metadata.name = api::Str(name);
    pod.metadata.namespace_ = api::Str(ns);
    pod.metadata.labels["app"] = api::Str(app);
    api::Container container;
    container.name = "main";
    container.image = "busybox:1";
    pod.spec.containers.push_back(std::move(container));
    return pod;
}

inline api::Service service_with(std::string_view name, std::string_view type = "ClusterIP", int32_t port = 80) {
    api::Service service;
    service.metadata.name = api::Str(name);
    service.metadata.namespace_ = "default";
    service.spec.type = api::Str(type);
    service.spec.selector["app"] = api::Str(name);
    api::ServicePort only;
    only.port = port;
    service.spec.ports.push_back(std::move(only));
    return service;
}

}  // namespace orilla::test
