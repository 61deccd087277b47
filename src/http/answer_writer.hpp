// How an answer goes out over HTTP/1.1: its head, and a body that is whole, a stream, or one that knows its length.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "body_decoder.hpp"
#include "orilla/http/message.hpp"
#include "sender.hpp"

namespace orilla::http {

class AnswerWriter {
  public:
    /// All outlive it.
    AnswerWriter(ConnectionShared& shared, Sender& sender, Connection& connection)
        : shared_(shared), sender_(sender), connection_(connection) {}
    AnswerWriter(const AnswerWriter&) = delete;
    AnswerWriter& operator=(const AnswerWriter&) = delete;

    /// For the next answer, which `out` is the room for.
    void start(std::string* out) {
        out_ = out;
        keep_alive = true;
        is_head_ = is_http_1_0_ = has_begun_ = false;
    }
    /// What the request says about it.
    void heed(const Request& request) {
        keep_alive = request.keep_alive;
        is_head_ = request.method == Method::head;
        is_http_1_0_ = request.protocol == Protocol::http_1_0;
    }
    bool is_to_head() const { return is_head_; }
    /// The head has gone out.
    bool has_begun() const { return has_begun_; }

    void render_head(const Response& response, BodyKind kind, std::optional<uint64_t> length);
    // Each is false when the connection ends with the answer.
    loop::Task<bool> write_response(Response* response);
    loop::Task<bool> write_stream(Response* response);
    loop::Task<bool> write_body_stream(Response* response);

    bool keep_alive = true;

  private:
    loop::Task<bool> write_pieces(Response* response, bool chunked);
    loop::Task<bool> write_piece(std::string* piece, std::shared_ptr<const std::string> shared, bool chunked);

    ConnectionShared& shared_;
    Sender& sender_;
    Connection& connection_;
    std::string* out_ = nullptr;
    unsigned turns_ = 0;
    bool is_head_ = false;
    bool is_http_1_0_ = false;
    bool has_begun_ = false;
};

}  // namespace orilla::http
