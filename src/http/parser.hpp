// Turns bytes of one connection into requests, one at a time. It promises that the bytes of a head are kept in one place until
// `next`, that nothing grows past ParserLimits, and that what is ambiguous (two lengths, a bad chunk, a folded header) fails
// instead of being guessed. A body is collected, or, when who asked for it so wants, handed on as it comes.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "body_decoder.hpp"
#include "head.hpp"
#include "orilla/http/limits.hpp"
#include "orilla/http/message.hpp"

namespace orilla::http {

/// What the bodies of all connections together may hold while they are received and handled: one client within its
/// limits costs 3 MB, five hundred of them would cost the box.
struct BodyBudget {
    size_t bytes_max = 32 * 1024 * 1024;
    size_t uncounted_bytes_max = 64 * 1024;  ///< a body up to this size always finds room
    size_t bytes = 0;
};

/// Decides, from a head, whether the body behind it is handed on instead of being collected.
class BodyJudge {
  public:
    virtual ~BodyJudge() = default;
    virtual bool streams_body(Request& request) = 0;
};

class RequestParser {
  public:
    /// Both outlive it; without a budget bodies are limited one by one.
    explicit RequestParser(const ParserLimits& limits, BodyBudget* budget = nullptr);
    ~RequestParser();
    RequestParser(const RequestParser&) = delete;
    RequestParser& operator=(const RequestParser&) = delete;

    enum class State : uint8_t { idle, head, body, streaming, complete, failed };

    /// Without one all bodies are collected.
    void ask(BodyJudge* judge) { judge_ = judge; }
    /// Takes bytes up to the end of one request, or of a head whose body streams, and says how many; takes none when
    /// complete, failed or streaming.
    size_t feed(std::string_view bytes);
    /// While streaming: takes bytes up to the body's end and appends what is of it to `*out`.
    size_t feed_stream(std::string_view bytes, std::string* out);
    State state() const { return state_; }
    /// The head is here, and the client waits for leave to send the body.
    bool wants_continue() const { return (state_ == State::body || state_ == State::streaming) && expects_continue_; }
    void continue_sent() { expects_continue_ = false; }
    /// Makes ready for the next request of the connection.
    void next();

    /// Valid from State::body on; `body` from State::complete on.
    const Request& request() const { return request_; }
    Request& request() { return request_; }
    /// Of the whole body, where its head says so.
    std::optional<uint64_t> length() const { return length_; }
    /// Of one that streams, once it is complete.
    Headers trailers() const { return decoder_.trailers(); }
    int error_status() const { return error_status_; }
    std::string_view error_text() const { return error_text_; }

  private:
    void fail(int status, const char* text);
    size_t feed_head(std::string_view bytes);
    size_t feed_body(std::string_view bytes);
    void end_head();
    bool read_request_line(std::string_view line);
    bool read_target(std::string_view target, const Framing& framing);
    bool read_expectation(const Framing& framing);
    void begin_body(const Framing& framing);
    bool check_decoder();
    bool take_room(size_t bytes);
    void give_back();

    const ParserLimits& limits_;
    BodyBudget* budget_;
    BodyJudge* judge_ = nullptr;
    size_t room_ = 0;  ///< taken from the budget
    HeadLines lines_;
    BodyDecoder decoder_;
    std::string body_;
    std::optional<uint64_t> length_;
    Request request_;
    const char* error_text_ = "";
    int error_status_ = 0;
    int minor_ = -1;  ///< of HTTP/1.x; -1 until it was read
    State state_ = State::idle;
    bool expects_continue_ = false;
};

}  // namespace orilla::http
