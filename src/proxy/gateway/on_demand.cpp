#include "gateway/on_demand.hpp"

#include <fmt/core.h>

#include "orilla/base/log.hpp"
#include "orilla/kinds/selectors.hpp"
#include "orilla/kinds/types.hpp"
#include "orilla/objects/queue_key.hpp"
#include "orilla/objects/unless_gone.hpp"

namespace orilla::proxy {

void OnDemand::start(const std::string& service) {
    if (starting_.insert(service).second) scope_.spawn(start_all(service));
}

loop::Task<void> OnDemand::start_all(std::string key) {
    const auto [ns, name] = objects::split_key(key);
    const auto service = objects_.get<api::Service>(ns, name);
    if (service && !service->spec.selector.empty()) {
        AWAIT_VOID(start_each<api::Deployment>(service));
        AWAIT_VOID(start_each<api::StatefulSet>(service));
    }
    starting_.erase(key);
}

template <class T>
loop::Task<void> OnDemand::start_each(std::shared_ptr<const api::Service> service) {
    const std::string ns = service->metadata.namespace_.str();
    for (const auto& one : objects_.list<T>(ns)) {
        const bool fits = api::selects(service->spec.selector, one->spec.template_.metadata.labels);
        if (!fits || one->spec.replicas.value_or(1) != 0) continue;
        std::function<Result<void>(T&)> change = [](T& edited) -> Result<void> {
            if (edited.spec.replicas.value_or(1) == 0) edited.spec.replicas = 1;
            return ok();
        };
        auto write = objects_.modify<T>(ns, one->metadata.name.str(), std::move(change));
        AWAIT(const auto done, objects::unless_gone(std::move(write)));
        if (!done)
            log::warning(fmt::format("start {}/{} on demand: {}", ns, one->metadata.name.view(), done.error().message()));
        else
            events_.record(*one, "gateway", "Normal", "ScaledFromZero",
                           fmt::format("Scaled from 0 to 1: requests wait for service {}", service->metadata.name.view()));
    }
}

}  // namespace orilla::proxy
