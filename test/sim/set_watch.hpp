// Watches every pod that a StatefulSet makes: in order none is made before those with lower numbers are ready, and none above
// the range that is wanted. And every pod that a DaemonSet makes: on a node there is none beside it, or one in a surge.
#pragma once

#include <map>
#include <string>

#include "host.hpp"
#include "orilla/objects/feed.hpp"
#include "orilla/objects/objects.hpp"

namespace orilla::sim {

class SetWatch {
  public:
    SetWatch(loop::Loop& loop, objects::Objects& objects, Host& host);
    void start();

  private:
    void pod_changed(const objects::FeedEvent& event);
    void check_made(const api::Pod& pod);
    void check_daemon(const api::Pod& pod);
    void check_order(const api::StatefulSet& set, const api::Pod& pod, int32_t ordinal);
    bool was_ready_lately(const std::string& ns, const std::string& name);
    bool was_wanted_lately(const api::StatefulSet& set, int32_t ordinal);

    loop::Loop& loop_;
    objects::Objects& objects_;
    Host& host_;
    bool started_ = false;
    std::map<std::string, int64_t> surged_ms_;                     ///< by uid of the DaemonSet: until when it might
    std::map<std::string, int64_t> ready_ms_;                      ///< by NAMESPACE/POD: when it was so last
    std::map<std::string, std::map<int32_t, int64_t>> wanted_ms_;  ///< by uid of the set and ordinal: until when it is
    objects::Follower sets_, daemons_, pods_;
};

}  // namespace orilla::sim
