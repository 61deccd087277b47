#include "send_budget.hpp"

#include <algorithm>

namespace orilla::http {

SendBudget::Waiting::Waiting(SendBudget& budget, Connection& connection, Unsent unsent)
    : budget_(budget), connection_(connection), unsent_(std::move(unsent)) {
    budget_.count(unsent_);
    place_ = budget_.waiting_.insert(budget_.waiting_.end(), this);
}

SendBudget::Waiting::~Waiting() {
    if (counted_) budget_.forget(*this);
}

void SendBudget::count(const Unsent& unsent) {
    bytes_ += unsent.own_bytes;
    if (!unsent.shared) return;
    Shared& shared = shared_[unsent.shared.get()];
    ++shared.users;
    // Somebody may have taken a part of it already; it is there whole as long as the others wait.
    if (unsent.shared_bytes <= shared.bytes) return;
    bytes_ += unsent.shared_bytes - shared.bytes;
    shared.bytes = unsent.shared_bytes;
}

void SendBudget::forget(Waiting& waiting) {
    waiting.counted_ = false;
    waiting_.erase(waiting.place_);
    bytes_ -= waiting.unsent_.own_bytes;
    auto found = shared_.find(waiting.unsent_.shared.get());
    if (found == shared_.end() || --found->second.users > 0) return;
    bytes_ -= found->second.bytes;
    shared_.erase(found);
}

std::vector<Connection*> SendBudget::take_excess() {
    std::vector<Connection*> excess;
    while (bytes_ > bytes_max_ && waiting_.size() > 1) {
        auto slowest = std::ranges::find_if(waiting_, [](const Waiting* one) { return one->unsent_.is_watch; });
        if (slowest == waiting_.end()) slowest = waiting_.begin();
        excess.push_back(&(*slowest)->connection_);
        forget(**slowest);
    }
    return excess;
}

}  // namespace orilla::http
