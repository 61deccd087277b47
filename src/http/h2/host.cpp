#include "h2/host.hpp"

namespace orilla::http {

loop::Task<bool> Http2Host::is_announced(Connection* connection) {
    constexpr std::string_view preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    Connection& it = *connection;
    const ConnectionLimits& limits = it.shared_.limits;
    std::string& begun = it.pending_;
    it.idle_since_ms_ = it.shared_.loop.now_ms();
    it.set_deadline(it.idle_since_ms_ + (it.is_let_in() ? limits.idle_ms_max : limits.stranger_ms_max));
    while (begun.size() < preface.size() && preface.starts_with(begun)) {
        const IoResult result = it.transport_.try_read(it.shared_.read_buffer.get(), Connection::read_bytes);
        if (result.state == IoState::closed) break;
        if (result.state == IoState::done) begun.append(it.shared_.read_buffer.get(), result.bytes);
        else co_await it.transport_.watch().readable();
        if (begun.empty() || it.idle_since_ms_ < 0) continue;
        it.idle_since_ms_ = -1;
        it.set_deadline(it.shared_.loop.now_ms() + limits.head_ms_max);
    }
    co_return begun.starts_with(preface);
}

void Http2Host::describe(Request& request) const {
    request.caller = connection_.caller_.get();
    request.is_secure = connection_.transport_.encrypted();
    request.client = connection_.origin_.client;
    request.server_name = connection_.server_name_;
    request.tag = connection_.origin_.options.tag;
}

/// Without streams it may be late as a whole.
void Http2Host::note_idle(bool is_idle) {
    const ConnectionLimits& limits = connection_.shared_.limits;
    const int64_t now_ms = connection_.shared_.loop.now_ms();
    const int64_t idle_ms_max = connection_.is_let_in() ? limits.idle_ms_max : limits.stranger_ms_max;
    connection_.idle_since_ms_ = is_idle ? now_ms : -1;
    connection_.set_deadline(is_idle ? now_ms + idle_ms_max : INT64_MAX);
}

loop::Task<Result<void>> Http2Host::write(std::string_view bytes) {
    auto writing = connection_.sender_.write_all(bytes, {}, nullptr);
    if (!co_await std::move(writing)) co_return Error(Code::unavailable, "the client has closed the connection");
    co_return ok();
}

/// As far as that goes without waiting: the client hears that nothing it asked for is lost.
void Http2Host::say_goodbye() {
    if (connection_.sender_.deadline_ms() != INT64_MAX) return;  // in the middle of a frame
    const std::string last = server_.last_words();
    connection_.transport_.try_write(last, {});
}

}  // namespace orilla::http
