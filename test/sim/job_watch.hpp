// Watches every Job and CronJob: succeeded never above completions, each pod counted once and none forgotten, no index done
// twice, each start of a schedule made once, and with Forbid one at a time. What clients do to pods is not held against it.
#pragma once

#include <map>
#include <set>
#include <string>

#include "host.hpp"
#include "orilla/objects/feed.hpp"
#include "orilla/objects/objects.hpp"

namespace orilla::sim {

/// What is known of Jobs from one life of the daemon to the next, by their uid.
struct JobHistory {
    struct Seen {
        std::set<std::string> succeeded, failed;  ///< pods that ended while they were tracked
        std::map<int32_t, std::string> indexes;   ///< who did each
        bool disturbed = false;                   ///< a pod was deleted
        bool ended = false;                       ///< and was compared
    };
    std::map<std::string, Seen> jobs;
    std::map<std::string, int64_t> starts;  ///< CronJob's uid and name of the Job: when it was made
};

class JobWatch {
  public:
    JobWatch(loop::Loop& loop, objects::Objects& objects, Host& host, JobHistory& history);
    void start();

  private:
    void job_changed(const objects::FeedEvent& event);
    void pod_changed(const objects::FeedEvent& event);
    void check_start(const api::Job& job);
    void check_count(const api::Job& job);
    void note_end(const api::Pod& pod, JobHistory::Seen& seen);

    loop::Loop& loop_;
    objects::Objects& objects_;
    Host& host_;
    JobHistory& history_;
    bool started_ = false;
    objects::Follower jobs_, pods_;
};

}  // namespace orilla::sim
