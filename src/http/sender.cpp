#include "sender.hpp"

#include <algorithm>
#include <utility>

#include "connection_shared.hpp"
#include "transport.hpp"

namespace orilla::http {

/// The client does not take its bytes: from now on they count, and may be what somebody has to go for.
void Sender::wait_for_client(std::optional<SendBudget::Waiting>& waiting, SendBudget::Unsent unsent) {
    if (waiting) return;
    waiting.emplace(shared_.unsent, connection_, std::move(unsent));
    for (Connection* slowest : shared_.unsent.take_excess()) {
        ++shared_.counters.slow_ended;
        shared_.owner.retire(*slowest);
    }
}

/// As far as that goes without waiting.
Sender::Sent Sender::try_write_all(std::string_view& first, std::string_view& second) {
    while (!first.empty() || !second.empty()) {
        const IoResult result = transport_.try_write(first, second);
        // TLS without renegotiation never has to read in order to write.
        if (result.state == IoState::closed || result.state == IoState::wants_read) return Sent::broken;
        if (result.state == IoState::wants_write) return Sent::some;
        const size_t of_first = std::min(result.bytes, first.size());
        first.remove_prefix(of_first);
        second.remove_prefix(result.bytes - of_first);
    }
    return Sent::all;
}

/// Takes bytes until everything is with the kernel. `shared` owns `second` when others may be sent it, too.
loop::Task<bool> Sender::write_all(std::string_view first, std::string_view second, std::shared_ptr<const void> shared) {
    SendBudget::Unsent unsent{first.size(), std::move(shared), second.size(), is_watch};
    if (!unsent.shared) unsent.own_bytes += second.size();
    std::optional<SendBudget::Waiting> waiting;
    for (;;) {
        const Sent sent = try_write_all(first, second);
        if (sent != Sent::some) co_return sent == Sent::all;
        deadline_ms_ = shared_.loop.now_ms() + shared_.limits.write_stall_ms_max;
        shared_.owner.note_deadline(deadline_ms_);
        wait_for_client(waiting, unsent);
        co_await transport_.watch().writable();
        deadline_ms_ = INT64_MAX;
    }
}

}  // namespace orilla::http
