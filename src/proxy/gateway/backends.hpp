// The backends that routes refer to: made with the first one that does, and gone with the last. A backend is shared by all that
// name the same port of a Service, so that the limit of its queue holds for all of them. What its settings are says the oldest
// of those; the Service's own annotations stand below.
#pragma once

#include <compare>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "gateway/backend_plan.hpp"
#include "gateway/outbox.hpp"
#include "orilla/objects/events.hpp"
#include "orilla/objects/objects.hpp"

namespace orilla::proxy {

/// An object whose routes refer to backends; the older first.
struct Referrer {
    int64_t created_s = 0;
    std::string key;  ///< "ingress/NS/NAME", as the queue has it
    auto operator<=>(const Referrer&) const = default;
};

class Backends {
  public:
    Backends(objects::Objects& objects, objects::EventRecorder& events, Outbox& outbox)
        : objects_(objects), events_(events), outbox_(outbox) {}

    struct Outcome {
        std::vector<BackendRef> overruled;    ///< an older one says something else of them
        std::vector<std::string> look_again;  ///< keys of those that this one overrules
    };
    /// Replaces what it referred to.
    Outcome set(const Referrer& who, const std::vector<BackendRef>& refs, const BackendSettings& settings);
    void drop(const std::string& key);
    bool uses(const std::string& service) const { return by_service_.contains(service); }
    /// Its endpoints, its ports or its annotations may have changed. EndpointSlices have to be indexed by now.
    void refresh(const std::string& service);

  private:
    using Settings = std::shared_ptr<const BackendSettings>;  ///< null: nothing is said
    using Referrers = std::map<Referrer, Settings>;
    struct Held {
        Referrer who;
        std::vector<BackendRef> refs;
    };
    void release(const Referrer& who, const BackendRef& ref);
    void publish(const std::string& service, const std::vector<uint16_t>& ports);

    objects::Objects& objects_;
    objects::EventRecorder& events_;
    Outbox& outbox_;
    std::map<std::string, std::map<uint16_t, Referrers>> by_service_;
    std::map<std::string, Held> by_referrer_;
};

}  // namespace orilla::proxy
