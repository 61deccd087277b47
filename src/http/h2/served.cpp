#include "h2/served.hpp"

#include <array>
#include <charconv>

namespace orilla::http {

namespace {
/// A text that others are sent, too, goes out from where it is; a small one is cheaper to copy.
constexpr size_t copied_bytes_max = 16 * 1024;
constexpr size_t kept_piece_bytes_max = 32 * 1024;
constexpr int status_continue = 100;

struct Digits {
    explicit Digits(uint64_t number) : size(static_cast<size_t>(std::to_chars(text, text + sizeof text, number).ptr - text)) {}
    std::string_view view() const { return {text, size}; }
    char text[24];
    size_t size;
};

/// What HTTP/2 frames by itself (RFC 9113, 8.2.2).
bool is_of_connection_line(std::string_view name) {
    constexpr std::array<std::string_view, 5> names{"connection", "keep-alive", "proxy-connection", "transfer-encoding",
                                                    "upgrade"};
    for (const std::string_view one : names)
        if (equal_fold(name, one)) return true;
    return false;
}

/// Lines as HTTP/1.1 sends them, as fields.
void append_lines(std::vector<HeaderView>& fields, std::string_view lines) {
    while (!lines.empty()) {
        const size_t end = std::min(lines.find("\r\n"), lines.size());
        const std::string_view line = lines.substr(0, end);
        lines.remove_prefix(std::min(end + 2, lines.size()));
        const size_t colon = line.find(':');
        if (colon == std::string_view::npos || is_of_connection_line(line.substr(0, colon))) continue;
        std::string_view value = line.substr(colon + 1);
        while (value.starts_with(' ') || value.starts_with('\t')) value.remove_prefix(1);
        while (value.ends_with(' ') || value.ends_with('\t')) value.remove_suffix(1);
        fields.push_back({line.substr(0, colon), value});
    }
}

bool has_no_body(int status) { return status == 204 || status == 304; }
}  // namespace

H2Server::Served::Served(H2Server& server, H2Stream& stream)
    : server_(server), stream_(stream), changed_(server.shared_.loop), scope_(server.shared_.loop) {
    stream_.user = this;
}

H2Server::Served::~Served() {
    scope_.cancel();
    if (is_watch_) server_.host_.end_watch();
    if (is_counted_) server_.host_.end_request();
    server_.shared_.bodies.bytes -= room_;
    stream_.user = nullptr;
    // Whoever still sends a body after the answer is told to stop; whoever waits for one that will not come, as well.
    server_.session_->forget(stream_, is_answered_ ? H2Error::none : H2Error::cancel);
    server_.pump_->wake();
}

void H2Server::Served::set_deadline(int64_t limit_ms) {
    deadline_ms_ = server_.shared_.loop.now_ms() + limit_ms;
    offered_bytes_ = stream_.out.size();
    server_.host_.note_deadline(deadline_ms_);
}

void H2Server::Served::expire(int64_t now_ms) {
    if (deadline_ms_ > now_ms) return;
    if (stream_.out.size() < offered_bytes_) return set_deadline(server_.shared_.limits.write_stall_ms_max);
    ++server_.shared_.counters.timeouts;
    deadline_ms_ = INT64_MAX;
    server_.session_->reset(stream_, H2Error::cancel);
    server_.pump_->wake();
}

// ---- the request -----------------------------------------------------------------------------------------------------

const char* H2Server::Served::make_request() {
    view_request(stream_.head, request_);
    server_.host_.describe(request_);
    if (const char* fault = find_h2_fault(stream_.head, server_.shared_.limits.parser, &fault_status_)) return fault;
    expects_continue_ = !request_.header("expect").empty() && !stream_.ended;
    return nullptr;
}

void H2Server::Served::wants_continue() {
    if (!std::exchange(expects_continue_, false) || !stream_.unread.empty()) return;
    const Digits status(status_continue);
    server_.session_->submit_interim(stream_, {{":status", status.view()}});
    server_.pump_->wake();
}

std::optional<uint64_t> H2Server::Served::length() const {
    const std::string_view text = request_.header("content-length");
    uint64_t bytes = 0;
    if (text.empty() || std::from_chars(text.data(), text.data() + text.size(), bytes).ec != std::errc()) return std::nullopt;
    return bytes;
}

void H2Server::Served::take_ready(std::string* out) {
    const size_t bytes = stream_.unread.size();
    if (bytes == 0) return;
    if (out->empty()) out->swap(stream_.unread);
    else *out += stream_.unread;
    stream_.unread.clear();
    server_.session_->consume(stream_, bytes);
    server_.pump_->wake();
}

loop::Task<Result<bool>> H2Server::Served::next(std::string* out) {
    wants_continue();
    while (stream_.unread.empty() && !stream_.ended) {
        if (stream_.closed) co_return Error(Code::unavailable, "the client has reset the request");
        set_deadline(server_.shared_.limits.body_ms_max);
        co_await changed_.wait();
        deadline_ms_ = INT64_MAX;
    }
    if (stream_.unread.empty()) co_return false;
    take_ready(out);
    co_return true;
}

const Headers& H2Server::Served::trailers() const {
    if (trailers_.empty())
        for (const HeaderView& field : stream_.trailers.fields()) trailers_.emplace_back(field.name, field.value);
    return trailers_;
}

bool H2Server::Served::take_room(size_t bytes) {
    BodyBudget& budget = server_.shared_.bodies;
    if (body_.size() + bytes <= budget.uncounted_bytes_max) return true;
    if (budget.bytes + bytes > budget.bytes_max) return false;
    budget.bytes += bytes;
    room_ += bytes;
    return true;
}

/// The status of what is wrong with it, 0 when it is here.
loop::Task<int> H2Server::Served::collect_body() {
    const size_t bytes_max = server_.shared_.limits.parser.body_bytes_max;
    if (length().value_or(0) > bytes_max) co_return 413;
    wants_continue();
    set_deadline(server_.shared_.limits.body_ms_max);
    for (;;) {
        const size_t more = stream_.unread.size();
        if (body_.size() + more > bytes_max) co_return 413;
        if (more > 0 && !take_room(more)) co_return 429;
        take_ready(&body_);
        if (stream_.ended) break;
        co_await changed_.wait();
    }
    deadline_ms_ = INT64_MAX;
    request_.body = body_;
    co_return 0;
}

loop::Task<Result<void>> H2Server::Served::send(int status, std::string headers) {
    const Digits digits(static_cast<uint64_t>(status));
    std::vector<HeaderView> fields{{":status", digits.view()}};
    append_lines(fields, headers);
    if (!server_.session_->submit_interim(stream_, fields))
        co_return Error(Code::unavailable, "the client has reset the request");
    server_.pump_->wake();
    co_return ok();
}

// ---- the answer ------------------------------------------------------------------------------------------------------

loop::Task<Response> H2Server::Served::answer() {
    Handler& handler = server_.shared_.handler;
    if (const char* fault = make_request()) co_return refuse(fault_status_, fault);
    if (server_.host_.is_refused()) co_return refuse(429, "too many connections, please try again later");
    if (!request_.caller->admitted) co_return handler.refuse(request_);
    request_.interim = this;
    is_counted_ = server_.host_.begin_request();
    if (!is_counted_) co_return refuse(429, "too many requests at once, please try again later");
    if (!stream_.ended && handler.streams_body(request_)) {
        request_.body_stream = this;
    } else {
        AWAIT(const int fault, collect_body());
        if (fault == 413) co_return refuse(413, "the request body is too large");
        if (fault != 0) co_return refuse(fault, "too many large requests at once, please try again later");
    }
    AWAIT(Response response, handler.handle(request_));
    const bool streams = response.stream && request_.method != Method::head;
    if (!streams || !response.is_watch) co_return response;
    is_watch_ = server_.host_.begin_watch();
    if (!is_watch_) co_return refuse(429, "too many watches, please try again later");
    co_return response;
}

loop::Task<void> H2Server::Served::serve() {
    // Many may begin at once.
    co_await server_.shared_.loop.breathe();
    ++server_.shared_.counters.requests;
    AWAIT(Response response, answer());
    deadline_ms_ = INT64_MAX;
    AWAIT_VOID(write(std::move(response)));
    // The stream closes when its last frame has gone out; who still sends a body is told that it need not.
    while (!stream_.closed && stream_.ended) co_await changed_.wait();
    is_answered_ = true;
    server_.pump_->wake();
}

bool H2Server::Served::submit_head(const Response& response, std::optional<uint64_t> length, bool has_body) {
    ++server_.shared_.counters.answers_by_class[response.status / 100 % 6];
    const Digits status(static_cast<uint64_t>(response.status));
    const Digits digits(length.value_or(0));
    std::vector<HeaderView> fields{{":status", status.view()}};
    if (!response.content_type.empty()) fields.push_back({"content-type", response.content_type});
    if (length && !has_no_body(response.status)) fields.push_back({"content-length", digits.view()});
    if (response.adds_date) append_lines(fields, server_.shared_.date.at(server_.shared_.loop.clock().wall_s()));
    append_lines(fields, response.headers);
    const bool submitted = server_.session_->submit_answer(stream_, fields, has_body);
    server_.pump_->wake();
    return submitted;
}

loop::Task<void> H2Server::Served::write(Response response) {
    if (response.upgrade) {
        server_.session_->reset(stream_, H2Error::http_1_1_required);
        server_.pump_->wake();
        co_return;
    }
    if (response.close) server_.go_away();
    const bool shows_body = request_.method != Method::head && !has_no_body(response.status);
    if (!response.stream && !response.body_stream) {
        const std::string_view content = response.content();
        const bool has_body = shows_body && !content.empty();
        if (!submit_head(response, content.size(), has_body) || !has_body) co_return;
        AWAIT_VOID(write_piece(content, response.keep, true));
        co_return;
    }
    const auto length = response.body_stream ? response.body_stream->length() : std::nullopt;
    if (!submit_head(response, length, shows_body) || !shows_body) co_return;
    AWAIT(const bool written, write_pieces(&response));
    if (!written) server_.session_->reset(stream_, H2Error::internal);
    server_.pump_->wake();
}

loop::Task<bool> H2Server::Served::write_pieces(Response* response) {
    BodyStream* counted = response->body_stream.get();
    ByteStream& stream = counted ? *counted : *response->stream;
    std::string piece = std::move(response->body);  // what was ready before the stream
    for (bool more = true; more;) {
        std::shared_ptr<const std::string> shared;
        if (piece.empty()) {
            AWAIT(const Result<bool> made, stream.next(&piece));
            if (!made) co_return false;
            more = *made && !(counted && counted->ended());
            shared = stream.take_shared();
        }
        if (shared && shared->size() <= copied_bytes_max) piece += *std::exchange(shared, nullptr);
        if (!more && counted)
            for (const auto& [name, value] : counted->trailers()) stream_.out_trailers.push_back({name, value});
        if (!piece.empty() || (!more && !shared)) {
            auto writing = write_piece(piece, nullptr, !more && !shared);
            if (!co_await std::move(writing)) co_return true;
        }
        if (shared) {
            auto writing = write_piece(*shared, shared, !more);
            if (!co_await std::move(writing)) co_return true;
        }
        // A stream may wait for hours for its next piece.
        if (piece.capacity() > kept_piece_bytes_max) std::string().swap(piece);
        piece.clear();
        co_await server_.shared_.loop.breathe();
    }
    co_return true;
}

/// Until the client's windows and the way to it have let all of it pass; false when it is gone.
loop::Task<bool> H2Server::Served::write_piece(std::string_view piece, std::shared_ptr<const void> shared, bool ends) {
    if (stream_.closed) co_return false;
    stream_.out = piece;
    stream_.out_ended = ends;
    server_.session_->resume(stream_);
    server_.pump_->wake();
    set_deadline(server_.shared_.limits.write_stall_ms_max);
    std::optional<SendBudget::Waiting> waiting;
    const auto is_taken = [this, ends] { return ends ? stream_.out_done : stream_.out.empty(); };
    while (!is_taken()) {
        SendBudget::Unsent unsent{shared ? 0 : piece.size(), shared, shared ? piece.size() : 0, is_watch_};
        server_.host_.wait_for_client(waiting, std::move(unsent));
        if (stream_.closed) co_return false;
        co_await changed_.wait();
    }
    deadline_ms_ = INT64_MAX;
    co_return true;
}

}  // namespace orilla::http
