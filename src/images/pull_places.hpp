// Who may pull now: so many places in all, and a few for each registry. One that is slow keeps its own places, and leaves
// others a way in: a registry gets a further place only while some stay free for those that have none. Who waits is served in
// the order of coming, the registries with the fewest running pulls first.
#pragma once

#include <list>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "orilla/loop/gate.hpp"

namespace orilla::images {

using loop::Pass;

struct PullPlacesConfig {
    int places = 4;
    int per_registry_max = 2;
    int kept_for_others = 2;  ///< free ones, beyond which a registry gets no further place
};

/// Index of the one to let in next; nothing while all have to wait.
std::optional<size_t> plan_next_pull(const std::vector<std::string>& waiting, const std::map<std::string, int>& running,
                                     const PullPlacesConfig& config);

class PullPlaces {
  public:
    PullPlaces(loop::Loop& loop, PullPlacesConfig config) : changed_(loop), config_(config) {}
    loop::Task<Pass> enter(std::string registry);

  private:
    using Queue = std::list<std::string>;  ///< registries, by who waits
    class Ticket;
    bool is_next(Queue::const_iterator ticket) const;
    void leave(const std::string& registry);

    loop::Event changed_;
    PullPlacesConfig config_;
    Queue waiting_;
    std::map<std::string, int> running_;
};

}  // namespace orilla::images
