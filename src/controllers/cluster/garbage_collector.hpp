// Applies plan_garbage to every object that has owners or is being deleted. It keeps one index in memory, fed by followers of
// all kinds that are served: which objects name which owner. Large ConfigMaps and Secrets are read from the file when they come
// by.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "cluster/garbage_plan.hpp"
#include "controller.hpp"
#include "orilla/store/entry.hpp"

namespace orilla::controllers {

class GarbageCollector final : public Controller {
  public:
    explicit GarbageCollector(const Surroundings& with);
    void start() override;
    loop::Task<Result<loop::Outcome>> reconcile(std::string key) override;
    const loop::WorkerCounters& counters() const override { return worker_.counters(); }
    size_t indexed() const { return owners_.size(); }

  private:
    struct Link {
        bool blocks = false;
        bool deleting = false;
        bool waiting = false;
    };
    struct Dependents {
        std::map<store::Key, Link> links;
        size_t blocking = 0;  ///< of them
    };
    /// A read of an object of any kind, or why there is none.
    using ObjectResult = Result<objects::Stored>;

    void kind_added(const EachFollower& added) override;
    void kind_removed(const api::KindInfo& kind) override;
    loop::Task<void> wait_for_list(EachFollower followed);
    void changed(const objects::FeedEvent& event);
    void gone(const objects::FeedEvent& event);
    void index(const store::Key& key, const api::ObjectMeta& meta);
    void unindex(const store::Key& key);
    void queue_dependents(const std::string& uid);
    void queue_owners(const store::Key& key, const api::ObjectMeta& meta);
    loop::Task<ObjectResult> read(store::Key key);
    loop::Task<Result<OwnerState>> find_owner(store::Key dependent, api::OwnerReference reference);
    loop::Task<Result<bool>> is_out_of_reach(OwnerState state, store::Key dependent, api::OwnerReference reference);
    loop::Task<Result<void>> apply(objects::Stored object, GarbageAction action);
    loop::Task<Result<void>> edit(store::Key key, std::string uid, std::function<void(api::ObjectMeta&)> change);

    std::map<std::string, Dependents> dependents_;           ///< by the owner's uid
    std::map<store::Key, std::vector<std::string>> owners_;  ///< of those that have any: their uids
    size_t unlisted_ = 0;                                    ///< kinds of which the index has not seen every object
    loop::Event listed_event_;
    loop::Worker worker_;
    loop::Scope scope_;
    api::KindRegistry::Subscription kinds_;
};

}  // namespace orilla::controllers
