// The Ingresses that are ours: what of each is out at the gateway, who of several has a path, and where they are reached.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "gateway/backends.hpp"
#include "gateway/certificates.hpp"
#include "gateway/ingress_plan.hpp"
#include "gateway/outbox.hpp"
#include "orilla/objects/events.hpp"
#include "orilla/objects/objects.hpp"
#include "orilla/proxy/service_proxy.hpp"

namespace orilla::proxy {

/// The key of the queue.
std::string ingress_key(std::string_view ns, std::string_view name);
/// By the Services that they name.
std::string service_term(const std::string& service);
void ingress_service_terms(const api::Object& ingress, std::vector<std::string>& terms);

class IngressRoutes {
  public:
    /// `look_again` takes a key of the queue.
    IngressRoutes(objects::Objects& objects, objects::EventRecorder& events, Outbox& outbox, Backends& backends,
                  Certificates& certificates, NodePlace node, std::function<void(const std::string& key)> look_again);
    bool is_ours(const api::Ingress& ingress) const;
    /// A status that is as it should be changes nothing.
    bool concerns(const objects::FeedEvent& event) const;
    loop::Task<Result<void>> settle(std::string ns, std::string name);
    /// The gateway says something of a listener; nothing any more: empty.
    void note_fault(const std::string& listener, const std::string& message);
    const NodePlace& node() const { return node_; }

  private:
    using IngressPtr = std::shared_ptr<const api::Ingress>;
    struct Known {
        Referrer who;
        std::vector<std::string> routes, claims;
        std::vector<Complaint> told;
        bool has_tls = false;
    };
    loop::Task<Result<void>> serve(std::string key, IngressPtr ingress);
    loop::Task<Result<void>> give_up(std::string key, IngressPtr ingress);
    void take_out(const std::string& key, const Known& known);
    void claim(const Referrer& who, const std::vector<std::string>& claims, std::vector<Complaint>& complaints);
    void unclaim(const Referrer& who, const std::vector<std::string>& claims);
    void put_listeners();
    void tell(const api::Ingress& ingress, Known& known, std::vector<Complaint> complaints);
    loop::Task<Result<void>> write_address(IngressPtr ingress, bool is_served);

    objects::Objects& objects_;
    objects::EventRecorder& events_;
    Outbox& outbox_;
    Backends& backends_;
    Certificates& certificates_;
    const NodePlace node_;
    const std::function<void(const std::string& key)> look_again_;
    std::map<std::string, Known> known_;
    std::map<std::string, std::set<Referrer>> claims_;
    std::map<std::string, std::string> faults_;  ///< by listener
    size_t with_tls_ = 0;
    bool has_http_ = false;
    uint64_t listed_certificates_ = 0;  ///< the revision that the listener has; 0: there is none
};

}  // namespace orilla::proxy
