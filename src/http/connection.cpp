#include "connection.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "framing.hpp"
#include "orilla/base/text.hpp"
#include "proxy_header.hpp"

#include "h2/host.hpp"

namespace orilla::http {

namespace {
/// A client that never makes us wait must not keep the loop to itself.
constexpr unsigned requests_per_turn_max = 32;
constexpr size_t kept_out_bytes_max = 32 * 1024;
constexpr size_t spare_works_max = 32;
constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";

/// A socket that is closed with unread bytes resets, and the client would lose the answer: read on for a moment.
loop::Task<void> read_rest(ConnectionShared* shared, Transport* transport) {
    size_t bytes = 0;
    while (bytes < shared->limits.linger_bytes_max) {
        const IoResult result = transport->try_read(shared->read_buffer.get(), connection_read_bytes);
        if (result.state == IoState::closed) co_return;
        bytes += result.bytes;
        if (result.state == IoState::wants_read) co_await transport->watch().readable();
        if (result.state == IoState::wants_write) co_return;
    }
}

/// Whoever does not send one is not the balancer, and is not spoken to.
loop::Task<bool> read_proxy_header(ConnectionShared* shared, Transport* transport, std::string* client) {
    for (size_t seen = 0;;) {
        const IoResult result = transport->try_peek(shared->read_buffer.get(), proxy_header_bytes_max);
        if (result.state == IoState::closed) co_return false;
        if (result.state == IoState::wants_read || result.bytes == seen) {
            if (transport->watch().hung_up()) co_return false;  // it has sent all that it ever will
            co_await transport->watch().readable();
            continue;
        }
        seen = result.bytes;
        const auto parsed = parse_proxy_header({shared->read_buffer.get(), seen});
        if (!parsed) co_return false;
        if (!*parsed) continue;
        transport->skip((*parsed)->bytes);
        if (!(*parsed)->client.empty()) *client = (*parsed)->client;
        co_return true;
    }
}
}  // namespace

Connection::Connection(Shared& shared, UniqueFd fd, TlsContext* tls, CallerPtr caller, Origin origin)
    : shared_(shared),
      transport_(shared.loop, std::move(fd), tls),
      caller_(std::move(caller)),
      origin_(std::move(origin)),
      sender_(shared, transport_, *this),
      writer_(shared, sender_, *this),
      scope_(shared.loop) {
    if (shared_.limits.ends_with_client) transport_.watch().tell_hang_up(this);
}

Connection::~Connection() {
    transport_.watch().tell_hang_up(nullptr);
    scope_.cancel();
    end_work();
}

void Connection::begin_work() {
    if (work_) return;
    if (shared_.spare.empty()) {
        work_ = std::make_unique<Work>(shared_.limits.parser, &shared_.bodies);
    } else {
        work_ = std::move(shared_.spare.back());
        shared_.spare.pop_back();
    }
    parser().ask(this);
    Request& request = parser().request();
    request.caller = caller_.get();
    request.is_secure = transport_.encrypted();
    request.client = origin_.client;
    request.server_name = server_name_;
    request.tag = origin_.options.tag;
}

void Connection::end_work() {
    if (!work_) return;
    parser().ask(nullptr);
    parser().next();
    if (work_->out.capacity() > kept_out_bytes_max) std::string().swap(work_->out);
    if (shared_.spare.size() < spare_works_max) shared_.spare.push_back(std::move(work_));
    work_.reset();
}

loop::Task<void> Connection::serve() {
    bool going = true;
    if (origin_.options.reads_proxy_protocol) {
        set_deadline(shared_.loop.now_ms() + shared_.limits.handshake_ms_max);
        AWAIT(going, read_proxy_header(&shared_, &transport_, &origin_.client));
    }
    if (going && transport_.encrypted()) {
        AWAIT(going, prepare());
    }
    bool is_http_2 = going && transport_.chose_http_2();
    if (going && may_speak_http_2_) {
        AWAIT(is_http_2, Http2Host::is_announced(this));
    }
    if (is_http_2) {
        other_ = std::make_unique<Http2Host>(*this);
        AWAIT_VOID(other_->run());
        going = false;
    }
    while (going) {
        begin_request();
        IoState state = IoState::done;
        while (state != IoState::closed && !is_request_here()) {
            if (work_ && parser().state() == RequestParser::State::body && parser().wants_continue()) {
                parser().continue_sent();
                AWAIT(const bool asked, sender_.write_all(go_on, {}, nullptr));
                if (!asked) break;
            }
            state = read_step();
            // Between requests it is one of many that wait, and holds as little as it can.
            if (state == IoState::wants_read && seen_ == RequestParser::State::idle) end_work();
            if (state == IoState::wants_read) co_await transport_.watch().readable();
            if (state == IoState::wants_write) co_await transport_.watch().writable();
        }
        if (!is_request_here()) break;
        AWAIT(going, answer_request());
        is_handling_ = false;
        if (++turns_ % requests_per_turn_max == 0) co_await shared_.loop.yield();
    }
    transport_.shut_down();
    if (unread_) {
        set_deadline(shared_.loop.now_ms() + shared_.limits.linger_ms_max);
        AWAIT_VOID(read_rest(&shared_, &transport_));
    }
    shared_.owner.retire(*this);
}

/// Before the first request.
loop::Task<bool> Connection::prepare() {
    set_deadline(shared_.loop.now_ms() + shared_.limits.handshake_ms_max);
    for (;;) {
        const IoResult result = transport_.try_handshake();
        if (result.state == IoState::done) break;
        if (result.state == IoState::closed) co_return false;
        if (result.state == IoState::wants_read) co_await transport_.watch().readable();
        else co_await transport_.watch().writable();
    }
    server_name_ = transport_.server_name();
    caller_ = shared_.handler.identify(transport_.peer());
    if (!shared_.owner.identified(*this)) is_refused_ = true;
    co_return true;
}

// ---- reading ---------------------------------------------------------------------------------------------------------

/// Bytes that arrived behind the last request.
void Connection::feed_pending() {
    if (pending_.empty()) return;
    begin_work();
    const size_t used = parser().feed(pending_);
    pending_.erase(0, used);
    if (pending_.empty() && pending_.capacity() > kept_out_bytes_max) pending_.shrink_to_fit();
}

/// Tries once to read on.
IoState Connection::read_step() {
    const IoResult result = transport_.try_read(shared_.read_buffer.get(), read_bytes);
    if (result.state != IoState::done) return result.state;
    begin_work();
    const std::string_view bytes(shared_.read_buffer.get(), result.bytes);
    const size_t used = parser().feed(bytes);
    pending_.append(bytes.substr(used));
    return IoState::done;
}

void Connection::begin_request() {
    if (work_) {
        parser().next();
        if (work_->out.capacity() > kept_out_bytes_max) std::string().swap(work_->out);
    }
    seen_ = RequestParser::State::idle;
    feed_pending();
    // Lazily: a request that arrives in one piece never touches a deadline but this one.
    const int64_t now_ms = shared_.loop.now_ms();
    if (!work_ || parser().state() == RequestParser::State::idle) idle_since_ms_ = now_ms;
    set_deadline(now_ms + (is_let_in() ? shared_.limits.idle_ms_max : shared_.limits.stranger_ms_max));
}

/// A request, whole, malformed or to be streamed, or a head that will not be let in.
bool Connection::is_request_here() {
    using State = RequestParser::State;
    if (!work_) return false;
    const State state = parser().state();
    if (state == State::complete || state == State::failed || state == State::streaming ||
        (state == State::body && !is_let_in())) {
        deadline_ms_ = INT64_MAX;
        idle_since_ms_ = -1;
        return true;
    }
    if (state != seen_) note_progress();
    return false;
}

// ---- a body that streams ---------------------------------------------------------------------------------------------

/// What a Handler sees of a request's body.
class Connection::IncomingBody final : public BodyStream {
  public:
    explicit IncomingBody(Connection& connection) : connection_(connection) {}
    std::optional<uint64_t> length() const override { return connection_.parser().length(); }
    bool ended() const override { return connection_.parser().state() == RequestParser::State::complete; }
    void take_ready(std::string* out) override { connection_.take_pending(out); }
    const Headers& trailers() const override {
        if (!trailers_ && ended()) trailers_ = connection_.parser().trailers();
        return trailers_ ? *trailers_ : BodyStream::trailers();
    }
    loop::Task<Result<bool>> next(std::string* out) override {
        using State = RequestParser::State;
        const size_t before = out->size();
        RequestParser& parser = connection_.parser();
        Shared& shared = connection_.shared_;
        for (;;) {
            connection_.take_pending(out);
            if (out->size() > before) co_return true;
            if (parser.state() == State::complete) co_return false;
            if (parser.state() == State::failed) co_return Error(Code::bad_request, std::string(parser.error_text()));
            if (!let_go_on()) co_return gone();
            const IoResult result = connection_.transport_.try_read(shared.read_buffer.get(), read_bytes);
            if (result.state == IoState::closed) co_return gone();
            if (result.state == IoState::done) {
                const std::string_view bytes(shared.read_buffer.get(), result.bytes);
                connection_.pending_.append(bytes.substr(parser.feed_stream(bytes, out)));
                continue;
            }
            connection_.set_deadline(shared.loop.now_ms() + shared.limits.body_ms_max);
            if (result.state == IoState::wants_read) co_await connection_.transport_.watch().readable();
            else co_await connection_.transport_.watch().writable();
            connection_.set_deadline(INT64_MAX);
        }
    }

  private:
    static Error gone() { return Error(Code::unavailable, "the client has gone before the end of its request"); }
    /// Once the answer has begun it says by itself what becomes of the body.
    bool let_go_on() {
        RequestParser& parser = connection_.parser();
        if (!parser.wants_continue() || connection_.writer_.has_begun()) return true;
        parser.continue_sent();
        std::string_view text = go_on;
        std::string_view nothing;
        return connection_.sender_.try_write_all(text, nothing) == Sender::Sent::all;
    }

    Connection& connection_;
    mutable std::optional<Headers> trailers_;
};

/// Of the body, what has been read already.
void Connection::take_pending(std::string* out) {
    if (pending_.empty()) return;
    const size_t used = parser().feed_stream(pending_, out);
    pending_.erase(0, used);
    if (pending_.empty() && pending_.capacity() > kept_out_bytes_max) pending_.shrink_to_fit();
}

/// Nobody wants it: what is here already is taken, so that a short body costs no connection. A client that waits for leave to
/// send it may do so or not, and what comes next would be either.
void Connection::drop_rest_of_body() {
    using State = RequestParser::State;
    if (parser().state() == State::streaming && !parser().wants_continue()) {
        std::string dropped;
        take_pending(&dropped);
        if (parser().state() == State::streaming) {
            const IoResult result = transport_.try_read(shared_.read_buffer.get(), read_bytes);
            const std::string_view bytes(shared_.read_buffer.get(), result.state == IoState::done ? result.bytes : 0);
            dropped.clear();
            pending_.append(bytes.substr(parser().feed_stream(bytes, &dropped)));
        }
    }
    if (parser().state() == State::complete) return;
    writer_.keep_alive = false;
    unread_ = true;
}

// ---- answering -------------------------------------------------------------------------------------------------------

/// The last answer of a connection.
loop::Task<bool> Connection::answer_http_error(int status, std::string text) {
    writer_.keep_alive = false;
    unread_ = parser().state() != RequestParser::State::complete;  // then more may still be on the way
    Response response = shared_.handler.render_http_error(status, text);
    CO_RETURN_AWAIT(writer_.write_response(&response));
}

loop::Task<bool> Connection::answer_request() {
    ++shared_.counters.requests;
    writer_.start(&work_->out);
    if (parser().state() == RequestParser::State::failed) {
        CO_RETURN_AWAIT(answer_http_error(parser().error_status(), std::string(parser().error_text())));
    }
    Request& request = parser().request();
    if (request.protocol == Protocol::http_1_1) request.interim = this;
    writer_.heed(request);
    if (is_refused_) {
        CO_RETURN_AWAIT(answer_http_error(429, "too many connections, please try again later"));
    }
    if (!caller_->admitted) {
        writer_.keep_alive = false;
        unread_ = parser().state() != RequestParser::State::complete;  // its body may still be on the way
        Response response = shared_.handler.refuse(request);
        CO_RETURN_AWAIT(writer_.write_response(&response));
    }
    is_handling_ = !transport_.watch().hung_up();
    if (parser().state() == RequestParser::State::complete) {
        CO_RETURN_AWAIT(answer_handled(nullptr));
    }
    IncomingBody body(*this);
    request.body_stream = &body;
    AWAIT(const bool kept, answer_handled(&body));
    request.body_stream = nullptr;
    co_return kept;
}

loop::Task<bool> Connection::answer_handled(BodyStream* body) {
    AWAIT(Response response, shared_.handler.handle(parser().request()));
    if (response.close) writer_.keep_alive = false;
    if (body && !response.body_stream && !response.upgrade) drop_rest_of_body();
    bool kept = false;
    if (response.body_stream || response.stream || response.upgrade) {
        AWAIT(kept, send_response(&response));
    } else {
        AWAIT(kept, writer_.write_response(&response));
    }
    response.body_stream.reset();  // it may still be reading
    if (body && kept) drop_rest_of_body();
    unread_ = unread_ || parser().state() != RequestParser::State::complete;
    co_return kept&& writer_.keep_alive;
}

/// What is more than a text.
loop::Task<bool> Connection::send_response(Response* response) {
    if (response->body_stream) {
        CO_RETURN_AWAIT(writer_.write_body_stream(response));
    }
    const bool streams = response->stream && !writer_.is_to_head();
    if (((streams && response->is_watch) || response->upgrade) && !shared_.owner.begin_watch(*this)) {
        CO_RETURN_AWAIT(answer_http_error(429, "too many watches, please try again later"));
    }
    if (response->upgrade) {
        CO_RETURN_AWAIT(hand_over(response));
    }
    if (streams) {
        CO_RETURN_AWAIT(writer_.write_stream(response));
    }
    CO_RETURN_AWAIT(writer_.write_response(response));
}

/// Heads before the answer's.
loop::Task<Result<void>> Connection::send(int status, std::string headers) {
    if (writer_.has_begun()) co_return Error(Code::internal, "an interim answer came behind the answer");
    std::string text;
    append_status_line(text, status);
    text += "\r\n";
    text += headers;
    text += "\r\n";
    AWAIT(const bool written, sender_.write_all(text, {}, nullptr));
    if (!written) co_return Error(Code::unavailable, "the client has closed the connection");
    co_return ok();
}

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

// ---- another protocol ------------------------------------------------------------------------------------------------

/// What an upgrade sees of its connection.
class Connection::Upgraded final : public Duplex {
  public:
    explicit Upgraded(Connection& connection) : connection_(connection) {}
    loop::Task<Result<size_t>> read(char* buffer, size_t size) override { return connection_.read_upgraded(buffer, size); }
    loop::Task<Result<void>> write(std::string_view bytes) override {
        auto writing = connection_.sender_.write_all(bytes, {}, nullptr);
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
loop::Task<bool> Connection::hand_over(Response* response) {
    sender_.is_watch = true;
    writer_.render_head(*response, BodyKind::none, {});
    auto head = sender_.write_all(work_->out, {}, nullptr);
    if (!co_await std::move(head)) co_return false;
    Upgraded upgraded(*this);
    AWAIT_VOID(response->upgrade->run(upgraded));
    unread_ = true;  // what the client has still sent must not take the last words along
    shared_.owner.end_watch(*this);
    sender_.is_watch = false;
    co_return false;
}

}  // namespace orilla::http
