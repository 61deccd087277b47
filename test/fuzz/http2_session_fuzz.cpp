// What a client sends to a server of HTTP/2, or a server to a client, fed in pieces whose sizes the input chooses: the session
// must keep to its limits, and hear of no field that HTTP/1.1 would read as something else.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "http/h2/session.hpp"

using namespace orilla::http;

namespace {
H2Limits small_limits() {
    H2Limits limits;
    limits.streams_max = 4;
    limits.header_bytes_max = 1024;
    limits.header_count_max = 8;
    limits.stream_window_bytes = 100;
    limits.connection_window_bytes = 65'535;
    limits.resets_burst_max = 16;
    limits.idle_frames_burst_max = 64;
    return limits;
}

constexpr std::string_view answer_body = "an answer that is longer than a window may be";

class Peer final : public H2Heads, public H2User {
  public:
    explicit Peer(bool is_server)
        : is_server_(is_server),
          session_(H2Session::create(is_server ? H2Session::Role::server : H2Session::Role::client, limits_, *this)) {
        if (!session_) std::abort();
        std::string preface;
        if (!session_->take_output(preface, SIZE_MAX)) std::abort();
        if (!is_server_) ask();
    }

    /// False when the connection is over.
    bool feed(std::string_view bytes) {
        const bool fine = session_->receive(bytes, 0).has_value();
        std::string out;
        for (H2Stream* stream : std::exchange(fresh_, {})) answer(*stream);
        if (!session_->take_output(out, SIZE_MAX)) return false;
        session_->for_each([this](H2Stream& stream) { look_at(stream); });
        session_->forget_closed();
        if (session_->streams() > 2 * limits_.streams_max) std::abort();
        return fine && !session_->is_over();
    }

  private:
    void on_head(H2Stream& stream) override {
        if (is_server_) fresh_.push_back(&stream);
        note(stream.head);
    }
    void on_change(H2Stream& stream) override {
        if (stream.id % 4 != 1) return;  // the others read nothing
        const size_t bytes = stream.unread.size();
        stream.unread.clear();
        if (bytes > 0) session_->consume(stream, bytes);
    }
    void note(const H2Block& block) {
        size_t bytes = 0;
        if (block.fields().size() > limits_.header_count_max + 1) std::abort();
        for (const HeaderView& field : block.fields()) {
            bytes += field.name.size() + field.value.size();
            const auto is_bad = [](char c) { return c == '\r' || c == '\n' || c == '\0'; };
            if (std::ranges::any_of(field.name, is_bad) || std::ranges::any_of(field.value, is_bad)) std::abort();
            if (field.name.empty() || field.name.front() == ':') std::abort();
            for (std::string_view forbidden : {"connection", "transfer-encoding", "upgrade", "keep-alive", "proxy-connection"})
                if (field.name == forbidden) std::abort();
        }
        if (bytes > 2 * limits_.header_bytes_max) std::abort();
        if (is_server_ && !block.is_too_large() && block.pseudo(H2Block::Pseudo::path).empty()) std::abort();
    }
    void look_at(const H2Stream& stream) const {
        if (stream.unread.size() > limits_.stream_window_bytes) std::abort();
    }
    void answer(H2Stream& stream) {
        if (stream.closed) return;
        stream.user = this;
        stream.out = answer_body;
        stream.out_ended = true;
        (void)session_->submit_answer(stream, {{":status", "200"}, {"x-own", "yes"}}, true);
    }
    void ask() {
        for (int i = 0; i < 3; ++i) {
            H2Stream* stream =
                session_->submit_request({{":method", "GET"}, {":scheme", "http"}, {":authority", "a"}, {":path", "/"}}, false);
            if (stream) stream->user = this;
        }
        std::string out;
        if (!session_->take_output(out, SIZE_MAX)) std::abort();
    }

    const bool is_server_;
    const H2Limits limits_ = small_limits();
    std::vector<H2Stream*> fresh_;
    std::unique_ptr<H2Session> session_;
};

void feed_all(std::string_view bytes, size_t step, bool is_server) {
    Peer peer(is_server);
    while (!bytes.empty()) {
        if (!peer.feed(bytes.substr(0, step))) return;
        bytes.remove_prefix(std::min(step, bytes.size()));
    }
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    if (size < 1) return 0;
    const bool is_server = (data[0] & 16) == 0;
    std::string bytes = is_server ? "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" : "";
    bytes.append(reinterpret_cast<const char*>(data + 1), size - 1);
    feed_all(bytes, bytes.size() + 1, is_server);
    feed_all(bytes, data[0] % 16 + 1, is_server);
    return 0;
}
