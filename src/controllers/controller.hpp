// What every controller here has in common: followers that turn changes into keys, and a worker that takes them.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "orilla/controllers/controllers.hpp"
#include "orilla/loop/work_queue.hpp"
#include "orilla/objects/events.hpp"
#include "orilla/objects/feed.hpp"
#include "orilla/objects/objects.hpp"
#include "orilla/objects/queue_key.hpp"
#include "orilla/objects/unless_gone.hpp"
#include "orilla/store/entry.hpp"

namespace orilla::controllers {

/// What a controller is made with.
struct Surroundings {
    loop::Loop& loop;
    objects::Objects& objects;
    objects::EventRecorder& events;
    const ControllersOptions& options;
};

class Controller : public loop::Reconciler {
  public:
    explicit Controller(const Surroundings& with) : loop_(with.loop), objects_(with.objects), events_(with.events) {}
    /// Follows what concerns it, from what is there on.
    virtual void start() {
        started_ = true;
        for (const auto& follower : followers_) follower->start();
        for (const auto& [kind, follower] : every_) follower->start();
    }
    virtual const loop::WorkerCounters& counters() const = 0;

  protected:
    void follow(const api::KindInfo& kind, objects::Follower::Listener listener) {
        followers_.push_back(std::make_unique<objects::Follower>(objects_, kind, std::move(listener)));
    }
    template <class T>
    void follow(objects::Follower::Listener listener) {
        follow(api::kind_of<T>(), std::move(listener));
    }
    /// Every kind that is served, now and later, but those whose objects pass by themselves and own nothing.
    void follow_all(objects::Follower::Listener listener);
    using EachFollower = std::pair<api::KindRef, std::shared_ptr<objects::Follower>>;
    /// Of follow_all: it has just been started.
    virtual void kind_added(const EachFollower& added) { (void)added; }
    virtual void kind_removed(const api::KindInfo& kind) { (void)kind; }

    loop::Loop& loop_;
    objects::Objects& objects_;
    objects::EventRecorder& events_;
    std::vector<std::unique_ptr<objects::Follower>> followers_;
    std::vector<EachFollower> every_;  ///< of follow_all, one a resource

  private:
    void kinds_changed(const api::KindRegistry::Change& change);
    bool add_each(const api::KindInfo& kind);
    objects::Follower::Listener each_;
    api::KindRegistry::Subscription kind_changes_;
    bool started_ = false;
};

using objects::key_of;
using objects::split_key;

/// Whether the namespace is being deleted: nothing new can be made in it.
inline bool is_ending(objects::Objects& objects, std::string_view ns) {
    const auto found = objects.get<api::Namespace>(ns);
    return !found || found->metadata.deletion_timestamp;
}

}  // namespace orilla::controllers
