#include "pod/store_pod_api.hpp"

#include <fmt/core.h>
#include <algorithm>
#include <array>

#include "orilla/kinds/owners.hpp"
#include "orilla/kinds/pod_facts.hpp"
#include "orilla/objects/events.hpp"
#include "orilla/objects/objects.hpp"
#include "orilla/objects/unless_gone.hpp"
#include "pod/pod_api.hpp"
#include "pod/pod_plan.hpp"

namespace orilla::node {
namespace {

bool is_own_condition(const api::PodCondition& condition) {
    constexpr std::array<std::string_view, 6> own{
        "PodReadyToStartContainers", "Initialized", "ContainersReady", "Ready", api::resize_pending, api::resize_in_progress};
    return std::ranges::find(own, condition.type.view()) != own.end() || condition.reason == eviction_reason;
}

/// What others say of the pod is as it is stored, not as it was when the node looked.
void keep_foreign_conditions(api::List<api::PodCondition>& planned, const api::List<api::PodCondition>& stored) {
    api::List<api::PodCondition> out;
    for (const auto& condition : planned)
        if (is_own_condition(condition)) out.push_back(condition);
    for (const auto& condition : stored)
        if (std::ranges::none_of(out, [&condition](const auto& one) { return one.type == condition.type; }) &&
            !is_own_condition(condition))
            out.push_back(condition);
    planned = std::move(out);
}

class StorePodApi final : public PodApi {
  public:
    StorePodApi(objects::Objects& objects, objects::EventRecorder& events, std::string node_name)
        : objects_(objects), events_(events), node_name_(std::move(node_name)) {}

    std::shared_ptr<const api::Pod> find_pod(const PodKey& key) const override {
        auto pod = objects_.get<api::Pod>(key.ns, key.name);
        return pod && pod->metadata.uid == key.uid && pod->spec.node_name == node_name_ ? pod : nullptr;
    }

    std::shared_ptr<const api::Node> find_node() const override { return objects_.get<api::Node>(node_name_); }

    std::vector<PodKey> list_pods() const override {
        std::vector<PodKey> keys;
        for (const auto& pod : objects_.list<api::Pod>())
            if (pod->spec.node_name == node_name_)
                keys.push_back({pod->metadata.namespace_.str(), pod->metadata.name.str(), pod->metadata.uid.str()});
        return keys;
    }

    loop::Task<Result<void>> write_status(PodKey key, api::PodStatus status) override {
        std::function<Result<void>(api::Pod&)> change = [key, status](api::Pod& pod) -> Result<void> {
            if (pod.metadata.uid != key.uid) return Error(Code::not_found, fmt::format("pod {} was replaced", key.name));
            api::List<api::PodCondition> said = std::move(pod.status.conditions);
            pod.status = status;
            keep_foreign_conditions(pod.status.conditions, said);
            return ok();
        };
        AWAIT(auto written, objects_.modify_status<api::Pod>(key.ns, key.name, std::move(change)));
        if (!written) co_return std::move(written).error();
        co_return ok();
    }

    loop::Task<Result<void>> finish_delete(PodKey key) override {
        objects::DeleteOptions options;
        options.grace_period_seconds = 0;
        options.uid = key.uid;
        auto task = objects_.remove<api::Pod>(key.ns, key.name, std::move(options));
        CO_RETURN_AWAIT(objects::unless_gone(std::move(task)));
    }

    void record_event(const PodKey& key, std::string_view container, std::string_view type, std::string_view reason,
                      std::string_view message) override {
        const auto pod = objects_.get<api::Pod>(key.ns, key.name);
        if (!pod || pod->metadata.uid != key.uid) return;
        auto about = api::reference_to(api::kind_of<api::Pod>(), pod->metadata);
        if (!container.empty()) about.field_path = field_path(*pod, container);
        events_.record(about, "kubelet", type, reason, message);
    }

    loop::Task<EnvSources> read_sources(std::shared_ptr<const api::Pod> pod) override {
        EnvSources out;
        const SourceNames names = find_source_names(pod->spec);
        const std::string ns = pod->metadata.namespace_.str();
        for (const auto& name : names.config_maps) {
            AWAIT(auto found, objects_.read<api::ConfigMap>(ns, name));
            if (found) out.config_maps[name] = *found;
        }
        for (const auto& name : names.secrets) {
            AWAIT(auto found, objects_.read<api::Secret>(ns, name));
            if (found) out.secrets[name] = *found;
        }
        std::set<std::string> claims = names.claims;
        for (const auto& volume : names.ephemeral) claims.insert(pod->metadata.name.str() + "-" + volume);
        for (const auto& name : claims) {
            auto claim = objects_.get<api::PersistentVolumeClaim>(ns, name);
            if (!claim) continue;
            auto volume = objects_.get<api::PersistentVolume>(claim->spec.volume_name);
            out.claims[name] = {std::move(claim), std::move(volume)};
        }
        out.services = objects_.list<api::Service>(ns);
        auto api_service = objects_.get<api::Service>("default", "kubernetes");
        if (api_service && ns != "default") out.services.push_back(std::move(api_service));
        co_return out;
    }

  private:
    static std::string field_path(const api::Pod& pod, std::string_view container) {
        for (const auto& init : pod.spec.init_containers)
            if (init.name == container) return fmt::format("spec.initContainers{{{}}}", container);
        return fmt::format("spec.containers{{{}}}", container);
    }

    objects::Objects& objects_;
    objects::EventRecorder& events_;
    std::string node_name_;
};

}  // namespace

std::unique_ptr<PodApi> make_store_pod_api(objects::Objects& objects, objects::EventRecorder& events, std::string node_name) {
    return std::make_unique<StorePodApi>(objects, events, std::move(node_name));
}

}  // namespace orilla::node
