// Watches what comes into a namespace with a ResourceQuota: nothing that the quota has no room for.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "host.hpp"
#include "orilla/objects/feed.hpp"
#include "orilla/objects/objects.hpp"

namespace orilla::sim {

class QuotaWatch {
  public:
    QuotaWatch(loop::Loop& loop, objects::Objects& objects, Host& host);
    void start();

  private:
    void quota_changed(const objects::FeedEvent& event);
    template <class T>
    void came(const objects::FeedEvent& event, std::string_view counted);

    loop::Loop& loop_;
    objects::Objects& objects_;
    Host& host_;
    std::map<std::string, int64_t> since_ms_;  ///< by uid: when the quota was seen first in this daemon's life
    objects::Follower quotas_, services_, deployments_;
};

}  // namespace orilla::sim
