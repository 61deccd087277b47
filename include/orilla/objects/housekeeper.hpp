// Lets go of what a busy time used, once it is quiet: events, history, decoded objects, the heap's free pages.
#pragma once

#include "orilla/loop/loop.hpp"
#include "orilla/objects/events.hpp"
#include "orilla/objects/feed.hpp"
#include "orilla/objects/objects.hpp"
#include "orilla/store/store.hpp"

namespace orilla::objects {

class Housekeeper {
  public:
    Housekeeper(loop::Loop& loop, store::Store& store, Objects& objects, EventRecorder& events);
    /// Looks once after what starting took, then whenever pods have come or gone.
    void start();

  private:
    void give_back_later();
    loop::Task<void> give_back();

    loop::Loop& loop_;
    store::Store& store_;
    Objects& objects_;
    EventRecorder& events_;
    loop::Timer tidy_;
    loop::Timer give_back_;
    Follower pods_;
    loop::Scope scope_;
};

}  // namespace orilla::objects
