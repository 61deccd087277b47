// What the clients of all connections together leave unread in our memory. A text that several of them are sent counts
// once, because it is there once. Beyond the budget somebody has to go: of the watches the one that has waited longest,
// for a watch can be opened again where it ended; of the other answers only when there is no watch left.
#pragma once

#include <cstddef>
#include <list>
#include <memory>
#include <unordered_map>
#include <vector>

namespace orilla::http {

class Connection;

class SendBudget {
  public:
    explicit SendBudget(size_t bytes_max) : bytes_max_(bytes_max) {}
    SendBudget(const SendBudget&) = delete;
    SendBudget& operator=(const SendBudget&) = delete;

    struct Unsent {
        size_t own_bytes = 0;                ///< that nobody else holds
        std::shared_ptr<const void> shared;  ///< a text that others may be sent, too
        size_t shared_bytes = 0;
        bool is_watch = false;
    };
    /// An answer, or a piece of one, that waits for its client: counted from the construction on, as long as it lives.
    class Waiting {
      public:
        Waiting(SendBudget& budget, Connection& connection, Unsent unsent);
        ~Waiting();
        Waiting(const Waiting&) = delete;
        Waiting& operator=(const Waiting&) = delete;

      private:
        friend class SendBudget;
        SendBudget& budget_;
        Connection& connection_;
        Unsent unsent_;
        std::list<Waiting*>::iterator place_;
        bool counted_ = true;
    };

    /// Whose answers have to end so that the rest fits. They no longer count; one answer alone always fits.
    std::vector<Connection*> take_excess();
    size_t bytes() const { return bytes_; }

  private:
    void count(const Unsent& unsent);
    void forget(Waiting& waiting);

    struct Shared {
        size_t users = 0;
        size_t bytes = 0;
    };
    size_t bytes_max_;
    size_t bytes_ = 0;
    std::list<Waiting*> waiting_;  ///< who began to wait first comes first
    std::unordered_map<const void*, Shared> shared_;
};

}  // namespace orilla::http
