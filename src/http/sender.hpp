// What goes out over one connection, and how long its client may leave it untaken: from then on it counts against the budget of
// all, and its time runs.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "orilla/loop/task.hpp"
#include "send_budget.hpp"

namespace orilla::http {

class Connection;
class Transport;
struct ConnectionShared;

class Sender {
  public:
    enum class Sent : uint8_t { all, some, broken };

    /// All outlive it.
    Sender(ConnectionShared& shared, Transport& transport, Connection& connection)
        : shared_(shared), transport_(transport), connection_(connection) {}
    Sender(const Sender&) = delete;
    Sender& operator=(const Sender&) = delete;

    /// Both views become what is left.
    Sent try_write_all(std::string_view& first, std::string_view& second);
    /// False when the client is gone.
    loop::Task<bool> write_all(std::string_view first, std::string_view second, std::shared_ptr<const void> shared);
    void wait_for_client(std::optional<SendBudget::Waiting>& waiting, SendBudget::Unsent unsent);
    /// INT64_MAX while nobody is waited for.
    int64_t deadline_ms() const { return deadline_ms_; }

    bool is_watch = false;  ///< what goes out can be asked for again from where it ended

  private:
    ConnectionShared& shared_;
    Transport& transport_;
    Connection& connection_;
    int64_t deadline_ms_ = INT64_MAX;
};

}  // namespace orilla::http
