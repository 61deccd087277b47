#include "connection.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "framing.hpp"
#include "orilla/base/text.hpp"
#include "proxy_header.hpp"

#include "h2/host.hpp"

namespace orilla::http {

namespace {
constexpr size_t inline_body_bytes_max = 32 * 1024;  ///< smaller bodies are copied behind the head: one piece to send
/// A client that never makes us wait must not keep the loop to itself.
constexpr unsigned requests_per_turn_max = 32;
constexpr unsigned pieces_per_turn_max = 8;
constexpr size_t kept_out_bytes_max = 32 * 1024;
constexpr size_t spare_works_max = 32;
constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
constexpr int64_t clock_is_set_from_s = 1'577'836'800;  // 2020: before that this program was not there
}  // namespace

const std::string& DateLine::at(int64_t wall_s) {
    if (wall_s == made_at_s_) return text_;
    made_at_s_ = wall_s;
    text_ = wall_s < clock_is_set_from_s ? std::string() : fmt::format("Date: {}\r\n", render_http_date(wall_s));
    return text_;
}

Connection::Connection(Shared& shared, UniqueFd fd, TlsContext* tls, CallerPtr caller, Origin origin)
    : shared_(shared),
      transport_(shared.loop, std::move(fd), tls),
      caller_(std::move(caller)),
      origin_(std::move(origin)),
      scope_(shared.loop) {
    if (shared_.limits.ends_with_client) transport_.watch().tell_hang_up(this);
}

Connection::~Connection() {
    transport_.watch().tell_hang_up(nullptr);
    scope_.cancel();
    end_work();
}

void Connection::start() { scope_.spawn(serve()); }

void Connection::set_deadline(int64_t deadline_ms) {
    deadline_ms_ = deadline_ms;
    if (deadline_ms != INT64_MAX) shared_.owner.note_deadline(deadline_ms);
}

void Connection::set_write_deadline(int64_t deadline_ms) {
    write_deadline_ms_ = deadline_ms;
    shared_.owner.note_deadline(deadline_ms);
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
        AWAIT(going, read_proxy_header());
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
                AWAIT(const bool asked, write_all(go_on, {}, nullptr));
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

/// Whoever does not send one is not the balancer, and is not spoken to.
loop::Task<bool> Connection::read_proxy_header() {
    set_deadline(shared_.loop.now_ms() + shared_.limits.handshake_ms_max);
    for (size_t seen = 0;;) {
        const IoResult result = transport_.try_peek(shared_.read_buffer.get(), proxy_header_bytes_max);
        if (result.state == IoState::closed) co_return false;
        if (result.state == IoState::wants_read || result.bytes == seen) {
            if (transport_.watch().hung_up()) co_return false;  // it has sent all that it ever will
            co_await transport_.watch().readable();
            continue;
        }
        seen = result.bytes;
        const auto parsed = parse_proxy_header({shared_.read_buffer.get(), seen});
        if (!parsed) co_return false;
        if (!*parsed) continue;
        transport_.skip((*parsed)->bytes);
        if (!(*parsed)->client.empty()) origin_.client = (*parsed)->client;
        co_return true;
    }
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
    has_answered_ = false;
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

void Connection::note_progress() {
    using State = RequestParser::State;
    seen_ = parser().state();
    idle_since_ms_ = -1;
    if (seen_ == State::head) set_deadline(shared_.loop.now_ms() + shared_.limits.head_ms_max);
    if (seen_ == State::body) set_deadline(shared_.loop.now_ms() + shared_.limits.body_ms_max);
}

bool Connection::streams_body(Request& request) { return is_let_in() && shared_.handler.streams_body(request); }

void Connection::hung_up() {
    // Whoever ended its side before its request was looked at may be one that says all it has to say at once.
    if (is_handling_ && !is_watching_) shared_.owner.retire(*this);
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
        if (!parser.wants_continue() || connection_.has_answered_) return true;
        parser.continue_sent();
        std::string_view text = go_on;
        std::string_view nothing;
        return connection_.try_write_all(text, nothing) == Sent::all;
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
    keep_alive_ = false;
    unread_ = true;
}

// ---- answering -------------------------------------------------------------------------------------------------------

/// The last answer of a connection.
loop::Task<bool> Connection::answer_http_error(int status, std::string text) {
    keep_alive_ = false;
    unread_ = parser().state() != RequestParser::State::complete;  // then more may still be on the way
    Response response = shared_.handler.render_http_error(status, text);
    CO_RETURN_AWAIT(write_response(&response));
}

loop::Task<bool> Connection::answer_request() {
    ++shared_.counters.requests;
    is_head_ = false;
    if (parser().state() == RequestParser::State::failed) {
        CO_RETURN_AWAIT(answer_http_error(parser().error_status(), std::string(parser().error_text())));
    }
    Request& request = parser().request();
    if (request.protocol == Protocol::http_1_1) request.interim = this;
    keep_alive_ = request.keep_alive;
    is_head_ = request.method == Method::head;
    if (is_refused_) {
        CO_RETURN_AWAIT(answer_http_error(429, "too many connections, please try again later"));
    }
    if (!caller_->admitted) {
        keep_alive_ = false;
        unread_ = parser().state() != RequestParser::State::complete;  // its body may still be on the way
        Response response = shared_.handler.refuse(request);
        CO_RETURN_AWAIT(write_response(&response));
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
    if (response.close) keep_alive_ = false;
    if (body && !response.body_stream && !response.upgrade) drop_rest_of_body();
    bool kept = false;
    if (response.body_stream || response.stream || response.upgrade) {
        AWAIT(kept, send_response(&response));
    } else {
        AWAIT(kept, write_response(&response));
    }
    response.body_stream.reset();  // it may still be reading
    if (body && kept) drop_rest_of_body();
    unread_ = unread_ || parser().state() != RequestParser::State::complete;
    co_return kept&& keep_alive_;
}

/// What is more than a text.
loop::Task<bool> Connection::send_response(Response* response) {
    if (response->body_stream) {
        CO_RETURN_AWAIT(write_body_stream(response));
    }
    const bool streams = response->stream && !is_head_;
    if (((streams && response->is_watch) || response->upgrade) && !shared_.owner.begin_watch(*this)) {
        CO_RETURN_AWAIT(answer_http_error(429, "too many watches, please try again later"));
    }
    if (response->upgrade) {
        CO_RETURN_AWAIT(hand_over(response));
    }
    if (streams) {
        CO_RETURN_AWAIT(write_stream(response));
    }
    CO_RETURN_AWAIT(write_response(response));
}

void Connection::render_head(const Response& response, BodyKind kind, std::optional<uint64_t> length) {
    ++shared_.counters.answers_by_class[response.status / 100 % 6];
    has_answered_ = true;
    std::string& out = work_->out;
    out.clear();
    append_status_line(out, response.status);
    if (!response.content_type.empty() && !response.upgrade) {
        out += "\r\nContent-Type: ";
        out += response.content_type;
    }
    if (kind == BodyKind::chunked) {
        out += "\r\nTransfer-Encoding: chunked";
    } else if (length) {
        out += "\r\nContent-Length: ";
        append_number(out, *length);
    }
    if (response.upgrade) out += "\r\nConnection: Upgrade";
    else if (!keep_alive_) out += "\r\nConnection: close";
    else if (parser().request().protocol == Protocol::http_1_0)
        out += "\r\nConnection: keep-alive";  // it would take us to close
    out += "\r\n";
    if (response.adds_date) out += shared_.date.at(shared_.loop.clock().wall_s());
    out += response.headers;
    out += "\r\n";
}

loop::Task<bool> Connection::write_response(Response* response) {
    std::string_view content = response->content();
    std::optional<uint64_t> length = content.size();
    if (response->stream || response->status == 304 || response->status == 204) length.reset();
    render_head(*response, length ? BodyKind::with_length : BodyKind::none, length);
    if (is_head_ || !length) content = {};
    std::string& out = work_->out;
    if (content.size() <= inline_body_bytes_max) {
        out += content;
        content = {};
    }
    std::string_view first = out;
    const Sent sent = try_write_all(first, content);
    if (sent == Sent::some) {
        AWAIT(const bool written, write_all(first, content, response->keep));
        co_return written&& keep_alive_;
    }
    co_return sent == Sent::all&& keep_alive_;
}

/// Heads before the answer's.
loop::Task<Result<void>> Connection::send(int status, std::string headers) {
    if (has_answered_) co_return Error(Code::internal, "an interim answer came behind the answer");
    std::string text;
    append_status_line(text, status);
    text += "\r\n";
    text += headers;
    text += "\r\n";
    AWAIT(const bool written, write_all(text, {}, nullptr));
    if (!written) co_return Error(Code::unavailable, "the client has closed the connection");
    co_return ok();
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

/// As far as that goes without waiting.
Connection::Sent Connection::try_write_all(std::string_view& first, std::string_view& second) {
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
loop::Task<bool> Connection::write_all(std::string_view first, std::string_view second, std::shared_ptr<const void> shared) {
    SendBudget::Unsent unsent{first.size(), std::move(shared), second.size(), is_watching_};
    if (!unsent.shared) unsent.own_bytes += second.size();
    std::optional<SendBudget::Waiting> waiting;
    for (;;) {
        const Sent sent = try_write_all(first, second);
        if (sent != Sent::some) co_return sent == Sent::all;
        set_write_deadline(shared_.loop.now_ms() + shared_.limits.write_stall_ms_max);
        wait_for_client(waiting, unsent);
        co_await transport_.watch().writable();
        write_deadline_ms_ = INT64_MAX;
    }
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
    std::string& out = work_->out;
    out.clear();
    if (chunked) {
        append_chunk_size(out, piece->size() + text.size());
        if (!shared) *piece += "\r\n";
    }
    if (!shared) {
        CO_RETURN_AWAIT(write_all(out, *piece, nullptr));
    }
    out += *piece;
    auto writing = write_all(out, text, shared);
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
        if (work_->out.capacity() > kept_out_bytes_max) std::string().swap(work_->out);
        piece.clear();
        if (++turns_ % pieces_per_turn_max == 0) co_await shared_.loop.yield();
    }
    co_return true;
}

loop::Task<bool> Connection::write_stream(Response* response) {
    // HTTP/1.0 knows no chunks: there the end of the connection is the end of the body.
    const bool chunked = parser().request().protocol != Protocol::http_1_0;
    if (!chunked) keep_alive_ = false;
    is_watching_ = response->is_watch;
    render_head(*response, chunked ? BodyKind::chunked : BodyKind::until_end, {});
    loop::Scope watcher(shared_.loop);
    watcher.spawn(watch_for_hang_up());
    auto head = write_all(work_->out, {}, nullptr);
    if (!co_await std::move(head)) co_return false;
    auto pieces = write_pieces(response, chunked);
    if (!co_await std::move(pieces)) co_return false;
    if (is_watching_) shared_.owner.end_watch(*this);
    is_watching_ = false;
    if (!chunked) co_return false;
    AWAIT(const bool written, write_all("0\r\n\r\n", {}, nullptr));
    co_return written&& keep_alive_;
}

/// With a length the client knows where the body ends, so that what is shorter or longer breaks off.
loop::Task<bool> Connection::write_body_stream(Response* response) {
    BodyStream& body = *response->body_stream;
    const std::optional<uint64_t> length = body.length();
    const bool is_bodiless = is_head_ || response->status == 204 || response->status == 304;
    BodyKind kind = BodyKind::chunked;
    if (is_bodiless) kind = BodyKind::none;
    else if (length) kind = BodyKind::with_length;
    else if (parser().request().protocol == Protocol::http_1_0) kind = BodyKind::until_end;
    if (kind == BodyKind::until_end) keep_alive_ = false;
    render_head(*response, kind, response->status == 204 ? std::nullopt : length);
    std::string& out = work_->out;
    std::string piece;
    uint64_t left = kind == BodyKind::with_length ? *length : UINT64_MAX;
    const bool reads_on = parser().state() == RequestParser::State::complete && !shared_.limits.ends_with_client;
    std::optional<loop::Scope> watcher;
    if (!is_bodiless) body.take_ready(&piece);
    for (bool more = !is_bodiless;;) {
        if (piece.size() > left) co_return false;
        left -= piece.size();
        if (kind == BodyKind::chunked && !piece.empty()) {
            append_chunk_size(out, piece.size());
            piece += "\r\n";
        }
        more = more && !body.ended();
        if (!more && kind == BodyKind::chunked) append_last_chunk(piece, body.trailers());
        std::string_view first = out;
        std::string_view second = piece;
        const Sent sent = try_write_all(first, second);
        if (sent == Sent::broken) co_return false;
        if (!more && kind == BodyKind::with_length && left > 0) co_return false;
        if (more && !watcher && reads_on) {
            watcher.emplace(shared_.loop);
            watcher->spawn(watch_for_hang_up());
        }
        if (sent == Sent::some) {
            auto writing = write_all(first, second, nullptr);
            if (!co_await std::move(writing)) co_return false;
        }
        if (!more) break;
        if (++turns_ % pieces_per_turn_max == 0) co_await shared_.loop.yield();
        out.clear();
        piece.clear();
        AWAIT(const Result<bool> made, body.next(&piece));
        if (!made) co_return false;
        more = made.value();
    }
    co_return keep_alive_;
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
loop::Task<bool> Connection::hand_over(Response* response) {
    is_watching_ = true;
    render_head(*response, BodyKind::none, {});
    auto head = write_all(work_->out, {}, nullptr);
    if (!co_await std::move(head)) co_return false;
    Upgraded upgraded(*this);
    AWAIT_VOID(response->upgrade->run(upgraded));
    unread_ = true;  // what the client has still sent must not take the last words along
    shared_.owner.end_watch(*this);
    is_watching_ = false;
    co_return false;
}

}  // namespace orilla::http
