// Turns bytes of one connection into requests, one at a time. It promises that the bytes of a request are kept in one
// place until `next`, that nothing grows past HttpLimits, and that what is ambiguous (two lengths, a bad chunk, a folded
// header) fails instead of being guessed. llhttp does the grammar; this class does the limits.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

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

class RequestParser {
  public:
    /// Both outlive it; without a budget bodies are limited one by one.
    explicit RequestParser(const ParserLimits& limits, BodyBudget* budget = nullptr);
    ~RequestParser();
    RequestParser(const RequestParser&) = delete;
    RequestParser& operator=(const RequestParser&) = delete;

    enum class State { idle, head, body, complete, failed };

    /// Takes bytes up to the end of one request and says how many; takes none when complete or failed.
    size_t feed(std::string_view bytes);
    State state() const;
    /// The head is here, and the client waits for leave to send the body.
    bool wants_continue() const;
    void continue_sent();
    /// Makes ready for the next request of the connection.
    void next();

    /// Valid from State::body on; `body` from State::complete on.
    const Request& request() const;
    Request& request();
    int error_status() const;
    std::string_view error_text() const;

    struct Impl;

  private:
    std::unique_ptr<Impl> impl_;
};

}  // namespace orilla::http
