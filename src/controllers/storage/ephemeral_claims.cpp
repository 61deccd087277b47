#include "storage/ephemeral_claims.hpp"

#include <fmt/core.h>

#include "orilla/kinds/owners.hpp"
#include "orilla/kinds/pod_facts.hpp"
#include "orilla/kinds/storage_facts.hpp"
#include "owned.hpp"

namespace orilla::controllers {
namespace {
constexpr std::string_view ephemeral_component = "ephemeral_volume";
}

EphemeralClaims::EphemeralClaims(const Surroundings& with)
    : Controller(with), worker_(with.loop, *this, {.name = "ephemeral-claims"}) {
    follow<api::Pod>([this](const objects::FeedEvent& event) {
        const auto* pod = event.type == store::WatchEvent::Type::added ? event.as<api::Pod>() : nullptr;
        if (!pod) return;
        for (const auto& volume : pod->spec.volumes)
            if (volume.ephemeral) return worker_.queue().add(key_of(event.entry->key));
    });
    follow<api::PersistentVolumeClaim>([this](const objects::FeedEvent& event) {
        if (event.is_deleted()) queue_owner(event, api::kind_of<api::Pod>(), worker_.queue());
    });
}

api::PersistentVolumeClaim make_ephemeral_claim(const api::Pod& pod, const api::Volume& volume) {
    const api::PersistentVolumeClaimTemplate& from = *volume.ephemeral->volume_claim_template;
    api::PersistentVolumeClaim out;
    out.metadata.name = api::Str(api::ephemeral_claim_name(pod, volume));
    out.metadata.namespace_ = pod.metadata.namespace_;
    out.metadata.labels = from.metadata.labels;
    out.metadata.annotations = from.metadata.annotations;
    out.metadata.owner_references.push_back(api::make_controller_reference("v1", "Pod", pod.metadata));
    out.spec = from.spec;
    return out;
}

loop::Task<Result<loop::Outcome>> EphemeralClaims::reconcile(std::string key) {
    const auto [ns, name] = split_key(key);
    const auto pod = objects_.get<api::Pod>(ns, name);
    if (!pod || pod->metadata.deletion_timestamp || is_finished(*pod)) co_return loop::Outcome{};
    for (const auto& volume : pod->spec.volumes) {
        if (!volume.ephemeral) continue;
        CO_TRY_VOID(make(pod, make_ephemeral_claim(*pod, volume)));
    }
    co_return loop::Outcome{};
}

loop::Task<Result<void>> EphemeralClaims::make(std::shared_ptr<const api::Pod> pod, api::PersistentVolumeClaim claim) {
    const std::string called = key_of(claim.metadata), name = claim.metadata.name.str();
    const auto found = objects_.get<api::PersistentVolumeClaim>(claim.metadata.namespace_, name);
    if (found && api::is_controlled_by(found->metadata, pod->metadata.uid)) co_return ok();
    if (found) {
        const std::string volume = name.substr(pod->metadata.name.size() + 1);
        events_.record(*pod, ephemeral_component, "Warning", "FailedBinding",
                       fmt::format("ephemeral volume {}: PVC {} was not created for pod {} (pod is not owner)", volume, called,
                                   key_of(pod->metadata)));
        co_return ok();
    }
    AWAIT(auto made, objects_.create<api::PersistentVolumeClaim>(std::move(claim)));
    if (!made) co_return std::move(made).error().with_context("make claim " + called);
    co_return ok();
}

}  // namespace orilla::controllers
