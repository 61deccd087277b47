// Writes Event objects, as `kubectl describe` shows them. It promises never to fail or hold up its caller, to count
// repetitions instead of adding objects, to combine what differs in its message alone as Kubernetes does (a ReplicaSet
// that makes a hundred pods), and to keep a bounded number of events for a bounded time, in memory only.
#pragma once

#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "orilla/kinds/owners.hpp"
#include "orilla/loop/loop.hpp"
#include "orilla/objects/objects.hpp"

namespace orilla::objects {

struct EventLimits {
    size_t events_max = 1000;
    size_t gone_max = 100;  ///< of them, those about objects that are gone
    int64_t age_s_max = 3600;
    size_t message_bytes_max = 1024;
    size_t similar_max = 9;  ///< alike but for their messages, within similar_s_max; others after them are one
    int64_t similar_s_max = 600;
    size_t waiting_max = 256;  ///< records not yet written; more are dropped
};

class EventRecorder {
  public:
    /// `node_name` is the source.host of what the kubelet says.
    EventRecorder(loop::Loop& loop, Objects& objects, std::string node_name, EventLimits limits = {});
    EventRecorder(const EventRecorder&) = delete;
    EventRecorder& operator=(const EventRecorder&) = delete;

    /// `type` is Normal or Warning; `component` says who speaks: kubelet, deployment-controller, default-scheduler.
    void record(const api::ObjectReference& about, std::string_view component, std::string_view type, std::string_view reason,
                std::string_view message);
    void record(const api::Object& about, std::string_view component, std::string_view type, std::string_view reason,
                std::string_view message);
    template <class T>
    requires requires { typename T::ApiStruct; }
    void record(const T& about, std::string_view component, std::string_view type, std::string_view reason,
                std::string_view message) {
        record(api::reference_to(api::kind_of<T>(), about.metadata), component, type, reason, message);
    }

    /// Looks soon for events that there is no more room for, because what they are about has gone.
    void tidy();

    /// An event of an earlier daemon is there again: what repeats it counts it up.
    void adopt(const api::Event& event);

  private:
    struct Record {
        api::ObjectReference about;
        std::string component, type, reason, message;
        int64_t wall_ns = 0;
    };
    /// Of everything that makes two records the same. Should two others have the same, one counts the other's event up.
    struct Digest {
        uint64_t similar = 0;  ///< of all but the message
        uint32_t message = 0;
        auto operator<=>(const Digest&) const = default;
    };
    struct Known {
        int64_t number = 0;  ///< in the name of the event that counts such records
        int64_t last_s = 0;
    };
    /// An event as it is judged when room is made.
    struct Candidate {
        store::EntryPtr entry;
        Digest digest;
        int64_t last_s = 0;
        bool gone = false;
    };
    static Digest digest_of(const api::ObjectReference& about, std::string_view component, std::string_view type,
                            std::string_view reason, std::string_view message);
    static Digest digest_of(const api::Event& event);
    void forget_all_but(std::vector<Digest> digests);
    bool is_one_of_many(Digest digest, int64_t wall_s) const;
    Task<void> write_records();
    Task<void> write(Record record);
    Task<bool> count_up(Record record, Digest digest, int64_t number);
    Task<void> prune();
    Task<std::vector<Candidate>> candidates();
    bool is_gone(const api::ObjectReference& about) const;
    void arm_prune();

    loop::Loop& loop_;
    Objects& objects_;
    std::string node_name_;
    EventLimits limits_;
    int64_t last_number_ = 0;  ///< of the names given: they rise, so that events of one second are listed in their order
    std::deque<Record> waiting_;
    loop::Event wake_;
    std::map<Digest, Known> known_;
    loop::Timer prune_timer_;
    bool prune_due_ = false;
    loop::Scope scope_;
};

}  // namespace orilla::objects
