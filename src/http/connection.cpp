#include "connection.hpp"

#include <fmt/core.h>
#include <charconv>

namespace orilla::http {

namespace {
constexpr size_t inline_body_bytes_max = 32 * 1024;  ///< smaller bodies are copied behind the head: one piece to send
/// A client that never makes us wait must not keep the loop to itself.
constexpr unsigned requests_per_turn_max = 32;
constexpr unsigned pieces_per_turn_max = 8;
constexpr size_t kept_out_bytes_max = 32 * 1024;
constexpr int64_t clock_is_set_from_s = 1'577'836'800;  // 2020: before that this program was not there

std::string_view status_text(int status) {
    switch (status) {
        case 101: return "101 Switching Protocols";
        case 200: return "200 OK";
        case 201: return "201 Created";
        case 202: return "202 Accepted";
        case 301: return "301 Moved Permanently";
        case 304: return "304 Not Modified";
        case 400: return "400 Bad Request";
        case 401: return "401 Unauthorized";
        case 403: return "403 Forbidden";
        case 404: return "404 Not Found";
        case 405: return "405 Method Not Allowed";
        case 406: return "406 Not Acceptable";
        case 409: return "409 Conflict";
        case 410: return "410 Gone";
        case 413: return "413 Content Too Large";
        case 414: return "414 URI Too Long";
        case 415: return "415 Unsupported Media Type";
        case 417: return "417 Expectation Failed";
        case 422: return "422 Unprocessable Entity";
        case 429: return "429 Too Many Requests";
        case 431: return "431 Request Header Fields Too Large";
        case 500: return "500 Internal Server Error";
        case 501: return "501 Not Implemented";
        case 503: return "503 Service Unavailable";
        case 504: return "504 Gateway Timeout";
        case 505: return "505 HTTP Version Not Supported";
        default: return {};
    }
}

void append_number(std::string& out, uint64_t number, int base = 10) {
    char digits[24];
    const auto end = std::to_chars(digits, digits + sizeof digits, number, base).ptr;
    out.append(digits, end);
}
}  // namespace

const std::string& DateLine::at(int64_t wall_s) {
    if (wall_s == made_at_s_) return text_;
    made_at_s_ = wall_s;
    text_ = wall_s < clock_is_set_from_s ? std::string() : fmt::format("Date: {}\r\n", render_http_date(wall_s));
    return text_;
}

Connection::Connection(Shared& shared, UniqueFd fd, TlsContext* tls, CallerPtr caller)
    : shared_(shared),
      transport_(shared.loop, std::move(fd), tls),
      caller_(std::move(caller)),
      parser_(shared.limits.parser, &shared.bodies),
      scope_(shared.loop) {}

Connection::~Connection() = default;

void Connection::start() { scope_.spawn(serve()); }

void Connection::set_deadline(int64_t deadline_ms) {
    deadline_ms_ = deadline_ms;
    if (deadline_ms != INT64_MAX) shared_.owner.note_deadline(deadline_ms);
}

loop::Task<void> Connection::serve() {
    bool going = true;
    if (transport_.encrypted()) {
        AWAIT(going, shake_hands());
    }
    while (going) {
        auto reading = read_request();
        if (!co_await std::move(reading)) break;
        AWAIT(going, answer_request());
        if (++turns_ % requests_per_turn_max == 0) co_await shared_.loop.yield();
    }
    transport_.shut_down();
    if (unread_) {
        AWAIT_VOID(linger());
    }
    shared_.owner.retire(*this);
}

/// A socket that is closed with unread bytes resets, and the client would lose the answer: read on for a moment.
loop::Task<void> Connection::linger() {
    set_deadline(shared_.loop.now_ms() + shared_.limits.linger_ms_max);
    size_t bytes = 0;
    while (bytes < shared_.limits.linger_bytes_max) {
        const IoResult result = transport_.try_read(shared_.read_buffer.get(), read_bytes);
        if (result.state == IoState::closed) co_return;
        bytes += result.bytes;
        if (result.state == IoState::wants_read) co_await transport_.watch().readable();
        if (result.state == IoState::wants_write) co_return;
    }
}

loop::Task<bool> Connection::shake_hands() {
    set_deadline(shared_.loop.now_ms() + shared_.limits.handshake_ms_max);
    for (;;) {
        const IoResult result = transport_.try_handshake();
        if (result.state == IoState::done) break;
        if (result.state == IoState::closed) co_return false;
        if (result.state == IoState::wants_read) co_await transport_.watch().readable();
        else co_await transport_.watch().writable();
    }
    caller_ = shared_.handler.identify(transport_.peer());
    if (!shared_.owner.identified(*this)) is_refused_ = true;
    co_return true;
}

// ---- reading ---------------------------------------------------------------------------------------------------------

/// Bytes that arrived behind the last request.
void Connection::feed_pending() {
    if (pending_.empty()) return;
    const size_t used = parser_.feed(pending_);
    pending_.erase(0, used);
    if (pending_.empty() && pending_.capacity() > kept_out_bytes_max) pending_.shrink_to_fit();
}

/// False when the client is gone.
loop::Task<bool> Connection::read_some() {
    for (;;) {
        const IoResult result = transport_.try_read(shared_.read_buffer.get(), read_bytes);
        if (result.state == IoState::done) {
            const std::string_view bytes(shared_.read_buffer.get(), result.bytes);
            const size_t used = parser_.feed(bytes);
            pending_.append(bytes.substr(used));
            co_return true;
        }
        if (result.state == IoState::closed) co_return false;
        if (result.state == IoState::wants_read) co_await transport_.watch().readable();
        else co_await transport_.watch().writable();
    }
}

/// True with a request, whole or malformed, or with a head that will not be let in; false when the connection is over.
loop::Task<bool> Connection::read_request() {
    using State = RequestParser::State;
    const ConnectionLimits& limits = shared_.limits;
    parser_.next();
    feed_pending();
    State before = State::idle;
    // Lazily: a request that arrives in one piece never touches a deadline but this one.
    if (parser_.state() == State::idle) idle_since_ms_ = shared_.loop.now_ms();
    set_deadline(shared_.loop.now_ms() + (is_let_in() ? limits.idle_ms_max : limits.stranger_ms_max));
    for (;;) {
        const State state = parser_.state();
        if (state == State::complete || state == State::failed) break;
        if (state != State::idle) idle_since_ms_ = -1;
        if (state == State::body && !is_let_in()) break;
        if (parser_.wants_continue()) {
            parser_.continue_sent();
            auto writing = write_all("HTTP/1.1 100 Continue\r\n\r\n", {}, nullptr);
            if (!co_await std::move(writing)) co_return false;
        }
        if (state != before && state == State::head) set_deadline(shared_.loop.now_ms() + limits.head_ms_max);
        if (state != before && state == State::body) set_deadline(shared_.loop.now_ms() + limits.body_ms_max);
        before = state;
        auto reading = read_some();
        if (!co_await std::move(reading)) co_return false;
    }
    deadline_ms_ = INT64_MAX;
    idle_since_ms_ = -1;
    co_return true;
}

// ---- answering -------------------------------------------------------------------------------------------------------

/// The last answer of a connection.
loop::Task<bool> Connection::answer_http_error(int status, std::string text) {
    keep_alive_ = false;
    unread_ = parser_.state() != RequestParser::State::complete;  // then more may still be on the way
    CO_RETURN_AWAIT(write_response(shared_.handler.render_http_error(status, text)));
}

loop::Task<bool> Connection::answer_request() {
    ++shared_.counters.requests;
    is_head_ = false;
    if (parser_.state() == RequestParser::State::failed) {
        CO_RETURN_AWAIT(answer_http_error(parser_.error_status(), std::string(parser_.error_text())));
    }
    Request& request = parser_.request();
    request.caller = caller_.get();
    keep_alive_ = request.keep_alive;
    is_head_ = request.method == Method::head;
    if (is_refused_) {
        CO_RETURN_AWAIT(answer_http_error(429, "too many connections, please try again later"));
    }
    if (!caller_->admitted) {
        keep_alive_ = false;
        unread_ = parser_.state() != RequestParser::State::complete;  // its body may still be on the way
        CO_RETURN_AWAIT(write_response(shared_.handler.refuse(request)));
    }
    AWAIT(Response response, shared_.handler.handle(request));
    if (response.close) keep_alive_ = false;
    const bool streams = response.stream && !is_head_;
    if (((streams && response.is_watch) || response.upgrade) && !shared_.owner.begin_watch(*this)) {
        CO_RETURN_AWAIT(answer_http_error(429, "too many watches, please try again later"));
    }
    if (response.upgrade) {
        CO_RETURN_AWAIT(hand_over(std::move(response)));
    }
    if (streams) {
        CO_RETURN_AWAIT(write_stream(std::move(response)));
    }
    CO_RETURN_AWAIT(write_response(std::move(response)));
}

void Connection::render_head(const Response& response, bool chunked) {
    ++shared_.counters.answers_by_class[response.status / 100 % 6];
    out_.clear();
    out_ += "HTTP/1.1 ";
    if (const auto text = status_text(response.status); !text.empty()) out_ += text;
    else append_number(out_, static_cast<uint64_t>(response.status));
    if (!response.content_type.empty() && !response.upgrade) {
        out_ += "\r\nContent-Type: ";
        out_ += response.content_type;
    }
    if (chunked) {
        out_ += "\r\nTransfer-Encoding: chunked";
    } else if (!response.stream && response.status != 304 && !response.upgrade) {
        out_ += "\r\nContent-Length: ";
        append_number(out_, response.content().size());
    }
    if (response.upgrade) out_ += "\r\nConnection: Upgrade";
    else if (!keep_alive_) out_ += "\r\nConnection: close";
    else if (parser_.request().protocol == Protocol::http_1_0)
        out_ += "\r\nConnection: keep-alive";  // it would take us to close
    out_ += "\r\n";
    out_ += shared_.date.at(shared_.loop.clock().wall_s());
    out_ += response.headers;
    out_ += "\r\n";
}

loop::Task<bool> Connection::write_response(Response response) {
    render_head(response, false);
    std::string_view content = is_head_ ? std::string_view() : response.content();
    if (content.size() <= inline_body_bytes_max) {
        out_ += content;
        content = {};
    }
    AWAIT(const bool written, write_all(out_, content, response.keep));
    if (out_.capacity() > kept_out_bytes_max) std::string().swap(out_);
    co_return written&& keep_alive_;
}

/// The client does not take its bytes: from now on they count, and may be what somebody has to go for.
void Connection::wait_for_client(std::optional<SendBudget::Waiting>& waiting, SendBudget::Unsent unsent) {
    if (waiting) return;
    waiting.emplace(shared_.unsent, *this, std::move(unsent));
    for (Connection* slowest : shared_.unsent.take_excess()) {
        ++shared_.counters.slow_ended;
        shared_.owner.retire(*slowest);
    }
}

/// Takes bytes until everything is with the kernel. `shared` owns `second` when others may be sent it, too.
loop::Task<bool> Connection::write_all(std::string_view first, std::string_view second, std::shared_ptr<const void> shared) {
    const int64_t deadline_before = deadline_ms_;
    SendBudget::Unsent unsent{first.size(), std::move(shared), second.size(), is_watching_};
    if (!unsent.shared) unsent.own_bytes += second.size();
    std::optional<SendBudget::Waiting> waiting;
    while (!first.empty() || !second.empty()) {
        const IoResult result = transport_.try_write(first, second);
        if (result.state == IoState::closed) co_return false;
        if (result.state == IoState::done) {
            const size_t of_first = std::min(result.bytes, first.size());
            first.remove_prefix(of_first);
            second.remove_prefix(result.bytes - of_first);
            continue;
        }
        // TLS without renegotiation never has to read in order to write.
        if (result.state == IoState::wants_read) co_return false;
        set_deadline(shared_.loop.now_ms() + shared_.limits.write_stall_ms_max);
        wait_for_client(waiting, unsent);
        co_await transport_.watch().writable();
        deadline_ms_ = deadline_before;
    }
    co_return true;
}

/// Runs beside a stream: nothing else reads then, and a client that is gone must not be waited for.
loop::Task<void> Connection::watch_for_hang_up() {
    for (;;) {
        const IoResult result = transport_.try_read(shared_.read_buffer.get(), read_bytes);
        if (result.state == IoState::wants_read || result.state == IoState::wants_write) {
            co_await transport_.watch().readable();
            continue;
        }
        if (result.state == IoState::done) pending_.append(shared_.read_buffer.get(), result.bytes);
        if (result.state != IoState::done || pending_.size() > shared_.limits.pipelined_bytes_max) break;
    }
    shared_.owner.retire(*this);
}

/// A shared text is not copied behind the rest: it goes out from where it is.
loop::Task<bool> Connection::write_piece(std::string* piece, std::shared_ptr<const std::string> shared, bool chunked) {
    const std::string_view text = shared ? std::string_view(*shared) : std::string_view();
    out_.clear();
    if (chunked) {
        append_number(out_, piece->size() + text.size(), 16);
        out_ += "\r\n";
        if (!shared) *piece += "\r\n";
    }
    if (!shared) {
        CO_RETURN_AWAIT(write_all(out_, *piece, nullptr));
    }
    out_ += *piece;
    auto writing = write_all(out_, text, shared);
    if (!co_await std::move(writing)) co_return false;
    CO_RETURN_AWAIT(write_all(chunked ? "\r\n" : "", {}, nullptr));
}

/// Mid-stream there is no way to tell an error but to break off without the last chunk: false.
loop::Task<bool> Connection::write_pieces(Response* response, bool chunked) {
    std::string piece = std::move(response->body);  // what was ready before the stream
    for (bool more = true; more;) {
        if (piece.empty()) {
            AWAIT(const Result<bool> made, response->stream->next(&piece));
            if (!made) co_return false;
            more = made.value();
        }
        auto shared = response->stream->take_shared();
        if (!piece.empty() || shared) {
            auto writing = write_piece(&piece, std::move(shared), chunked);
            if (!co_await std::move(writing)) co_return false;
        }
        // A stream may wait for hours for its next piece.
        if (piece.capacity() > kept_out_bytes_max) std::string().swap(piece);
        if (out_.capacity() > kept_out_bytes_max) std::string().swap(out_);
        piece.clear();
        if (++turns_ % pieces_per_turn_max == 0) co_await shared_.loop.yield();
    }
    co_return true;
}

loop::Task<bool> Connection::write_stream(Response response) {
    // HTTP/1.0 knows no chunks: there the end of the connection is the end of the body.
    const bool chunked = parser_.request().protocol != Protocol::http_1_0;
    if (!chunked) keep_alive_ = false;
    is_watching_ = response.is_watch;
    render_head(response, chunked);
    loop::Scope watcher(shared_.loop);
    watcher.spawn(watch_for_hang_up());
    auto head = write_all(out_, {}, nullptr);
    if (!co_await std::move(head)) co_return false;
    auto pieces = write_pieces(&response, chunked);
    if (!co_await std::move(pieces)) co_return false;
    if (is_watching_) shared_.owner.end_watch(*this);
    is_watching_ = false;
    if (!chunked) co_return false;
    AWAIT(const bool written, write_all("0\r\n\r\n", {}, nullptr));
    co_return written&& keep_alive_;
}

// ---- another protocol ------------------------------------------------------------------------------------------------

/// What an upgrade sees of its connection.
class Connection::Upgraded final : public Duplex {
  public:
    explicit Upgraded(Connection& connection) : connection_(connection) {}
    loop::Task<Result<size_t>> read(char* buffer, size_t size) override { return connection_.read_upgraded(buffer, size); }
    loop::Task<Result<void>> write(std::string_view bytes) override {
        auto writing = connection_.write_all(bytes, {}, nullptr);
        if (!co_await std::move(writing)) co_return Error(Code::unavailable, "the client has closed the connection");
        co_return ok();
    }
    void end_writing() override { connection_.transport_.shut_down(); }

  private:
    Connection& connection_;
};

/// First what came behind the request: a client may speak before it has heard that it may.
loop::Task<Result<size_t>> Connection::read_upgraded(char* buffer, size_t size) {
    if (!pending_.empty()) {
        const size_t count = pending_.copy(buffer, size);
        pending_.erase(0, count);
        co_return count;
    }
    for (;;) {
        const IoResult result = transport_.try_read(buffer, size);
        if (result.state == IoState::done) co_return result.bytes;
        if (result.state == IoState::closed) co_return size_t{0};
        co_await transport_.watch().readable();  // also where TLS wants to write: somebody may be writing
    }
}

/// It is no HTTP connection any more: it ends with what the protocol does on it.
loop::Task<bool> Connection::hand_over(Response response) {
    is_watching_ = true;
    render_head(response, false);
    auto head = write_all(out_, {}, nullptr);
    if (!co_await std::move(head)) co_return false;
    Upgraded upgraded(*this);
    AWAIT_VOID(response.upgrade->run(upgraded));
    unread_ = true;  // what the client has still sent must not take the last words along
    shared_.owner.end_watch(*this);
    is_watching_ = false;
    co_return false;
}

}  // namespace orilla::http
