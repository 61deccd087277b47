#include "quota_watch.hpp"

namespace orilla::sim {

namespace {

/// A quota that is as young as this may have come after what it counts, and what a new daemon finds was there before.
constexpr int64_t young_ms = 10'000;

}  // namespace

QuotaWatch::QuotaWatch(loop::Loop& loop, objects::Objects& objects, Host& host)
    : loop_(loop),
      objects_(objects),
      host_(host),
      quotas_(objects, api::kind_of<api::ResourceQuota>(), [this](const objects::FeedEvent& event) { quota_changed(event); }),
      services_(objects, api::kind_of<api::Service>(),
                [this](const objects::FeedEvent& event) { came<api::Service>(event, "services"); }),
      deployments_(objects, api::kind_of<api::Deployment>(),
                   [this](const objects::FeedEvent& event) { came<api::Deployment>(event, "count/deployments.apps"); }) {}

void QuotaWatch::start() {
    quotas_.start();
    services_.start();
    deployments_.start();
}

void QuotaWatch::quota_changed(const objects::FeedEvent& event) {
    const auto* quota = event.as<api::ResourceQuota>();
    if (!quota) return;
    const std::string uid = quota->metadata.uid.str();
    if (event.is_deleted()) since_ms_.erase(uid);
    else since_ms_.try_emplace(uid, loop_.now_ms());
}

/// Of these kinds the clients make more than their quotas allow.
template <class T>
void QuotaWatch::came(const objects::FeedEvent& event, std::string_view counted) {
    if (!event.as<T>() || event.type != objects::FeedEvent::Type::added) return;
    const auto& key = event.entry->key;
    const auto there = static_cast<int64_t>(objects_.list<T>(key.ns).size());
    for (const auto& quota : objects_.list<api::ResourceQuota>(key.ns)) {
        const api::Quantity* most = quota->spec.hard.get(counted);
        const auto since = since_ms_.find(quota->metadata.uid.str());
        const bool is_young = since == since_ms_.end() || loop_.now_ms() - since->second < young_ms;
        if (!most || is_young || there <= most->value()) continue;
        host_.trace().fail(key.resource + " " + key.ns + "/" + key.name + " makes " + std::to_string(there) +
                           ", and the quota of its namespace allows " + std::to_string(most->value()));
    }
}

}  // namespace orilla::sim
