// Starts what requests wait for: Deployments and StatefulSets of 0 replicas whose pods a Service selects.
#pragma once

#include <set>
#include <string>

#include "orilla/objects/events.hpp"
#include "orilla/objects/objects.hpp"

namespace orilla::proxy {

class OnDemand {
  public:
    OnDemand(loop::Loop& loop, objects::Objects& objects, objects::EventRecorder& events)
        : objects_(objects), events_(events), scope_(loop) {}
    /// Whoever asks again while it is at it is not heard.
    void start(const std::string& service);

  private:
    loop::Task<void> start_all(std::string service);
    template <class T>
    loop::Task<void> start_each(std::shared_ptr<const api::Service> service);

    objects::Objects& objects_;
    objects::EventRecorder& events_;
    std::set<std::string> starting_;
    loop::Scope scope_;
};

}  // namespace orilla::proxy
