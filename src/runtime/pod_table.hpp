// The pods of this node by id, and who hears of their changes.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "pod_entry.hpp"

namespace orilla::runtime {

class PodTable {
  public:
    PodTable(loop::Loop& loop, std::string run_dir) : loop_(loop), run_dir_(std::move(run_dir)) {}

    /// Each pod's own, below the run directory.
    std::string dir(const std::string& pod_id) const { return run_dir_ + "/" + pod_id; }
    PodPtr add(const std::string& pod_id);
    void remove(const std::string& pod_id) { pods_.erase(pod_id); }
    /// Null when there is none.
    PodPtr find(const std::string& pod_id) const;
    /// One in which something can be started.
    Result<PodPtr> find_alive(const std::string& pod_id) const;
    const std::map<std::string, PodPtr>& all() const { return pods_; }
    std::vector<PodState> states() const;
    /// Whether some pod's cgroup is this one or lies below it.
    bool wants_cgroup(const std::string& path) const;
    /// Whether it is the writable layer of a container, or becomes one.
    bool wants_scratch(const std::string& path) const;

    void on_change(std::function<void(const std::string&)> listener) { listener_ = std::move(listener); }
    void tell(const std::string& pod_id) const;

  private:
    loop::Loop& loop_;
    const std::string run_dir_;
    std::map<std::string, PodPtr> pods_;
    std::function<void(const std::string&)> listener_;
};

}  // namespace orilla::runtime
