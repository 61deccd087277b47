#include "http1_channel.hpp"

#include <algorithm>
#include <cerrno>
#include <optional>
#include <utility>

#include "framing.hpp"
#include "orilla/base/text.hpp"

namespace orilla::http {

namespace {
constexpr size_t answer_read_bytes = 64 * 1024;
constexpr size_t kept_bytes_max = 16 * 1024;  ///< of a channel's buffers between two exchanges
constexpr unsigned sent_pieces_per_turn_max = 8;

/// One for all reads of a thread: it is empty again before anybody else runs.
char* read_buffer() {
    thread_local const std::unique_ptr<char[]> buffer = std::make_unique_for_overwrite<char[]>(answer_read_bytes);
    return buffer.get();
}

Error closed_error(const IoResult& result, const char* what) {
    return Error::from_errno(what, result.error == 0 ? ECONNRESET : result.error).with_code(Code::unavailable);
}

/// Whoever sends these has a body, if an empty one: its length is said.
bool wants_length(std::string_view method) { return method == "POST" || method == "PUT" || method == "PATCH"; }
}  // namespace

/// The request goes out from `begin` on: at once as far as that goes, the rest beside the reading of the answer.
class Http1Exchange final : public Exchange, private Duplex {
  public:
    Http1Exchange(Http1Channel& channel, BodyStream* body, BodyKind kind, bool to_head, bool switches)
        : channel_(channel),
          body_(body),
          kind_(kind),
          left_(body && kind == BodyKind::with_length ? body->length().value_or(0) : UINT64_MAX),
          switches_(switches),
          scope_(channel.loop_) {
        channel_.parser_.start(to_head);
        channel_.exchange_ = this;
    }
    ~Http1Exchange() override;
    Http1Exchange(const Http1Exchange&) = delete;
    Http1Exchange& operator=(const Http1Exchange&) = delete;

    void begin();
    /// Nothing is sent, and there will be no answer.
    void refuse() { error_ = Error(Code::bad_request, "the request cannot be said in HTTP/1.1"); }

    // Exchange
    loop::Task<Result<void>> read_head() override;
    const AnswerHead& head() const override { return channel_.parser_.head(); }
    bool has_sent() const override { return has_written_; }
    bool was_stale() const override { return channel_.was_used_ && !channel_.parser_.begun() && !error_; }
    bool has_sent_body() const override { return has_sent_body_; }
    Duplex* upgraded() override { return head().status == 101 ? this : nullptr; }

    // BodyStream
    std::optional<uint64_t> length() const override { return channel_.parser_.length(); }
    bool ended() const override { return channel_.parser_.state() == AnswerParser::State::complete; }
    void take_ready(std::string* out) override;
    const Headers& trailers() const override;
    loop::Task<Result<bool>> next(std::string* out) override;

  private:
    // Duplex
    loop::Task<Result<size_t>> read(char* buffer, size_t size) override;
    loop::Task<Result<void>> write(std::string_view bytes) override;
    void end_writing() override { channel_.transport_->shut_down(); }

    bool take_piece(std::string_view first_piece);
    loop::Task<void> send();
    loop::Task<bool> flush();
    Result<bool> try_flush();
    void break_off(Error error);
    Result<void> feed_head(std::string_view bytes);
    Result<void> feed_body(std::string_view bytes, std::string* out);
    Error failure(Error error);

    Http1Channel& channel_;
    BodyStream* body_;  ///< of the request; null once it has ended
    const BodyKind kind_;
    uint64_t left_;  ///< of the request's body
    const bool switches_;
    bool was_read_ = false;  ///< the head
    bool has_written_ = false;
    bool has_sent_body_ = false;
    bool is_sent_ = false;  ///< the whole request
    bool is_broken_ = false;
    std::optional<Error> error_;  ///< of the request's body: the answer is of no interest any more
    mutable std::optional<Headers> trailers_;
    loop::Scope scope_;
};

// ---- the channel -----------------------------------------------------------------------------------------------------

Http1Channel::Http1Channel(loop::Loop& loop, std::unique_ptr<Transport> transport, ChannelLimits limits)
    : loop_(loop), limits_(limits), transport_(std::move(transport)), parser_(limits_) {
    transport_->watch().tell_hang_up(this);
}

Http1Channel::~Http1Channel() {
    *alive_ = false;
    transport_->watch().tell_hang_up(nullptr);
    if (!exchange_) transport_->shut_down();
}

/// An idle server has nothing to say but goodbye. Sessions of TLS are told of tickets, so that what comes is looked at.
bool Http1Channel::is_over() {
    if (is_over_ || exchange_) return is_over_;
    if (transport_->watch().hung_up()) return is_over_ = true;
    if (!transport_->watch().may_read()) return false;
    transport_->watch().readable().await_resume();  // this edge has been looked at
    char byte = 0;
    const IoResult result = transport_->encrypted() ? transport_->try_read(&byte, 1) : transport_->try_peek(&byte, 1);
    return is_over_ = result.state == IoState::done || result.state == IoState::closed;
}

void Http1Channel::hung_up() {
    if (exchange_) return;
    loop_.post([this, alive = alive_] {
        if (!*alive || exchange_ || is_over_) return;
        is_over_ = true;
        const std::function<void()> told = told_;  // it may end this channel
        if (told) told();
    });
}

/// A head that came over HTTP/2, or was rewritten, may hold what would be two requests here.
bool Http1Channel::can_say(const RequestHead& head) {
    const auto is_right = [](const HeaderView& field) { return is_token(field.name) && is_field_value(field.value); };
    return is_token(head.method) && is_request_target(head.target) && is_host(head.authority) && is_field_value(head.upgrade) &&
           std::ranges::all_of(head.headers, is_right);
}

std::unique_ptr<Exchange> Http1Channel::begin(const RequestHead& head, BodyStream* body) {
    if (!can_say(head)) {
        auto exchange = std::make_unique<Http1Exchange>(*this, nullptr, BodyKind::none, false, false);
        exchange->refuse();
        return exchange;
    }
    std::string& out = out_;
    out.clear();
    out += head.method;
    out += ' ';
    out += head.target;
    out += " HTTP/1.1\r\n";
    append_field(out, "Host", head.authority);
    for (const HeaderView& field : head.headers)
        if (!is_framing_field(field.name)) append_field(out, field.name, field.value);
    if (!head.upgrade.empty()) {
        out += "Connection: Upgrade\r\n";
        append_field(out, "Upgrade", head.upgrade);
    }
    BodyKind kind = BodyKind::none;
    if (body) kind = body->length() ? BodyKind::with_length : BodyKind::chunked;
    if (kind == BodyKind::chunked) {
        out += "Transfer-Encoding: chunked\r\n";
    } else if (body || wants_length(head.method)) {
        out += "Content-Length: ";
        append_number(out, body ? *body->length() : 0);
        out += "\r\n";
    }
    out += "\r\n";
    auto exchange = std::make_unique<Http1Exchange>(*this, body, kind, head.method == "HEAD", !head.upgrade.empty());
    exchange->begin();
    return exchange;
}

void Http1Channel::release(bool is_clean) {
    exchange_ = nullptr;
    was_used_ = true;
    is_over_ = is_over_ || !is_clean || transport_->watch().hung_up();
    out_.clear();
    if (out_.capacity() > kept_bytes_max) out_.shrink_to_fit();
    if (in_.capacity() > kept_bytes_max) in_.shrink_to_fit();
}

// ---- the request -----------------------------------------------------------------------------------------------------

Http1Exchange::~Http1Exchange() {
    scope_.cancel();
    const AnswerParser& parser = channel_.parser_;
    const bool is_complete = parser.state() == AnswerParser::State::complete;
    channel_.release(is_complete && is_sent_ && !is_broken_ && parser.keeps_connection() && channel_.in_.empty());
}

void Http1Exchange::begin() {
    if (!body_ || kind_ == BodyKind::none) body_ = nullptr;
    if (body_) {
        std::string piece;
        body_->take_ready(&piece);
        if (!take_piece(piece)) return;
    }
    const Result<bool> flushed = try_flush();
    if (flushed && *flushed && !body_) is_sent_ = true;
    else if (flushed) scope_.spawn(send());
}

/// Puts a piece of the body behind what is to be sent. False when the body is not as long as it has said.
bool Http1Exchange::take_piece(std::string_view piece) {
    std::string& out = channel_.out_;
    has_sent_body_ = has_sent_body_ || !piece.empty();
    if (piece.size() > left_) return break_off(Error(Code::bad_request, "the request's body is longer than it said")), false;
    left_ -= kind_ == BodyKind::with_length ? piece.size() : 0;
    if (!piece.empty()) {
        if (kind_ == BodyKind::chunked) append_chunk_size(out, piece.size());
        out += piece;
        if (kind_ == BodyKind::chunked) out += "\r\n";
    }
    if (!body_->ended()) return true;
    if (kind_ == BodyKind::with_length && left_ > 0)
        return break_off(Error(Code::bad_request, "the request's body is shorter than it said")), false;
    if (kind_ == BodyKind::chunked) append_last_chunk(out, body_->trailers());
    body_ = nullptr;
    return true;
}

/// True when everything is with the kernel. A server that has closed may have answered before, so that is no error here.
Result<bool> Http1Exchange::try_flush() {
    std::string& out = channel_.out_;
    size_t sent = 0;
    while (sent < out.size()) {
        const IoResult result = channel_.transport_->try_write(std::string_view(out).substr(sent), {});
        if (result.state == IoState::done) {
            sent += result.bytes;
            has_written_ = true;
            continue;
        }
        out.erase(0, sent);
        if (result.state != IoState::closed) return false;
        is_broken_ = true;
        return closed_error(result, "write");
    }
    out.clear();
    return true;
}

loop::Task<bool> Http1Exchange::flush() {
    for (;;) {
        const Result<bool> flushed = try_flush();
        if (!flushed) co_return false;
        if (*flushed) co_return true;
        co_await channel_.transport_->watch().writable();
    }
}

/// The rest of the request.
loop::Task<void> Http1Exchange::send() {
    std::string piece;
    for (unsigned pieces = 1;; ++pieces) {
        auto flushing = flush();
        if (!co_await std::move(flushing)) co_return;
        if (!body_) break;
        piece.clear();
        AWAIT(Result<bool> made, body_->next(&piece));
        if (!made) co_return break_off(std::move(made).error());
        if (!take_piece(piece)) co_return;
        if (pieces % sent_pieces_per_turn_max == 0) co_await channel_.loop_.yield();
    }
    is_sent_ = true;
}

/// The request can never be completed, so that no answer to it counts: whoever waits for one hears why.
void Http1Exchange::break_off(Error error) {
    is_broken_ = true;
    error_ = std::move(error);
    channel_.transport_->abort();
}

Error Http1Exchange::failure(Error error) {
    is_broken_ = true;
    return error_ ? *error_ : std::move(error);
}

// ---- the answer ------------------------------------------------------------------------------------------------------

/// Up to the end of a head; what is behind it waits.
Result<void> Http1Exchange::feed_head(std::string_view bytes) {
    std::string_view nothing;
    TRY(const size_t taken, channel_.parser_.take(bytes, &nothing));
    if (bytes.data() == channel_.in_.data()) channel_.in_.erase(0, taken);
    else channel_.in_ += bytes.substr(taken);
    const AnswerHead& head = channel_.parser_.head();
    if (channel_.parser_.has_head() && head.status == 101 && !switches_)
        return Error(Code::unavailable, "the server has switched protocols without being asked");
    return ok();
}

loop::Task<Result<void>> Http1Exchange::read_head() {
    AnswerParser& parser = channel_.parser_;
    if (error_) co_return *error_;
    if (std::exchange(was_read_, false)) CO_CHECK_VOID(parser.next_head());
    if (!channel_.in_.empty()) {
        auto fed = feed_head(channel_.in_);
        if (!fed) co_return failure(std::move(fed).error());
    }
    while (!parser.has_head()) {
        const IoResult result = channel_.transport_->try_read(read_buffer(), answer_read_bytes);
        if (error_) co_return *error_;
        if (result.state == IoState::done) {
            auto fed = feed_head({read_buffer(), result.bytes});
            if (!fed) co_return failure(std::move(fed).error());
        } else if (result.state == IoState::closed) {
            auto ended = parser.end();
            if (result.error != 0 || ended) co_return failure(closed_error(result, "read"));
            co_return failure(std::move(ended).error());
        } else if (result.state == IoState::wants_read) {
            co_await channel_.transport_->watch().readable();
        } else {
            co_await channel_.transport_->watch().writable();
        }
    }
    was_read_ = parser.is_interim();
    co_return ok();
}

/// What is behind the end waits for nobody: it shows that the two sides do not agree where that is.
Result<void> Http1Exchange::feed_body(std::string_view bytes, std::string* out) {
    while (!bytes.empty() && !ended()) {
        std::string_view data;
        TRY(const size_t taken, channel_.parser_.take(bytes, &data));
        *out += data;
        bytes.remove_prefix(taken);
    }
    is_broken_ = is_broken_ || !bytes.empty();
    return ok();
}

/// An error is told by `next`, which reads on from there.
void Http1Exchange::take_ready(std::string* out) {
    if (channel_.in_.empty() || upgraded() || error_) return;
    std::string in;
    in.swap(channel_.in_);
    auto fed = feed_body(in, out);
    if (!fed) error_ = failure(std::move(fed).error());
    in.clear();
    in.swap(channel_.in_);
}

loop::Task<Result<bool>> Http1Exchange::next(std::string* out) {
    const size_t before = out->size();
    for (;;) {
        take_ready(out);
        if (error_) co_return *error_;
        if (out->size() > before) co_return true;
        if (ended()) co_return false;
        const IoResult result = channel_.transport_->try_read(read_buffer(), answer_read_bytes);
        if (result.state == IoState::done) {
            auto fed = feed_body({read_buffer(), result.bytes}, out);
            if (!fed) co_return failure(std::move(fed).error());
        } else if (result.state == IoState::closed) {
            if (error_) co_return *error_;
            if (result.error != 0) co_return failure(closed_error(result, "read"));
            auto ended_well = channel_.parser_.end();
            if (!ended_well) co_return failure(std::move(ended_well).error());
        } else if (result.state == IoState::wants_read) {
            co_await channel_.transport_->watch().readable();
        } else {
            co_await channel_.transport_->watch().writable();
        }
    }
}

const Headers& Http1Exchange::trailers() const {
    if (!trailers_ && ended()) trailers_ = channel_.parser_.trailers();
    return trailers_ ? *trailers_ : BodyStream::trailers();
}

// ---- another protocol ------------------------------------------------------------------------------------------------

loop::Task<Result<size_t>> Http1Exchange::read(char* buffer, size_t size) {
    if (!channel_.in_.empty()) {
        const size_t count = channel_.in_.copy(buffer, size);
        channel_.in_.erase(0, count);
        co_return count;
    }
    for (;;) {
        const IoResult result = channel_.transport_->try_read(buffer, size);
        if (result.state == IoState::done) co_return result.bytes;
        if (result.state == IoState::closed && result.error == 0) co_return size_t{0};
        if (result.state == IoState::closed) co_return closed_error(result, "read");
        co_await channel_.transport_->watch().readable();  // also where TLS wants to write: somebody may be writing
    }
}

loop::Task<Result<void>> Http1Exchange::write(std::string_view bytes) {
    while (!bytes.empty()) {
        const IoResult result = channel_.transport_->try_write(bytes, {});
        if (result.state == IoState::closed) co_return closed_error(result, "write");
        if (result.state == IoState::done) bytes.remove_prefix(result.bytes);
        else co_await channel_.transport_->watch().writable();
    }
    co_return ok();
}

}  // namespace orilla::http
