#include "h2/channel.hpp"

#include <fmt/core.h>

#include <charconv>
#include <optional>

namespace orilla::http {

namespace {
constexpr uint32_t streams_at_once_max = 64;
constexpr uint32_t stream_window_bytes = 128 * 1024;

/// An answer that nobody reads must not hold up the others: there is room for all of them.
H2Limits to_h2_limits(const ChannelLimits& limits) {
    H2Limits out;
    out.header_bytes_max = limits.head_bytes_max;
    out.header_count_max = limits.header_count_max;
    out.streams_max = streams_at_once_max;
    out.stream_window_bytes = stream_window_bytes;
    out.connection_window_bytes = streams_at_once_max * stream_window_bytes;
    return out;
}

/// What HTTP/2 says in other ways (RFC 9113, 8.2.2).
bool is_of_connection(std::string_view name) {
    for (std::string_view one : {"connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade", "host"})
        if (equal_fold(name, one)) return true;
    return false;
}
}  // namespace

class H2Channel::H2Exchange final : public Exchange, public H2User {
  public:
    H2Exchange(H2Channel& channel, BodyStream* body)
        : channel_(channel), body_(body), is_first_(!channel.has_answered_), changed_(channel.loop_), scope_(channel.loop_) {}

    ~H2Exchange() override {
        scope_.cancel();
        if (!stream_) return;
        stream_->user = nullptr;
        channel_.session_->forget(*stream_, H2Error::cancel);
        channel_.pump_->wake();
    }

    void begin(const RequestHead& head) {
        if (!head.upgrade.empty()) return fail("HTTP/2 does not switch to other protocols here");
        if (channel_.pump_->is_over()) return fail(channel_.pump_->fault());
        std::vector<HeaderView> fields{
            {":method", head.method}, {":scheme", head.scheme}, {":authority", head.authority}, {":path", head.target}};
        char length[24];
        if (body_ && body_->length()) {
            const auto end = std::to_chars(length, length + sizeof length, *body_->length()).ptr;
            fields.push_back({"content-length", std::string_view(length, static_cast<size_t>(end - length))});
        }
        for (const HeaderView& header : head.headers)
            if (!is_of_connection(header.name)) fields.push_back(header);
        stream_ = channel_.session_->submit_request(fields, body_ != nullptr);
        if (!stream_) return fail("the connection takes no more requests");
        stream_->user = this;
        if (body_) scope_.spawn(send_body());
        channel_.pump_->wake();
    }

    loop::Task<Result<void>> read_head() override {
        head_.reset();
        for (;;) {
            if (!interim_.empty()) {
                shown_ = std::move(interim_.front());
                interim_.erase(interim_.begin());
                show(*shown_);
                co_return ok();
            }
            if (stream_ && stream_->has_head) {
                if (stream_->head.is_too_large()) co_return broken("the head of the answer is too large");
                channel_.has_answered_ = true;
                show(stream_->head);
                co_return ok();
            }
            if (has_ended()) co_return broken(why_ended());
            co_await changed_.wait();
        }
    }

    const AnswerHead& head() const override { return *head_; }

    bool has_sent() const override {
        // A stream that is refused, or comes behind a goodbye, was not looked at (RFC 9113, 8.7).
        return stream_ && !(stream_->closed && stream_->error == static_cast<uint32_t>(H2Error::refused_stream));
    }
    bool was_stale() const override {
        return !is_first_ && stream_ && !stream_->has_head && !stream_->closed && channel_.pump_->is_over();
    }

    bool has_sent_body() const override { return has_sent_body_; }
    Duplex* upgraded() override { return nullptr; }

    // ---- the answer's body

    std::optional<uint64_t> length() const override {
        std::string_view text;
        if (head_)
            for (const HeaderView& header : head_->headers)
                if (header.name == "content-length") text = header.value;
        uint64_t bytes = 0;
        if (text.empty() || std::from_chars(text.data(), text.data() + text.size(), bytes).ec != std::errc())
            return std::nullopt;
        return bytes;
    }

    bool ended() const override { return stream_ && stream_->ended && stream_->unread.empty(); }

    void take_ready(std::string* out) override {
        if (!stream_ || stream_->unread.empty()) return;
        const size_t bytes = stream_->unread.size();
        if (out->empty()) out->swap(stream_->unread);
        else *out += stream_->unread;
        stream_->unread.clear();
        channel_.session_->consume(*stream_, bytes);
        channel_.pump_->wake();
    }

    loop::Task<Result<bool>> next(std::string* out) override {
        for (;;) {
            if (stream_ && !stream_->unread.empty()) {
                take_ready(out);
                co_return true;
            }
            if (ended()) co_return false;
            if (has_ended()) co_return broken(why_ended());
            co_await changed_.wait();
        }
    }

    const Headers& trailers() const override {
        if (trailers_.empty() && stream_)
            for (const HeaderView& field : stream_->trailers.fields()) trailers_.emplace_back(field.name, field.value);
        return trailers_;
    }

    /// The connection is over, or more came.
    void note() { changed_.notify_all(); }
    void take_interim(H2Block block) {
        if (static_cast<int>(interim_.size()) + interim_seen_++ < channel_.limits_.interim_answers_max)
            interim_.push_back(std::make_unique<H2Block>(std::move(block)));
        else fail("too many interim answers");
        note();
    }

  private:
    void on_change(H2Stream&) override { note(); }
    void fail(std::string why) {
        if (fault_.empty()) fault_ = std::move(why);
        note();
    }
    bool has_ended() const { return !fault_.empty() || !stream_ || stream_->closed || channel_.pump_->is_over(); }
    std::string why_ended() const {
        if (!fault_.empty()) return fault_;
        if (stream_ && stream_->closed && stream_->error != 0)
            return fmt::format("the server has reset the stream: error {}", stream_->error);
        if (channel_.pump_->is_over() && !channel_.pump_->fault().empty()) return channel_.pump_->fault();
        return "the server has ended the stream without an answer";
    }
    static Error broken(const std::string& why) { return Error(Code::unavailable, "http2: " + why); }

    void show(H2Block& block) {
        block.finish();  // it may have moved
        head_.emplace();
        head_->status = block.status();
        head_->protocol = Protocol::http_2;
        head_->headers = block.fields();
    }

    loop::Task<void> send_body() {
        for (bool more = true; more;) {
            piece_.clear();
            AWAIT(const Result<bool> made, body_->next(&piece_));
            if (!made) {
                fail("the request's body broke off: " + made.error().message());
                channel_.session_->reset(*stream_, H2Error::cancel);
                channel_.pump_->wake();
                co_return;
            }
            more = *made && !body_->ended();
            if (!piece_.empty()) has_sent_body_ = true;
            if (!more)
                for (const auto& [name, value] : body_->trailers()) stream_->out_trailers.push_back({name, value});
            stream_->out = piece_;
            stream_->out_ended = !more;
            channel_.session_->resume(*stream_);
            channel_.pump_->wake();
            while (!stream_->closed && (more ? !stream_->out.empty() : !stream_->out_done)) {
                if (channel_.pump_->is_over()) co_return;
                co_await changed_.wait();
            }
            if (stream_->closed) co_return;
        }
    }

    H2Channel& channel_;
    H2Stream* stream_ = nullptr;
    BodyStream* body_;
    const bool is_first_;
    bool has_sent_body_ = false;
    int interim_seen_ = 0;
    std::vector<std::unique_ptr<H2Block>> interim_;
    std::unique_ptr<H2Block> shown_;
    std::optional<AnswerHead> head_;
    mutable Headers trailers_;
    std::string piece_;
    std::string fault_;
    loop::Event changed_;
    loop::Scope scope_;
};

H2Channel::H2Channel(loop::Loop& loop, std::unique_ptr<Duplex> connection, const ChannelLimits& limits)
    : loop_(loop),
      limits_(limits),
      connection_(std::move(connection)),
      session_(H2Session::create(H2Session::Role::client, to_h2_limits(limits), *this)),
      changed_(loop),
      scope_(loop) {}

H2Channel::~H2Channel() { scope_.cancel(); }

std::unique_ptr<H2Channel> H2Channel::create(loop::Loop& loop, std::unique_ptr<Duplex> connection,
                                             const ChannelLimits& limits) {
    std::unique_ptr<H2Channel> channel(new H2Channel(loop, std::move(connection), limits));
    if (!channel->session_) return nullptr;
    H2Channel& made = *channel;
    made.pump_ =
        std::make_unique<H2Pump>(loop, *made.connection_, *made.session_, made.buffer_.get(), [&made] { made.moved(); });
    made.scope_.spawn(made.pump_->write());
    made.scope_.spawn(made.pump_->read());
    return channel;
}

loop::Task<Result<void>> H2Channel::greet() {
    while (!session_->is_greeted()) {
        if (pump_->is_over()) co_return Error(Code::unavailable, "http2: the server does not speak HTTP/2: " + pump_->fault());
        co_await changed_.wait();
    }
    co_return ok();
}

std::unique_ptr<Exchange> H2Channel::begin(const RequestHead& head, BodyStream* body) {
    auto exchange = std::make_unique<H2Exchange>(*this, body);
    exchange->begin(head);
    return exchange;
}

bool H2Channel::is_over() { return pump_->is_over() || session_->is_over() || session_->is_leaving(); }

void H2Channel::on_head(H2Stream& stream) {
    if (!stream.user) return;
    auto& exchange = static_cast<H2Exchange&>(*stream.user);
    if (stream.has_head) exchange.note();
    else exchange.take_interim(stream.head);
}

/// Bytes have gone in or out. When the connection is over, each exchange has to hear of it.
void H2Channel::moved() {
    changed_.notify_all();
    if (pump_->is_over())
        session_->for_each([](H2Stream& stream) {
            if (stream.user) stream.user->on_change(stream);
        });
    if (!is_over() || std::exchange(was_told_, true) || !told_) return;
    loop_.post([told = told_, alive = std::weak_ptr<bool>(alive_)] {
        if (alive.lock()) told();
    });
}

loop::Task<Result<std::unique_ptr<Channel>>> open_http_2(loop::Loop& loop, std::unique_ptr<Duplex> connection,
                                                         ChannelLimits limits) {
    auto channel = H2Channel::create(loop, std::move(connection), limits);
    if (!channel) co_return Error(Code::unavailable, "http2: no memory for a connection");
    CO_TRY_VOID(channel->greet());
    co_return std::unique_ptr<Channel>(std::move(channel));
}

}  // namespace orilla::http
