#include "pull_places.hpp"

#include <iterator>

namespace orilla::images {

std::optional<size_t> plan_next_pull(const std::vector<std::string>& waiting, const std::map<std::string, int>& running,
                                     const PullPlacesConfig& config) {
    int free = config.places;
    for (const auto& [registry, pulls] : running) free -= pulls;
    std::optional<size_t> next;
    int fewest = 0;
    for (size_t i = 0; free > 0 && i < waiting.size(); ++i) {
        const auto found = running.find(waiting[i]);
        const int own = found == running.end() ? 0 : found->second;
        const bool may = own == 0 || (own < config.per_registry_max && free > config.kept_for_others);
        if (!may || (next && own >= fewest)) continue;
        next = i;
        fewest = own;
    }
    return next;
}

/// A place in the queue, also when whoever waits is cancelled.
class PullPlaces::Ticket {
  public:
    Ticket(PullPlaces& places, const std::string& registry)
        : places_(places), at_(places.waiting_.insert(places.waiting_.end(), registry)) {}
    ~Ticket() {
        places_.waiting_.erase(at_);
        places_.changed_.notify_all();
    }
    Ticket(const Ticket&) = delete;
    Ticket& operator=(const Ticket&) = delete;
    Queue::const_iterator at() const { return at_; }

  private:
    PullPlaces& places_;
    Queue::iterator at_;
};

bool PullPlaces::is_next(Queue::const_iterator ticket) const {
    const auto next = plan_next_pull({waiting_.begin(), waiting_.end()}, running_, config_);
    return next && std::next(waiting_.begin(), static_cast<std::ptrdiff_t>(*next)) == ticket;
}

loop::Task<Pass> PullPlaces::enter(std::string registry) {
    const Ticket ticket(*this, registry);
    while (!is_next(ticket.at())) co_await changed_.wait();
    ++running_[registry];
    co_return Pass([this, registry] { leave(registry); });
}

void PullPlaces::leave(const std::string& registry) {
    if (--running_[registry] == 0) running_.erase(registry);
    changed_.notify_all();
}

}  // namespace orilla::images
