// Services of type LoadBalancer: each gets an address of the pool, which the node takes on the LAN, or the node's own where no
// pool is given. It promises that no address is given twice and none to whom the LAN answers that he has it; that a service
// keeps its address while it wants it, whatever becomes of the daemon; that a service waits while there is none, is told why,
// and is served as soon as one is free; and that an address is back before the finalizer lets the service go. Services of
// another loadBalancerClass are left to others. A node that is labelled as no load balancer takes no address; it keeps them for
// later.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>

#include "orilla/kinds/types.hpp"
#include "orilla/loop/work_queue.hpp"
#include "orilla/network/address_pool.hpp"
#include "orilla/network/lan_addresses.hpp"
#include "orilla/network/service_rules.hpp"
#include "orilla/objects/events.hpp"
#include "orilla/objects/feed.hpp"
#include "orilla/objects/objects.hpp"
#include "orilla/proxy/service_proxy.hpp"

namespace orilla::proxy {

class AddressBook;

class LoadBalancers final : public loop::Reconciler {
  public:
    LoadBalancers(loop::Loop& loop, objects::Objects& objects, objects::EventRecorder& events, network::ServiceRules& rules,
                  network::LanAddresses& lan, network::AddressPool pool, NodePlace node);
    ~LoadBalancers() override;
    /// Takes up what services have, then follows.
    void start();
    loop::Task<Result<loop::Outcome>> reconcile(std::string key) override;
    const loop::WorkerCounters& counters() const { return worker_.counters(); }

  private:
    using ServicePtr = std::shared_ptr<const api::Service>;
    struct Holding {
        enum class State : uint8_t { chosen, taking, taken, refused } state = State::chosen;
        Ipv4 ip;
        Error refusal = Error(Code::unavailable, "");
    };

    loop::Task<void> adopt_all();
    loop::Task<void> begin();
    void service_changed(const objects::FeedEvent& event);
    void node_changed(const objects::FeedEvent& event);
    loop::Task<Result<loop::Outcome>> serve(std::string key, ServicePtr service);
    loop::Task<bool> keep(ServicePtr service);
    loop::Task<Result<void>> choose(std::string key, ServicePtr service);
    loop::Task<Result<loop::Outcome>> withdraw(std::string key, ServicePtr service);
    loop::Task<Result<loop::Outcome>> give_up(std::string key, ServicePtr service);
    loop::Task<Result<loop::Outcome>> wait(ServicePtr service, Error why);
    loop::Task<Result<loop::Outcome>> settle_refusal(std::string key, ServicePtr service);
    loop::Task<Result<void>> check_node_ports(ServicePtr service);
    loop::Task<Result<void>> publish(ServicePtr service, Ipv4 ip, bool has_nodes_again);
    void take_next();
    loop::Task<void> take(std::string key, Ipv4 ip);
    loop::Task<Result<void>> let_go(std::string key);
    void wake_waiting();
    void tell_conflict(Ipv4 ip, const std::string& who);

    loop::Loop& loop_;
    objects::Objects& objects_;
    objects::EventRecorder& events_;
    network::ServiceRules& rules_;
    network::LanAddresses& lan_;
    const NodePlace node_;
    std::unique_ptr<AddressBook> book_;
    std::map<std::string, Holding> holdings_;
    std::map<std::string, std::string> waiting_;  ///< and what they were told
    std::deque<std::string> to_take_;
    size_t taking_ = 0;
    objects::Follower services_;
    objects::Follower nodes_;
    loop::Worker worker_;
    loop::Scope scope_;
};

}  // namespace orilla::proxy
