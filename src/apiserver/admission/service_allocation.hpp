// Gives Services their cluster IPs and node ports while they are written, so that the answer to a create already shows
// them. Promises that no two Services hold one address or port, whatever writes are under way; that what a write asked for
// and did not get stored is free again; and that the answer after a restart is the same, because it is read from the
// Services themselves. Refuses what is taken or out of range, in kubectl's words.
#pragma once

#include <map>
#include <string>

#include "orilla/base/ipv4.hpp"
#include "orilla/objects/feed.hpp"
#include "orilla/objects/objects.hpp"

namespace orilla::apiserver {

/// Numbers of one kind, each held by one Service. A hold is counted once for every write that asked for it.
class NumberPool {
  public:
    bool is_free_for(uint32_t number, const api::Str& uid) const;
    bool is_free(uint32_t number) const { return !held_.contains(number); }
    void hold(uint32_t number, const api::Str& uid);
    /// Takes back one hold; of somebody else's number nothing.
    void release(uint32_t number, const api::Str& uid);
    void release_all(const api::Str& uid);
    size_t size() const { return held_.size(); }

  private:
    struct Holder {
        api::Str uid;
        int holds = 0;
    };
    std::map<uint32_t, Holder> held_;
};

class ServiceAllocation final : public objects::Admission {
  public:
    /// `service_cidr`: its first address is for the Service default/kubernetes alone, its tenth is only given on request
    /// (kube-dns).
    /// Existing Services keep what they hold.
    ServiceAllocation(objects::Objects& objects, std::string service_cidr);

    bool handles(const objects::WriteInfo& write) const override;
    objects::Task<Result<void>> on_create(api::Object& object, const objects::AdmissionRequest& request) override;
    objects::Task<Result<void>> on_update(api::Object& updated, const api::Object& old,
                                          const objects::AdmissionRequest& request) override;
    /// Frees what a Service held that is gone, before whoever deleted it is answered.
    void on_committed(const api::Object* now, const api::Object* old) override;

    size_t held_ips() const { return ips_.size(); }
    size_t held_ports() const { return ports_.size(); }

  private:
    Result<void> allocate(api::Service& service, const api::Service* old, objects::Undo& undo);
    Result<void> allocate_ip(api::Service& service, objects::Undo& undo);
    Result<void> allocate_ports(api::Service& service, const api::Service* old, objects::Undo& undo);
    /// Until the write does not happen.
    void hold(NumberPool& pool, uint32_t number, const api::Str& uid, objects::Undo& undo);
    Result<void> allocate_health_check(api::Service& service, const api::Service* old, objects::Undo& undo);
    Result<int32_t> find_port(const api::Service& service, size_t index) const;
    Result<int32_t> find_free_port(const api::Service& service, size_t salt) const;
    bool is_reserved(uint32_t ip, const api::Service& service) const;
    void release_all(const api::Service& service);
    /// Frees what a stored update gave up, and what a Service held whose deletion nobody waited for.
    void follow(const objects::FeedEvent& event);

    std::string cidr_;
    Cidr range_;
    NumberPool ips_, ports_;
    objects::Follower services_;
};

/// What the API server fills in from the stored Service when a write leaves it out, and takes away when the type no longer
/// has it. Pure.
void carry_over_allocation(api::Service& updated, const api::Service& old);

}  // namespace orilla::apiserver
