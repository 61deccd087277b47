#include "answer_writer.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "connection.hpp"
#include "framing.hpp"

namespace orilla::http {

namespace {
constexpr size_t inline_body_bytes_max = 32 * 1024;  ///< smaller bodies are copied behind the head: one piece to send
/// A client that never makes us wait must not keep the loop to itself.
constexpr unsigned pieces_per_turn_max = 8;
constexpr size_t kept_answer_bytes_max = 32 * 1024;
constexpr int64_t clock_is_set_from_s = 1'577'836'800;  // 2020: before that this program was not there
}  // namespace

const std::string& DateLine::at(int64_t wall_s) {
    if (wall_s == made_at_s_) return text_;
    made_at_s_ = wall_s;
    text_ = wall_s < clock_is_set_from_s ? std::string() : fmt::format("Date: {}\r\n", render_http_date(wall_s));
    return text_;
}

void AnswerWriter::render_head(const Response& response, BodyKind kind, std::optional<uint64_t> length) {
    ++shared_.counters.answers_by_class[response.status / 100 % 6];
    has_begun_ = true;
    std::string& out = *out_;
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
    else if (!keep_alive) out += "\r\nConnection: close";
    else if (is_http_1_0_) out += "\r\nConnection: keep-alive";  // it would take us to close
    out += "\r\n";
    if (response.adds_date) out += shared_.date.at(shared_.loop.clock().wall_s());
    out += response.headers;
    out += "\r\n";
}

loop::Task<bool> AnswerWriter::write_response(Response* response) {
    std::string_view content = response->content();
    std::optional<uint64_t> length = content.size();
    if (response->stream || response->status == 304 || response->status == 204) length.reset();
    render_head(*response, length ? BodyKind::with_length : BodyKind::none, length);
    if (is_head_ || !length) content = {};
    std::string& out = *out_;
    if (content.size() <= inline_body_bytes_max) {
        out += content;
        content = {};
    }
    std::string_view first = out;
    const Sender::Sent sent = sender_.try_write_all(first, content);
    if (sent == Sender::Sent::some) {
        AWAIT(const bool written, sender_.write_all(first, content, response->keep));
        co_return written&& keep_alive;
    }
    co_return sent == Sender::Sent::all&& keep_alive;
}

/// A shared text is not copied behind the rest: it goes out from where it is.
loop::Task<bool> AnswerWriter::write_piece(std::string* piece, std::shared_ptr<const std::string> shared, bool chunked) {
    const std::string_view text = shared ? std::string_view(*shared) : std::string_view();
    std::string& out = *out_;
    out.clear();
    if (chunked) {
        append_chunk_size(out, piece->size() + text.size());
        if (!shared) *piece += "\r\n";
    }
    if (!shared) {
        CO_RETURN_AWAIT(sender_.write_all(out, *piece, nullptr));
    }
    out += *piece;
    auto writing = sender_.write_all(out, text, shared);
    if (!co_await std::move(writing)) co_return false;
    CO_RETURN_AWAIT(sender_.write_all(chunked ? "\r\n" : "", {}, nullptr));
}

/// Mid-stream there is no way to tell an error but to break off without the last chunk: false.
loop::Task<bool> AnswerWriter::write_pieces(Response* response, bool chunked) {
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
        if (piece.capacity() > kept_answer_bytes_max) std::string().swap(piece);
        if (out_->capacity() > kept_answer_bytes_max) std::string().swap(*out_);
        piece.clear();
        if (++turns_ % pieces_per_turn_max == 0) co_await shared_.loop.yield();
    }
    co_return true;
}

loop::Task<bool> AnswerWriter::write_stream(Response* response) {
    // HTTP/1.0 knows no chunks: there the end of the connection is the end of the body.
    const bool chunked = !is_http_1_0_;
    if (!chunked) keep_alive = false;
    sender_.is_watch = response->is_watch;
    render_head(*response, chunked ? BodyKind::chunked : BodyKind::until_end, {});
    loop::Scope watcher(shared_.loop);
    watcher.spawn(connection_.watch_for_hang_up());
    auto head = sender_.write_all(*out_, {}, nullptr);
    if (!co_await std::move(head)) co_return false;
    auto pieces = write_pieces(response, chunked);
    if (!co_await std::move(pieces)) co_return false;
    if (sender_.is_watch) shared_.owner.end_watch(connection_);
    sender_.is_watch = false;
    if (!chunked) co_return false;
    AWAIT(const bool written, sender_.write_all("0\r\n\r\n", {}, nullptr));
    co_return written&& keep_alive;
}

/// With a length the client knows where the body ends, so that what is shorter or longer breaks off.
loop::Task<bool> AnswerWriter::write_body_stream(Response* response) {
    BodyStream& body = *response->body_stream;
    const std::optional<uint64_t> length = body.length();
    const bool is_bodiless = is_head_ || response->status == 204 || response->status == 304;
    BodyKind kind = BodyKind::chunked;
    if (is_bodiless) kind = BodyKind::none;
    else if (length) kind = BodyKind::with_length;
    else if (is_http_1_0_) kind = BodyKind::until_end;
    if (kind == BodyKind::until_end) keep_alive = false;
    render_head(*response, kind, response->status == 204 ? std::nullopt : length);
    std::string& out = *out_;
    std::string piece;
    uint64_t left = kind == BodyKind::with_length ? *length : UINT64_MAX;
    const bool reads_on = connection_.has_whole_request() && !shared_.limits.ends_with_client;
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
        const Sender::Sent sent = sender_.try_write_all(first, second);
        if (sent == Sender::Sent::broken) co_return false;
        if (!more && kind == BodyKind::with_length && left > 0) co_return false;
        if (more && !watcher && reads_on) {
            watcher.emplace(shared_.loop);
            watcher->spawn(connection_.watch_for_hang_up());
        }
        if (sent == Sender::Sent::some) {
            auto writing = sender_.write_all(first, second, nullptr);
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
    co_return keep_alive;
}

}  // namespace orilla::http
