#include "controller.hpp"

#include <algorithm>

namespace orilla::controllers {

void Controller::follow_all(objects::Follower::Listener listener) {
    each_ = std::move(listener);
    for (const api::KindInfo& kind : objects_.kinds().resources()) add_each(kind);
    kind_changes_ = objects_.kinds().on_change([this](const api::KindRegistry::Change& change) { kinds_changed(change); });
}

bool Controller::add_each(const api::KindInfo& kind) {
    if (kind.payload == api::Payload::passing || kind.payload == api::Payload::computed) return false;
    if (std::ranges::any_of(every_, [&kind](const EachFollower& one) { return one.first->resource == kind.resource; }))
        return false;
    every_.emplace_back(kind, std::make_shared<objects::Follower>(objects_, kind, each_));
    return true;
}

void Controller::kinds_changed(const api::KindRegistry::Change& change) {
    if (change.type == api::KindRegistry::Change::Type::removed) {
        const auto found = std::ranges::find(every_, change.kind, &EachFollower::first);
        if (found == every_.end()) return;
        found->second->stop();
        every_.erase(found);
        kind_removed(change.kind);
    }
    // After a removal: another of its versions.
    const auto* kind = objects_.kinds().find_resource(change.kind->resource);
    if (!kind || !add_each(*kind) || !started_) return;
    every_.back().second->start();
    kind_added(every_.back());
}

}  // namespace orilla::controllers
