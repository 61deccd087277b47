#include "h2/server.hpp"

#include <algorithm>

#include "h2/served.hpp"

namespace orilla::http {

H2Server::H2Server(Connection::Shared& shared, H2Host& host, Duplex& connection)
    : shared_(shared),
      host_(host),
      session_(H2Session::create(H2Session::Role::server, shared.limits.h2, *this)),
      ended_(shared.loop),
      scope_(shared.loop) {
    if (session_)
        pump_ = std::make_unique<H2Pump>(shared.loop, connection, *session_, shared.read_buffer.get(), [this] { moved(); });
}

H2Server::~H2Server() {
    scope_.cancel();
    served_.clear();
}

loop::Task<void> H2Server::run() {
    if (!session_) co_return;
    host_.note_idle(true);
    scope_.spawn(pump_->write());
    scope_.spawn(pump_->read());
    while (!pump_->is_over()) co_await ended_.wait();
    served_.clear();
}

void H2Server::on_head(H2Stream& stream) { fresh_.push_back(&stream); }

/// Bytes have gone in or out. Nobody of the session's is at work here, nor any stream's task.
void H2Server::moved() {
    const bool was_idle = served_.empty();
    for (H2Stream* stream : std::exchange(fresh_, {})) {
        served_.push_back(std::make_unique<Served>(*this, *stream));
        if (!stream->closed) served_.back()->start();
    }
    std::erase_if(served_, [](const auto& one) { return one->is_over(); });
    // A head that was refused on the way is nobody's.
    session_->forget_closed();
    if (was_idle != served_.empty()) host_.note_idle(served_.empty());
    if (!session_->is_in_head()) {
        head_deadline_ms_ = INT64_MAX;
    } else if (head_deadline_ms_ == INT64_MAX) {
        head_deadline_ms_ = shared_.loop.now_ms() + shared_.limits.head_ms_max;
        host_.note_deadline(head_deadline_ms_);
    }
    if (pump_->is_over()) ended_.notify_all();
}

int64_t H2Server::deadline_ms() const {
    int64_t first = head_deadline_ms_;
    for (const auto& one : served_) first = std::min(first, one->deadline_ms());
    return first;
}

bool H2Server::expire(int64_t now_ms) {
    if (head_deadline_ms_ <= now_ms) return true;
    for (const auto& one : served_) one->expire(now_ms);
    return false;
}

std::string H2Server::last_words() {
    constexpr size_t bytes_max = 1024;
    std::string out;
    if (!session_ || pump_->is_over()) return out;
    if (!std::exchange(is_leaving_, true)) session_->go_away(H2Error::none);
    if (!session_->take_output(out, bytes_max)) out.clear();
    return out;
}

void H2Server::go_away() {
    if (!session_ || std::exchange(is_leaving_, true)) return;
    session_->go_away(H2Error::none);
    pump_->wake();
}

}  // namespace orilla::http
